"""Alarms in a row: who may send one, and when it is struck out."""

from __future__ import annotations

from dataclasses import replace

from wxalarm.tokens import alarms, errors
from wxalarm.tokens.errors import Failed
from wxalarm.tokens.row import Row

NOW = 1_800_000_000.0
ROW = alarms.noted(Row("name", fence=3), NOW, "a", "failed", Failed(errors.ALLOW_LIST, 40164, "192.0.2.77"), 1)
(ALARM,) = alarms.read(ROW.alarms)


def test_while_one_sends_it_no_other_does_and_then_it_may() -> None:
    claim = alarms.claimed(ALARM.id, "b")
    assert claim(ROW, NOW + alarms.CLAIM - 1) is None
    assert alarms.claimed(ALARM.id, "a")(ROW, NOW) is not None
    later = NOW + alarms.CLAIM
    taken = claim(ROW, later)
    assert taken is not None
    assert alarms.claimed(ALARM.id, "a")(taken, later + 1) is None, "now it is b's"


def test_it_stays_until_every_way_has_taken_it() -> None:
    ways = ("robot", "mail")
    once = alarms.taken(ALARM.id, "robot", ways)(ROW, NOW)
    assert once is not None
    assert alarms.read(once.alarms)[0].sent == ("robot",)
    twice = alarms.taken(ALARM.id, "mail", ways)(once, NOW)
    assert twice is not None
    assert twice.alarms == ""
    assert alarms.taken(ALARM.id, "mail", ways)(twice, NOW) is None


def test_the_same_alarm_is_there_once_and_the_newest_stay() -> None:
    again = alarms.noted(ROW, NOW + 1, "b", "failed")
    assert [one.id for one in alarms.read(again.alarms)] == [ALARM.id]
    row = ROW
    for fence in range(50):
        row = alarms.noted(replace(row, fence=fence + 10), NOW, "a", "foreign")
    found = alarms.read(row.alarms)
    assert len(found) == alarms.MOST
    assert found[-1].id == "name-59-0-foreign"
    late = alarms.noted(replace(row, fence=99), NOW + alarms.STALE, "a", "recovered")
    assert [one.event for one in alarms.read(late.alarms)] == ["recovered"]


def test_what_another_version_wrote_is_read_as_far_as_it_is_known() -> None:
    assert alarms.read('[{"id": "x", "event": "failed", "time": 1.0, "of-tomorrow": [1]}]')[0].id == "x"
    assert alarms.read("damaged") == alarms.read("") == []
