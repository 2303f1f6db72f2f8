"""The door of `wxalarm token` on the page's port: to who shows the watch token as Bearer, and to no browser.

The page lets a browser in by password or cookie, and a browser can be led. So neither opens this door: it wants a
header that no page of others can make a browser send, beside all that `guard` asks. Without a token, or without a
store, there is no such path.
"""

from __future__ import annotations

import contextlib
import threading

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from wxalarm import deadline
from wxalarm.config import Settings
from wxalarm.messages import ReasonError
from wxalarm.tokens import Tokens, absent
from wxalarm.tokens.door import ROOMS, Door
from wxalarm.watch.service import Service

PATHS = tuple(f"/{room}" for room in ROOMS)


class TokenDoor:
    """The application to mount at PATHS."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._settings: Settings | None = None
        self._tokens: Tokens | None = None
        self._door: Door | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        door = await deadline.in_thread(self._opened)
        await (door or PlainTextResponse("", 404))(scope, receive, send)

    def _opened(self) -> Door | None:
        """The door to the store that the settings name now."""
        settings, token = self._service.plan.settings, self._service.plan.token
        with self._lock:
            if settings is not self._settings or self._door is None:
                self._settings, self._door = settings, None
                if self._tokens is not None:
                    self._tokens.store.close()  # whoever still reads by it opens it once more
                    self._tokens = None
                with contextlib.suppress(ReasonError):
                    if token and not absent(settings):
                        self._tokens = Tokens(settings)
                        self._door = Door(self._tokens, token)
            return self._door
