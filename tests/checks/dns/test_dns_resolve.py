"""The DNS checks over real servers: what is judged from all views, offline, and the time that a silent server costs."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support import NOW
from wxalarm.checks.check import Context
from wxalarm.config import Dns, Settings
from wxalarm.diagnosis import split_url
from wxalarm.lab.dns import Fault, Running, serve
from wxalarm.lab.scenarios.dns import DNS_CHECKS, GOOD, HOST
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Alarm, AlarmKind, CheckResult, Report, Severity, Status
from wxalarm.render import terminal
from wxalarm.runner import Run

ALARM = Alarm(kind=AlarmKind.DNS_FAILURE, first_seen=NOW - timedelta(minutes=10), window_minutes=5, count=30)


def report(dns: Dns, *, alarm: Alarm = ALARM, timeout: float = 20.0, only: tuple[str, ...] = DNS_CHECKS) -> Report:
    ctx = Context(alarm, split_url(f"http://{HOST}/cb"), Settings(dns=dns, timeout=timeout), now=NOW)
    return asyncio.run(Run([ctx], only=only).reports())[0]


def result(found: Report, check: str) -> CheckResult:
    return next(one for one in found.results if one.check == check)


def codes(found: Report, *severities: Severity) -> set[str]:
    return {
        finding.code.id
        for one in found.results
        for finding in one.findings
        if finding.code.severity in (severities or tuple(Severity))
    }


async def _resolvers(stack: AsyncExitStack, *faults: Fault | None) -> list[Running]:
    return [await stack.enter_async_context(serve(GOOD, faults={"*": f} if f else {})) for f in faults]


def with_resolvers(*faults: Fault | None, system: int = 1, timeout: float = 20.0) -> tuple[Report, float]:
    """A report with so many resolvers, the first `system` of them this machine's, and how long it took."""

    async def main() -> tuple[Report, float]:
        async with AsyncExitStack() as stack:
            labels = [server.label for server in await _resolvers(stack, *faults)]
            dns = Dns(servers=tuple(labels[system:]), system=tuple(labels[:system]))
            ctx = Context(ALARM, split_url(f"http://{HOST}/cb"), Settings(dns=dns, timeout=timeout), now=NOW)
            begun = time.monotonic()
            reports = await Run([ctx], only=DNS_CHECKS).reports()
            return reports[0], time.monotonic() - begun

    return asyncio.run(main())


def test_all_well() -> None:
    found, _ = with_resolvers(None, None)
    assert found.cause is None
    assert codes(found, Severity.ERROR, Severity.WARNING) == set()


@pytest.mark.parametrize(
    ("fault", "severity"),
    [(Fault.SILENT, Severity.NOTE), (Fault.REFUSED, Severity.NOTE), (Fault.SERVFAIL, Severity.ERROR)],
)
def test_a_compared_resolver_that_fails_while_others_answer(fault: Fault, severity: Severity) -> None:
    """Silence and refusal are this network's matter; SERVFAIL is the resolver's word on the name."""
    found, _ = with_resolvers(None, fault, timeout=1.5)
    one = result(found, "dns-resolve").findings
    assert [finding.code.severity for finding in one] == [severity]
    assert (found.cause is None) == (severity is Severity.NOTE)


def test_silent_servers_cost_one_limit_together() -> None:
    found, elapsed = with_resolvers(None, *[Fault.SILENT] * 4, timeout=1.5)
    assert elapsed < 1.5 + 0.5
    assert result(found, "dns-resolve").status is Status.PASS
    assert all(one.status is not Status.UNKNOWN for one in found.results)


def test_offline_blames_nothing_else() -> None:
    found, _ = with_resolvers(Fault.SILENT, Fault.SILENT, timeout=1.0)
    assert found.cause is None
    assert codes(found) == {"offline"}
    assert "dns-resolve" in found.untold
    assert result(found, "dns-resolve").status is Status.SKIP
    for lang in LANGUAGES:
        assert "dns-timeout" not in terminal.render([found], catalogue(lang))


@pytest.mark.parametrize("word", [Fault.SERVFAIL, Fault.REFUSED, Fault.GARBAGE, Fault.NXDOMAIN])
def test_one_word_from_anybody_is_a_network(word: Fault) -> None:
    found, _ = with_resolvers(Fault.SILENT, word, timeout=1.5)
    assert "offline" not in codes(found)
    assert found.cause is not None


def test_a_closed_port_is_no_network() -> None:
    """Nothing listens on this machine's own resolver address, and there is no other."""
    found = report(Dns(servers=(), system=("127.0.0.1:1",)), timeout=1.0)
    assert codes(found) == {"offline"}


def test_a_refused_connection_is_a_network() -> None:
    alarm = replace(ALARM, kind=AlarmKind.CONNECT_TIMEOUT)
    target = replace(split_url(f"http://{HOST}/cb"), host=HOST, port=1, resolve={f"{HOST}:1": ("127.0.0.1",)})
    ctx = Context(alarm, target, Settings(dns=Dns(servers=(), system=("127.0.0.1:1",)), timeout=2.0), now=NOW)
    found = asyncio.run(Run([ctx], only=("tcp-connect", *DNS_CHECKS)).reports())[0]
    assert codes(found, Severity.ERROR) == {"tcp-refused"}


def test_twenty_alarms_on_one_host_ask_once() -> None:
    async def main() -> int:
        async with serve(GOOD) as server:
            dns = Dns(servers=(), system=(server.label,))
            contexts = [
                Context(replace(ALARM, count=n), split_url(f"http://{HOST}/cb"), Settings(dns=dns)) for n in range(20)
            ]
            await Run(contexts, only=("dns-system", "dns-resolve")).reports()
            return len(server.questions)

    assert asyncio.run(main()) == 2  # A and AAAA


def test_an_illegal_name_is_named_and_nobody_is_asked() -> None:
    async def main() -> tuple[Report, Running]:
        async with serve(GOOD) as server:
            dns = Dns(servers=(server.label,), system=(server.label,))
            ctx = Context(ALARM, split_url("http://wx..example.com/cb"), Settings(dns=dns))
            return (await Run([ctx], only=DNS_CHECKS).reports())[0], server

    found, server = asyncio.run(main())
    assert found.cause is not None
    assert found.cause.finding.code.id == "dns-name-invalid"
    assert found.cause.finding.evidence["position"] == 4
    assert server.questions == []


def test_an_address_or_resolve_needs_no_dns() -> None:
    async def main() -> list[Report]:
        async with serve(GOOD) as server:
            dns = Dns(servers=(server.label,), system=(server.label,))
            named = replace(split_url(f"http://{HOST}/cb"), resolve={f"{HOST}:80": ("127.0.0.1",)})
            contexts = [
                Context(ALARM, target, Settings(dns=dns)) for target in (split_url("http://192.0.2.1/cb"), named)
            ]
            reports = await Run(contexts, only=DNS_CHECKS).reports()
            assert server.questions == []
            return reports

    for found in asyncio.run(main()):
        assert found.cause is None
        observation = result(found, "dns-resolve").observation
        assert observation.usable
        assert observation.addresses


def test_a_name_that_cannot_be_sent_does_not_keep_another_alarm_from_asking() -> None:
    async def main() -> list[Report]:
        async with serve(GOOD) as server:
            dns = Dns(servers=(server.label,), system=(server.label,))
            targets = (split_url(f"http://{HOST}:80a/cb"), split_url(f"http://{HOST}/cb"))
            contexts = [Context(ALARM, target, Settings(dns=dns)) for target in targets]
            return await Run(contexts, only=DNS_CHECKS).reports()

    wrong, right = asyncio.run(main())
    assert codes(wrong) == {"dns-name-invalid", "url-port"}
    assert codes(right, Severity.ERROR, Severity.WARNING) == set()
    assert result(right, "dns-resolve").status is Status.PASS
