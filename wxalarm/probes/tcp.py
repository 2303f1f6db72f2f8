"""TCP: one connection to one address, timed; and the stream of bytes, plain or in TLS, that the other probes speak on.

No happy eyeballs and no name resolution: an address is given, and what happens there is what is reported.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

from msgspec import Struct

from wxalarm.probes import Failure, classify, local
from wxalarm.probes.waiting import endpoint, waiting
from wxalarm.wechat.limits import WAIT

SETTLE = 0.25
"""Seconds to watch a new connection for a reset: balancers and firewalls accept first and reset then."""
PIECE = 16384
"""Bytes read at once: what they hold is parsed in one turn of the event loop, which others wait for."""
SHOWN = 64
"""Bytes kept of what a server sent first."""
_ASKED: WeakSet[Any] = WeakSet()
"""The TLS connections whose server asked for a certificate of ours."""


OPEN = 32
"""Connections that are open at once in all: many alarms must not become a storm of our own."""
OPEN_EACH = 4
"""To one address: it may be the sick server."""


LEAST = 0.3
"""Seconds that an attempt for which there was no room at first must have left: with less, its silence says nothing."""
Limit: TypeAlias = float | Callable[[], float]
"""Seconds, or what tells them when there is room."""


class _Rooms:
    """Who may connect now, in one event loop."""

    def __init__(self, most: int = OPEN, most_each: int = OPEN_EACH) -> None:
        self.all = asyncio.Semaphore(most)
        self.most_each = most_each
        self.each: dict[str, tuple[asyncio.Semaphore, int]] = {}
        """By address, with how many hold or want a place there; gone when nobody does: a loop may run for years."""

    @contextmanager
    def at(self, address: str) -> Iterator[asyncio.Semaphore]:
        """The places at one address."""
        own, users = self.each.get(address) or (asyncio.Semaphore(self.most_each), 0)
        self.each[address] = (own, users + 1)
        try:
            yield own
        finally:
            own, users = self.each[address]
            if users > 1:
                self.each[address] = (own, users - 1)
            else:
                del self.each[address]


_ROOMS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Rooms] = WeakKeyDictionary()


def allow(most: int, most_each: int) -> None:
    """Other bounds for the running event loop: who spreads its probes over time makes no storm of them."""
    _ROOMS[asyncio.get_running_loop()] = _Rooms(most, most_each)


@asynccontextmanager
async def room(address: str, limit: Limit) -> AsyncIterator[float]:
    """Holds the place of one connection, from before its time begins until it is closed; gives the seconds it has.

    An attempt that has waited until next to nothing is left of the run waits for its end, which says so.
    """
    rooms = _ROOMS.setdefault(asyncio.get_running_loop(), _Rooms())
    with rooms.at(address) as own:
        waits = own.locked() or rooms.all.locked()
        async with own, rooms.all:
            seconds = limit() if callable(limit) else limit
            if waits and seconds < LEAST:
                await asyncio.sleep(LEAST)
            yield seconds


class Connect(Struct, frozen=True):
    """One attempt to connect."""

    address: str
    port: int
    seconds: float
    """Until it was connected, or until it failed."""
    limit: float = WAIT
    failure: Failure | None = None
    detail: str = ""
    """The system's own words about the failure."""


async def connected(address: str, port: int, limit: float = WAIT) -> tuple[Connect, socket.socket | None]:
    """The attempt within `limit` seconds, and the connected socket, which the caller closes, in the `room` that it
    holds. Never raises for what the network does."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    sock: socket.socket | None = None
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(limit):
            await loop.sock_connect(sock, (address, port))
    except OSError as error:
        if sock is not None:
            sock.close()
        failure, detail = Failure.LOCAL if local.no_ipv6(address, error) else classify(error), words(error)
        return Connect(address, port, loop.time() - begun, limit, failure, detail), None
    except BaseException:
        if sock is not None:
            sock.close()
        raise
    return Connect(address, port, loop.time() - begun, limit), sock


async def connect(address: str, port: int, limit: Limit = WAIT) -> Connect:
    """Connect, watch for a reset for SETTLE seconds, and hang up."""
    async with room(address, limit) as seconds:
        with waiting("TCP", endpoint(address, port), seconds):
            return await _connect(address, port, seconds)


async def _connect(address: str, port: int, limit: float) -> Connect:
    attempt, sock = await connected(address, port, limit)
    if sock is None:
        return attempt
    with sock:
        try:
            async with asyncio.timeout(SETTLE):
                await asyncio.get_running_loop().sock_recv(sock, 1)
        except TimeoutError:
            pass
        except OSError as error:
            return Connect(address, port, attempt.seconds, limit, Failure.RESET, words(error))
    return attempt


def words(error: BaseException) -> str:
    """An exception's own short text, for evidence."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason)[:200]


def _heard(secured: Any, direction: str, _version: int, content: int, message: int, _data: bytes) -> None:
    """OpenSSL's word on every message of a handshake: only here does a CertificateRequest (RFC 8446, 4.3.2) show."""
    if (direction, content, message) == ("read", 22, 13):
        _ASKED.add(secured)


class Stream:
    """A connected socket as a stream of bytes, in TLS after `secure`. Closing it is immediate and silent."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls: ssl.SSLObject | None = None
        self.first = b""
        """The first bytes off the wire, at most SHOWN: shows what a server speaks that does not speak TLS."""

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """The TLS handshake, with SNI unless host is an address.

        Raises OSError (ssl.SSLError among them), and ValueError for a name that cannot stand in SNI.
        """
        context._msg_callback = _heard  # type: ignore[attr-defined]  # private since Python 3.8, and the only way
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    await self._flush()  # our alert, out of courtesy
                raise
        await self._flush()

    @property
    def asked(self) -> bool:
        """Whether the server asked for a certificate of the client. It may still do without one."""
        return self.tls in _ASKED

    async def send(self, data: bytes) -> None:
        """Send all. Raises OSError."""
        if self.tls is None:
            await asyncio.get_running_loop().sock_sendall(self._sock, data)
            return
        self.tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        """Some bytes; b"" at the end. Raises OSError."""
        if self.tls is None:
            return await self._read()
        while True:
            try:
                return self.tls.read(PIECE)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def _read(self) -> bytes:
        # sock_recv does not yield when data is there: a fast server would keep the loop, and so every deadline.
        await asyncio.sleep(0)
        data = await asyncio.get_running_loop().sock_recv(self._sock, PIECE)
        if len(self.first) < SHOWN:
            self.first += data[: SHOWN - len(self.first)]
        return data

    async def _fill(self) -> None:
        if data := await self._read():
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await asyncio.get_running_loop().sock_sendall(self._sock, data)
