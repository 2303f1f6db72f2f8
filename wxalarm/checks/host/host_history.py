"""Looks at what sar recorded about the callback server at the alarm's own time.

Why it matters: an alarm is often read long after it came; the load now says little about the load then. The guide's
paragraph is 附录 2: `sar`. The thresholds are those of the checks on the machine's state now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.host import host_cpu, host_disk, host_memory
from wxalarm.checks.host.facts import server
from wxalarm.checks.host.host_cpu import LOAD_HIGH, STEAL_HIGH
from wxalarm.checks.host.host_disk import DISK_SLOW
from wxalarm.checks.host.host_memory import MEMORY_LOW, SWAPPING
from wxalarm.checks.nginx import nginx_config
from wxalarm.model import BEIJING, Finding, Severity
from wxalarm.probes.command import SADF
from wxalarm.probes.host import sar
from wxalarm.probes.host.memory import PAGE
from wxalarm.probes.host.sar import History, Moment

MARGIN = timedelta(minutes=1)
"""The window is true to a minute."""
LOAD_ERROR = 2.0
"""Load per core at the alarm's own time that counts as a failure, not as a state that might be one."""


async def probe(ctx: Context) -> History:
    """sar's records of the window. Skips when this is not the callback server or sar kept none."""
    begin, end = ctx.alarm.first_seen, ctx.alarm.window_end
    if begin is None or end is None:
        raise Skip("no-time")
    await server(ctx)
    found = await sar.look(begin - MARGIN, end + MARGIN, ctx.limit(8.0))
    if found is None:
        raise Skip("no-sar")
    if not found.moments:
        raise Skip("no-sar-record", path=found.path)
    return found


def evaluate(seen: History, ctx: Context) -> Iterable[Finding]:
    """For each resource the worst record of the window."""
    moments = seen.moments
    load = _worst(moments, lambda one: one.load1 / one.cores if one.load1 is not None and one.cores else None)
    if load is not None and load.load1 is not None and load.cores and load.load1 > load.cores:
        error = load.load1 > load.cores * LOAD_ERROR
        yield LOAD_HIGH.variant(severity=Severity.ERROR if error else Severity.WARNING)(
            when=_when(load),
            load=load.load1,
            cores=load.cores,
            busy=_percent(load.busy),
            iowait=_percent(load.iowait),
            waits="disk" if (load.iowait or 0) > 0.2 else "cpu",
        )
    steal = _worst(moments, lambda one: one.steal)
    if steal is not None and (steal.steal or 0) >= host_cpu.STEAL:
        yield STEAL_HIGH(when=_when(steal), steal=_percent(steal.steal), limit=_percent(host_cpu.STEAL))
    low = _worst(moments, lambda one: None if one.available is None else -one.available)
    if low is not None and low.available is not None and low.available < host_memory.AVAILABLE:
        yield MEMORY_LOW(
            when=_when(low),
            where="machine",
            left=round(low.available * (low.memory or 0)) // host_memory.MIB,
            total=(low.memory or 0) // host_memory.MIB,
            percent=_percent(low.available),
        )
    yield from _disks(moments)


def _disks(moments: Sequence[Moment]) -> Iterable[Finding]:
    swap = _worst(moments, lambda one: one.swap_in)
    if swap is not None and (swap.swap_in or 0) * PAGE >= host_memory.SWAP_IN:
        swap_in, swap_out = ((pages or 0) * PAGE / host_memory.MIB for pages in (swap.swap_in, swap.swap_out))
        yield SWAPPING(when=_when(swap), swap_in=swap_in, swap_out=swap_out)
    slow = _worst(moments, lambda one: one.wait_ms)
    if slow is not None and (slow.wait_ms or 0) >= host_disk.WAIT_MS:
        requests = round((slow.requests or 0) * slow.interval)
        if requests >= host_disk.MIN_REQUESTS:
            yield DISK_SLOW(
                when=_when(slow),
                device=slow.disk,
                wait=slow.wait_ms,
                busy=_percent(slow.disk_busy),
                requests=requests,
                limit=host_disk.WAIT_MS,
                case="slow",
            )


def _worst(moments: Sequence[Moment], value: Callable[[Moment], float | None]) -> Moment | None:
    known = [(number, index) for index, one in enumerate(moments) if (number := value(one)) is not None]
    return moments[max(known)[1]] if known else None


def _when(moment: Moment) -> str:
    begin = (moment.at - timedelta(seconds=moment.interval)).astimezone(BEIJING)
    return f"sar {begin:%m-%d %H:%M}–{moment.at.astimezone(BEIJING):%H:%M}"


def _percent(share: float | None) -> int | None:
    return None if share is None else round(share * 100)


CHECK = Check(
    id="host-history",
    codes=(LOAD_HIGH, STEAL_HIGH, MEMORY_LOW, SWAPPING, DISK_SLOW),
    observation=History,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_alarm,
    network=False,
    timeout=12.0,
    runs=(SADF,),
    records=True,
)
