"""Who is due, in simulated time."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from wxalarm.watch.schedule import JITTER, Schedule

EVERY = 60.0


def test_rounds_are_spread_over_the_interval() -> None:
    schedule = Schedule([f"t{n}" for n in range(600)], EVERY, 0.0, Random(1))
    per_second = [len(schedule.due(float(second))) for second in range(600)]
    assert sum(per_second) in range(5900, 6100)
    assert max(per_second[60:]) <= 25, "ten a second, with jitter"
    assert sum(schedule.late.values()) == 0


def test_every_target_has_its_round_in_every_interval() -> None:
    schedule = Schedule(["a", "b", "c"], EVERY, 0.0, Random(2))
    begun: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    for tick in range(36_000):
        for key in schedule.due(tick / 10):
            begun[key].append(tick / 10)
    for times in begun.values():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert len(times) in (60, 61)
        assert max(gaps) <= EVERY * (1 + 2 * JITTER) + 0.2
        assert len({round(gap, 1) for gap in gaps}) > 5, "jittered"


def test_a_target_under_way_is_late_and_never_queued() -> None:
    schedule = Schedule(["a"], EVERY, 0.0, Random(3))
    assert schedule.due(0.0) == ["a"]
    for minute in range(1, 10):
        assert schedule.due(minute * EVERY + 5, busy={"a"}) == []
    assert schedule.late == {"a": 9}
    assert schedule.due(10 * EVERY + 5) == ["a"], "once, not ten times"
    assert schedule.due(10 * EVERY + 6) == []


def test_slots_that_passed_while_nothing_ran_are_counted() -> None:
    schedule = Schedule(["a"], EVERY, 0.0, Random(4))
    schedule.due(0.0)
    assert schedule.due(10 * EVERY + 5) == ["a"]
    assert schedule.late == {"a": 9}


def test_without_room_a_round_is_late() -> None:
    schedule = Schedule(["a", "b", "c", "d"], EVERY, 0.0, Random(5))
    assert len(schedule.due(59.0, room=3)) == 3
    assert sum(schedule.late.values()) == 1


def test_targets_come_and_go_and_keep_their_slots() -> None:
    schedule = Schedule(["a", "b"], EVERY, 0.0, Random(6))
    assert schedule.due(0.0) == ["a"]
    schedule.set(["b", "c"], 1.0)
    assert set(schedule.due(58.0)) == {"b", "c"}
    assert set(schedule.late) == {"b", "c"}
    schedule.set([], 60.0)
    assert (schedule.next(), schedule.due(1e6)) == (None, [])


@pytest.mark.parametrize("every", [5.0, 86_400.0])
def test_another_interval_spreads_anew(every: float) -> None:
    schedule = Schedule(["a", "b"], EVERY, 0.0)
    schedule.set(["a", "b"], 100.0, every)
    assert schedule.next() == 100.0
    assert schedule.due(100.0 + every / 2) == ["a", "b"]
