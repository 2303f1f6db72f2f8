"""The DNS checks over real servers: what is judged from all views, offline, and the time that a silent server costs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import clock
from tests.support import NOW
from wxalarm.checks.check import Context
from wxalarm.config import Dns, Settings
from wxalarm.diagnosis import split_url
from wxalarm.lab.dns import Fault, Running, serve
from wxalarm.lab.scenarios.dns import CONTROL, DNS_CHECKS, GOOD, HOST
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Alarm, AlarmKind, Basis, CheckResult, Report, Severity, Status
from wxalarm.render import terminal
from wxalarm.runner import Run

ALARM = Alarm(kind=AlarmKind.DNS_FAILURE, first_seen=NOW - timedelta(minutes=10), window_minutes=5, count=30)


def report(dns: Dns, *, alarm: Alarm = ALARM, timeout: float = 20.0, only: tuple[str, ...] = DNS_CHECKS) -> Report:
    ctx = Context(alarm, split_url(f"http://{HOST}/cb"), Settings(dns=dns, timeout=timeout), now=NOW)
    return clock.run(Run([ctx], only=only).reports())[0]


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

    async def main() -> Report:
        async with AsyncExitStack() as stack:
            labels = [server.label for server in await _resolvers(stack, *faults)]
            dns = Dns(servers=tuple(labels[system:]), system=tuple(labels[:system]))
            ctx = Context(ALARM, split_url(f"http://{HOST}/cb"), Settings(dns=dns, timeout=timeout), now=NOW)
            (report,) = await Run([ctx], only=DNS_CHECKS).reports()
            return report

    return clock.timed(main())


def test_all_well() -> None:
    found, _ = with_resolvers(None, None)
    assert found.cause is None
    assert codes(found, Severity.ERROR, Severity.WARNING) == set()


FAILING = (Fault.SILENT, Fault.REFUSED, Fault.SERVFAIL, Fault.GARBAGE, Fault.NOTIMP)
KNOWN = f"{GOOD}{CONTROL}. 300 IN A 198.51.100.80\n"


async def _compared(
    faults: Mapping[str, Fault],
    alarm: Alarm = ALARM,
    control: str = CONTROL,
    servers: int = 1,
    timeout: float = 5.0,  # that of the run: the control is asked in what a silent resolver leaves of it
) -> tuple[Report, list[Running]]:
    """A report with so many compared resolvers, the first of them with faults, and this machine's own as the last."""
    async with AsyncExitStack() as stack:
        made = [
            await stack.enter_async_context(serve(KNOWN, faults={} if place else faults)) for place in range(servers)
        ]
        system = await stack.enter_async_context(serve(KNOWN))
        dns = Dns(tuple(server.label for server in made), (system.label,), control=control)
        ctx = Context(alarm, split_url(f"http://{HOST}/cb"), Settings(dns=dns, timeout=timeout), now=NOW)
        return (await Run([ctx], only=DNS_CHECKS).reports())[0], [*made, system]


@pytest.mark.parametrize("fault", FAILING)
def test_a_resolver_that_fails_on_this_name_alone_is_the_cause_of_a_dns_alarm(fault: Fault) -> None:
    found, _ = asyncio.run(_compared({HOST: fault}))
    (one,) = result(found, "dns-resolve").findings
    assert (one.code.severity, one.code.basis) == (Severity.ERROR, Basis.REPRODUCED)
    assert (one.evidence["case"], one.evidence["control_said"]) == ("name", "198.51.100.80")
    assert found.cause is not None
    assert found.cause.finding is one
    for lang, whom in (("en", "WeChat team"), ("zh", "微信团队")):
        ask = catalogue(lang).finding(one, "ask")
        assert [word for word in (whom, HOST, CONTROL) if word not in ask] == []


@pytest.mark.parametrize("fault", FAILING)
def test_a_resolver_that_fails_on_every_name_blames_nothing(fault: Fault) -> None:
    found, _ = asyncio.run(_compared({"*": fault}))
    (one,) = result(found, "dns-resolve").findings
    assert (one.code.severity, one.evidence["case"]) == (Severity.NOTE, "every")
    assert found.cause is None


def test_a_resolver_that_fails_on_this_name_explains_no_failure_behind_the_name() -> None:
    found, _ = asyncio.run(_compared({HOST: Fault.REFUSED}, replace(ALARM, kind=AlarmKind.CONNECT_TIMEOUT)))
    (one,) = result(found, "dns-resolve").findings
    assert one.code.severity is Severity.WARNING
    assert AlarmKind.CONNECT_TIMEOUT not in one.code.explains


@pytest.mark.parametrize(("faults", "asked"), [({HOST: Fault.REFUSED}, 1), ({HOST: Fault.NXDOMAIN}, 0), ({}, 0)])
def test_the_control_is_asked_only_of_the_compared_resolver_that_failed(
    faults: Mapping[str, Fault], asked: int
) -> None:
    _, (failing, *others) = asyncio.run(_compared(faults, servers=2))
    assert [name for name, _, _ in failing.questions].count(CONTROL) == asked
    assert all(name != CONTROL for other in others for name, _, _ in other.questions)


def test_another_control_or_none_can_be_set() -> None:
    found, (server, _) = asyncio.run(_compared({HOST: Fault.REFUSED}, control="www.example.com"))
    assert result(found, "dns-resolve").findings[0].evidence["control_said"] == "203.0.113.10"
    assert CONTROL not in {name for name, _, _ in server.questions}
    found, (server, _) = asyncio.run(_compared({HOST: Fault.REFUSED}, control=""))
    (one,) = result(found, "dns-resolve").findings
    assert (one.code.severity, one.evidence["control"]) == (Severity.NOTE, None)
    assert CONTROL not in {name for name, _, _ in server.questions}


def test_the_control_is_not_asked_when_there_is_no_time_to_wait_for_it() -> None:
    """Its silence would say that the resolver is not to be reached."""
    _, (server, _) = asyncio.run(_compared({HOST: Fault.REFUSED}, timeout=0.1))
    assert CONTROL not in {name for name, _, _ in server.questions}


def test_silent_servers_cost_one_limit_together() -> None:
    found, elapsed = with_resolvers(None, *[Fault.SILENT] * 4, timeout=1.5)
    assert elapsed <= 1.5
    reasons = {one.reason.id for one in found.results if one.status is Status.UNKNOWN and one.reason}
    assert reasons == {"resolver-unheard"}, "silence is an answer: nothing was cut off"
    assert {one.code.id for one in result(found, "dns-resolve").findings} == {"dns-timeout"}, "what was found stands"


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
    found = clock.run(Run([ctx], only=("tcp-connect", *DNS_CHECKS)).reports())[0]
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

    assert clock.run(main()) == 2  # A and AAAA


def test_an_illegal_name_is_named_and_nobody_is_asked() -> None:
    async def main() -> tuple[Report, Running]:
        async with serve(GOOD) as server:
            dns = Dns(servers=(server.label,), system=(server.label,))
            ctx = Context(ALARM, split_url("http://wx..example.com/cb"), Settings(dns=dns))
            return (await Run([ctx], only=DNS_CHECKS).reports())[0], server

    found, server = clock.run(main())
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

    for found in clock.run(main()):
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

    wrong, right = clock.run(main())
    assert codes(wrong) == {"dns-name-invalid"}
    assert codes(right, Severity.ERROR, Severity.WARNING) == set()
    assert result(right, "dns-resolve").status is Status.PASS
