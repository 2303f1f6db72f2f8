"""Scenarios of HTTP: answers that are late, cut, elsewhere or no answers at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from wxalarm.config import Settings
from wxalarm.lab import http
from wxalarm.lab.http import Answer
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import HOST, IMPATIENT, INVALID_RESPONSE, REQUEST_TIMEOUT, staged


def _serving(
    answer: Answer, description: str = INVALID_RESPONSE, settings: Settings | None = None
) -> Callable[[], AbstractAsyncContextManager[Staged]]:
    """A stage with a server of one answer."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[Staged]:
        async with http.serve(answer) as port:
            yield staged(description, port, settings=settings)

    return stage


SCENARIOS = (
    Scenario("redirect-to-https", "http-redirect", _serving(http.redirect(f"https://{HOST}/wechat/callback"))),
    Scenario("redirect-to-login", "http-redirect", _serving(http.redirect("/login?next=/wechat/callback", 302))),
    Scenario("no-such-path", "http-status", _serving(http.respond(404, b"404 page not found\n"))),
    Scenario("handler-crashes", "http-status", _serving(http.respond(500, b"KeyError: 'Content'\n"))),
    Scenario("application-down", "http-status", _serving(http.respond(502, b"<h1>502 Bad Gateway</h1>"))),
    Scenario("handler-hangs", "http-timeout", _serving(http.stall(), REQUEST_TIMEOUT, IMPATIENT)),
    Scenario("answer-drips", "http-timeout", _serving(http.drip(0.2), REQUEST_TIMEOUT, IMPATIENT)),
    Scenario("handler-slow", "http-slow", _serving(http.slow(3.2), REQUEST_TIMEOUT)),
    Scenario("closed-without-answer", "http-empty", _serving(http.empty())),
    Scenario("connection-reset", "http-reset", _serving(http.reset())),
    Scenario("body-cut-short", "http-reset", _serving(http.cut_body())),
    Scenario("not-http", "http-malformed", _serving(http.garbage())),
    Scenario("page-without-end", "http-too-large", _serving(http.huge_body())),
)
