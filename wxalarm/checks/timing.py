"""How repeated measurements are made, and how times stand against WeChat's limits. For all checks that measure."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from wxalarm.checks.check import Context
from wxalarm.kinds import BLOCKED, INVALID, LATE
from wxalarm.logs.access import GAVE_UP
from wxalarm.model import AlarmKind, Code
from wxalarm.probes.tcp import Limit
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

T = TypeVar("T")

SPACING = 0.1
"""Seconds between the beginnings of repeated attempts."""
SPAN = 3.0
"""Seconds within which all of them begin if they are fast, however many there are."""
LAST_START = 4.0
"""Seconds after which none begins any more: the last one has its whole deadline too."""
MOST_AT_ONCE = 4
"""Attempts that are under way at one time: a pool of silent addresses must not eat all sockets of this machine."""


class _Late(Exception):
    """There was room for a repeated attempt only when it could not have had its time any more."""


async def repeated(ctx: Context, attempt: Callable[[Limit], Awaitable[T]]) -> tuple[T, ...]:
    """What --repeat attempts give, begun one after another; fewer where they are slow, or the run is short. attempt: is
    given what tells its seconds when there is room for it."""
    loop = asyncio.get_running_loop()
    begun, times = loop.time(), ctx.settings.repeat
    spacing, last = min(SPACING, SPAN / times), min(LAST_START, ctx.limit(WAIT) / 2)
    slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def later(place: int) -> T | None:
        await asyncio.sleep(min(place * spacing, last))

        def limit() -> float:
            if place and loop.time() - begun >= last:
                raise _Late
            return ctx.limit(WAIT)

        with contextlib.suppress(_Late):
            async with slots:
                limit()
                return await attempt(limit)
        return None

    made = await asyncio.gather(*map(later, range(times)))
    return tuple(one for one in made if one is not None)


class Spread(Struct, frozen=True):
    """Some durations, in seconds."""

    times: int
    p50: float
    p95: float
    longest: float
    share: float
    """The share between SLOW_AFTER and WAIT, 0 to 1."""

    @property
    def evidence(self) -> dict[str, float | int]:
        """As the catalogue's sentences name it."""
        return {
            "times": self.times,
            "p50": round(self.p50, 2),
            "p95": round(self.p95, 2),
            "longest": round(self.longest, 2),
            "share": round(self.share * 100),
        }


def spread(seconds: Sequence[float]) -> Spread:
    """Median, 95th percentile (nearest rank), longest, and the share that is nearly too slow. Needs one at least."""
    ordered = sorted(seconds)
    count = len(ordered)
    late = sum(SLOW_AFTER < value <= WAIT for value in ordered)
    return Spread(
        count, ordered[(count - 1) // 2], ordered[max(0, -(-count * 95 // 100) - 1)], ordered[-1], late / count
    )


def answered(code: Code, seconds: float | None) -> Code:
    """The code of an answer that came after so many seconds, with those only of its kinds that it can cause: one in
    time was not waited for in vain, one that came too late was not judged. Near the limit it can be either."""
    if seconds is None:
        return code
    kinds: set[AlarmKind] = {*BLOCKED}
    kinds.update(LATE if seconds >= GAVE_UP[0] else ())
    kinds.update(INVALID if seconds <= GAVE_UP[1] else ())
    return dataclasses.replace(code, explains=tuple(kind for kind in code.explains if kind in kinds))
