"""What an https connection that fails is to libcurl, and so to WeChat: the number, and which alarm it can make.

curl is the oracle for the numbers.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.probes.test_curl_oracle import CURL, HOST, LIMIT, LONG, curl
from tests.probes.test_tls import resetting
from wxalarm.checks.check import Context
from wxalarm.config import Settings, Tls
from wxalarm.lab import certificates, http, tcp, tls
from wxalarm.lab.certificates import Authority, Identity
from wxalarm.model import Alarm, AlarmKind, Finding, Target
from wxalarm.runner import Run

TIMED_OUT = 28
Stage = Callable[[Authority], AbstractAsyncContextManager[int]]


def presenting(identity: Callable[[Authority], Identity]) -> Stage:
    return lambda authority: http.serve(http.respond(), tls=identity(authority).context())


def demanding(version: ssl.TLSVersion) -> Stage:
    """A server that wants a certificate of the client."""

    def stage(authority: Authority) -> AbstractAsyncContextManager[int]:
        context = authority.issue(HOST).context(oldest=version, newest=version)
        context.verify_mode = ssl.CERT_REQUIRED
        return http.serve(http.respond(), tls=context)

    return stage


def instead(data: bytes, *, hang_up: bool = True) -> Stage:
    return lambda authority: tls.instead(data, hang_up=hang_up)


FAULTS: dict[str, tuple[Stage, str, int]] = {
    "nobody listens": (lambda authority: tcp.refused(), "tcp-refused", 7),
    "never answers the ClientHello": (lambda authority: tcp.silent(), "tls-timeout", TIMED_OUT),
    "stops in the middle": (instead(tls.HALF_A_RECORD, hang_up=False), "tls-timeout", TIMED_OUT),
    "resets": (lambda authority: resetting(), "tls-failed", 35),
    "hangs up": (instead(b""), "tls-failed", 35),
    "sends an alert": (instead(tls.ALERT), "tls-failed", 35),
    "speaks plain HTTP": (instead(tls.PLAIN_HTTP), "tls-not-tls", 35),
    "speaks TLS 1.1": (
        lambda authority: http.serve(http.respond(), tls=tls.only_old(authority.issue(HOST))),
        "tls-protocol",
        35,
    ),
    "wants a certificate in TLS 1.2": (demanding(ssl.TLSVersion.TLSv1_2), "tls-client-certificate", 35),
    "wants a certificate in TLS 1.3": (demanding(ssl.TLSVersion.TLSv1_3), "tls-client-certificate", 56),
    "has expired": (presenting(lambda authority: authority.issue(HOST, days=-3)), "tls-expired", 60),
    "is not valid yet": (presenting(lambda authority: authority.issue(HOST, since=1)), "tls-not-yet-valid", 60),
    "is for another name": (presenting(lambda authority: authority.issue("example.cn")), "tls-name-mismatch", 60),
    "vouches for itself": (presenting(lambda authority: certificates.self_signed(HOST)), "tls-self-signed", 60),
    "lacks its intermediate": (
        presenting(lambda authority: authority.issue(HOST).alone()),
        "tls-chain-incomplete",
        60,
    ),
    "is alone, of an unknown authority": (
        presenting(lambda authority: Authority("Stranger").issue(HOST, told=False).alone()),
        "tls-chain-incomplete",
        60,
    ),
    "leads to an unknown root": (presenting(lambda authority: Authority("Stranger").issue(HOST)), "tls-untrusted", 60),
}


SPEECHLESS = "wants a certificate in TLS 1.3"
"""The server of asyncio breaks off without the alert that others send."""


@asynccontextmanager
async def staged(stage: Stage) -> AsyncIterator[tuple[int, str]]:
    authority = Authority()
    with authority.file() as ca_file:
        async with stage(authority) as port:
            yield port, ca_file


async def found(port: int, ca_file: str) -> list[Finding]:
    """What the connection and the handshake are found to lack; silence is waited for one second."""
    url = f"https://{HOST}:{port}/wx"
    resolve = {f"{HOST}:{port}": (tcp.LOOPBACK,)}
    target = Target(url, "https", HOST, port, "/wx", None, True, resolve)
    settings = Settings(timeout=1.5, tls=Tls(ca_file))
    only = ("tcp-connect", "tls-handshake")
    (report,) = await Run([Context(Alarm(AlarmKind.CONNECT_TIMEOUT), target, settings)], only=only).reports()
    return [finding for result in report.results for finding in result.findings]


@pytest.mark.parametrize("name", FAULTS)
def test_the_number_of_a_failure_says_which_alarm_it_can_make(name: str) -> None:
    stage, code, number = FAULTS[name]

    async def main() -> list[Finding]:
        async with staged(stage) as (port, ca_file):
            return await found(port, ca_file)

    (finding,) = (one for one in asyncio.run(main()) if one.code.id == code)
    assert finding.evidence["curl"] == number
    timed_out = number == TIMED_OUT
    # What refuses now may have hung before it was stopped.
    assert (AlarmKind.CONNECT_TIMEOUT in finding.code.explains) is (timed_out or code == "tcp-refused")
    assert (AlarmKind.REQUEST_TIMEOUT in finding.code.explains) is (timed_out or code == "tcp-refused")
    assert (AlarmKind.INVALID_RESPONSE in finding.code.explains) is not timed_out


@pytest.mark.oracle
@pytest.mark.skipif(CURL is None, reason="curl is not installed")
@pytest.mark.parametrize("name", FAULTS)
def test_the_number_is_curls(name: str) -> None:
    stage, _, number = FAULTS[name]

    async def main() -> int:
        async with staged(stage) as (port, ca_file):
            limit = LIMIT if number == TIMED_OUT else LONG
            return (await curl(f"https://{HOST}:{port}/wx", port, "--cacert", ca_file, limit=limit))[0]

    # 52 when curl reads the end, 56 when the reset of its request overtakes it.
    assert asyncio.run(main()) in ((52, 56) if name == SPEECHLESS else (number,))


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_libcurls_connect_timeout_ends_with_the_handshake() -> None:
    """A host that takes TCP and is silent then does run into it; one that is late with its answer does not."""

    async def main(scheme: str, stage: AbstractAsyncContextManager[int]) -> int:
        async with stage as port:
            url = f"{scheme}://{HOST}:{port}/wx"
            return (await curl(url, port, "--connect-timeout", "2", "--max-time", "60"))[0]

    assert asyncio.run(main("https", tcp.silent())) == TIMED_OUT
    assert asyncio.run(main("http", http.serve(http.slow(3.0)))) == 0
