"""Days in a few numbers."""

from __future__ import annotations

import json
from random import Random

import pytest

from wxalarm.watch.rollup import Day, Spread
from wxalarm.watch.states import Level


@pytest.mark.parametrize("part", [0.5, 0.9, 0.95, 0.99, 1.0])
def test_a_quantile_is_right_within_five_percent(part: float) -> None:
    random, spread = Random(1), Spread()
    times = sorted(random.lognormvariate(-3, 1) for _ in range(5000))
    for one in times:
        spread.add(one)
    true = times[max(0, round(part * len(times)) - 1)]
    assert spread.quantile(part) == pytest.approx(true, rel=0.06)
    assert spread.most == times[-1]


def test_nothing_has_no_quantile() -> None:
    assert Spread().quantile(0.5) is None
    assert Day().available is None


def test_a_day_survives_json() -> None:
    day = Day()
    for level, seconds in ((Level.UP, 0.02), (Level.DOWN, None), (None, None), (Level.DEGRADED, 4.0), (Level.UP, 0.0)):
        day.add(level, seconds)
    day.late = 3
    again = Day.of(json.loads(json.dumps(day.record())))
    assert again == day
    assert again.rounds == {"up": 2, "down": 1, "blind": 1, "degraded": 1}
    assert again.available == 0.75
