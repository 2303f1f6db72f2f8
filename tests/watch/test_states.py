"""States in simulated time: rounds every minute, days in a moment."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxalarm.watch.states import WINDOW, Change, Kind, Level, Rule, State, Told, step

UP, DEGRADED, DOWN = Level
RULE = Rule(3, 2)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
Heard = list[tuple[float, Told]]


def lived(levels: Iterable[Level | None], rule: Rule = RULE, state: State | None = None) -> tuple[State, Heard]:
    """The state after a round a minute, and what was told when."""
    now, heard = state or State(), []
    for place, level in enumerate(levels):
        now, _, told = step(now, level, place * MINUTE, rule)
        if told:
            heard.append((place * MINUTE, told))
    return now, heard


def kinds(heard: Heard) -> list[str]:
    return [f"{told.kind} {told.level.word}" for _, told in heard]


def test_a_healthy_week_says_nothing() -> None:
    state, heard = lived([UP] * (7 * 24 * 60))
    assert heard == []
    assert state.level is UP


@pytest.mark.parametrize("bad", [DEGRADED, DOWN])
def test_a_fault_is_told_once_on_and_once_off(bad: Level) -> None:
    _, heard = lived([UP] * 10 + [bad] * 600 + [UP] * 600)
    assert kinds(heard) == [f"worse {bad.word}", "better up"]
    on, off = heard
    assert on[0] == 12 * MINUTE, "the third bad round"
    assert on[1].since == 10 * MINUTE, "since the first of them"
    assert off[0] == (610 + 1) * MINUTE


def test_two_bad_rounds_say_nothing_and_a_state_never_hangs_on_one() -> None:
    assert lived([UP, UP, DOWN, DOWN] * 2 + [UP] * 5)[1] == []


def test_what_is_bad_at_the_start_is_told() -> None:
    assert kinds(lived([DOWN] * 3)[1]) == ["worse down"]


def test_a_fault_that_grows_is_told_again() -> None:
    assert kinds(lived([UP] * 5 + [DEGRADED] * 60 + [DOWN] * 60)[1]) == ["worse degraded", "worse down"]


def test_of_mixed_bad_rounds_the_least_is_the_state() -> None:
    assert kinds(lived([UP] * 5 + [DOWN, DEGRADED, DOWN])[1]) == ["worse degraded"]


def test_a_blind_round_counts_neither_way() -> None:
    assert kinds(lived([UP] * 5 + [DOWN, None, None, DOWN, None, DOWN] + [None] * 500)[1]) == ["worse down"]
    state, heard = lived([None] * 1000)
    assert (state.level, heard) == (None, [])


@pytest.mark.parametrize("period", [1, 2, 3, 4, 5, 7, 10, 14])
def test_flapping_is_told_at_most_hourly_and_named(period: int) -> None:
    rounds = [DOWN if place // period % 2 else UP for place in range(24 * 60)]
    _, heard = lived(rounds)
    after = [time for time, told in heard if told.kind is Kind.FLAPPING]
    assert after, "it is named"
    assert [told.kind for time, told in heard if time > after[0]] == [Kind.FLAPPING] * (len(after) - 1)
    assert all(later - earlier >= WINDOW for earlier, later in pairwise(after))
    assert len(heard) <= 24 + 2
    assert len(after) >= 20, "it goes on being said"


def test_a_target_that_flaps_no_more_is_said_to_have_settled() -> None:
    rounds = [DOWN if place // 5 % 2 else UP for place in range(120)] + [DOWN] * 600
    _, heard = lived(rounds)
    assert kinds(heard)[-1] == "settled down"


def test_reminders_come_by_the_hour_while_it_lasts() -> None:
    _, heard = lived([UP] * 5 + [DOWN] * (5 * 60) + [UP] * 300, Rule(3, 2, remind=HOUR))
    assert kinds(heard) == ["worse down", *["reminder down"] * 4, "better up"]


def test_a_change_is_numbered_and_carries_its_beginning() -> None:
    state, changes = State(), []
    for place, level in enumerate([UP, UP, DOWN, DOWN, DOWN, UP, UP]):
        state, change, _ = step(state, level, place * MINUTE, RULE)
        changes += [change] if change else []
    assert changes == [
        Change(1, None, UP, 60.0, 60.0),
        Change(2, UP, DOWN, 240.0, 120.0),
        Change(3, DOWN, UP, 360.0, 300.0),
    ]


@given(st.lists(st.sampled_from([*Level, None]), max_size=400), st.integers(1, 5), st.integers(1, 5))
def test_whatever_comes_the_messages_are_few_and_the_changes_in_a_row(
    levels: list[Level | None], bad: int, good: int
) -> None:
    state, numbers, told = State(), [], []
    for place, level in enumerate(levels):
        before = state.level
        state, change, said = step(state, level, place * MINUTE, Rule(bad, good))
        if change:
            assert (change.before, change.after) == (before, state.level)
            numbers.append(change.number)
        if said:
            told.append(place * MINUTE)
            assert said.level is (state.level or UP)
    assert numbers == list(range(1, len(numbers) + 1))
    for start in told:
        assert sum(start <= one < start + WINDOW for one in told) <= 4


def test_a_month_of_rare_single_failures_wakes_nobody() -> None:
    random = Random(7)
    assert lived([DOWN if random.random() < 0.01 else UP for _ in range(30 * 24 * 60)])[1] == []
