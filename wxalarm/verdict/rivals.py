"""What speaks for a chain and against it, what else could explain the alarm, and what was not looked at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wxalarm.checks import CHECKS
from wxalarm.checks.check import Check
from wxalarm.model import Alarm, AlarmKind, Basis, Certainty, CheckResult, Finding, Rival, Severity, Status, Step
from wxalarm.records import plain
from wxalarm.verdict.chain import Case, Fact, makes
from wxalarm.verdict.links import EFFECTS, causes_of, effects_of
from wxalarm.verdict.ties import addresses, alike, apart

MOST = 3
"""Rivals shown; the others stand among what else was found."""
INAPPLICABLE = frozenset(
    {
        *(
            "no-body",
            "no-tls",
            "fixed-address",
            "not-registered-there",
            "as-unsigned",
            "no-platform",
            "no-ticket-count",
        ),
        *("needs", "no-delegation"),
    }
)
"""Reasons for which there is nothing to look at: the need that failed speaks for itself. Every other leaves a gap."""
_FAILURES = {
    code.id: code.explains
    for check in CHECKS
    for code in check.codes
    if check.sends and code.severity is Severity.ERROR
}
"""What a look at the world can show to have failed, and the kinds of alarm that it makes."""
LOOKED = frozenset({Status.PASS, Status.WARN, Status.FAIL})


def supports(case: Case, chain: Sequence[Step], facts: Iterable[Fact]) -> Iterator[Fact]:
    """The facts that stand for the chain: what a step of it made, and the same failure seen by another check."""
    for fact in facts:
        for step in chain:
            same = fact.code == step.finding.code.id and not case.elsewhere(fact) and alike(fact.finding, step.finding)
            if same or makes(step.finding, fact.finding):
                yield fact
                break


def contradicts(
    chain: Sequence[Step], results: Sequence[CheckResult], checks: Mapping[str, Check[Any]]
) -> Iterator[str]:
    """The checks that ask the world, could have shown a step of this chain at its address, and passed.

    What a probe met itself, another probe that fared better does not contradict: it asked otherwise.
    """
    claims = [step.finding for step in chain if step.finding.code.basis is not Basis.REPRODUCED]
    for result in results:
        check = checks[result.check]
        if result.status is not Status.PASS or not check.sends:
            continue
        could_say = {code.id for code in check.codes}
        if any(claim.code.id in could_say and _looked_at(result, addresses(claim)) for claim in claims):
            yield result.check


def _looked_at(result: CheckResult, wanted: frozenset[str]) -> bool:
    """Whether a check's observation covers one of these addresses; of a finding without one, whatever it covers."""
    return not wanted or any(word in wanted for word in _texts(plain(result.observation)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield str(name)
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def rivals(
    case: Case,
    chain: Sequence[Step],
    depth: int,
    others: Iterable[Fact],
    results: Sequence[CheckResult],
    checks: Mapping[str, Check[Any]],
) -> Iterator[Rival]:
    """Facts that explain the alarm as surely as the root does, one a code, at no other address or application server
    than the chain's."""
    root, order = chain[depth], list(Certainty)
    found: dict[str, Fact] = {}
    for fact in sorted(others, key=case.nearness):
        sure = order.index(case.first(fact)) <= order.index(root.certainty)
        elsewhere = any(apart(step.finding, fact.finding) for step in chain)
        if sure and not elsewhere and case.explains(fact) and case.made(fact):
            found.setdefault(fact.code, fact)
    for fact in list(found.values())[:MOST]:
        yield Rival(fact.finding, fact.check, _tell(root.finding, fact.finding, results, checks))


def _tell(one: Finding, other: Finding, results: Sequence[CheckResult], checks: Mapping[str, Check[Any]]) -> str | None:
    """The first check that was not looked at and could show what goes with one of the two only."""
    here, there = _near(one.code.id), _near(other.code.id)
    for result in results:
        could_say = {code.id for code in checks[result.check].codes if code.severity is not Severity.NOTE}
        if checks[result.check].sends and gap(result) and could_say & (here ^ there):
            return result.check
    return None


def _near(code: str) -> set[str]:
    """A code, what can make it and what it can make."""
    return {code, *(cause for _, cause in causes_of(code)), *(effect for _, effect in effects_of(code))}


def gap(result: CheckResult) -> bool:
    """Whether something was there to look at, and was not looked at or could not be told."""
    if result.status in LOOKED:
        return False
    return result.reason is None or result.reason.id not in INAPPLICABLE


def gaps(alarm: Alarm, results: Sequence[CheckResult], checks: Mapping[str, Check[Any]]) -> tuple[str, ...]:
    """The checks that could have shown an error that explains the alarm, and were not looked at or could not tell.

    One whose every such code another check could have shown too, and was looked at, is no gap. First stands what would
    show the most of what WeChat itself meets, not of what may stand behind that. Without an alarm (as
    `wxalarm probe` runs) there is nothing to explain.
    """
    if alarm == Alarm():
        return ()
    told = {code for result in results if result.status in LOOKED for code in _explaining(alarm, checks[result.check])}
    found = {
        result.check: missing
        for result in results
        if checks[result.check].sends and gap(result) and (missing := _explaining(alarm, checks[result.check]) - told)
    }
    behind = {code for missing in found.values() for code in missing if _stands_behind(alarm, code)}
    return tuple(sorted(found, key=lambda check: (-len(found[check] - behind), -len(found[check]))))


def _stands_behind(alarm: Alarm, code: str) -> bool:
    """Whether what it makes explains the alarm already: then it is no mechanism of its own."""
    return any(alarm.kind in _FAILURES.get(effect, ()) for _, effect in effects_of(code))


def _explaining(alarm: Alarm, check: Check[Any]) -> set[str]:
    return {
        code.id
        for code in check.codes
        if code.severity is Severity.ERROR and code.id not in EFFECTS
        if alarm.kind is AlarmKind.UNKNOWN or alarm.kind in code.explains
    }
