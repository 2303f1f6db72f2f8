"""Incidents: groups with one verdict together, the most failures first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wxalarm.incidents import Fold, Group, overview, ranked
from wxalarm.model import (
    BEIJING,
    Alarm,
    AlarmKind,
    Basis,
    Cause,
    Certainty,
    Code,
    Report,
    Sample,
    Severity,
    Step,
    Target,
)

CODE = Code("tcp-refused", Severity.ERROR, Basis.REPRODUCED)
AT = datetime(2026, 1, 10, 20, 0, tzinfo=BEIJING)


def alarm(ip: str | None, count: int, kind: AlarmKind = AlarmKind.CONNECT_TIMEOUT, **sample: Any) -> Alarm:
    url = "http://wx.example.com/cb" if kind is not AlarmKind.MARK_FAIL else None
    return Alarm(kind, "wx0000000000000001", first_seen=AT, count=count, sample=Sample(ip=ip, url=url, **sample))


def report(one: Alarm, **evidence: Any) -> Report:
    step = Step(CODE(**evidence), "tcp-connect", Certainty.LIKELY)
    return Report(one, Target(), (), Cause((step,)) if evidence else None, 0.1)


def fold(*alarms: Alarm) -> tuple[Fold, list[Group]]:
    made = Fold()
    groups = [made.add(one) for one in alarms]
    return made, [group for group in groups if group is not None]


ALARMS = alarm("192.0.2.1", 5), alarm("192.0.2.2", 7), alarm("192.0.2.3", 100)


def test_one_verdict_is_one_incident_and_counts_what_differs() -> None:
    _, groups = fold(*ALARMS)
    made = ranked(
        groups, {0: [report(ALARMS[0], ip="a")], 1: [report(ALARMS[1], ip="a")], 2: [report(ALARMS[2], ip="b")]}
    )
    assert [(one.failures, one.alarms, dict(one.counts("ip"))) for one in made] == [
        (100, 1, {"192.0.2.3": 100}),
        (12, 2, {"192.0.2.2": 7, "192.0.2.1": 5}),
    ]
    assert made[1].report is not None
    assert made[1].report.alarm == ALARMS[1], "the alarm with the most failures stands for all"


def test_without_a_verdict_nothing_is_put_together() -> None:
    _, groups = fold(*ALARMS)
    assert len(ranked(groups, {0: [report(ALARMS[0])], 1: [report(ALARMS[1])]})) == 3


def test_a_markfail_with_its_precursors_is_no_incident_and_one_without_is() -> None:
    block = alarm(None, 3, AlarmKind.MARK_FAIL)
    made, _ = fold(ALARMS[0], block)
    seen = overview(made, {})
    assert [one.kind for one in seen.incidents] == [AlarmKind.CONNECT_TIMEOUT]
    assert seen.blocks[0].first is seen.incidents[0].groups[0]
    alone, _ = fold(block)
    assert [one.kind for one in overview(alone, {}).incidents] == [AlarmKind.MARK_FAIL]


def test_a_timeline_has_every_failure_once() -> None:
    _, groups = fold(*ALARMS)
    (first, *_) = ranked(groups, {})
    assert first.first is not None
    assert sum(first.timeline(first.first, 300, 4)) == first.failures
