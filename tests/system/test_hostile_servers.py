"""Servers that mean harm: every diagnosis ends within its deadline, in bounded memory, with a finding by name."""

from __future__ import annotations

import ssl
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from tests import clock
from wxalarm.config import Settings
from wxalarm.diagnosis import contexts
from wxalarm.lab import http, tcp, tls
from wxalarm.lab.certificates import Authority
from wxalarm.lab.http import Answer
from wxalarm.lab.scenario import Staged
from wxalarm.lab.scenarios.alarms import HOST, INVALID_RESPONSE, staged
from wxalarm.model import Report
from wxalarm.parser import parse
from wxalarm.probes import Failure
from wxalarm.probes.http import Request, exchange
from wxalarm.runner import Run

pytestmark = pytest.mark.slow
DEADLINE = 2.0
"""Seconds for a whole run here."""
NETWORK = {"tcp-connect", "tls-handshake", "http-request"}
MEMORY = 24 << 20
"""Bytes that client and server may have taken together at any time; the servers offer up to 1 GiB."""

CHUNKED = http.head(200, [("Transfer-Encoding", "chunked")])
TINY_CHUNKS = http.flood(b"1\r\nx\r\n" * 10_000, CHUNKED)
CHUNK_EXTENSIONS = http.flood(b"1;" + b"e" * 60_000 + b"\r\nx\r\n", CHUNKED)
TRAILERS = http.flood(b"X-Trailer: " + b"t" * 1000 + b"\r\n", CHUNKED + b"0\r\n")
MANY_HEADERS = http.flood(b"a:b\r\n" * 10_000, b"HTTP/1.1 200 OK\r\n")
ONE_LONG_LINE = http.flood(b"H" * 65536)
NEVER_ENDING_STATUS = http.flood(b"9" * 65536, b"HTTP/1.1 200 ")

HTTP: dict[str, tuple[Answer, str]] = {
    "a byte now and then": (http.drip(0.1), "http-timeout"),
    "a byte of the head now and then": (http.drip(0.1, of_head=True), "http-timeout"),
    "silence": (http.stall(), "http-timeout"),
    "a body of 1 GiB": (http.huge_body(), "http-too-large"),
    "a body without length or end": (http.flood(b"x" * 65536, http.head(200)), "http-too-large"),
    "headers of 1 MiB": (http.huge_headers(), "http-too-large"),
    "headers without end": (http.huge_headers(1 << 30), "http-too-large"),
    "many small headers": (MANY_HEADERS, "http-too-large"),
    "interim responses without end": (http.endless_interim(), "http-timeout"),
    "a status line without end": (NEVER_ENDING_STATUS, "http-too-large"),
    "one line without end": (ONE_LONG_LINE, "http-malformed"),
    "chunks of a byte without end": (TINY_CHUNKS, "http-too-large"),
    "chunk extensions without end": (CHUNK_EXTENSIONS, "http-too-large"),
    "trailers without end": (TRAILERS, "http-malformed"),
    "a chunk size that is no number": (http.bad_chunks(), "http-malformed"),
    "another protocol": (http.garbage(), "http-malformed"),
}


async def diagnosed(stage: AbstractAsyncContextManager[Staged]) -> Report:
    async with stage as ready:
        made = contexts(parse(ready.text).alarms, ready.settings, resolve=ready.resolve)
        (report,) = await Run(made).reports()
        return report


@asynccontextmanager
async def serving(answer: Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[Staged]:
    async with http.serve(answer, tls=context) as port:
        scheme = "https" if context else "http"
        yield staged(INVALID_RESPONSE, port, scheme=scheme, settings=Settings(timeout=DEADLINE))


@asynccontextmanager
async def instead_of_tls(data: bytes, times: int = 1) -> AsyncIterator[Staged]:
    async with tls.instead(data, times=times, hang_up=data is not tls.HALF_A_RECORD) as port:
        yield staged(INVALID_RESPONSE, port, scheme="https", settings=Settings(timeout=DEADLINE))


def check(stage: Callable[[], AbstractAsyncContextManager[Staged]], code: str) -> Report:
    """Run a stage and hold it to the deadline, the memory and the finding."""
    tracemalloc.start()
    try:
        report, seconds = clock.timed(diagnosed(stage()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    unknown = [(r.check, r.reason) for r in report.results if r.check in NETWORK and r.status == "unknown"]
    assert not unknown
    assert seconds <= DEADLINE
    assert peak < MEMORY
    found = [finding.code.id for result in report.results for finding in result.findings]
    assert code in found
    return report


@pytest.mark.parametrize("name", HTTP)
def test_a_hostile_answer_ends_in_time_with_a_finding(name: str) -> None:
    answer, code = HTTP[name]
    check(lambda: serving(answer), code)


@pytest.mark.parametrize("name", ["a byte now and then", "a body of 1 GiB", "chunks of a byte without end"])
def test_the_same_through_tls(name: str) -> None:
    answer, code = HTTP[name]
    context = Authority().issue(HOST).context()
    check(lambda: serving(answer, context), code)


@pytest.mark.parametrize(
    ("data", "times", "code"),
    [
        (tls.GARBAGE, 1, "tls-not-tls"),
        (tls.GARBAGE, 1 << 18, "tls-not-tls"),
        (tls.PLAIN_HTTP, 1 << 18, "tls-not-tls"),
        (tls.BROKEN_RECORDS, 1 << 14, "tls-failed"),
        (tls.ALERT, 1, "tls-failed"),
        (tls.EMPTY_RECORDS, 1 << 14, "tls-failed"),
        (tls.WARNINGS, 1 << 14, "tls-failed"),
        (tls.HALF_A_RECORD, 1, "tls-timeout"),
        (b"", 1, "tls-failed"),
    ],
    ids=["garbage", "much garbage", "much HTTP", "records", "alert", "empty records", "warnings", "half", "nothing"],
)
def test_a_hostile_handshake_ends_in_time_with_a_finding(data: bytes, times: int, code: str) -> None:
    check(lambda: instead_of_tls(data, times), code)


def test_a_server_that_never_reads_does_not_hold_the_client() -> None:
    async def main() -> Failure | None:
        async with tcp.silent() as port:
            made = await exchange(tcp.LOOPBACK, port, Request("POST", HOST, "/", body=b"x" * (32 << 20)), DEADLINE)
            return made.failure

    failure, seconds = clock.timed(main())
    assert failure is Failure.TIMEOUT
    assert seconds <= DEADLINE


def test_a_slow_body_is_bounded_by_the_run_even_when_repeated() -> None:
    async def main() -> Report:
        async with serving(http.drip(0.1)) as ready:
            return await diagnosed(_repeating(ready, 20))

    report, seconds = clock.timed(main())
    assert seconds <= DEADLINE
    assert "http-timeout" in {finding.code.id for result in report.results for finding in result.findings}


@asynccontextmanager
async def _repeating(ready: Staged, times: int) -> AsyncIterator[Staged]:
    yield replace(ready, settings=replace(ready.settings, repeat=times))
