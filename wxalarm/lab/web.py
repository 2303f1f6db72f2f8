"""A well-behaved HTTP/1.1 server on loopback: bytes in, an application's answer out. Faults are the application's.

h11 reads and writes the bytes, so that no framework repairs what a scenario wants to be wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

LARGEST = 1 << 20
"""Bytes of a request's body that are read."""
IDLE = 30.0
"""Seconds after which a connection on which nothing happens is closed."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """Behind the question mark; "" when there is none."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer. Content-Length is added."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    """Seconds before the first byte."""
    hang_up: bool = False
    """Close the connection without one byte."""


Application = Callable[[Heard], Said]


@dataclass(slots=True)
class Site:
    """A running server."""

    port: int
    secure: bool = False
    heard: list[Heard] = field(default_factory=list)
    """Every request, in the order in which they came."""

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """The URL of a path on this server."""
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{path}"


@asynccontextmanager
async def serve(
    application: Application, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Site]:
    """Serve an application while entered. port 0 is any free one."""
    site = Site(0, tls is not None)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _connection(reader, writer, application, site)
        except (OSError, h11.ProtocolError, TimeoutError):
            pass  # the other side's fault or its going: nothing to answer
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(connected, host, port, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        waiting = list(tasks)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await server.wait_closed()


async def _connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, application: Application, site: Site
) -> None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 << 10)
    while (heard := await _request(reader, connection)) is not None:
        site.heard.append(heard)
        said = application(heard)
        if said.delay:
            await asyncio.sleep(said.delay)
        if said.hang_up:
            return
        for event in _events(said, heard.method):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        if connection.our_state is h11.MUST_CLOSE:
            with contextlib.suppress(OSError):
                writer.write_eof() if writer.can_write_eof() else None
            return
        connection.start_next_cycle()


async def _request(reader: asyncio.StreamReader, connection: h11.Connection) -> Heard | None:
    """The next request; None when the client has gone."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(IDLE):
                connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data[: LARGEST - len(body)]
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
            return Heard(head.method.decode(), head.target.decode("latin-1"), headers, bytes(body))
        else:
            return None


def _events(said: Said, method: str) -> list[h11.Event]:
    headers = [("Content-Type", said.kind), *said.headers, ("Content-Length", str(len(said.body)))]
    head = h11.Response(status_code=said.status, headers=headers, reason=_REASONS.get(said.status, "Status"))
    body = [h11.Data(data=said.body)] if said.body and method != "HEAD" and said.status not in (204, 304) else []
    return [head, *body, h11.EndOfMessage()]


_REASONS = {
    200: "OK",
    201: "Created",
    302: "Found",
    301: "Moved Permanently",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    502: "Bad Gateway",
}
