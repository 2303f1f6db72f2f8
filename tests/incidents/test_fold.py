"""The fold is exact: what differs is never put together, what is the same is, in any order."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.incidents.night import CAUSES, host, night
from wxalarm.incidents import Fold
from wxalarm.incidents.fold import SLOT, SLOTS, Group
from wxalarm.model import BEIJING, Alarm, AlarmKind, Sample
from wxalarm.parser import parse

AT = datetime(2026, 1, 10, 20, 0, tzinfo=BEIJING)


def alarm(number: int = 0, *, appid: str | None = "wx0000000000000001", count: int = 10, **sample: Any) -> Alarm:
    return Alarm(
        AlarmKind.INVALID_RESPONSE,
        appid,
        first_seen=AT + timedelta(seconds=number),
        count=count,
        window_minutes=5,
        sample=Sample(**{"openid": f"oAAAA{number}", "url": "http://wx.example.com/cb", **sample}),
    )


def folded(*alarms: Alarm) -> Fold:
    fold = Fold()
    for one in alarms:
        fold.add(one)
    return fold


def test_what_they_share_folds_them_and_is_counted() -> None:
    fold = folded(
        *(alarm(n, appid=f"wx{n:016x}", ip="192.0.2.1", http_code=502, event="Scan QRCode") for n in range(5))
    )
    (group,) = fold.groups
    assert (group.alarms, group.failures, len(group.accounts)) == (5, 50, 5)
    assert group.counts["http_code"] == {"502": 50}
    assert group.counts["ip"] == {"192.0.2.1": 50}
    assert group.counts["event"] == {"Scan QRCode": 50}
    assert (group.first, group.last) == (int(AT.timestamp()), int(AT.timestamp()) + 4 + 300)


@pytest.mark.parametrize(
    "change",
    [
        {"http_code": 404},
        {"http_code": None},
        {"ip": "192.0.2.2"},
        {"ip": None},
        {"curl_error": 7},
        {"url": "http://other.example.com/cb"},
        {"url": "http://wx.example.com:8080/cb"},
        {"platform": "示例平台"},
        {"decrypt_failed": True},
        {"response_content": "other words"},
        {"response_content": None},
    ],
)
def test_what_differs_is_never_put_together(change: dict[str, Any]) -> None:
    same: dict[str, Any] = {"http_code": 502, "ip": "192.0.2.1", "response_content": "id 1"}
    assert len(folded(alarm(1, **same), alarm(2, **{**same, "response_content": "id 2"})).groups) == 1
    assert len(folded(alarm(1, **same), alarm(2, **{**same, **change})).groups) == 2
    assert len(folded(alarm(1, **same), replace(alarm(2, **same), kind=AlarmKind.REQUEST_TIMEOUT)).groups) == 2


def test_alarms_without_a_host_fold_by_their_account_and_never_by_its_absence() -> None:
    pay = [
        replace(alarm(n, url=None, response_content=f"ray {n}"), kind=AlarmKind.PAY_NOTIFY_INVALID) for n in range(3)
    ]
    assert len(folded(*pay).groups) == 1
    assert len(folded(pay[0], replace(pay[1], appid="wx0000000000000002")).groups) == 2


def test_a_duplicate_counts_once() -> None:
    one = alarm(1)
    fold = folded(one, one, replace(one, nickname="quoted"))
    assert (fold.alarms, fold.duplicates, fold.groups[0].failures) == (1, 2, 10)


def test_the_example_has_the_most_failures_whatever_came_first() -> None:
    alarms = [alarm(n, count=count) for n, count in enumerate((3, 9, 9, 1))]
    for seed in range(6):
        random.Random(seed).shuffle(alarms)
        assert folded(*alarms).groups[0].example == alarm(1, count=9)


def test_an_archive_of_years_has_longer_slots_and_loses_no_failure() -> None:
    step = 7 * SLOT
    forward = [alarm(n * step) for n in range(2 * SLOTS)]
    one, two = folded(*forward).groups[0], folded(*reversed(forward)).groups[0]
    assert len(one.slots) <= SLOTS
    assert (one.slot, one.slots) == (two.slot, two.slots)
    assert sum(one.slots.values()) == 10 * 2 * SLOTS


def facts(group: Group) -> tuple[object, ...]:
    counts = {name: dict(tally) for name, tally in group.counts.items()}
    return (group.place, group.alarms, group.failures, group.accounts, group.first, group.last, group.slots, counts)


@pytest.mark.parametrize("order", [0, 1])
def test_a_night_comes_to_its_causes(order: int) -> None:
    made = night(4000, accounts=1200, order=order)
    fold = folded(*parse(made.text).alarms)
    groups = {group.place: group for group in fold.groups if group.kind is not AlarmKind.MARK_FAIL}
    assert len(groups) == len(fold.groups) - 3 == CAUSES
    assert {place: group.alarms for place, group in groups.items() if place} == made.alarms
    assert {place: group.failures for place, group in groups.items() if place} == made.failures
    assert fold.duplicates > 100
    other = folded(*parse(night(4000, accounts=1200, order=order + 7).text).alarms)
    assert sorted(map(facts, fold.groups), key=str) == sorted(map(facts, other.groups), key=str)
    assert host(0) in groups
