"""A domain registry on loopback: RDAP over plain HTTP, and WHOIS."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serve_rdap(domain: Mapping[str, Any] | None, *, asked: list[str] | None = None) -> AsyncIterator[str]:
    """The base URL of a registry that answers every question with this object, or with 404 when there is none.

    asked: gets the path of every question.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(head.split()[1].decode())
        body = json.dumps(domain or {"errorCode": 404}).encode()
        status = b"200 OK" if domain else b"404 Not Found"
        writer.write(b"HTTP/1.1 %s\r\nContent-Type: application/rdap+json\r\n" % status)
        writer.write(b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    async with _serve(answer) as place:
        yield f"http://{place}/rdap"


@asynccontextmanager
async def serve_whois(text: str, *, asked: list[str] | None = None) -> AsyncIterator[str]:
    """The "HOST:PORT" of a WHOIS server that answers every question with this text."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if asked is not None:
            asked.append(line.decode().strip())
        writer.write(text.encode())

    async with _serve(answer) as place:
        yield place


@asynccontextmanager
async def _serve(handler: Handler) -> AsyncIterator[str]:
    handlers: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        task.add_done_callback(handlers.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await handler(reader, writer)
                await writer.drain()
        finally:
            writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
    finally:
        server.close()
        await server.wait_closed()
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await asyncio.sleep(0)  # the loop closes sockets in its next turn
