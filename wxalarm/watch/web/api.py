"""/api: the same as the page, as JSON. Its schema is /api/schema (wxalarm/watch/web/api.json)."""

from __future__ import annotations

import time as clock
from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wxalarm.watch.store import DAY, Store
from wxalarm.watch.web import data
from wxalarm.watch.web.pages import Pages

MOST = 2000
"""Rounds of one answer."""


class Api:
    """All of /api."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def targets(self, request: Request) -> Response:
        """All targets, the worst first."""
        return JSONResponse(data.overview_record(self._pages.service))

    async def target(self, request: Request) -> Response:
        """One target, with its changes, its days, and the rounds of its last day."""
        pages = self._pages
        subject = pages.service.subjects.get(request.path_params["key"])
        if subject is None:
            return JSONResponse({"schema": data.SCHEMA, "error": "not-found"}, 404)
        key = subject.target.key
        rounds = await pages.read(Store.last, key, clock.time() - DAY)
        changes = await pages.read(Store.changes, key)
        days = await pages.read(Store.days, key)
        return JSONResponse(
            {
                "schema": data.SCHEMA,
                "target": data.target_record(subject, pages.service),
                "changes": [data.change_record(one) for one in changes],
                "days": [{"day": day, "available": one.available, "rounds": one.rounds} for day, one in days],
                "rounds": [data.round_record(one) for one in rounds[-MOST:]],
            }
        )

    async def changes(self, request: Request) -> Response:
        """State changes of all targets, the newest first."""
        found = await self._pages.read(Store.changes)
        return JSONResponse({"schema": data.SCHEMA, "changes": [data.change_record(one) for one in found]})

    async def alarms(self, request: Request) -> Response:
        """Pasted alarms, the newest first."""
        found = await self._pages.read(Store.pastes)
        return JSONResponse({"schema": data.SCHEMA, "alarms": [data.paste_record(one) for one in found]})

    async def schema(self, request: Request) -> Response:
        """What all of these answers look like."""
        return Response(schema_text(), media_type="application/schema+json")


@cache
def schema_text() -> str:
    """The JSON Schema of /api."""
    return resources.files(__package__).joinpath("api.json").read_text("utf-8")
