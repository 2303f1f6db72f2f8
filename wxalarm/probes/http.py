"""HTTP/1.1 to one given address, timed by phases, bounded in time, bytes and interim responses.

No library that follows redirects, picks addresses or pools connections stands between us and the bytes: h11 reads and
writes them, asyncio carries them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace

import h11

from wxalarm.probes import Failure, classify, tcp

LARGEST_BODY = 1 << 20
"""Bytes of a body that are kept and read: a reply to a push has a few hundred."""
LARGEST_HEAD = 64 << 10
MOST_INTERIM = 16
"""1xx responses before the answer that are put up with."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. Headers in order; Host and Connection are added."""

    method: str
    host: str
    """For Host and for SNI, without a port."""
    target: str
    """Path and query."""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it. Times in seconds from the start of the phase named; None when not reached."""

    address: str
    port: int
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    """From the request's last byte to the answer's first."""
    total: float = 0.0
    """From the start to the end, whatever the end was."""
    status: int | None = None
    reason: str = ""
    http_version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """At most LARGEST_BODY bytes."""
    body_cut: bool = False
    """The body went on beyond what was read."""
    failure: Failure | None = None
    detail: str = ""
    """The library's own words about a failure."""

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def insecure() -> ssl.SSLContext:
    """TLS that accepts any certificate: whether it is good is another check's question."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusted(ca_file: str | None = None) -> ssl.SSLContext:
    """TLS that verifies as curl does: by the system's roots and those of ca_file. OSError: the file is unreadable."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


async def exchange(
    address: str, port: int, request: Request, limit: float, *, tls: ssl.SSLContext | None = None
) -> Exchange:
    """Send a request to an address and read the answer, all within `limit` seconds. Never raises for what the network
    or the server does; redirects are an answer like any other."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    made = _Making(Exchange(address, port))
    try:
        async with asyncio.timeout(limit):
            await _talk(made, request, limit, tls)
    except TimeoutError:
        made.set(failure=Failure.TIMEOUT)
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
        made.set(failure=made.protocol_failure(str(error)), detail=str(error)[:200])
    except OSError as error:
        made.set(failure=classify(error), detail=str(error)[:200])
    return replace(made.result, body=bytes(made.body[:LARGEST_BODY]), total=loop.time() - begun)


class _Making:
    """An exchange while it happens, so that what was seen before a failure is kept."""

    def __init__(self, result: Exchange) -> None:
        self.result = result
        self.body = bytearray()

    def set(self, **values: object) -> None:
        self.result = replace(self.result, **values)  # type: ignore[arg-type]  # fields by name

    def protocol_failure(self, message: str) -> Failure:
        """What a violation of HTTP means: a cut body, an endless head, or no HTTP at all."""
        if self.result.status is not None:
            return Failure.PARTIAL
        return Failure.TOO_LARGE if "too large" in message or "too long" in message else Failure.MALFORMED


async def _talk(made: _Making, request: Request, limit: float, tls: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    attempt, sock = await tcp.connected(made.result.address, made.result.port, limit)
    if sock is None:
        made.set(failure=attempt.failure)
        return
    made.set(connect=attempt.seconds)
    begun = loop.time()
    try:
        reader, writer = await asyncio.open_connection(
            sock=sock,
            ssl=tls,
            server_hostname=request.host if tls else None,
            ssl_handshake_timeout=limit if tls else None,
        )
    except BaseException:
        sock.close()
        raise
    if tls is not None:
        made.set(tls=loop.time() - begun)
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        writer.write(_written(connection, request, made.result.port, tls is not None))
        # A server may answer before it has read all: a failure to send is only one if no answer comes.
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        await _read(made, connection, reader, loop.time())
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


def _written(connection: h11.Connection, request: Request, port: int, secure: bool) -> bytes:
    host = f"[{request.host}]" if ":" in request.host else request.host
    if port != (443 if secure else 80):
        host = f"{host}:{port}"
    headers = [("Host", host), *request.headers, ("Connection", "close")]
    head = connection.send(h11.Request(method=request.method, target=sendable(request.target), headers=headers))
    body = connection.send(h11.Data(data=request.body)) if request.body else b""
    end = connection.send(h11.EndOfMessage())
    return (head or b"") + (body or b"") + (end or b"")


def sendable(target: str) -> bytes:
    """A path and query with every octet that HTTP does not allow there percent-encoded."""
    data = target.encode("utf-8", "surrogatepass")
    return b"".join(bytes([octet]) if 0x21 <= octet <= 0x7E else b"%%%02X" % octet for octet in data) or b"/"


async def _read(made: _Making, connection: h11.Connection, reader: asyncio.StreamReader, sent: float) -> None:
    loop = asyncio.get_running_loop()
    interim = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            try:
                data = await reader.read(65536)
            except ConnectionError:
                made.set(failure=Failure.RESET)
                return
            if made.result.first_byte is None:
                if not data:
                    made.set(failure=Failure.EMPTY)
                    return
                made.set(first_byte=loop.time() - sent)
            connection.receive_data(data)
        elif isinstance(event, h11.InformationalResponse):
            interim += 1
            if interim > MOST_INTERIM:
                made.set(failure=Failure.TOO_LARGE, detail=f"{interim} interim responses")
                return
        elif isinstance(event, h11.Response):
            made.set(
                status=event.status_code,
                reason=event.reason.decode("latin-1"),
                http_version=event.http_version.decode("latin-1"),
                headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers.raw_items()),
            )
        elif isinstance(event, h11.Data):
            made.body += event.data
            if len(made.body) > LARGEST_BODY:
                made.set(body_cut=True)
                return
        else:  # EndOfMessage, or the peer is done
            return
