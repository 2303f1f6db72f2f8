"""Looks at the processors of the callback server: load, steal, a container's quota.

Why WeChat cares: a machine without time for the handler answers late. The guide's paragraph is 附录 2: `uptime`, the
load must stay below the number of processors; `top` for what the hypervisor takes away.
"""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context
from wxalarm.checks.host.facts import by_server, live, server, when
from wxalarm.checks.nginx import nginx_config
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.host import cpu
from wxalarm.probes.host.cpu import Cpu

LOAD_HIGH = Code("load-high", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
STEAL_HIGH = Code("steal-high", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
CPU_THROTTLED = Code("cpu-throttled", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)

STEAL = 0.1
"""Share of the processors' time that the hypervisor gave to others."""
THROTTLED = 0.25
"""Share of the quota's periods in which the group had to wait for the next."""


async def probe(ctx: Context) -> Cpu:
    """One sample. Skips when this is not the callback server."""
    this = await server(ctx)
    return await cpu.look(ctx.limit(ctx.settings.sample), this.pid)


def evaluate(seen: Cpu, ctx: Context) -> Iterable[Finding]:
    """The load average counts waiting for a processor and for a disk: the evidence says which of the two it is."""
    if seen.load1 is not None and seen.load1 > seen.cores:
        waits = "disk" if (seen.iowait or 0) > 0.2 or (seen.blocked or 0) > seen.cores else "cpu"
        yield live(ctx, LOAD_HIGH)(
            when=when(ctx),
            load=seen.load1,
            cores=seen.cores,
            busy=_percent(seen.busy),
            iowait=_percent(seen.iowait),
            waits=waits,
        )
    if seen.steal is not None and seen.steal >= STEAL:
        yield live(ctx, STEAL_HIGH)(when=when(ctx), steal=_percent(seen.steal), limit=_percent(STEAL))
    if seen.throttled is not None and seen.throttled >= THROTTLED:
        yield live(ctx, CPU_THROTTLED)(
            when=when(ctx), throttled=_percent(seen.throttled), quota=seen.quota, cores=seen.cores
        )


def _percent(share: float | None) -> int | None:
    return None if share is None else round(share * 100)


CHECK = Check(
    id="host-cpu",
    codes=(LOAD_HIGH, STEAL_HIGH, CPU_THROTTLED),
    observation=Cpu,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_server,
    network=False,
    timeout=10.0,
)
