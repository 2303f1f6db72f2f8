"""From what WeChat saw down to the root: where the chain starts, and how it follows the links. Pure.

It starts at the finding nearest to the alarm that explains its kind and can have made what the alarm shows: at the
alarm's own address or push before elsewhere, error before warning, recorded before reproduced before condition, lowest
layer first. Then it goes up to what that finding made, as far as that is as sure, and from there down the links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wxalarm.checks.check import Check
from wxalarm.kinds import LATE
from wxalarm.model import Alarm, AlarmKind, Basis, Certainty, CheckResult, Finding, Severity, Step
from wxalarm.verdict.links import EFFECTS, LINKS, WHOSE, Link
from wxalarm.verdict.ties import addresses, apart, statuses
from wxalarm.wechat.limits import WAIT

OLD = 86_400.0
"""Seconds after an alarm from which on "it fails now" says little of then."""

_SEVERITIES = (Severity.ERROR, Severity.WARNING)
_BASES = tuple(Basis)
_CERTAINTIES = tuple(Certainty)


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """A finding that is worse than a note, and where it stands in the playbook's order."""

    finding: Finding
    check: str
    place: tuple[int, int]

    @property
    def code(self) -> str:
        """The code's id."""
        return self.finding.code.id


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: the alarm and all facts."""

    alarm: Alarm
    facts: tuple[Fact, ...]

    def candidates(self) -> list[Fact]:
        """The facts that can have caused this alarm, the nearest first."""
        found = [fact for fact in self.facts if self.explains(fact) and self.made(fact)]
        return sorted(found, key=self.nearness)

    def explains(self, fact: Fact) -> bool:
        """Whether the fact can cause an alarm of this kind at all; anything can cause one of unknown kind."""
        kind = self.alarm.kind
        known = kind is AlarmKind.UNKNOWN or kind in fact.finding.code.explains
        return known and fact.code not in EFFECTS and fact.code != WHOSE

    def made(self, fact: Fact) -> bool:
        """Whether it can have made what the alarm shows: the status, libcurl's number, the time."""
        sample, evidence = self.alarm.sample, fact.finding.evidence
        shown = statuses(fact.finding)
        if sample.http_code not in (None, 200) and shown and sample.http_code not in shown:
            return False
        if sample.curl_error and evidence.get("curl") not in (None, sample.curl_error):
            return False
        seconds = evidence.get("seconds")
        in_time = isinstance(seconds, (int, float)) and seconds < WAIT
        return not (self.alarm.kind in LATE and shown and in_time)

    def nearness(self, fact: Fact) -> tuple[object, ...]:
        """The order of candidates."""
        code = fact.finding.code
        return (self.elsewhere(fact), _SEVERITIES.index(code.severity), _BASES.index(code.basis), fact.place)

    def elsewhere(self, fact: Fact) -> bool:
        """Whether the fact is about another address than the alarm's own."""
        known = addresses(fact.finding)
        return bool(self.alarm.sample.ip and known) and self.alarm.sample.ip not in known

    def certainty(self, fact: Fact) -> Certainty:
        """How sure it is that this fact made the alarm, taken alone."""
        return Certainty.POSSIBLE if self.elsewhere(fact) else fact.finding.code.basis.certainty

    def causes(self, step: Step, seen: Sequence[Finding] = ()) -> Iterator[Step]:
        """The steps that may follow behind `step`, the surest first and then in the order of the links."""
        found = [
            (self._step(step, link, fact), order, fact)
            for order, link in enumerate(LINKS)
            if step.finding.code.id in link.effects
            for fact in self.facts
            if fact.code in link.causes and fact.code not in EFFECTS
            if not any(fact.finding is one for one in seen) and holds(link, step.finding, fact.finding)
        ]
        found.sort(key=lambda one: (_CERTAINTIES.index(one[0].certainty), one[1], self.nearness(one[2])))
        return (made for made, _, _ in found)

    def _step(self, above: Step, link: Link, fact: Fact) -> Step:
        alone = self.certainty(fact)
        if link.acted:  # seen at work; but what is so now, was so then only likely
            reproduced = fact.finding.code.basis is Basis.REPRODUCED
            alone = Certainty.LIKELY if reproduced else Certainty.CERTAIN
        sure = Certainty.weakest(above.certainty, link.most, alone)
        return Step(fact.finding, fact.check, sure, link.id, link.tie.id)


def holds(link: Link, effect: Finding, cause: Finding) -> bool:
    """Whether a link ties these two findings."""
    return link.tie.holds(effect, cause) and not apart(effect, cause)


def makes(cause: Finding, effect: Finding) -> bool:
    """Whether any link says that one finding made the other."""
    return any(
        effect.code.id in link.effects and cause.code.id in link.causes and holds(link, effect, cause) for link in LINKS
    )


def facts_of(results: Sequence[CheckResult]) -> tuple[Fact, ...]:
    """All findings that are worse than notes; a repeated one counts once."""
    found = [
        Fact(finding, result.check, (place, index))
        for place, result in enumerate(results)
        for index, finding in enumerate(result.findings)
    ]
    return tuple(fact for fact in found if fact.finding.code.severity is not Severity.NOTE)


def chain_of(case: Case) -> tuple[Step, ...]:
    """Why, why, why; () when nothing explains the alarm."""
    candidates = case.candidates()
    if not candidates:
        return _whose(case)
    top = _top(case, candidates)
    steps = [Step(top.finding, top.check, case.certainty(top))]
    while options := list(case.causes(steps[-1], [step.finding for step in steps])):
        steps.append(_nearest(options))
    return tuple(steps)


def _nearest(options: Sequence[Step]) -> Step:
    """The first of the surest steps that stands behind no other of them: who made it comes next."""
    surest = [step for step in options if step.certainty is options[0].certainty]
    near = (
        step
        for step in surest
        if not any(makes(step.finding, other.finding) for other in surest if other.finding is not step.finding)
    )
    return next(near, surest[0])


def aged(chain: Sequence[Step], age: float | None, checks: Mapping[str, Check[Any]]) -> Iterator[Step]:
    """The chain of an alarm of `age` seconds: what fails now is only a possible reason of what failed long ago, unless
    a record of that time stands above it and agrees."""
    agreed = age is None or age <= OLD
    for step in chain:
        agreed = agreed or checks[step.check].records
        yield step if agreed else replace(step, certainty=Certainty.POSSIBLE)


def depth_of(chain: Sequence[Step]) -> int:
    """The place of the deepest step that is at least likely; 0 when none is."""
    return max((place for place, step in enumerate(chain) if step.certainty is not Certainty.POSSIBLE), default=0)


def _whose(case: Case) -> tuple[Step, ...]:
    own = (fact for fact in case.facts if fact.code == WHOSE)
    return tuple(Step(fact.finding, fact.check, case.certainty(fact)) for fact in own)[:1]


def _top(case: Case, candidates: Sequence[Fact]) -> Fact:
    """The nearest candidate, or what it made, when that is as sure and explains the alarm too."""
    seen = [candidates[0]]
    while True:
        at = seen[-1]
        sure = _CERTAINTIES.index(case.certainty(at))
        above = (
            fact
            for fact in candidates
            if fact not in seen and _CERTAINTIES.index(case.certainty(fact)) <= sure
            if makes(at.finding, fact.finding)
        )
        found = next(above, None)
        if found is None:
            return at
        seen.append(found)
