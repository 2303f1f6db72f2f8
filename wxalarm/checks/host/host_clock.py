"""Looks at the clock of the callback server.

Why it matters: an application that compares the push's timestamp with its own clock refuses good pushes when that runs
wrong, and log lines are looked for at the wrong time. The guide says to search the logs by the alarm's time (请求超时).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context
from wxalarm.checks.host.facts import by_server, server
from wxalarm.checks.nginx import nginx_config
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.host import clock
from wxalarm.probes.host.clock import Clock

CLOCK_SKEW = Code("clock-skew", Severity.WARNING, Basis.CONDITION, mechanisms.CLOCK)
CLOCK_UNSYNCHRONISED = Code("clock-unsynchronised", Severity.NOTE, Basis.CONDITION)

OFFSET = 1.0
"""Seconds of correction under way that are worth saying."""
REFUSING = [400, 401, 403]
"""Statuses with which a handler refuses a push whose time it takes for a wrong one."""
AHEAD = 60.0
"""Seconds by which an alarm may lie in the future: it carries the first failure's time, cut to seconds."""


async def probe(ctx: Context) -> Clock:
    """The kernel's own view. Skips when this is not the callback server."""
    await server(ctx)
    return await asyncio.to_thread(clock.look)


def evaluate(seen: Clock, ctx: Context) -> Iterable[Finding]:
    """An alarm out of the future proves a clock that is behind (or an edited alarm); the kernel's offset is a hint."""
    first_seen = ctx.alarm.first_seen
    ahead = (first_seen - ctx.now).total_seconds() if first_seen is not None else 0.0
    if ahead > AHEAD:
        yield CLOCK_SKEW(how="alarm", seconds=round(ahead), limit=AHEAD, service=seen.service, makes=REFUSING)
    elif seen.offset is not None and abs(seen.offset) >= OFFSET:
        yield CLOCK_SKEW(how="kernel", seconds=seen.offset, limit=OFFSET, service=seen.service, makes=REFUSING)
    if seen.synchronised is False and seen.service is None:
        yield CLOCK_UNSYNCHRONISED()


CHECK = Check(
    id="host-clock",
    codes=(CLOCK_SKEW, CLOCK_UNSYNCHRONISED),
    observation=Clock,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_server,
    network=False,
    timeout=10.0,
)
