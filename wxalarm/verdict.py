"""Findings → the cause. Pure and deterministic: the same results give the same verdict.

Order: findings that explain the alarm's kind first; then error before warning; then recorded before reproduced
before condition; then the playbook's order (the lowest layer is the one that broke). A note is never a cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wxalarm.model import Alarm, AlarmKind, Basis, Cause, CheckResult, Finding, Severity, Status

_SEVERITY = {Severity.ERROR: 0, Severity.WARNING: 1}
_BASIS = {Basis.RECORDED: 0, Basis.REPRODUCED: 1, Basis.CONDITION: 2}


def explains(finding: Finding, kind: AlarmKind) -> bool:
    """Whether this finding can cause an alarm of this kind; anything can cause one of unknown kind."""
    return kind is AlarmKind.UNKNOWN or kind in finding.code.explains


def cause(alarm: Alarm, results: Sequence[CheckResult], could_say: Mapping[str, frozenset[str]]) -> Cause | None:
    """The cause among the findings of `results` (in playbook order), or None when nothing worse than a note was found.

    could_say: for each check id, the ids of the codes it can give; a check that passed although it could have given
    the cause's code speaks against it.
    """
    ranked = sorted(
        (not explains(f, alarm.kind), _SEVERITY[f.code.severity], _BASIS[f.code.basis], place, index)
        for place, result in enumerate(results)
        for index, f in enumerate(result.findings)
        if f.code.severity is not Severity.NOTE
    )
    if not ranked:
        return None
    *_, place, index = ranked[0]
    best = results[place].findings[index]
    others = [results[place].findings[index] for _, _, _, place, index in ranked[1:]]
    against = tuple(
        result.check
        for result in results
        if result.status is Status.PASS and best.code.id in could_say.get(result.check, ())
    )
    supports = tuple(finding for finding in others if explains(finding, alarm.kind))
    return Cause(best, results[place].check, supports, against)
