"""TCP: one connection to one address, timed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass

from wxalarm.probes import Failure, classify


@dataclass(frozen=True, slots=True)
class Connect:
    """One attempt to connect."""

    address: str
    port: int
    seconds: float
    """Until it was connected, or until it failed."""
    failure: Failure | None = None


async def connected(address: str, port: int, limit: float) -> tuple[Connect, socket.socket | None]:
    """The attempt, and the connected socket, which the caller closes. Never raises for the network's failures."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    sock: socket.socket | None = None
    try:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(limit):
            await loop.sock_connect(sock, (address, port))
    except OSError as error:
        if sock is not None:
            sock.close()
        return Connect(address, port, loop.time() - begun, classify(error)), None
    except BaseException:
        if sock is not None:
            sock.close()
        raise
    return Connect(address, port, loop.time() - begun), sock


async def connect(address: str, port: int, limit: float) -> Connect:
    """Connect and hang up. limit in seconds."""
    attempt, sock = await connected(address, port, limit)
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()
    return attempt
