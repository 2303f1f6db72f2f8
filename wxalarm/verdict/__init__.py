"""Findings → the verdict: why, why, why, and what speaks for and against it. Pure and deterministic.

`links` is the table of what makes what, `ties` says when two findings belong together, `chain` goes from the symptom
to the root, `rivals` weighs it. The same results give the same verdict, in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wxalarm.checks.check import Check
from wxalarm.model import Alarm, Cause, CheckResult
from wxalarm.verdict.chain import OLD, Case, aged, answered, chain_of, depth_of, facts_of
from wxalarm.verdict.rivals import contradicts, gaps, rivals, supports

__all__ = ["OLD", "cause", "untold"]


def untold(alarm: Alarm, results: Sequence[CheckResult], checks: Mapping[str, Check[Any]]) -> tuple[str, ...]:
    """Ids of the checks that could have shown an error that explains the alarm, and were not looked at or could not
    tell; what would show the most first."""
    return gaps(alarm, _ordered(results, checks), checks)


def cause(
    alarm: Alarm, results: Sequence[CheckResult], checks: Mapping[str, Check[Any]], age: float | None = None
) -> Cause | None:
    """The cause among the findings of `results`, or None when nothing that was found explains the alarm.

    checks: by id, in the playbook's order, all that gave results. age: seconds from the alarm to the run.
    """
    results = _ordered(results, checks)
    case = Case(alarm, facts_of(results), answered(results))
    chain = chain_of(case)
    if not chain:
        return None
    inside = [step.finding for step in chain]
    outside = [fact for fact in case.facts if not any(fact.finding is one for one in inside)]
    backing = list(supports(case, chain, outside))
    others = [fact for fact in outside if fact not in backing]
    old = aged(chain, age, checks)
    depth = depth_of(old, chain)
    rivalling = tuple(rivals(case, old, depth, others, results, checks))
    shown = [rival.finding for rival in rivalling]
    return Cause(
        old,
        depth,
        tuple(fact.finding for fact in backing),
        tuple(contradicts(chain, results, checks)),
        rivalling,
        tuple(fact.finding for fact in others if not any(fact.finding is one for one in shown)),
    )


def _ordered(results: Sequence[CheckResult], checks: Mapping[str, Check[Any]]) -> list[CheckResult]:
    """In the playbook's order, whatever the order in which they came."""
    order = {check: place for place, check in enumerate(checks)}
    return sorted(results, key=lambda result: order[result.check])
