"""The HTTP client against real servers, good and hostile: every failure named, in bounded time and memory."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import clock
from wxalarm.lab import http as lab
from wxalarm.lab.http import Answer
from wxalarm.lab.tcp import full_queue, refused
from wxalarm.probes import Failure, http, tcp
from wxalarm.probes.http import Exchange, Request, exchange

GET = Request("GET", "wx.example.com", "/callback")


def ask(answer: Answer, request: Request = GET, limit: float = 5.0, requests: list[bytes] | None = None) -> Exchange:
    async def main() -> Exchange:
        async with lab.serve(answer, requests=requests) as port:
            return await http.exchange("127.0.0.1", port, request, limit)

    made, seconds = clock.timed(main())
    assert made.total == pytest.approx(seconds)
    return made


def test_an_answer_with_its_phases() -> None:
    made = ask(lab.slow(1.5, lab.respond(200, b"success", (("X-One", "1"),))))
    assert (made.failure, made.status, made.reason, made.http_version) == (None, 200, "OK", "1.1")
    assert made.body == b"success"
    assert made.header("x-one") == "1"
    assert (made.connect, made.tls, made.first_byte, made.total) == (0, None, 1.5, 1.5)


def test_what_is_sent() -> None:
    got: list[bytes] = []
    headers = (("User-Agent", "Mozilla/4.0"),)
    ask(lab.respond(), Request("POST", "wx.example.com", "/a b?q=é", headers, b"abc"), requests=got)
    lines = got[0].decode().split("\r\n")
    assert lines[0] == "POST /a%20b?q=%C3%A9 HTTP/1.1"
    assert lines[1].startswith("Host: wx.example.com:")
    assert {"User-Agent: Mozilla/4.0", "Connection: close", "Content-Length: 3"} <= set(lines)
    assert lines[-1] == "abc"


@pytest.mark.parametrize("status", [201, 204, 302, 404, 500, 999])
def test_any_status_is_an_answer(status: int) -> None:
    made = ask(lab.respond(status, b""))
    assert (made.failure, made.status) == (None, status)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_answer_and_nobody_is_sent_after_it(status: int) -> None:
    trap: list[bytes] = []

    async def main() -> Exchange:
        async with (
            lab.serve(lab.respond(), requests=trap) as other,
            lab.serve(lab.redirect(f"http://127.0.0.1:{other}/", status)) as port,
        ):
            return await http.exchange("127.0.0.1", port, GET)

    assert clock.run(main()).status == status
    assert trap == []


FAULTS: dict[str, tuple[Answer, Failure, int]] = {
    "empty": (lab.empty(), Failure.EMPTY, 52),
    "reset": (lab.reset(), Failure.RESET, 56),
    "reset in the body": (lab.reset(lab.head(200) + b"succ"), Failure.RESET, 56),
    "garbage": (lab.garbage(), Failure.MALFORMED, 1),
    "no colon": (lab.send(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nx"), Failure.HEADER, 8),
    "no number": (lab.send(b"HTTP/1.1 000 No\r\n\r\nx"), Failure.STATUS, 1),
    "four digits": (lab.send(b"HTTP/1.1 1000 No\r\n\r\nx"), Failure.STATUS, 1),
    "a switch": (lab.send(b"HTTP/1.1 101 Switching\r\n\r\nx"), Failure.STATUS, 1),
    "NUL": (lab.send(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\nx"), Failure.HEADER, 8),
    "interim and no more": (lab.send(lab.head(100)), Failure.PARTIAL, 18),
    "bad chunk": (lab.bad_chunks(), Failure.CHUNK, 56),
    "short body": (lab.cut_body(), Failure.PARTIAL, 18),
    "half a head": (lab.send(b"HTTP/1.1 200 OK\r\nX: "), Failure.PARTIAL, 18),
    "1 MB of headers": (lab.huge_headers(), Failure.TOO_LARGE, 56),
    "1xx for ever": (lab.endless_interim(), Failure.INTERIM, 28),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_named_at_once(name: str) -> None:
    answer, failure, number = FAULTS[name]
    made = ask(answer)
    assert made.failure is failure, made
    assert failure.curl == number
    assert made.total < made.limit, "not at once: the deadline ended it"


OFFENDING = {
    b"foo bar\r\n\r\nx": "foo bar",
    b"X: 1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx": "Content-Length: 1 / Content-Length: 2",
    b"Content-Length: many\r\n\r\nx": "Content-Length: many",
    b"Transfer-Encoding: gzip\r\n\r\nx": "Transfer-Encoding: gzip",
    b" folded: 1\r\n\r\nx": "folded: 1",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n": "zz",
    b"Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n": "yz",
}


@pytest.mark.parametrize("rest", OFFENDING)
def test_the_offending_line_is_quoted_and_nothing_of_the_librarys(rest: bytes) -> None:
    made = ask(lab.send(b"HTTP/1.1 200 OK\r\n" + rest))
    assert made.failure in {Failure.HEADER, Failure.CHUNK}
    assert made.detail == OFFENDING[rest]


def test_an_illegal_status_line_is_quoted() -> None:
    assert ask(lab.send(b"HTTP/1.1 000 No\r\nX: 1\r\n\r\n")).detail == "HTTP/1.1 000 No"
    assert ask(lab.send(lab.head(100) + b"HTTP/1.1 101 Go\r\n\r\n")).detail == "HTTP/1.1 101 Go"


@pytest.mark.parametrize(
    "line", ["HTTP/1.1 2x0 ') (expected foo", 'HTTP/1.1 2x0 ") (expected foo', "HTTP/1.1 2x0 \\') bytearray(b'"]
)
def test_a_line_that_looks_like_the_librarys_own_words_is_quoted(line: str) -> None:
    made = ask(lab.send(line.encode() + b"\r\nX: 1\r\n\r\n"))
    assert (made.failure, made.detail) == (Failure.STATUS, line)
    made = ask(lab.send(b"HTTP/1.1 200 OK\r\nX: 1\r\n" + line.encode().replace(b"/", b"\0") + b"\r\n\r\n"))
    assert (made.failure, made.detail) == (Failure.HEADER, line.replace("/", "\0"))


@pytest.mark.parametrize(
    "answer", [lab.stall(), lab.drip(0.1), lab.drip(0.1, of_head=True)], ids=["stall", "body", "head"]
)
def test_slowness_ends_at_the_deadline(answer: Answer) -> None:
    made = ask(answer, limit=0.5)
    assert made.failure is Failure.TIMEOUT
    assert made.total == made.limit == 0.5


@pytest.mark.parametrize("answer", [lab.huge_body(), lab.huge_headers(1 << 28)], ids=["1 GB body", "256 MB headers"])
def test_floods_are_cut_in_bounded_memory(answer: Answer) -> None:
    tracemalloc.start()
    try:
        made = ask(answer)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made.body_cut or made.failure is Failure.TOO_LARGE
    assert len(made.body) <= http.LARGEST_BODY
    assert peak < 16 * http.LARGEST_BODY


def test_no_connection() -> None:
    async def main() -> tuple[Exchange, Exchange]:
        async with refused() as closed, full_queue() as full:
            return await asyncio.gather(
                http.exchange("127.0.0.1", closed, GET), http.exchange("127.0.0.1", full, GET, 0.3)
            )

    no, silent = clock.run(main())
    assert (no.failure, no.connect) == (Failure.REFUSED, None)
    assert (silent.failure, silent.connect) == (Failure.TIMEOUT, None)


@pytest.mark.parametrize("value", ["1\r\nY: 2", "1\nY: 2", "1\0"])
def test_a_header_cannot_be_smuggled_in(value: str) -> None:
    got: list[bytes] = []
    made = ask(lab.respond(), Request("GET", "wx.example.com", "/", (("X", value),)), requests=got)
    assert made.failure is Failure.LOCAL
    assert got == []


def test_a_target_cannot_smuggle_a_header_in() -> None:
    got: list[bytes] = []
    ask(lab.respond(), Request("GET", "wx.example.com", "/ HTTP/1.1\r\nY: 2\r\n"), requests=got)
    assert got[0].startswith(b"GET /%20HTTP/1.1%0D%0AY:%202%0D%0A HTTP/1.1\r\n")


PARTS = (
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200\r\n", b"HTTP/9.9 2 \r\n", b"HTTP/1.1 204 No\r\n\r\n"),
    *(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999999\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"X: \xff\x00\r\n", b": \r\n", b"\r\n", b"\n"),
    *(b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffffffffffffff\r\n", b"success"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PARTS) | st.binary(max_size=40), max_size=8))
def test_whatever_comes_is_an_answer_or_a_named_failure(parts: list[bytes]) -> None:
    made = ask(lab.send(b"".join(parts)), limit=3.0)
    assert made.failure is not None or made.status is not None
    assert made.failure not in {Failure.TIMEOUT, Failure.LOCAL, Failure.TLS, Failure.RESOLVE}


def test_what_waits_for_room_at_an_address_has_its_whole_time_then() -> None:
    """Ten requests to a server that takes 3 s: four at once, and none of them is too late."""
    under_way = most = 0

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(3.0)
        under_way -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsuccess")
        writer.close()

    async def main() -> list[Exchange]:
        server = await asyncio.start_server(busy, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            request = Request("GET", "wx.example.com", "/wx", ())
            return await asyncio.gather(*(exchange("127.0.0.1", port, request, 5.0) for _ in range(10)))

    made = clock.run(main())
    assert {one.failure for one in made} == {None}
    assert {round(one.total) for one in made} == {3}
    assert most == tcp.OPEN_EACH


def test_an_attempt_that_had_room_too_late_makes_no_finding() -> None:
    """Next to nothing is left of the run by then: it waits for the end, which says so."""

    async def main() -> float:
        loop = asyncio.get_running_loop()

        async def hold() -> None:
            async with tcp.room("127.0.0.1", 5.0):
                await asyncio.sleep(4.9)

        holding = [asyncio.create_task(hold()) for _ in range(tcp.OPEN_EACH)]
        await asyncio.sleep(0)
        async with tcp.room("127.0.0.1", lambda: 5.0 - loop.time()) as seconds:
            assert seconds < tcp.LEAST
        await asyncio.gather(*holding)
        return loop.time()

    assert clock.run(main()) >= 4.9 + tcp.LEAST
