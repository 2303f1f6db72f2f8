"""Who may ask: token, Host, Origin; how large, how often; the usual headers on all that is answered. Pure ASGI.

The page can do little: paste an alarm, and probe as `diagnose` would. A browser that some other page drives must not
even do that, so a Host that is not known (DNS rebinding) and an Origin that is not ours are refused on every route.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wxalarm.tokens.door import named_host

LARGEST = 1 << 20
"""Bytes of a body: an alarm has some hundred, a storm pasted whole some hundred thousand."""
BURST, RATE = 60.0, 2.0
"""Posts and wrong tokens of one client at once, and a second. What is only read is bounded by the connections."""
CLIENTS = 10_000
COOKIE = "wxalarm"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self'"
    " data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """The application behind all that is asked first. hosts: names for Host, beside addresses of ours and localhost."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        address: str,
        token: str | None,
        hosts: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._address, self._token, self._hosts, self._clock = address, token, {*hosts, "localhost"}, clock
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    own.setdefault(name, value)
            await send(message)

        refused = self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, answered)
            return
        await self.app(scope, _bounded(receive), answered)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        if not self._known(headers.get("host", "")):
            return PlainTextResponse("Host", 421)
        if not _own(headers):
            return PlainTextResponse("Origin", 403)
        may = self._token is None or self._may(headers)
        client = scope.get("client") or ("", 0)
        if (not may or scope["method"] not in ("GET", "HEAD")) and not self._allowed(str(client[0])):
            return PlainTextResponse("Too Many Requests", 429, {"Retry-After": "2"})
        if not may:
            return PlainTextResponse(
                "Unauthorized", 401, {"WWW-Authenticate": 'Basic realm="wxalarm", charset="UTF-8"'}
            )
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > LARGEST:
            return PlainTextResponse("Content Too Large", 413)
        return None

    def _known(self, host: str) -> bool:
        """Whether a Host is one of ours: a name of the configuration, or an address: those cannot be rebound."""
        name = named_host(host)
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._hosts
        return True

    def _allowed(self, client: str) -> bool:
        """A bucket for each client: BURST at once, RATE a second."""
        now = self._clock()
        left, last = self._clients.pop(client, (BURST, now))
        left = min(BURST, left + (now - last) * RATE)
        self._clients[client] = (max(0.0, left - 1), now)
        if len(self._clients) > CLIENTS:
            self._clients.popitem(last=False)
        return left >= 1

    def _may(self, headers: Headers) -> bool:
        """Whether the token is there: as Bearer, as the password of Basic under any name, or in the page's cookie."""
        assert self._token is not None
        kind, _, value = headers.get("authorization", "").partition(" ")
        given = value.strip()
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif kind.lower() != "bearer":
            given = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(given.encode(), self._token.encode())


def _own(headers: Headers) -> bool:
    """Whether a request comes from our own page, or from no page at all. Following a link to us is allowed."""
    origin = headers.get("origin")
    # Behind the port of an Origin stands nothing (RFC 6454, section 7.1).
    if origin is not None and origin.partition("://")[2] != headers.get("host", ""):
        return False
    site = headers.get("sec-fetch-site", "none")
    return site in ("none", "same-origin") or headers.get("sec-fetch-mode") == "navigate"


def _bounded(receive: Receive) -> Receive:
    """The body, cut off where it is larger than it may be: a length need not be told beforehand."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > LARGEST:
                return {"type": "http.disconnect"}
        return message

    return limited
