"""Looks at the memory of the callback server: what is left, whether it swaps, how near a container is to its limit.

Why WeChat cares: a machine that swaps answers late; one without memory has its processes killed in the middle of an
answer. The guide's paragraph is 附录 2: `free`, `vmstat` (si, so).
"""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context
from wxalarm.checks.host.facts import by_server, live, server, when
from wxalarm.checks.nginx import nginx_config
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.host import memory
from wxalarm.probes.host.memory import Memory

MEMORY_LOW = Code("memory-low", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
SWAPPING = Code("swapping", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)

AVAILABLE = 0.05
"""Share of the memory that should be available."""
GROUP_USED = 0.95
"""Share of a container's limit above which its processes are about to be killed."""
SWAP_IN = 1024 * 1024
"""Bytes a second read back from swap: each is a wait for the disk in the middle of some work."""
PRESSURE = 20.0
"""Percent of the time in which some task waited for memory."""
MIB = 1024 * 1024


async def probe(ctx: Context) -> Memory:
    """One sample. Skips when this is not the callback server."""
    this = await server(ctx)
    return await memory.look(ctx.limit(ctx.settings.sample), this.pid)


def evaluate(seen: Memory, ctx: Context) -> Iterable[Finding]:
    """The container's limit first: it is the nearer one."""
    if seen.limit and seen.used is not None and seen.used >= seen.limit * GROUP_USED:
        yield _low(ctx, "group", max(0, seen.limit - seen.used), seen.limit)
    elif seen.total and seen.available is not None and seen.available < seen.total * AVAILABLE:
        yield _low(ctx, "machine", seen.available, seen.total)
    elif seen.total and seen.available is not None and seen.pressure and seen.pressure.some10 >= PRESSURE:
        yield _low(ctx, "pressure", seen.available, seen.total)
    if seen.swap_in is not None and seen.swap_in >= SWAP_IN:
        yield live(ctx, SWAPPING)(
            when=when(ctx),
            swap_in=seen.swap_in / MIB,
            swap_out=None if seen.swap_out is None else seen.swap_out / MIB,
        )


def _low(ctx: Context, where: str, left: int, total: int) -> Finding:
    return live(ctx, MEMORY_LOW)(
        when=when(ctx),
        where=where,
        left=left // MIB,
        total=total // MIB,
        percent=round(left / total * 100),
    )


CHECK = Check(
    id="host-memory",
    codes=(MEMORY_LOW, SWAPPING),
    observation=Memory,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_server,
    network=False,
    timeout=10.0,
)
