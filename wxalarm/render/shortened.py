"""Reports cut down to what is short whatever came in: written when the whole takes too long to write.

Each check keeps its status, each finding its code and its short values, and the report says that it is shortened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from wxalarm.model import REPORT, CheckResult, Finding, Location, Places, Reason, Report, Status
from wxalarm.render.redact import NAMELESS

T = TypeVar("T", Report, CheckResult, Finding)
LONGEST = 200
"""Characters of a text that stays whole."""
MOST = 20
"""Members of a list or a mapping, but for the results of the checks."""
DEEPEST = 12
"""Values inside each other."""


def shortened(reports: Sequence[Report], reason: Reason) -> list[Report]:
    """All reports, each still standing behind its example; reason: why they are not whole."""
    note = CheckResult(REPORT, Status.UNKNOWN, reason=reason)

    def one(report: Report) -> Report:
        results = tuple(short(replace(result, observation=None)) for result in report.results)
        return replace(short(replace(report, results=(), example=None)), results=(*results, note))

    made = {id(report): one(report) for report in reports if report.example is None}
    return [
        made.get(id(report)) or replace(short(replace(report, example=None)), example=made[id(report.example)])
        for report in reports
    ]


def short(value: T) -> T:
    """One of them with nothing long in it."""
    return cast("T", _cut(value, DEEPEST))


def _cut(value: Any, depth: int) -> Any:
    if isinstance(value, (*NAMELESS, Location, Places)):
        return value
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if not depth:
        return None
    if isinstance(value, Mapping):
        return {_cut(name, depth - 1): _cut(each, depth - 1) for name, each in list(value.items())[:MOST]}
    if isinstance(value, (list, tuple)):
        made = [_cut(each, depth - 1) for each in value[:MOST]]
        return made if isinstance(value, list) else tuple(made)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _cut(getattr(value, each.name), depth - 1) for each in fields(value)})
    return None
