"""The application, and the server that it runs in, beside the rounds in one event loop."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from wxalarm.watch.service import Service
from wxalarm.watch.web.guard import Guard
from wxalarm.watch.web.probe import Probes

CONNECTIONS = 200
"""Connections at one time; more are answered 503."""


def application(service: Service, *, mounted: dict[str, ASGIApp] | None = None) -> ASGIApp:
    """All of it, guarded. mounted: applications of other rooms, by the path that they stand under."""
    probes = Probes(service)
    routes: list[BaseRoute] = [
        Route("/metrics", probes.metrics),
        Route("/probe", probes.probe),
        Route("/-/healthy", _healthy),
    ]
    routes += [Mount(path, app) for path, app in (mounted or {}).items()]
    assert service.plan.listen is not None
    address, watch = service.plan.listen[0], service.plan.settings.watch
    return Guard(Starlette(routes=routes), address=address, token=service.plan.token, hosts=watch.hosts)


async def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok")


class _Server(uvicorn.Server):
    """Signals are the command's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: ASGIApp, sock: socket.socket) -> None:
    """Serve on a socket that listens, until cancelled."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=64 << 10,
        ws="none",
    )
    server = _Server(config)
    try:
        await server.serve(sockets=[sock])
    finally:
        server.should_exit = True
