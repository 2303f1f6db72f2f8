"""An HTTP door to the tokens, for languages without a driver for the store: an ASGI application to mount anywhere.

    GET /token/NAME            the token of an account; ?kind= and ?authorizer= as in `wxalarm token get`
    POST /rejected/NAME        WeChat refused the token in the body: 204
    POST /ticket/NAME          the component_verify_ticket that was just pushed: 204, it is stored
    POST /authorized/NAME      ?authorizer=APPID has authorized the platform, its refresh token in the body: 204
    GET /metrics               for Prometheus

With a door token each request has to show it (Authorization: Bearer …); without one the door opens to this machine
only, and takes nothing in: whoever hands in a wrong refresh token can do harm. A page in a browser cannot use it:
without a token a Host that is neither loopback nor localhost is refused.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wxalarm.config import ConfigError
from wxalarm.tokens import BadValue, Tokens
from wxalarm.tokens.reader import NoToken
from wxalarm.tokens.stores.base import StoreError

Message = MutableMapping[str, Any]
LARGEST = 16 << 10
"""Bytes of a body that are read."""
TEXT, METRICS = "text/plain; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[\w.@-]{1,64}")
ROOMS = {"token": "GET", "rejected": "POST", "ticket": "POST", "authorized": "POST"}


class Door:
    """The application. held: what a keeper in this process knows of a row, for when the store is down."""

    def __init__(
        self,
        tokens: Tokens,
        door_token: str | None,
        metrics: Callable[[], str] = lambda: "",
        held: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        self._tokens, self._door_token, self._metrics, self._held = tokens, door_token, metrics, held
        self.served = 0
        self.refused = 0

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        status, body, kind = await self._answer(scope, receive)
        self.served += status < 400
        self.refused += status >= 400
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Message]]
    ) -> tuple[int, bytes, str]:
        if (closed := self._closed(scope)) is not None:
            return closed, b"", TEXT
        method, path = str(scope["method"]), str(scope["path"])
        room, _, name = path.lstrip("/").partition("/")
        if (method, path) == ("GET", "/metrics"):
            return 200, (await asyncio.to_thread(self._metrics)).encode(), METRICS
        if room not in ROOMS or not _NAME.fullmatch(name):
            return 404, b"", TEXT
        if method != ROOMS[room]:
            return 405, b"", TEXT
        if room in ("ticket", "authorized") and not self._door_token:
            return 403, b"", TEXT
        query = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1"))
        kind, authorizer = (query.get(key, [""])[0] or None for key in ("kind", "authorizer"))
        try:
            if room == "token":
                return 200, (await asyncio.to_thread(self._token, name, kind, authorizer)).encode(), TEXT
            value = (await _body(receive)).decode("utf-8", "replace").strip()
            if room == "rejected":
                await asyncio.to_thread(self._tokens.rejected, name, value, kind, authorizer)
            elif room == "ticket":
                await asyncio.to_thread(self._tokens.ticket_came, name, value)
            else:
                await asyncio.to_thread(self._tokens.authorized, name, authorizer or "", value)
        except ConfigError:
            return 404, b"", TEXT
        except BadValue as error:
            return 400, error.reason.id.encode(), TEXT
        except NoToken as error:
            return 503, error.reason.id.encode(), TEXT
        except StoreError:
            return 503, b"token-store-down", TEXT
        return 204, b"", TEXT

    def _token(self, name: str, kind: str | None, authorizer: str | None) -> str:
        try:
            return self._tokens.get(name, kind, authorizer)
        except NoToken as error:
            held = self._held(self._tokens.name(name, kind, authorizer))
            if error.reason.id != "token-store-down" or held is None:
                raise
            return held

    def _closed(self, scope: Mapping[str, Any]) -> int | None:
        """The status that keeps the door shut; None: it opens."""
        headers = {bytes(name).lower(): bytes(value) for name, value in scope["headers"]}
        if self._door_token:
            shown = headers.get(b"authorization", b"")
            right = hmac.compare_digest(shown, f"Bearer {self._door_token}".encode())
            return None if right else 401
        client = scope.get("client")
        if client is None or not _loopback(str(client[0])):
            return 403
        host = named_host(headers.get(b"host", b"").decode("latin-1"))
        return None if host == "localhost" or _loopback(host) else 403


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    body = b""
    while len(body) < LARGEST:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


def named_host(header: str) -> str:
    """The name or address in a Host header (RFC 9110, section 7.2), without its port; "" where there is none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:  # "[" and the like
        return ""


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Opened:
    """A door that is served on an address, in a thread of its own."""

    def __init__(self, server: Any, sock: Any, thread: threading.Thread) -> None:
        self._server, self._thread, self._sock = server, thread, sock
        host, port = sock.getsockname()[:2]
        self.place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self) -> None:
        """Answer what has begun, and close."""
        self._server.should_exit = True
        self._thread.join(10)
        self._sock.close()


def open_door(door: Any, host: str, port: int) -> Opened:
    """Serve a door, or an application that has mounted one. Raises OSError for an address that cannot be had, and
    ModuleNotFoundError without uvicorn (extra wxalarm[door])."""
    import uvicorn

    config = uvicorn.Config(
        door,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        http="h11",
        timeout_graceful_shutdown=3,
        limit_concurrency=256,
        h11_max_incomplete_event_size=LARGEST,
        proxy_headers=False,
    )
    sock = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="door", daemon=True)
    thread.start()
    return Opened(server, sock, thread)
