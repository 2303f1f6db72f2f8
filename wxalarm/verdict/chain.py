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
from wxalarm.checks.scope import is_address
from wxalarm.kinds import LATE, NAME
from wxalarm.model import Alarm, AlarmKind, Basis, Certainty, CheckResult, Finding, Sample, Severity, Step
from wxalarm.verdict.links import (
    EFFECTS,
    INNER,
    LINKS,
    NO_ANSWER,
    NO_CONNECTION,
    NO_NAME,
    NO_TLS,
    NOBODY_LISTENS,
    QUEUES,
    STATUS,
    UNANSWERED,
    WEIGHT,
    WELL,
    WHOSE,
    Link,
)
from wxalarm.verdict.ties import DEFAULT_SERVER, SILENT, addresses, alike, apart, canonical, statuses
from wxalarm.wechat.limits import WAIT

OLD = 86_400.0
"""Seconds after an alarm from which on "it fails now" says little of then."""

NOTHING_COMES = frozenset((*NO_NAME, *NO_CONNECTION, *NO_TLS, *NO_ANSWER, *UNANSWERED))
UNANSWERED_NUMBERS = frozenset({6, 7, 28, 35, 51, 52, 55, 56, 58, 60})
"""libcurl's numbers of failures in which no whole answer came."""
AGREES = ("number", "status", "closed", "zone", "file")
"""Ties by which what is so now agrees with what was recorded then."""
WITHIN = (DEFAULT_SERVER.id,)
"""Ties of two findings about one state: what one of them agrees with, the other does."""

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
    answered: bool = False
    """The line of the alarm's own push says that it was answered, well and in time."""

    def candidates(self) -> list[Fact]:
        """The facts that can have caused this alarm, the nearest first."""
        found = [fact for fact in self.facts if self.explains(fact) and self.made(fact)]
        return sorted(found, key=self.nearness)

    def explains(self, fact: Fact) -> bool:
        """Whether the fact can cause an alarm of this kind at all; anything can cause one of unknown kind."""
        kind, explains = self.alarm.kind, fact.finding.code.explains
        known = bool(explains) if kind is AlarmKind.UNKNOWN else kind in explains
        return known and fact.code not in EFFECTS and fact.code not in (WHOSE, WEIGHT)

    def made(self, fact: Fact) -> bool:
        """Whether it can have made what the alarm shows: an address, an answer or none, its status, libcurl's number,
        the time."""
        sample, evidence, shown = self.alarm.sample, fact.finding.evidence, statuses(fact.finding)
        if is_address(sample.ip or "") and self.alarm.kind not in NAME and fact.code in NO_NAME:
            return False  # the name led to this address
        if _answered(sample) and fact.code in NOTHING_COMES:
            return False
        if sample.http_code not in (None, 200) and shown and sample.http_code not in shown:
            return False
        if sample.curl_error and evidence.get("curl") not in (None, sample.curl_error):
            return False
        answers = fact.code.startswith("reply-") or bool(shown and not shown & SILENT)
        if sample.curl_error in UNANSWERED_NUMBERS and answers:
            return False
        seconds = evidence.get("seconds", evidence.get("request_time"))
        in_time = isinstance(seconds, (int, float)) and seconds < WAIT
        return not (self.alarm.kind in LATE and shown and in_time)

    def nearness(self, fact: Fact) -> tuple[object, ...]:
        """The order of candidates."""
        code = fact.finding.code
        order = (_SEVERITIES.index(code.severity), _BASES.index(code.basis))
        return (self.elsewhere(fact), *order, self.concluded(fact), fact.place)

    def concluded(self, fact: Fact) -> bool:
        """Whether it is only concluded, and nobody's word, that such a failure leads to such an alarm."""
        ways = getattr(fact.finding.code.explains, "ways", ())
        told = [way.fact for way in ways if self.alarm.kind in way.kinds]
        return bool(told) and not any(told)

    def elsewhere(self, fact: Fact) -> bool:
        """Whether the fact is about another address than the alarm's own, or another program than the callback's, as
        far as that is known: where nobody listens, no queue of connections is the callback's."""
        if fact.code in QUEUES and any(one.code == NOBODY_LISTENS and not self.elsewhere(one) for one in self.facts):
            return True
        ip, known = self.alarm.sample.ip or "", addresses(fact.finding)
        return is_address(ip) and bool(known) and canonical(ip) not in known  # a masked one may be any

    def certainty(self, fact: Fact) -> Certainty:
        """How sure it is that this fact made the alarm, taken alone. A push that nginx answered well, by its line, met
        nothing of what fails now."""
        basis = fact.finding.code.basis
        doubtful = self.elsewhere(fact) or (self.answered and basis is not Basis.RECORDED)
        return Certainty.POSSIBLE if doubtful else basis.certainty

    def first(self, fact: Fact) -> Certainty:
        """How sure it is as the first step of a chain, tied to nothing that WeChat shows."""
        return Certainty.weakest(self.certainty(fact), Certainty.LIKELY if fact.code == INNER else Certainty.CERTAIN)

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
        if link.acted and not self.answered:  # seen at work; but what is so now, was so then only likely
            reproduced = fact.finding.code.basis is Basis.REPRODUCED
            alone = Certainty.LIKELY if reproduced else Certainty.CERTAIN
        sure = Certainty.weakest(above.certainty, link.most, alone)
        return Step(fact.finding, fact.check, sure, link.id, link.tie.id)


def _answered(sample: Sample) -> bool:
    """Whether the alarm shows an answer, or a part of one."""
    return bool(sample.http_code or sample.response_content or sample.response_length or sample.decrypt_failed)


def holds(link: Link, effect: Finding, cause: Finding) -> bool:
    """Whether a link ties these two findings, and neither contradicts the other."""
    contradicted = effect.code.id in STATUS and not alike(effect, cause)
    return link.tie.holds(effect, cause) and not apart(effect, cause) and not contradicted


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


def answered(results: Sequence[CheckResult]) -> bool:
    """Whether a line of the alarm's own push says that it was answered well."""
    codes = (finding.code for result in results for finding in result.findings)
    return any(code.id == WELL and code.basis is Basis.RECORDED for code in codes)


def chain_of(case: Case) -> tuple[Step, ...]:
    """Why, why, why; () when nothing explains the alarm."""
    candidates = case.candidates()
    if not candidates:
        return _whose(case)
    top = _top(case, candidates)
    steps = [Step(top.finding, top.check, case.first(top))]
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


def aged(chain: Sequence[Step], age: float | None, checks: Mapping[str, Check[Any]]) -> tuple[Step, ...]:
    """The chain of an alarm of `age` seconds: what is so now is only a possible reason of what failed long ago, and at
    most a likely one where it agrees with the record of that time above it, or belongs to the state that does."""
    if age is None or age <= OLD:
        return tuple(chain)
    steps: list[Step] = []
    for step in chain:
        sure = step.certainty
        if not checks[step.check].records:
            recorded = bool(steps) and checks[steps[-1].check].records
            agrees = step.tie in WITHIN or (step.tie in AGREES and recorded)
            sure = Certainty.weakest(sure, Certainty.LIKELY if agrees else Certainty.POSSIBLE)
        above = steps[-1].certainty if steps else sure
        steps.append(replace(step, certainty=Certainty.weakest(sure, above)))
    return tuple(steps)


def depth_of(*chains: Sequence[Step]) -> int:
    """The place of the deepest step that is at least likely, in the first of these chains that has any: of an old alarm
    the one that has aged, then the one that would be if it were fresh."""
    for steps in chains:
        likely = [place for place, step in enumerate(steps) if step.certainty is not Certainty.POSSIBLE]
        if likely:
            return likely[-1]
    return 0


def _whose(case: Case) -> tuple[Step, ...]:
    own = (fact for fact in case.facts if fact.code == WHOSE)
    return tuple(Step(fact.finding, fact.check, case.certainty(fact)) for fact in own)[:1]


def _top(case: Case, candidates: Sequence[Fact]) -> Fact:
    """The nearest candidate, or what it made, when that is as sure and explains the alarm too."""
    seen = [candidates[0]]
    while True:
        at = seen[-1]
        sure = _CERTAINTIES.index(case.first(at))
        above = (
            fact
            for fact in candidates
            if fact not in seen and _CERTAINTIES.index(case.first(fact)) <= sure
            if makes(at.finding, fact.finding)
        )
        found = next(above, None)
        if found is None:
            return at
        seen.append(found)
