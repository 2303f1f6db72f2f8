"""TCP, TLS and HTTP as checks: which address a finding is about, how grave it is there, what is skipped, one probe for
many alarms, one deadline for many addresses."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import itertools
import json
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import clock
from tests.paths import FIXTURES
from wxalarm.checks import CONNECTION, HTTP, REPLY, TLS, timing
from wxalarm.checks import HOST as HOST_CHECKS
from wxalarm.checks.alarm import sample
from wxalarm.checks.check import Context, Skip
from wxalarm.checks.dns.dns_delegation import Delegation
from wxalarm.checks.dns.dns_resolve import Names
from wxalarm.checks.dns.dns_system import SystemNames
from wxalarm.checks.network import http_request, push, tcp_connect, tls_handshake, url_verify
from wxalarm.checks.network.http_request import HttpRequest
from wxalarm.checks.network.tcp_connect import TcpConnect
from wxalarm.checks.network.tls_handshake import TlsHandshake
from wxalarm.config import Settings, Tls
from wxalarm.kinds import NAME
from wxalarm.lab import http, tcp
from wxalarm.messages import catalogue
from wxalarm.model import Alarm, AlarmKind, Basis, Finding, Report, Sample, Severity, Status, Target
from wxalarm.probes import Failure
from wxalarm.probes.dns import Answer, Outcome, Server, View
from wxalarm.probes.http import Exchange
from wxalarm.probes.tcp import SETTLE, Connect, Limit
from wxalarm.probes.tls import Handshake, Secured
from wxalarm.runner import Run
from wxalarm.wechat.reply import Pushed

HOST = "wx.example.com"
URL = f"https://{HOST}/wx"
V4, OLD, V6 = "192.0.2.10", "203.0.113.9", "2001:db8::10"


def context(*addresses: str, alarm_ip: str | None = None) -> Context:
    """A context in which DNS gives these addresses."""
    a = Answer("A", Outcome.ANSWER, records=tuple(one for one in addresses if ":" not in one))
    aaaa = Answer("AAAA", Outcome.ANSWER, records=tuple(one for one in addresses if ":" in one))
    view = View(Server("192.0.2.53"), a, aaaa)
    seen = {"dns-system": SystemNames(HOST, (view,)), "dns-resolve": Names(HOST, (), addresses)}
    target = Target(URL, "https", HOST, 443, "/wx", alarm_ip)
    return Context(Alarm(kind=AlarmKind.INVALID_RESPONSE), target, Settings(), observed=seen)


def graded(ctx: Context, failures: Mapping[str, Failure | None]) -> dict[str, Severity]:
    """The severity of the finding about each address; those without one are left out."""
    attempts = tuple(Connect(ip, 443, 0.1, failure=failure) for ip, failure in failures.items())
    return severities(tcp_connect.evaluate(TcpConnect(attempts), ctx))


def severities(found: Iterable[Finding]) -> dict[str, Severity]:
    return {str(one.evidence["address"]): one.code.severity for one in found}


def test_a_dead_address_that_dns_gives_is_an_error() -> None:
    assert graded(context(V4), {V4: Failure.TIMEOUT}) == {V4: Severity.ERROR}
    assert graded(context(V4, "192.0.2.11"), {V4: Failure.REFUSED, "192.0.2.11": None}) == {V4: Severity.ERROR}


def test_an_address_that_only_the_alarm_names_may_have_been_left_behind() -> None:
    ctx = context(V4, alarm_ip=OLD)
    assert graded(ctx, {V4: None, OLD: Failure.TIMEOUT}) == {OLD: Severity.WARNING}
    assert graded(context(alarm_ip=OLD), {OLD: Failure.TIMEOUT}) == {OLD: Severity.ERROR}
    assert graded(context(OLD, V4, alarm_ip=OLD), {OLD: Failure.TIMEOUT, V4: None}) == {OLD: Severity.ERROR}


def test_an_address_that_the_zone_no_longer_gives_is_for_moved_address_to_blame() -> None:
    """Whoever still gives it: this machine's resolver here."""
    a, aaaa = Answer("A", Outcome.ANSWER, records=(V4,)), Answer("AAAA", Outcome.NODATA)
    ctx = context(OLD, V4)
    owned = Delegation(HOST, views=(View(Server("192.0.2.1"), a, aaaa),))
    assert graded(ctx, {OLD: Failure.TIMEOUT, V4: None}) == {OLD: Severity.ERROR}
    ctx = dataclasses.replace(ctx, observed={**ctx.observed, "dns-delegation": owned})
    assert graded(ctx, {OLD: Failure.TIMEOUT, V4: None}) == {OLD: Severity.WARNING}
    assert graded(ctx, {OLD: None, V4: Failure.TIMEOUT}) == {V4: Severity.ERROR}


def test_a_machine_without_ipv6_says_so_and_tried_nothing() -> None:
    assert graded(context(V6, V4), {V6: Failure.LOCAL, V4: None}) == {V6: Severity.NOTE}
    with pytest.raises(Skip) as skip:
        graded(context(V6), {V6: Failure.LOCAL})
    assert skip.value.reason.values["addresses"] == [V6]


def test_what_fails_behind_the_name_explains_no_alarm_about_the_name() -> None:
    codes = [code for check in (*CONNECTION, *TLS, *HTTP, *REPLY, *HOST_CHECKS) for code in check.codes]
    assert [code.id for code in codes if set(code.explains) & set(NAME)] == []


def test_ipv6_beside_ipv4_is_a_note_and_never_hides_the_cause() -> None:
    ctx = context(V6, V4)
    both = graded(ctx, {V6: Failure.UNREACHABLE, V4: Failure.REFUSED})
    assert both == {V6: Severity.NOTE, V4: Severity.ERROR}
    assert graded(context(V6), {V6: Failure.UNREACHABLE}) == {V6: Severity.ERROR}


def test_ipv6_in_the_url_itself_is_no_note_because_of_the_alarm() -> None:
    ctx = dataclasses.replace(context(alarm_ip=V4), target=Target(f"http://[{V6}]/", host=V6, alarm_ip=V4))
    both = graded(ctx, {V6: Failure.REFUSED, V4: Failure.UNREACHABLE})
    assert both == {V6: Severity.ERROR, V4: Severity.WARNING}


def test_tls_and_http_grade_alike() -> None:
    ctx = context(V4, alarm_ip=OLD)
    silent = Handshake(failure=Failure.TIMEOUT)
    stalled = tuple(Secured(ip, None, silent, {"1.2": silent, "1.3": silent}) for ip in (V4, OLD))
    tls = severities(tls_handshake.evaluate(TlsHandshake(443, stalled), ctx))
    assert tls == {V4: Severity.ERROR, OLD: Severity.WARNING}
    empty = tuple(Exchange(ip, 443, connect=0.1, tls=0.1, failure=Failure.EMPTY) for ip in (V4, OLD))
    seen = severities(http_request.evaluate(HttpRequest(empty), ctx))
    assert seen == {V4: Severity.ERROR, OLD: Severity.WARNING}


MODULES = (tcp_connect, tls_handshake, http_request, url_verify, push)
STATED = [
    (path, finding)
    for check in MODULES
    for path in sorted((FIXTURES / "observations" / check.CHECK.id).glob("*.json"))
    for finding in json.loads(path.read_text("utf-8"))["findings"]
]


@pytest.mark.parametrize(("path", "finding"), STATED, ids=[f"{p.parent.name}/{p.stem}" for p, _ in STATED])
def test_every_finding_names_one_address_and_whether_it_is_the_alarms_own(path: Path, finding: dict[str, Any]) -> None:
    evidence, own = finding["evidence"], json.loads(path.read_text("utf-8"))["target"].get("alarm_ip")
    ipaddress.ip_address(evidence["address"])
    assert evidence["own_address"] is (None if own is None else evidence["address"] == own)


@pytest.mark.parametrize(("path", "finding"), STATED, ids=[f"{p.parent.name}/{p.stem}" for p, _ in STATED])
def test_the_alarm_of_a_case_is_one_that_its_errors_can_cause(path: Path, finding: dict[str, Any]) -> None:
    kind = AlarmKind(json.loads(path.read_text("utf-8"))["alarm"].get("kind", "unknown"))
    (code, *_) = [code for module in MODULES for code in module.CHECK.codes if code.id == finding["code"]]
    assert finding["severity"] != "error" or kind is AlarmKind.UNKNOWN or kind in code.explains


def secured(ip: str, made: Handshake) -> Secured:
    return Secured(ip, None, made, {"1.2": made, "1.3": made})


def test_two_addresses_with_two_faults_are_two_findings() -> None:
    """The alarm's own stalls, the other's certificate has expired."""
    ctx = context(V4, OLD, alarm_ip=OLD)
    refused = Handshake(failure=Failure.CERTIFICATE, verify_code=tls_handshake.EXPIRED)
    seen = TlsHandshake(443, (secured(V4, refused), secured(OLD, Handshake(failure=Failure.TIMEOUT))))
    found = {one.code.id: one.evidence for one in tls_handshake.evaluate(seen, ctx)}
    assert (found["tls-expired"]["address"], found["tls-expired"]["own_address"]) == (V4, False)
    assert (found["tls-timeout"]["address"], found["tls-timeout"]["own_address"]) == (OLD, True)


@pytest.mark.parametrize("own", [V4, OLD, V6])
def test_the_same_fault_at_several_addresses_is_a_finding_for_each(own: str) -> None:
    ctx = context(V4, OLD, V6, alarm_ip=own)
    exchanges = HttpRequest(tuple(Exchange(ip, 443, connect=0.1, tls=0.1, status=502) for ip in (V4, OLD, V6)))
    found = [one.evidence for one in http_request.evaluate(exchanges, ctx)]
    assert {one["address"]: one["own_address"] for one in found} == {ip: ip == own for ip in (V4, OLD, V6)}


@pytest.mark.parametrize("own", [None, "192.0.2.***", V4, OLD])
def test_of_pushes_that_are_answered_alike_the_alarms_own_address_is_the_one_named(own: str | None) -> None:
    ctx = context(V6, V4, OLD, alarm_ip=own)
    answers = tuple(Exchange(ip, 443, connect=0.1, tls=0.1, status=500) for ip in (V6, V4, OLD))
    seen = push.Push(Pushed(), "plain", answers, (None, None, None))
    (found,) = (one.evidence for one in push.evaluate(seen, ctx))
    named = own if own in (V4, OLD) else V4
    assert (found["address"], found["own_address"]) == (named, True if named == own else None)
    assert set(str(found["ip"]).split(", ")) == {V6, V4, OLD}
    assert found["resolve"] == f"{HOST}:443:{named}"


def test_a_redirect_is_the_same_fault_to_a_get_to_the_verification_and_to_a_push() -> None:
    ctx = context(V4, alarm_ip=V4)
    away = Exchange(V4, 443, connect=0.1, tls=0.1, status=302, headers=(("Location", "/login"),))
    (get,) = http_request.evaluate(HttpRequest((away,)), ctx)
    (verified,) = url_verify.evaluate(url_verify.UrlVerify("1", (away,)), ctx)
    (pushed,) = push.evaluate(push.Push(Pushed(), "plain", (away,), (None,)), ctx)
    (printed,) = sample.evaluate(True, dataclasses.replace(ctx, alarm=Alarm(sample=Sample(ip=V4, http_code=302))))
    assert {one.code.id for one in (get, verified, pushed, printed)} == {"http-redirect"}
    assert [one.code.basis for one in (pushed, printed)] == [Basis.REPRODUCED, Basis.RECORDED]
    assert (pushed.evidence["to"], pushed.evidence["case"]) == ("/login", "login")


@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_what_leads_nowhere_is_no_redirect(status: int) -> None:
    ctx = context(V4, alarm_ip=V4)
    odd = Exchange(V4, 443, connect=0.1, tls=0.1, status=status)
    for found in (
        http_request.evaluate(HttpRequest((odd,)), ctx),
        url_verify.evaluate(url_verify.UrlVerify("1", (odd,)), ctx),
        push.evaluate(push.Push(Pushed(), "plain", (odd,), (None,)), ctx),
    ):
        assert [one.code.id for one in found] == ["http-status"]


def test_each_layer_leaves_the_layer_below_to_its_own_check() -> None:
    ctx = context(V4)
    no_connection = Secured(V4, Failure.REFUSED, Handshake(failure=Failure.REFUSED), {})
    with pytest.raises(Skip) as skip:
        list(tls_handshake.evaluate(TlsHandshake(443, (no_connection,)), ctx))
    assert skip.value.reason.values == {"check": "tcp-connect"}
    for exchange, need in (
        (Exchange(V4, 443, failure=Failure.REFUSED), "tcp-connect"),
        (Exchange(V4, 443, connect=0.1, failure=Failure.TIMEOUT), "tls-handshake"),
        (Exchange(V4, 443, connect=0.1, failure=Failure.NOT_TLS), "tls-handshake"),
    ):
        with pytest.raises(Skip) as skip:
            list(http_request.evaluate(HttpRequest((exchange,)), ctx))
        assert skip.value.reason.values == {"check": need}


def test_a_certificate_file_that_cannot_be_read_is_said() -> None:
    ctx = dataclasses.replace(context(V4), settings=Settings(tls=Tls("/nowhere/ca.pem")))
    with pytest.raises(Skip) as skip:
        clock.run(tls_handshake.probe(ctx))
    assert skip.value.reason.id == "ca-unreadable"
    assert skip.value.reason.values["path"] == "/nowhere/ca.pem"


def alarms(
    port: int, addresses: tuple[str, ...], count: int, settings: Settings, scheme: str = "http"
) -> list[Context]:
    target = Target(
        f"{scheme}://{HOST}:{port}/wx", scheme, HOST, port, "/wx", None, True, {f"{HOST}:{port}": addresses}
    )
    alarm = Alarm(kind=AlarmKind.INVALID_RESPONSE)
    return [Context(dataclasses.replace(alarm, sample=Sample(stamp=place)), target, settings) for place in range(count)]


ONLY = ("tcp-connect", "tls-handshake", "http-request")


def test_twenty_alarms_on_one_host_connect_and_ask_once() -> None:
    requests: list[bytes] = []

    async def main() -> list[Report]:
        async with http.serve(http.respond(), requests=requests) as port:
            return await Run(alarms(port, ("127.0.0.1",), 20, Settings()), only=ONLY).reports()

    reports = clock.run(main())
    assert len(reports) == 20
    assert {report.status for report in reports} == {Status.PASS}
    assert len(requests) == 1


def in_turn(*answers: http.Answer) -> http.Answer:
    """One answer after the other, and from the start again."""
    turns = itertools.cycle(answers)

    async def answer(writer: asyncio.StreamWriter) -> None:
        await next(turns)(writer)

    return answer


@pytest.mark.parametrize(
    ("answers", "code", "failed"),
    [
        ((http.respond(), http.respond(502)), "http-status", 4),
        ((*[http.respond()] * 7, http.empty()), "http-empty", 1),
        ((*[http.respond()] * 6, http.redirect("/login"), http.respond()), "http-redirect", 1),
        ((http.respond(502),), "http-status", 8),
    ],
)
def test_every_answer_of_many_is_judged_and_counted(answers: tuple[http.Answer, ...], code: str, failed: int) -> None:
    async def main() -> Report:
        async with http.serve(in_turn(*answers)) as port:
            return (await Run(alarms(port, ("127.0.0.1",), 1, Settings(repeat=8)), only=ONLY).reports())[0]

    report = clock.run(main())
    (found,) = next(result.findings for result in report.results if result.check == "http-request")
    assert found.code.id == code
    assert (found.evidence["failed"], found.evidence["tried"]) == (failed, 8)
    assert ("4 of 8" in catalogue("en").finding(found, "text")) == (failed == 4)
    assert ("8 次" in catalogue("zh").finding(found, "text")) == (failed < 8)


@pytest.mark.parametrize("repeat", [1, 100])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_many_silent_addresses_cost_one_deadline(scheme: str, repeat: int) -> None:
    """Four silent addresses, four closed ones: every check says what it saw, none is cut off by the run's end."""
    settings = Settings(timeout=4.0 if repeat > 1 else 1.0, repeat=repeat)

    async def main() -> Report:
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(tcp.silent("127.0.1.1"))
            for place in range(2, 5):
                await stack.enter_async_context(tcp.silent(f"127.0.1.{place}", port))
            addresses = tuple(f"127.0.1.{place}" for place in range(1, 9))
            return (await Run(alarms(port, addresses, 1, settings, scheme), only=ONLY).reports())[0]

    report = clock.run(main())
    ran = {result.check: result for result in report.results if result.check in ONLY}
    assert Status.UNKNOWN not in {result.status for result in ran.values()}
    assert {one.evidence["address"] for one in ran["tcp-connect"].findings} >= {f"127.0.1.{n}" for n in range(5, 9)}
    silent = ran["tls-handshake"] if scheme == "https" else ran["http-request"]
    assert len(silent.findings) == 4
    assert report.elapsed <= settings.timeout


@pytest.mark.slow
def test_with_the_usual_limits_the_slowest_single_deadline_is_all() -> None:
    async def main() -> Report:
        async with tcp.silent() as port:
            return (await Run(alarms(port, ("127.0.0.1", "127.0.0.2"), 1, Settings(), "https"), only=ONLY).reports())[0]

    report = clock.run(main())
    assert 5.0 <= report.elapsed <= 5.0 + SETTLE, "a handshake waits until a connection is hung up"


@pytest.mark.slow
def test_repeats_do_not_eat_all_sockets() -> None:
    """Slow attempts: never more than four at once, and none begins when there is no time left for it."""
    under_way = most = 0

    async def attempt(limit: Limit) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.5)
        under_way -= 1
        return 1

    ctx = dataclasses.replace(context(V4), settings=Settings(repeat=100))
    made = clock.run(timing.repeated(ctx, attempt))
    assert most == timing.MOST_AT_ONCE
    assert 10 <= len(made) < 100


def test_fast_repeats_are_all_made() -> None:
    async def attempt(limit: Limit) -> int:
        return 1

    ctx = dataclasses.replace(context(V4), settings=Settings(repeat=10))
    assert len(clock.run(timing.repeated(ctx, attempt))) == 10


@pytest.mark.parametrize(("lang", "said"), [("en", "in under 10 ms"), ("zh", "连接用时不到 10 毫秒")])
def test_what_took_next_to_nothing_is_not_zero_seconds(lang: str, said: str) -> None:
    values = {"address": "192.0.2.1", "case": "waiting", "connect": 0.0, "seconds": 5.0, "limit": 5.0}
    text = catalogue(lang).word("late", "waiting", values).format(**values)
    assert said in text
    assert "0.0 " not in text
