"""The application, and the server that it runs in, beside the rounds in one event loop."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from importlib import resources

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from wxalarm.watch.service import Service
from wxalarm.watch.store import Store
from wxalarm.watch.web.api import Api
from wxalarm.watch.web.guard import Guard
from wxalarm.watch.web.pages import Pages
from wxalarm.watch.web.probe import Probes
from wxalarm.watch.web.tokens import PATHS, TokenDoor

CONNECTIONS = 200
"""Connections at one time; more are answered 503."""


def application(service: Service) -> ASGIApp:
    """All of it, guarded."""
    probes, pages = Probes(service), Pages(service, Store(service.store.path, read_only=True))
    api, door = Api(pages), TokenDoor(service)
    routes: list[BaseRoute] = [
        Route("/", pages.overview),
        Route("/target/{key}", pages.target),
        Route("/paste", pages.paste, methods=["POST"]),
        Route("/alarms", pages.alarms),
        Route("/alarm/{id}", pages.alarm),
        Route("/change/{id:int}", pages.change),
        Route("/{of}/{id}/send", pages.send),
        Route("/events", pages.events),
        Route("/static/{name}", _static),
        Route("/api/targets", api.targets),
        Route("/api/targets/{key}", api.target),
        Route("/api/changes", api.changes),
        Route("/api/alarms", api.alarms),
        Route("/api/schema", api.schema),
        Route("/metrics", probes.metrics),
        Route("/probe", probes.probe),
        Route("/-/healthy", _healthy),
    ]
    routes += [Mount(path, door) for path in PATHS]
    assert service.plan.listen is not None
    address, watch = service.plan.listen[0], service.plan.settings.watch
    app = Starlette(routes=routes, exception_handlers={sqlite3.Error: pages.unreadable})
    return Guard(app, address=address, token=service.plan.token, hosts=watch.hosts)


KINDS = {"page.css": "text/css", "page.js": "text/javascript"}
"""The files that the page loads, all of them ours."""


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in KINDS:
        return PlainTextResponse("", 404)
    text = resources.files(__package__).joinpath("static", name).read_bytes()
    return Response(text, media_type=KINDS[name], headers={"Cache-Control": "max-age=300"})


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
