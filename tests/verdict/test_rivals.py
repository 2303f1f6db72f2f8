"""Properties of the verdict over random findings: what must hold whatever was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verdict.cases import BY_ID, DAY
from wxalarm.checks import CHECKS
from wxalarm.cli.report import exit_code
from wxalarm.model import (
    Alarm,
    AlarmKind,
    Basis,
    Cause,
    Certainty,
    CheckResult,
    Finding,
    Reason,
    Report,
    Sample,
    Severity,
    Status,
    Target,
    status_of,
)
from wxalarm.verdict import cause, untold
from wxalarm.verdict.links import EFFECTS, LINKS

ADDRESSES = ("192.0.2.10", "192.0.2.11")
LINKED = sorted({code for link in LINKS for code in (*link.effects, *link.causes)})
PAIRS = [(check.id, code) for check in CHECKS for code in check.codes]
EVIDENCE = st.fixed_dictionaries(
    {},
    optional={
        "address": st.sampled_from(ADDRESSES),
        "status": st.sampled_from((200, 404, 502)),
        "own": st.booleans(),
        "zone": st.sampled_from(("wx", "other")),
        "host": st.sampled_from(("wx.example.com", "www.example.net")),
        "domain": st.sampled_from(("example.com", "example.net")),
        "upstreams": st.sampled_from(("127.0.0.1:8001", "127.0.0.1:9000")),
        "when": st.sampled_from(("now", "then")),
        "curl": st.sampled_from((7, 28, 60)),
        "number": st.sampled_from((7, 28, 60)),
        "makes": st.lists(st.sampled_from((502, 504)), max_size=2),
        "seconds": st.sampled_from((3, 7.5)),
    },
)


@st.composite
def findings(draw: st.DrawFn) -> tuple[str, Finding]:
    check, code = draw(st.sampled_from(PAIRS))
    basis = draw(st.sampled_from((code.basis, *Basis)))
    severity = draw(st.sampled_from((code.severity, *Severity)))
    return check, code.variant(basis=basis, severity=severity)(**draw(EVIDENCE))


ALARMS = st.builds(
    Alarm,
    kind=st.sampled_from(AlarmKind),
    appid=st.just("wx0000000000000001"),
    sample=st.builds(
        Sample,
        ip=st.sampled_from((None, *ADDRESSES)),
        http_code=st.sampled_from((None, 404, 502)),
        curl_error=st.sampled_from((None, 7, 60)),
    ),
)
FOUND = st.lists(findings(), max_size=12)
AGES = st.sampled_from((None, 60.0, 400 * DAY))


SKIPPED = [CheckResult(name, Status.SKIP, (), None, Reason("offline")) for name in ("dns-resolve", "push")]


def results_of(found: Sequence[tuple[str, Finding]]) -> list[CheckResult]:
    made = []
    for check in CHECKS:
        own = tuple(finding for name, finding in found if name == check.id)
        if own:
            made.append(CheckResult(check.id, status_of(own), own))
    return made


def sureness(certainty: Certainty) -> int:
    return list(Certainty).index(certainty)


@settings(max_examples=400)
@given(ALARMS, FOUND, AGES)
def test_what_holds_of_every_verdict(alarm: Alarm, found: list[tuple[str, Finding]], age: float | None) -> None:
    results = results_of(found)
    made = cause(alarm, results, BY_ID, age)
    assert made == cause(alarm, results, BY_ID, age)
    if made is None:
        return
    steps = made.chain
    for step in steps:
        assert step.finding.code.severity is not Severity.NOTE
        assert step.finding.code.id not in EFFECTS
        assert step.finding in [finding for result in results for finding in result.findings]
    assert [sureness(step.certainty) for step in steps] == sorted(sureness(step.certainty) for step in steps)
    for step in steps[1:]:
        link = next(link for link in LINKS if (link.id, link.tie.id) == (step.link, step.tie))
        assert sureness(step.certainty) >= sureness(link.most)
    if steps[0].finding.code.basis is not Basis.RECORDED:
        assert made.root.certainty is not Certainty.CERTAIN
    if age is not None and age > DAY and not any(BY_ID[step.check].records for step in steps):
        assert made.root.certainty is Certainty.POSSIBLE
    shown = [*(step.finding for step in steps), *made.supports, *(rival.finding for rival in made.rivals), *made.also]
    worse = [f for result in results for f in result.findings if f.code.severity is not Severity.NOTE]
    repeated = len(worse) - len(shown)
    assert repeated >= 0
    assert all(any(finding is one for one in shown) for finding in worse if made.rivals == () or repeated == 0)


@settings(max_examples=200)
@given(ALARMS, FOUND, st.data())
def test_the_order_in_which_results_arrive_changes_nothing(
    alarm: Alarm, found: list[tuple[str, Finding]], data: st.DataObject
) -> None:
    results = results_of(found)
    results += [one for one in SKIPPED if one.check not in {result.check for result in results}]
    mixed = data.draw(st.permutations(results))
    assert cause(alarm, results, BY_ID) == cause(alarm, mixed, BY_ID)
    assert untold(alarm, results, BY_ID) == untold(alarm, mixed, BY_ID)


@settings(max_examples=300)
@given(ALARMS, FOUND, st.sampled_from(CHECKS), st.sampled_from(ADDRESSES))
def test_a_check_that_passes_never_makes_the_verdict_surer(
    alarm: Alarm, found: list[tuple[str, Finding]], check: object, address: str
) -> None:
    results = results_of(found)
    name = check.id  # type: ignore[attr-defined]  # a Check, whose type has a parameter
    if any(result.check == name for result in results):
        return
    before = cause(alarm, results, BY_ID)
    passed = CheckResult(name, Status.PASS, (), {"address": address})
    order = [check.id for check in CHECKS]
    more = sorted([*results, passed], key=lambda result: order.index(result.check))
    after = cause(alarm, more, BY_ID)
    assert (before is None) == (after is None)
    if before and after:
        assert after.chain == before.chain


@settings(max_examples=200)
@given(ALARMS, FOUND, st.lists(st.sampled_from(CHECKS), max_size=6, unique_by=lambda check: check.id))
def test_what_was_not_looked_at_is_never_ok(
    alarm: Alarm, found: list[tuple[str, Finding]], skipped: Sequence[object]
) -> None:
    names = [check.id for check in skipped]  # type: ignore[attr-defined]  # Checks, whose type has a parameter
    results = [result for result in results_of(found) if result.check not in names]
    results += [CheckResult(name, Status.SKIP, (), None, Reason("offline")) for name in names]
    missing = untold(alarm, results, BY_ID)
    assert set(missing) <= set(names)
    report = Report(alarm, Target(), tuple(results), cause(alarm, results, BY_ID), 0.0, missing)
    code = exit_code([report])
    failed = any(result.status is Status.FAIL for result in results)
    assert code == (1 if failed else 3 if missing else 0)
    told = {code.id for result in results if result.status is not Status.SKIP for code in BY_ID[result.check].codes}
    for name in missing:
        assert any(
            code.severity is Severity.ERROR and code.id not in told
            for code in BY_ID[name].codes
            if alarm.kind is AlarmKind.UNKNOWN or alarm.kind in code.explains
        )


def test_the_root_is_the_deepest_step_that_is_likely() -> None:
    from tests.verdict.cases import finding_of
    from wxalarm.model import Step

    steps = tuple(
        Step(finding_of(line)[1], "tcp-connect", sure)
        for line, sure in (("tcp-connect tcp-timeout", Certainty.LIKELY), ("tcp-connect tcp-slow", Certainty.POSSIBLE))
    )
    made = Cause(steps, 0)
    assert (made.finding, made.check, made.behind) == (steps[0].finding, "tcp-connect", steps[1:])
    assert replace(made, depth=1).behind == ()
