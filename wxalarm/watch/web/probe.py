"""/metrics, and /probe?target=…&account=… in blackbox_exporter's manner: Prometheus schedules the rounds."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from dataclasses import replace
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wxalarm.config import ConfigError
from wxalarm.render.text import visible
from wxalarm.watch import metrics
from wxalarm.watch.rounds import Memory, look
from wxalarm.watch.service import Service, room

REMEMBERED = 20_000
"""Targets whose seldom checks are kept from one probe to the next."""
SPARE = 0.5
"""Seconds that an answer needs on its way back to Prometheus."""
LEAST = 1.0


class Probes:
    """Rounds that others schedule. They share the bound on what is under way with those of the service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._memories: OrderedDict[tuple[str, str | None], Memory] = OrderedDict()
        self._running = 0

    async def metrics(self, request: Request) -> Response:
        """All targets of the service, and itself."""
        families = (
            metrics.of_service(self._service),
            metrics.of_server(self._service.server, time.time()),
            metrics.of_targets(metrics.seen_by(self._service)),
        )
        return Response(metrics.text_of(*families), media_type=metrics.CONTENT_TYPE)

    async def probe(self, request: Request) -> Response:
        """One round of the target that is named."""
        url, account = request.query_params.get("target", ""), request.query_params.get("account") or None
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return PlainTextResponse("Origin", 403)
        if not _good(url):
            return PlainTextResponse(self._service.catalogue.ui("bad_url", url=visible(url)), 400)
        if self._running + self._service.running >= room():
            return PlainTextResponse("busy", 503)
        settings = self._service.plan.settings
        try:
            target = metrics.named(settings, url, account)
        except ConfigError as error:
            return PlainTextResponse(str(error), 400)
        limit = _timeout(request, settings.timeout)
        memory = self._memory(url, account)
        self._running += 1
        begun = asyncio.get_running_loop().time()
        try:
            own = replace(self._service.plan.settings_of(target.account), timeout=limit)
            made = await look(target, own, memory, self._service.steady())
        finally:
            self._running -= 1
        seen = metrics.Seen(target, made.numbers, made.numbers.level, time=time.time())
        took = asyncio.get_running_loop().time() - begun
        families = (metrics.of_probe(made.numbers, took), metrics.of_targets([seen]))
        return Response(metrics.text_of(*families), media_type=metrics.CONTENT_TYPE)

    def _memory(self, url: str, account: str | None) -> Memory:
        memory = self._memories.pop((url, account), None) or Memory()
        self._memories[url, account] = memory
        if len(self._memories) > REMEMBERED:
            self._memories.popitem(last=False)
        return memory


def _good(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _timeout(request: Request, most: float) -> float:
    """What Prometheus waits for, less the way back."""
    try:
        given = float(request.headers.get("x-prometheus-scrape-timeout-seconds", "nan"))
    except ValueError:
        return most
    return most if math.isnan(given) else max(LEAST, min(most, given - SPARE))
