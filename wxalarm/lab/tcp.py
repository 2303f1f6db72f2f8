"""Faulty TCP: a closed port, a full listen queue, a port that is slow to take connections, one that takes them and
falls silent or hangs up.

Each is an async context manager that gives the port; leaving it closes everything. No root is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
MOST_FILLERS = 16
"""Connections tried to fill a queue of length 0; Linux takes one or two."""
FULL_AFTER = 0.15
"""Seconds without an answer on loopback after which the queue counts as full."""

SYN_SENT = "02"
"""As /proc/net/tcp says it (tcp_states.h)."""


@asynccontextmanager
async def refused(address: str = LOOPBACK, port: int = 0) -> AsyncIterator[int]:
    """A port that refuses: bound, so that nobody else gets it, and not listening."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((address, port))
        yield sock.getsockname()[1]


@asynccontextmanager
async def full_queue(address: str = LOOPBACK, port: int = 0) -> AsyncIterator[int]:
    """A port whose listen queue is full of connections that nobody accepts: the kernel drops every further SYN."""
    async with _filled(address, port) as (listener, _):
        yield listener.getsockname()[1]


@asynccontextmanager
async def full_for(seconds: float, address: str = LOOPBACK, port: int = 0) -> AsyncIterator[int]:
    """A port whose listen queue is full until some seconds after the first knock; then it takes connections, and hangs
    up on each.

    A client whose SYN was dropped gets in when it sends it again: 1 s and 3 s after the first (RFC 6298), on newer
    Linux every second.
    """
    async with _filled(address, port) as (listener, fillers):
        loop = asyncio.get_running_loop()

        def hang_up() -> None:
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()

        async def empty() -> None:
            while not _knocks(listener.getsockname()[1]):  # noqa: ASYNC110  # the kernel tells nobody
                await asyncio.sleep(FULL_AFTER)
            await asyncio.sleep(seconds)
            for filler in fillers:
                filler.close()
            loop.add_reader(listener, hang_up)

        task = asyncio.create_task(empty())
        try:
            yield listener.getsockname()[1]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            loop.remove_reader(listener)


def _knocks(port: int) -> bool:
    """Whether somebody of this machine waits to be let in at a port; where the kernel does not say, so it is taken."""
    try:
        sockets = Path("/proc/thread-self/net/tcp").read_text("ascii").splitlines()[1:]
    except OSError:
        return True
    return any(line.split()[2].endswith(f":{port:04X}") and line.split()[3] == SYN_SENT for line in sockets)


@asynccontextmanager
async def _filled(address: str, port: int = 0) -> AsyncIterator[tuple[socket.socket, list[socket.socket]]]:
    """A listening socket whose queue is full, and the connections that fill it."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # who stood here before may have been left
        listener.bind((address, port))
        listener.listen(0)
        fillers: list[socket.socket] = []
        for _ in range(MOST_FILLERS):
            filler = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            filler.setblocking(False)
            fillers.append(filler)
            try:
                async with asyncio.timeout(FULL_AFTER):
                    await loop.sock_connect(filler, listener.getsockname())
            except TimeoutError:
                break
        else:
            raise OSError(errno.ENOTSUP, "this kernel does not bound the listen queue")
        fillers.pop().close()  # the one that was not let in: its SYN would come again
        yield listener, fillers


@asynccontextmanager
async def silent(address: str = LOOPBACK, port: int = 0) -> AsyncIterator[int]:
    """A port that takes connections and never says a byte, nor reads one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as above
        sock.bind((address, port))
        sock.listen(socket.SOMAXCONN)  # nobody takes them from the queue: a full one would drop the next SYN
        yield sock.getsockname()[1]


def reset(sock: socket.socket) -> None:
    """Make the close of this connection a reset (SO_LINGER with 0 s)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
