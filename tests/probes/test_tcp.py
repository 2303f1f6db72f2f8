"""The TCP probe against real faulty servers."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests import clock
from wxalarm.lab import http as lab_http
from wxalarm.lab import tcp as lab
from wxalarm.probes import Failure, tcp
from wxalarm.probes.tcp import Stream


def test_connected() -> None:
    async def main() -> tcp.Connect:
        async with lab.silent() as port:
            return await tcp.connect("127.0.0.1", port)

    made = clock.run(main())
    assert made.failure is None
    assert made.seconds == 0 < made.limit


def test_who_says_nothing_takes_however_many_connections() -> None:
    async def main() -> set[Failure | None]:
        async with lab.silent() as port:
            return {(await tcp.connect("127.0.0.1", port, 0.5)).failure for _ in range(300)}

    assert clock.run(main()) == {None}


def test_refused_is_seven() -> None:
    async def main() -> tcp.Connect:
        async with lab.refused() as port:
            return await tcp.connect("127.0.0.1", port)

    made = clock.run(main())
    assert made.failure is Failure.REFUSED
    assert made.failure.curl == 7


def test_a_full_queue_is_silence_to_the_limit() -> None:
    async def main() -> tcp.Connect:
        async with lab.full_queue() as port:
            return await tcp.connect("127.0.0.1", port, 0.3)

    made = clock.run(main())
    assert made.failure is Failure.TIMEOUT
    assert made.failure.curl == 28
    assert made.seconds == pytest.approx(made.limit)
    assert made.limit == 0.3


def test_a_reset_right_after_the_handshake_is_seen() -> None:
    async def main() -> tcp.Connect:
        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lab.reset(writer.get_extra_info("socket"))
            writer.transport.abort()

        server = await asyncio.start_server(connection, "127.0.0.1", 0)
        async with server:
            return await tcp.connect("127.0.0.1", server.sockets[0].getsockname()[1])

    assert clock.run(main()).failure is Failure.RESET


@pytest.mark.parametrize("count", [1, 50])
def test_no_socket_is_left_open(count: int) -> None:
    async def main() -> list[tcp.Connect]:
        async with lab_http.serve(lab_http.respond()) as port:
            return await asyncio.gather(*(tcp.connect("127.0.0.1", port) for _ in range(count)))

    assert all(made.failure is None for made in clock.run(main()))


def test_a_deadline_is_noticed_although_bytes_are_waiting() -> None:
    """A fast server always has bytes ready: reading them must not keep the event loop from every deadline in it."""

    async def main() -> None:
        ours, theirs = socket.socketpair()
        with theirs, Stream(ours) as stream:
            ours.setblocking(False)
            theirs.sendall(b"x" * 4096)
            async with asyncio.timeout(0):
                await stream.receive()

    with pytest.raises(TimeoutError):
        clock.run(main())
