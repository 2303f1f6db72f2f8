"""Rounds that are made up, for a service in simulated time: how a target is, a function of the time says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from wxalarm.config import Settings
from wxalarm.diagnosis import contexts
from wxalarm.model import Alarm, Report
from wxalarm.watch.rounds import Memory, Numbers, Phases, Round
from wxalarm.watch.states import Level
from wxalarm.watch.targets import Plan, Watched

UP, DEGRADED, DOWN = Level
Health = Callable[[Watched, float], Level | None]


def watched(count: int) -> tuple[Watched, ...]:
    """Some targets."""
    return tuple(Watched(f"shop{n}", f"https://shop{n}.example.com/callback") for n in range(count))


def plan(count: int = 1, **values: Any) -> Plan:
    """A plan over some targets."""
    return Plan(watched(count), Settings(), **values)


def round_of(target: Watched, level: Level | None) -> Round:
    """A round that found a target so."""
    (ctx,) = contexts([Alarm()], Settings(), url=target.url)
    failure = "timeout" if level is DOWN else None
    phases = (Phases("192.0.2.1", 0.01, 0.02, 0.03, 0.06, None if failure else 200, failure),)
    code = None if level in (None, UP) else "tcp-timeout"
    numbers = Numbers(level, code, 0.01, phases, None, None, None, (2, 2), 0.1)
    return Round(target, numbers, Report(ctx.alarm, ctx.target, (), None, 0.1), ctx)


def looker(health: Health, wall: Callable[[], float]) -> Callable[..., Any]:
    """A look that asks nobody."""

    async def look(target: Watched, settings: Settings, memory: Memory, time: float) -> Round:
        return round_of(target, health(target, wall()))

    return look


def unsteady(target: Watched, time: float) -> Level | None:
    """Faults of half an hour and more, now and then, some short ones, and rounds that tell nothing."""

    def chance(span: float) -> float:
        digest = hashlib.sha256(f"{target.key} {int(time // span)} {span}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32

    if chance(60.0) < 0.02:
        return None
    if chance(120.0) < 0.02:
        return DOWN
    long = chance(1800.0)
    return DOWN if long < 0.2 else DEGRADED if long < 0.3 else UP
