"""Faulty HTTP: a server that reads one request and then does what an Answer does, rightly or wrongly.

    async with http.serve(http.respond(404)) as port: ...

An Answer writes to the connection; the server closes it afterwards. With `tls` the same goes through TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from wxalarm.lab import tcp

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What a server does when it has read a request."""
LARGEST_REQUEST = 1 << 20
FOREVER = 3600.0
"""Seconds: longer than any deadline of a client."""


@asynccontextmanager
async def serve(
    answer: Answer,
    *,
    address: str = tcp.LOOPBACK,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    requests: list[bytes] | None = None,
) -> AsyncIterator[int]:
    """A server of one answer; gives its port. requests: collects what came."""

    async def read(reader: asyncio.StreamReader) -> None:
        request = await _request(reader)
        if requests is not None:
            requests.append(request)

    async with listen(answer, read, address=address, port=port, tls=tls) as number:
        yield number


@asynccontextmanager
async def listen(
    answer: Answer,
    read: Callable[[asyncio.StreamReader], Awaitable[object]],
    *,
    address: str = tcp.LOOPBACK,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """A server that reads something, then does what an Answer does. Leaving it ends every connection."""
    open_now: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now[task] = writer
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await read(reader)
                await answer(writer)
                await writer.drain()
        except asyncio.CancelledError:
            return  # the server was left; asyncio would print a cancelled handler as an error
        finally:
            del open_now[task]
            writer.close()

    server = await asyncio.start_server(connection, address, port, ssl=tls, limit=LARGEST_REQUEST)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        tasks = dict(open_now)
        for task, writer in tasks.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports close their sockets in the next turn of the loop


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Head and body of one request (a body has a Content-Length, as WeChat's have)."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit():
            length = min(int(value), LARGEST_REQUEST)
    return head + await reader.readexactly(length)


def head(status: int, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """A status line and headers, with the blank line behind them."""
    phrase = HTTPStatus(status).phrase if status in {known.value for known in HTTPStatus} else ""
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


# --- right answers -----------------------------------------------------------------------------------------------


def respond(status: int = 200, body: bytes = b"success", headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """A whole answer at once."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        own = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("Connection", "close")]
        writer.write(head(status, [*headers, *own]) + body)

    return answer


def redirect(location: str, status: int = 301) -> Answer:
    """A redirect, with the small page that nginx sends along."""
    page = b"<html>\r\n<head><title>%d</title></head>\r\n</html>\r\n" % status
    return respond(status, page, [("Location", location)])


def slow(seconds: float, then: Answer | None = None) -> Answer:
    """Nothing for some seconds, then an answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await (then or respond())(writer)

    return answer


# --- answers without end -----------------------------------------------------------------------------------------


def stall() -> Answer:
    """The request is read; no byte ever comes back."""
    return slow(FOREVER)


def drip(interval: float = 1.0, of_head: bool = False) -> Answer:
    """A byte an interval (seconds) of the body, or of the head already: never silent, never done."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: " if of_head else head(200, [("Content-Length", "1000000")]))
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(interval)

    return answer


def flood(block: bytes, start: bytes = b"", most: int = 1 << 30) -> Answer:
    """`block` again and again as fast as the client reads, `most` bytes in all."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        for _ in range(most // len(block)):
            writer.write(block)
            await writer.drain()
            await asyncio.sleep(0)  # drain yields only when the client is slow: it shares this event loop

    return answer


def huge_body(size: int = 1 << 30) -> Answer:
    """A body of `size` bytes, announced."""
    return flood(b"x" * 65536, head(200, [("Content-Length", str(size))]), size)


def huge_headers(size: int = 1 << 20) -> Answer:
    """Headers of `size` bytes."""
    return flood(b"X-Padding: " + b"x" * 1000 + b"\r\n", b"HTTP/1.1 200 OK\r\n", size)


def endless_interim() -> Answer:
    """100 Continue without end; the answer never comes."""
    return flood(head(100) * 500)


# --- broken answers ----------------------------------------------------------------------------------------------


def send(data: bytes) -> Answer:
    """These bytes, whatever they are."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def empty() -> Answer:
    """The connection is closed without a byte."""
    return send(b"")


def garbage() -> Answer:
    """Another protocol speaks."""
    return send(b"SSH-2.0-OpenSSH_9.6\r\n")


def bad_chunks() -> Answer:
    """A chunked body whose chunk size is no number."""
    return send(head(200, [("Transfer-Encoding", "chunked")]) + b"5\r\nhello\r\nZZZ\r\nworld\r\n0\r\n\r\n")


def cut_body(announced: int = 100) -> Answer:
    """A body shorter than its Content-Length."""
    return send(head(200, [("Content-Length", str(announced))]) + b"succ")


def reset(after: bytes = b"") -> Answer:
    """A reset: at once, or after some bytes of the answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        if after:
            writer.write(after)
            await writer.drain()
            await asyncio.sleep(0.05)  # let them arrive before the reset throws them away
        tcp.reset(writer.get_extra_info("socket"))
        writer.transport.abort()

    return answer
