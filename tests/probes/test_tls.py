"""The TLS probe against servers that speak no TLS, or hostile ones: named, within the deadline, in little memory."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests import clock
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


def timed(stage: Stage, limit: float = 5.0, host: str = HOST) -> tuple[Secured, float]:
    async def main() -> Secured:
        async with stage() as port:
            return await tls.look("127.0.0.1", port, host, limit, http.trusted())

    return clock.timed(main())


def looked(stage: Stage, limit: float = 5.0, host: str = HOST) -> Secured:
    return timed(stage, limit, host)[0]


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
    made, seconds = timed(stage)
    assert made.connect is None
    assert {one.failure for one in (made.trusted, *made.versions.values())} == {failure}
    assert failure.curl == 35
    assert made.chain == ()
    assert seconds < made.limit, "not at once: the deadline ended it"


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
    made, seconds = timed(SLOW[name], limit=0.6)
    assert made.connect is None
    assert made.trusted.failure in {Failure.TIMEOUT, Failure.TLS, Failure.NOT_TLS}
    assert seconds <= made.limit + 1e-9
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


@contextlib.contextmanager
def judging(mode: ssl.VerifyMode, **versions: ssl.TLSVersion) -> Iterator[int]:
    """A port that asks for a client's certificate. In threads: asyncio hangs up without the alert."""
    context = Authority().issue(HOST).context(**versions)
    context.verify_mode = mode

    def talk(accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), accepted, context.wrap_socket(accepted, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(lab_http.head(200, [("Content-Length", "7")]) + b"success")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server((tcp.LOOPBACK, 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


ASKING: dict[str, dict[str, ssl.TLSVersion]] = {
    "both": {},
    "1.2": {"newest": ssl.TLSVersion.TLSv1_2},
    "1.3": {"oldest": ssl.TLSVersion.TLSv1_3},
}


@pytest.mark.parametrize("mode", [ssl.CERT_REQUIRED, ssl.CERT_OPTIONAL])
@pytest.mark.parametrize("name", ASKING)
def test_a_demand_for_a_client_certificate_is_told_from_a_mere_question(name: str, mode: ssl.VerifyMode) -> None:
    async def main(port: int) -> tuple[Secured, http.Exchange]:
        asked = http.Request("GET", HOST, "/")
        return await asyncio.gather(
            tls.look(tcp.LOOPBACK, port, HOST, 5.0, http.insecure()),
            http.exchange(tcp.LOOPBACK, port, asked, tls=http.insecure()),
        )

    with judging(mode, **ASKING[name]) as port:
        seen, made = asyncio.run(main(port))
    spoken = ("1.2", "1.3") if name == "both" else (name,)
    wanted = Failure.CLIENT_CERTIFICATE if mode is ssl.CERT_REQUIRED else None
    assert {seen.trusted.failure, *(seen.versions[version].failure for version in spoken)} == {wanted}
    assert "1.0" not in seen.versions
    assert len(seen.chain) == 2, "the server's own certificates are known all the same"
    assert (made.tls is None) == (mode is ssl.CERT_REQUIRED), "not a matter of HTTP"
    assert made.status == (None if mode is ssl.CERT_REQUIRED else 200)


def test_a_server_that_asks_and_hangs_up_without_an_alert() -> None:
    @asynccontextmanager
    async def stage() -> AsyncIterator[int]:
        context = Authority().issue(HOST).context()
        context.verify_mode = ssl.CERT_REQUIRED
        async with lab_http.serve(lab_http.respond(), tls=context) as port:
            yield port

    seen = looked(stage)
    assert {made.failure for made in seen.versions.values()} == {Failure.CLIENT_CERTIFICATE}


def test_a_certificate_that_cannot_be_read_has_empty_names() -> None:
    assert tls.certificate(b"\x30\x00").subject == ""
    assert tls.certificate(b"").names == ()
