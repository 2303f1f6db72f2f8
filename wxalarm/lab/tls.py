"""Faulty TLS: certificates that are wrong in one way, versions that nobody shares, a port that speaks something else.

Each is an async context manager that gives the port. A server with a wrong certificate is http.serve with `tls`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wxalarm.lab import http, tcp
from wxalarm.lab.certificates import Identity

PLAIN_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
"""What nginx says to a ClientHello on a port without ssl."""
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""A fatal alert, handshake_failure: what a server without a certificate for the name sends (RFC 8446, 6)."""
EMPTY_RECORDS = b"\x16\x03\x03\x00\x00"
"""Records with nothing in them."""
WARNINGS = b"\x15\x03\x03\x00\x02\x01\x5a"
"""Alerts that are none: user_canceled."""
HALF_A_RECORD = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"
"""The beginning of a ServerHello."""
GARBAGE = bytes(range(7, 256)) * 8
BROKEN_RECORDS = b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\xff" * 0x3FFC
"""A record that claims to be a ServerHello and holds nothing like it."""


@asynccontextmanager
async def instead(
    data: bytes, *, times: int = 1, hang_up: bool = True, address: str = tcp.LOOPBACK, port: int = 0
) -> AsyncIterator[int]:
    """A port that answers whatever comes with these bytes, again and again, and hangs up or falls silent."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0)  # drain yields only when the client is slow
        if not hang_up:
            await asyncio.sleep(http.FOREVER)

    async with http.listen(answer, lambda reader: reader.read(4096), address=address, port=port) as number:
        yield number


@asynccontextmanager
async def late(seconds: float, context: ssl.SSLContext, *, address: str = tcp.LOOPBACK) -> AsyncIterator[int]:
    """A port that takes connections at once and begins the TLS handshake some seconds later; then it says nothing."""
    loop = asyncio.get_running_loop()
    transports: list[asyncio.Transport] = []

    async def begin(accepted: socket.socket) -> None:
        with accepted, contextlib.suppress(OSError):  # a client that has gone
            await asyncio.sleep(seconds)
            transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted.dup(), ssl=context)
            transports.append(transport)

    async def serve(listener: socket.socket) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                accepted, _ = await loop.sock_accept(listener)
                group.create_task(begin(accepted))

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setblocking(False)
        listener.bind((address, 0))
        listener.listen(64)
        task = asyncio.create_task(serve(listener))
        try:
            yield listener.getsockname()[1]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for transport in transports:
                transport.abort()
            await asyncio.sleep(0)  # aborted transports close their sockets in the next turn of the loop


def only_old(identity: Identity) -> ssl.SSLContext:
    """A server that stopped at TLS 1.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the fault
        context = identity.context(oldest=ssl.TLSVersion.TLSv1, newest=ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def only_new(identity: Identity) -> ssl.SSLContext:
    """A server that speaks TLS 1.3 alone."""
    return identity.context(oldest=ssl.TLSVersion.TLSv1_3)
