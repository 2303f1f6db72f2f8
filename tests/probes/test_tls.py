"""The TLS probe against servers that speak no TLS, or hostile ones: named, within the deadline, in little memory."""

from __future__ import annotations

import asyncio
import contextlib
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from wxalarm.lab import http as lab_http
from wxalarm.lab import tcp
from wxalarm.lab import tls as lab
from wxalarm.lab.certificates import Authority
from wxalarm.probes import Failure, http, tls
from wxalarm.probes.tls import Secured

HOST = "wx.example.com"
Stage = Callable[[], AbstractAsyncContextManager[int]]


Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(connection: Connection) -> AsyncIterator[int]:
    """A port that gives every connection to `connection`; leaving it ends them all."""
    running: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await connection(reader, writer)
        running.discard(task)
        writer.transport.abort()

    server = await asyncio.start_server(one, tcp.LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        tasks = list(running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


def flooding(block: bytes, pause: float = 0.0) -> AbstractAsyncContextManager[int]:
    """A port that sends a block again and again."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(block)
            await writer.drain()
            await asyncio.sleep(pause)

    return served(connection)


def resetting() -> AbstractAsyncContextManager[int]:
    """A port that resets when it has read the ClientHello."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        tcp.reset(writer.get_extra_info("socket"))

    return served(connection)


def looked(stage: Stage, limit: float = 5.0, host: str = HOST) -> Secured:
    async def main() -> Secured:
        async with stage() as port:
            return await tls.look("127.0.0.1", port, host, limit, http.trusted())

    return asyncio.run(main())


AT_ONCE: dict[str, tuple[Stage, Failure]] = {
    "plain HTTP": (lambda: lab.instead(lab.PLAIN_HTTP), Failure.NOT_TLS),
    "SSH": (lambda: lab.instead(b"SSH-2.0-OpenSSH_9.6\r\n"), Failure.NOT_TLS),
    "garbage": (lambda: lab.instead(lab.GARBAGE), Failure.NOT_TLS),
    "garbage without end": (lambda: flooding(lab.GARBAGE), Failure.NOT_TLS),
    "an alert": (lambda: lab.instead(lab.ALERT), Failure.TLS),
    "closed": (lambda: lab.instead(b""), Failure.TLS),
    "reset": (resetting, Failure.TLS),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_is_no_handshake_is_seen_at_once(name: str) -> None:
    stage, failure = AT_ONCE[name]
    begun = time.monotonic()
    made = looked(stage)
    assert made.connect is None
    assert {one.failure for one in (made.trusted, *made.versions.values())} == {failure}
    assert failure.curl == 35
    assert made.chain == ()
    assert time.monotonic() - begun < 4, "not at once: the deadline ended it"


def test_what_came_instead_of_tls_is_kept() -> None:
    assert looked(lambda: lab.instead(lab.PLAIN_HTTP)).first.startswith(b"HTTP/1.1 400 ")
    assert len(looked(lambda: lab.instead(lab.GARBAGE)).first) <= 64


BROKEN_RECORD = b"\x16\x03\x03\x00\x01\x02"
"""One byte of a handshake message a record: the message never ends."""
SLOW: dict[str, Stage] = {
    "silence": tcp.silent,
    "a byte at a time": lambda: flooding(b"\x16", 0.2),
    "a handshake of tiny records": lambda: flooding(BROKEN_RECORD, 0.05),
}


@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_holds_for_all_handshakes_together(name: str) -> None:
    begun = time.monotonic()
    made = looked(SLOW[name], limit=0.6)
    assert made.connect is None
    assert made.trusted.failure in {Failure.TIMEOUT, Failure.TLS, Failure.NOT_TLS}
    assert time.monotonic() - begun < 3
    assert made.limit == 0.6


def test_silence_is_a_timeout() -> None:
    made = looked(tcp.silent, limit=0.4)
    assert {one.failure for one in (made.trusted, *made.versions.values())} == {Failure.TIMEOUT}


def test_a_flood_costs_no_memory() -> None:
    tracemalloc.start()
    try:
        looked(lambda: flooding(BROKEN_RECORD * 10000), limit=1.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def test_no_connection_is_no_matter_of_tls() -> None:
    made = looked(tcp.refused)
    assert made.connect is Failure.REFUSED


@pytest.mark.parametrize("host", ["", ".", "a..b", ".example.com", "x" * 64 + ".example.com", "*.example.com"])
def test_a_name_that_cannot_be_sent_raises_nothing(host: str) -> None:
    @asynccontextmanager
    async def stage() -> AsyncIterator[int]:
        async with lab_http.serve(lab_http.respond(), tls=Authority().issue(HOST).context()) as port:
            yield port

    made = looked(stage, host=host)
    assert made.connect is None
    assert made.trusted.failure in {Failure.RESOLVE, Failure.CERTIFICATE}


def test_a_certificate_that_cannot_be_read_has_empty_names() -> None:
    assert tls.certificate(b"\x30\x00").subject == ""
    assert tls.certificate(b"").names == ()
