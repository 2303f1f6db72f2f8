"""Scenarios of TLS: certificates that browsers may forgive and WeChat does not, and ports that do not speak it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from wxalarm.config import Settings, Tls
from wxalarm.lab import certificates, http, tcp, tls
from wxalarm.lab.certificates import Authority
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import CONNECT_TIMEOUT, HOST, IMPATIENT, INVALID_RESPONSE, REQUEST_TIMEOUT, staged

OTHER = "127.0.0.3"
"""The second address of a pool."""
Stage = Callable[[], AbstractAsyncContextManager[Staged]]


def _trusting(make: Callable[[Authority], ssl.SSLContext]) -> Stage:
    """A stage where the laboratory's root is trusted, and a server has what `make` gives."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[Staged]:
        authority = Authority()
        with authority.file() as ca_file:
            async with http.serve(http.respond(), tls=make(authority)) as port:
                settings = Settings(tls=Tls(ca_file))
                yield staged(INVALID_RESPONSE, port, scheme="https", settings=settings)

    return stage


def _instead(data: bytes) -> Stage:
    """A stage where something else than TLS answers."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[Staged]:
        async with tls.instead(data) as port:
            yield staged(INVALID_RESPONSE, port, scheme="https")

    return stage


@asynccontextmanager
async def _stall() -> AsyncIterator[Staged]:
    async with tcp.silent() as port:
        yield staged(CONNECT_TIMEOUT, port, scheme="https", settings=IMPATIENT)


@asynccontextmanager
async def _late() -> AsyncIterator[Staged]:
    authority = Authority()
    with authority.file() as ca_file:
        async with tls.late(3.2, authority.issue(HOST).context()) as port:
            yield staged(CONNECT_TIMEOUT, port, scheme="https", settings=Settings(tls=Tls(ca_file)))


@asynccontextmanager
async def _two_addresses() -> AsyncIterator[Staged]:
    """The alarm's own address is slow; the other one has another fault, which makes another alarm."""
    authority = Authority()
    good, expired = authority.issue(HOST).context(), authority.issue(HOST, days=-3).context()
    with authority.file() as ca_file:
        async with (
            http.serve(http.slow(7.0), tls=good) as port,
            http.serve(http.respond(), tls=expired, address=OTHER, port=port),
        ):
            settings = replace(IMPATIENT, tls=Tls(ca_file))
            yield staged(
                REQUEST_TIMEOUT,
                port,
                scheme="https",
                ip=tcp.LOOPBACK,
                addresses=(OTHER, tcp.LOOPBACK),
                settings=settings,
            )


def _untrusted(authority: Authority) -> ssl.SSLContext:
    """A complete chain to a root that nobody knows."""
    return Authority("Company").issue(HOST).context()


SCENARIOS = (
    Scenario("certificate-expired", "tls-expired", _trusting(lambda a: a.issue(HOST, days=-3).context())),
    Scenario("certificate-for-another-name", "tls-name-mismatch", _trusting(lambda a: a.issue("example.cn").context())),
    Scenario("chain-incomplete", "tls-chain-incomplete", _trusting(lambda a: a.issue(HOST).alone().context())),
    Scenario(
        "leaf-alone",
        "tls-chain-incomplete",
        _trusting(lambda a: Authority("Stranger").issue(HOST, told=False).alone().context()),
    ),
    Scenario("self-signed", "tls-self-signed", _trusting(lambda a: certificates.self_signed(HOST).context())),
    Scenario("company-authority", "tls-untrusted", _trusting(_untrusted)),
    Scenario("certificate-of-tomorrow", "tls-not-yet-valid", _trusting(lambda a: a.issue(HOST, since=1).context())),
    Scenario("certificate-expiring", "tls-expiring", _trusting(lambda a: a.issue(HOST, days=5.5).context())),
    Scenario("old-tls", "tls-protocol", _trusting(lambda a: tls.only_old(a.issue(HOST)))),
    Scenario("new-tls-only", "tls-protocol", _trusting(lambda a: tls.only_new(a.issue(HOST)))),
    Scenario("plain-http-on-443", "tls-not-tls", _instead(tls.PLAIN_HTTP)),
    Scenario("tls-refused", "tls-failed", _instead(tls.ALERT)),
    Scenario("tls-stalls", "tls-timeout", _stall),
    Scenario("tls-late", "tls-slow", _late),
    Scenario("two-faults-in-a-pool", "http-timeout", _two_addresses),
)
