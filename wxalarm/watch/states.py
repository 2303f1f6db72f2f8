"""What a row of rounds makes of a target: its state, the changes, and which of them are told. Pure; time is handed in.

A state worsens after `bad` rounds in a row that are all worse than it, and betters after `good` rounds that are all
better. A round that could tell nothing (this machine was offline) counts neither way. A target that changes more often
than MOST times within WINDOW, or whose rounds go to and fro, flaps: that is told once, and then at most hourly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from itertools import pairwise


class Level(IntEnum):
    """How a target is, the worst last."""

    UP = 0
    DEGRADED = 1
    """Pushes get through; something is about to end that (a certificate, a domain, slowness)."""
    DOWN = 2
    """A push would fail, at one address at least."""

    @property
    def word(self) -> str:
        """Its name in JSON, metrics and the catalogues."""
        return self.name.lower()


class Kind(StrEnum):
    """Why a message is sent."""

    WORSE = "worse"
    BETTER = "better"
    FLAPPING = "flapping"
    SETTLED = "settled"
    REMINDER = "reminder"


WINDOW = 3600.0
"""Seconds: the hour of "at most one message an hour"."""
MOST = 2
"""Changes within WINDOW that are told one by one: off and on again is no flapping."""
SEEN = 20
"""Rounds looked back on for going to and fro."""
TO_AND_FRO = 8
"""Of SEEN rounds, those that differ from the others, in as many turns: that is flapping even where no state ever lasts
long enough to change."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How calm it is. bad, good: rounds in a row; remind: seconds, 0 for never."""

    bad: int = 3
    good: int = 2
    remind: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """All that is known of a target's past; kept in the store with every round. Times are seconds of the steady clock
    (`service.Steady`), which no change of the wall clock moves."""

    level: Level | None = None
    """None: not yet known."""
    since: float = 0.0
    recent: tuple[Level, ...] = ()
    """Of the last rounds that told something."""
    began: float | None = None
    """The first of the rounds in a row that are worse, or better, than the state."""
    count: int = 0
    """Changes so far."""
    changes: tuple[float, ...] = ()
    """Their times within WINDOW."""
    flapping: bool = False
    told: float | None = None
    """When the last message was made."""
    said: int = 0
    """Messages so far."""


@dataclass(frozen=True, slots=True)
class Change:
    """A state has changed. number: counts a target's changes from 1."""

    number: int
    before: Level | None
    after: Level
    time: float
    began: float
    """The first of the rounds that made it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be said. changes: within the last WINDOW; it names flapping."""

    kind: Kind
    level: Level
    since: float
    changes: int = 0


def step(state: State, level: Level | None, time: float, rule: Rule) -> tuple[State, Change | None, Told | None]:
    """The state after one more round; the change that it completes; what is to be said."""
    changes = tuple(one for one in state.changes if time - one < WINDOW)
    state = replace(state, changes=changes)
    if level is None:
        return _quiet(state, time, rule)
    keep = max(SEEN, rule.bad, rule.good)
    recent = (*state.recent, level)[-keep:]
    current = Level.UP if state.level is None else state.level
    turned = level == current or (state.recent and (state.recent[-1] > current) != (level > current))
    began = None if level == current else time if turned or state.began is None else state.began
    state = replace(state, recent=recent, began=began)
    after = _after(recent, state.level, rule)
    if after is None:
        return _quiet(state, time, rule)
    before, first = state.level, state.level is None
    change = Change(state.count + 1, before, after, time, time if began is None else began)
    state = replace(state, level=after, since=change.began, count=change.number, began=None)
    if first and after is Level.UP:  # it was never thought to be otherwise
        return state, change, None
    if not first:
        state = replace(state, changes=(*changes, time))
    if state.flapping or _flaps(state):
        state, _, told = _quiet(state, time, rule)
        return state, change, told
    kind = Kind.WORSE if after > (before or Level.UP) else Kind.BETTER
    return _say(state, time), change, Told(kind, after, state.since, len(state.changes))


def _say(state: State, time: float) -> State:
    return replace(state, told=time, said=state.said + 1)


def _after(recent: Sequence[Level], level: Level | None, rule: Rule) -> Level | None:
    """The state that the last rounds make in place of `level`; None: it stays."""
    current = Level.UP if level is None else level
    last = recent[-rule.bad :]
    if len(last) == rule.bad and min(last) > current:
        return min(last)
    last = recent[-rule.good :]
    if len(last) == rule.good and (max(last) < current or (level is None and max(last) is Level.UP)):
        return max(last)
    return None


def _flaps(state: State) -> bool:
    return len(state.changes) > MOST or unsteady(state.recent[-SEEN:]) >= TO_AND_FRO


def unsteady(levels: Sequence[Level]) -> int:
    """How far rounds go to and fro: the turns among them, and at most as many as differ from what most are."""
    if not levels:
        return 0
    most = max(levels.count(level) for level in set(levels))
    return min(len(levels) - most, sum(one != other for one, other in pairwise(levels)))


def _quiet(state: State, time: float, rule: Rule) -> tuple[State, None, Told | None]:
    """What time alone makes due: the word on flapping, its end, a reminder."""
    level = Level.UP if state.level is None else state.level
    due = state.told is None or time - state.told >= WINDOW
    kind: Kind | None = None
    if not state.flapping and _flaps(state):
        state, kind = replace(state, flapping=True), Kind.FLAPPING
    elif state.flapping and due:
        over = not state.changes and unsteady(state.recent[-SEEN:]) < TO_AND_FRO // 2
        state, kind = replace(state, flapping=not over), Kind.SETTLED if over else Kind.FLAPPING
    elif (
        not state.flapping
        and level is not Level.UP
        and rule.remind
        and state.told is not None
        and time - state.told >= rule.remind
    ):
        kind = Kind.REMINDER
    if kind is None:
        return state, None, None
    return _say(state, time), None, Told(kind, level, state.since, len(state.changes))
