"""Scenarios of TLS: certificates that browsers may forgive and WeChat does not, and ports that do not speak it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from wxalarm.config import Settings, Tls
from wxalarm.lab import certificates, http, tcp, tls
from wxalarm.lab.certificates import Authority
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import HOST, IMPATIENT, INVALID_RESPONSE, REQUEST_TIMEOUT, staged

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
        yield staged(REQUEST_TIMEOUT, port, scheme="https", settings=IMPATIENT)


def _untrusted(authority: Authority) -> ssl.SSLContext:
    """A complete chain to a root that nobody knows."""
    return Authority("Company").issue(HOST).context()


SCENARIOS = (
    Scenario("certificate-expired", "tls-expired", _trusting(lambda a: a.issue(HOST, days=-3).context())),
    Scenario("certificate-for-another-name", "tls-name-mismatch", _trusting(lambda a: a.issue("example.cn").context())),
    Scenario("chain-incomplete", "tls-chain-incomplete", _trusting(lambda a: a.issue(HOST).alone().context())),
    Scenario("self-signed", "tls-self-signed", _trusting(lambda a: certificates.self_signed(HOST).context())),
    Scenario("company-authority", "tls-untrusted", _trusting(_untrusted)),
    Scenario("certificate-of-tomorrow", "tls-not-yet-valid", _trusting(lambda a: a.issue(HOST, since=1).context())),
    Scenario("certificate-expiring", "tls-expiring", _trusting(lambda a: a.issue(HOST, days=5.5).context())),
    Scenario("old-tls", "tls-protocol", _trusting(lambda a: tls.only_old(a.issue(HOST)))),
    Scenario("new-tls-only", "tls-protocol", _trusting(lambda a: tls.only_new(a.issue(HOST)))),
    Scenario("plain-http-on-443", "tls-not-tls", _instead(tls.PLAIN_HTTP)),
    Scenario("tls-refused", "tls-failed", _instead(tls.ALERT)),
    Scenario("tls-stalls", "tls-timeout", _stall),
)
