"""HTTP/1.1 to one given address, timed by phases, bounded in time, bytes and interim responses.

No library that follows redirects, picks addresses or pools connections stands between us and the bytes: h11 reads and
writes them. One deadline holds for all of an exchange. Nothing that the network or the server does raises.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from wxalarm.probes import Failure, classify, http_head, local, tcp
from wxalarm.probes.waiting import endpoint, waiting
from wxalarm.wechat.limits import PORTS, WAIT

if TYPE_CHECKING:
    import h11

LARGEST_BODY = 1 << 20
"""Bytes of a body that are read: a reply to a push has a few hundred."""
LARGEST_HEAD = 64 << 10
LARGEST_ANSWER = LARGEST_BODY + (256 << 10)
"""Bytes off the wire in all: chunks may be all frame and no body."""
MOST_PIECES = 16384
"""Chunks of a body that are put up with: each costs time, be it of one byte."""
MOST_INTERIM = 16
"""1xx responses before the answer that are put up with."""


class Request(Struct, frozen=True):
    """What is sent. Headers in order; Host and Connection are added."""

    method: str
    host: str
    """For Host and for SNI, without a port."""
    target: str
    """Path and query."""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


class Exchange(Struct, frozen=True):
    """One request to one address and what came of it. Times in seconds; a phase that was not reached has None."""

    address: str
    port: int
    connect: float | None = None
    tls: float | None = None
    """The handshake alone."""
    first_byte: float | None = None
    """From the request's last byte to the answer's first."""
    total: float = 0.0
    """From the start to the end, whatever the end was."""
    limit: float = WAIT
    """What `total` was allowed to be."""
    status: int | None = None
    reason: str = ""
    http_version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """In order, names as sent, at most LARGEST_HEAD bytes; those that only a lenient client lets pass at the end."""
    body: bytes = b""
    """At most LARGEST_BODY bytes."""
    body_cut: bool = False
    """The body went on beyond what was read."""
    failure: Failure | None = None
    detail: str = ""
    """The offending line of the answer, or the library's own words about a broken connection."""
    first: bytes = b""
    """The first bytes off the wire of an answer that could not be understood."""

    def header(self, name: str) -> str | None:
        """The first header of that name in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def insecure() -> ssl.SSLContext:
    """TLS that accepts any certificate: for facts about a server, never for a secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusted(ca_file: str | None = None) -> ssl.SSLContext:
    """TLS that verifies as curl does, by the system's roots and those of ca_file. OSError: that file is unreadable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


async def exchange(
    address: str, port: int, request: Request, limit: tcp.Limit = WAIT, *, tls: ssl.SSLContext | None = None
) -> Exchange:
    """Send a request to an address and read the answer, all within `limit` seconds. Redirects are answers."""
    async with tcp.room(address, limit) as seconds:
        with waiting("HTTP", endpoint(address, port), seconds):
            return await _exchange(address, port, request, seconds, tls)


async def _exchange(address: str, port: int, request: Request, limit: float, tls: ssl.SSLContext | None) -> Exchange:
    import h11

    loop = asyncio.get_running_loop()
    begun = loop.time()
    made = _Making(Exchange(address, port, limit=limit))
    try:
        async with asyncio.timeout(limit):
            await _talk(made, request, tls)
    except TimeoutError:
        made.set(failure=Failure.TIMEOUT)
    except h11.RemoteProtocolError as error:
        made.violated(str(error))
    except h11.LocalProtocolError as error:  # a request that cannot be written: nothing was sent
        made.set(failure=Failure.LOCAL, detail=str(error)[:200])
    except (OSError, ValueError) as error:
        made.set(failure=classify(error), detail=tcp.words(error))
    return replace(made.result, body=bytes(made.body[:LARGEST_BODY]), total=loop.time() - begun)


class _Making:
    """An exchange while it happens, so that what was seen before a failure is kept."""

    def __init__(self, result: Exchange) -> None:
        self.result = result
        self.waiting = bytearray()
        """Bytes off the wire that the parser has not had: it gets whole heads."""
        self.head = b""
        """The last whole head."""
        self.odd: http_head.Fields = ()
        self.body = bytearray()
        self.read = 0
        """Bytes off the wire."""
        self.pieces = 0
        """Parts that the body came in."""

    def set(self, **values: Any) -> None:
        self.result = replace(self.result, **values)

    @property
    def enough(self) -> bool:
        """Whether the body is larger, or in more pieces, than anybody needs to see."""
        return len(self.body) > LARGEST_BODY or self.pieces > MOST_PIECES or self.read > LARGEST_ANSWER

    def violated(self, message: str) -> None:
        """Note a violation of HTTP: what it stands for, by where it happened, and the line that is at fault."""
        failure = self._violation(message)
        lined = failure in (Failure.STATUS, Failure.HEADER, Failure.CHUNK)
        self.set(failure=failure, detail=http_head.offending(message, self.head) if lined else "")

    def _violation(self, message: str) -> Failure:
        if self.result.status is not None:
            return Failure.PARTIAL if "peer closed" in message else Failure.CHUNK
        if not b"HTTP/".startswith(self.result.first[:5]):
            return Failure.MALFORMED
        if "too long" in message or "too large" in message:
            return Failure.TOO_LARGE
        if "status" in message or "UPGRADE" in message:
            return Failure.STATUS
        return Failure.PARTIAL if "closed" in message else Failure.HEADER

    def next_head(self, connection: h11.Connection) -> bool:
        """Give the parser the next whole head, if there is one."""
        head = http_head.take(self.waiting)
        if head is not None:
            self.head = head
            clean, self.odd = http_head.legal(head)
            connection.receive_data(clean)
        return head is not None


async def _talk(made: _Making, request: Request, tls: ssl.SSLContext | None) -> None:
    import h11

    loop = asyncio.get_running_loop()
    # The exchange's own deadline ends the attempt first; this one is only never shorter.
    attempt, sock = await tcp.connected(made.result.address, made.result.port, made.result.limit + 1)
    if sock is None:
        made.set(failure=attempt.failure, detail=attempt.detail)
        return
    made.set(connect=attempt.seconds)
    with tcp.Stream(sock) as stream:
        if tls is not None:
            begun = loop.time()
            try:
                await stream.secure(tls, request.host)
            except ConnectionError as error:  # curl calls a broken handshake 35, however it broke
                made.set(failure=Failure.TLS, detail=tcp.words(error))
                return
            made.set(tls=loop.time() - begun)
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        data = _written(connection, request, made.result.port, tls is not None)
        broken: OSError | None = None
        try:
            await stream.send(data)
        except OSError as error:  # a server may answer before it has read all
            local.asked(error, socket=True)
            broken = error
        await _read(made, connection, stream, loop.time())
        if broken is not None and made.result.failure is not Failure.CLIENT_CERTIFICATE and made.result.status is None:
            made.set(failure=Failure.SEND, detail=tcp.words(broken))


def _written(connection: h11.Connection, request: Request, port: int, secure: bool) -> bytes:
    import h11

    host = f"[{request.host}]" if ":" in request.host else request.host
    if port != PORTS["https" if secure else "http"]:
        host = f"{host}:{port}"
    headers = [("Host", host), *request.headers, ("Connection", "close")]
    if request.body and not any(name.lower() == "content-length" for name, _ in request.headers):
        headers.append(("Content-Length", str(len(request.body))))
    parts = [connection.send(h11.Request(method=request.method, target=sendable(request.target), headers=headers))]
    if request.body:
        parts.append(connection.send(h11.Data(data=request.body)))
    parts.append(connection.send(h11.EndOfMessage()))
    return b"".join(part or b"" for part in parts)


def sendable(target: str) -> bytes:
    """A path and query with every octet that HTTP does not allow there percent-encoded."""
    data = target.encode("utf-8", "surrogatepass")
    return b"".join(bytes([octet]) if 0x21 <= octet <= 0x7E else b"%%%02X" % octet for octet in data) or b"/"


async def _read(made: _Making, connection: h11.Connection, stream: tcp.Stream, sent: float) -> None:
    import h11

    interim = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            in_head = made.result.status is None
            if not (in_head and made.next_head(connection)) and not await _feed(made, connection, stream, sent):
                return
        elif isinstance(event, h11.InformationalResponse):
            interim += 1
            if interim > MOST_INTERIM:
                made.set(failure=Failure.INTERIM, detail=str(event.status_code))
                return
        elif isinstance(event, h11.Response):
            made.set(
                status=event.status_code,
                reason=bytes(event.reason).decode("latin-1"),
                http_version=bytes(event.http_version).decode("latin-1"),
                headers=(
                    *((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers.raw_items()),
                    *made.odd,
                ),
                first=b"",
            )
            if made.waiting:
                connection.receive_data(bytes(made.waiting))
        elif isinstance(event, h11.Data):
            made.body += event.data
            made.pieces += 1
            if made.enough:
                made.set(body_cut=True)
                return
        else:  # EndOfMessage, or the peer is done
            return


async def _feed(made: _Making, connection: h11.Connection, stream: tcp.Stream, sent: float) -> bool:
    """Give the parser more bytes; False when there are none and why is known."""
    if made.result.status is None and len(made.waiting) > LARGEST_HEAD:
        made.violated("too large")
        return False
    try:
        data = await stream.receive()
    except (ConnectionError, ssl.SSLError) as error:  # a broken record behind the handshake is curl's 56 too
        failure = Failure.CLIENT_CERTIFICATE if classify(error) is Failure.CLIENT_CERTIFICATE else Failure.RESET
        made.set(failure=failure, detail=tcp.words(error))
        if failure is Failure.CLIENT_CERTIFICATE:  # TLS 1.3 tells only now: the handshake did fail
            made.set(tls=None)
        return False
    if made.result.first_byte is None:
        if not data:
            made.set(failure=Failure.EMPTY)
            return False
        made.set(first_byte=asyncio.get_running_loop().time() - sent, first=data[: tcp.SHOWN])
    made.read += len(data)
    if made.result.status is not None:
        connection.receive_data(data)
        return True
    if not data:
        made.violated("closed")
        return False
    made.waiting += data
    return True
