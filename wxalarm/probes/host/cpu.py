"""Processors: load average, use over a sample, steal, throttling by a CPU quota, pressure."""

from __future__ import annotations

from msgspec import Struct, field

from wxalarm.bounds import whole
from wxalarm.probes.host import cgroups
from wxalarm.probes.host.reading import Pressure, grew, has_proc, pairs, pressure, share, twice
from wxalarm.probes.processes import read_text

_STATES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


class Cpu(Struct, frozen=True):
    """The processors over one sample. Shares are of all processors' time, 0 to 1; None: this system does not say."""

    cores: int
    """Of the machine: the load average counts all of them, whatever a container may use."""
    load1: float | None = None
    load5: float | None = None
    load15: float | None = None
    busy: float | None = None
    iowait: float | None = None
    steal: float | None = None
    running: int | None = None
    """Tasks that run or wait for a processor now."""
    blocked: int | None = None
    """Tasks that wait for a disk."""
    quota: float | None = None
    """Processors that the container or service may use."""
    throttled: float | None = None
    """Share of the quota's periods in which it was used up."""
    pressure: Pressure | None = None
    seconds: float = 0.0
    """Length of the sample."""


class Raw(Struct, frozen=True):
    """Counters at one moment."""

    times: dict[str, int] = field(default_factory=dict)
    throttling: dict[str, int] = field(default_factory=dict)
    cores: int = 1


async def look(seconds: float, pid: int | None = None, root: str = "") -> Cpu:
    """The processors; pid: the process whose control group counts (None: this one)."""
    if not has_proc(root):
        return await _portable(seconds)
    before, after, between = await twice(lambda: read(pid, root), seconds)
    return measure(before, after, between, pid, root)


def read(pid: int | None = None, root: str = "") -> Raw:
    """The counters of /proc/stat and of the quota."""
    times: dict[str, int] = {}
    cores = 0
    for line in (read_text(f"{root}/proc/stat") or "").splitlines():
        name, *values = line.split()[:9] or [""]
        if name == "cpu":
            numbers = zip(_STATES, values, strict=False)
            times = {state: number for state, value in numbers if (number := whole(value)) is not None}
        elif name.startswith("cpu") and name[3:].isdecimal():
            cores += 1
    return Raw(times, cgroups.throttled(pid, root), max(1, cores))


def measure(before: Raw, after: Raw, seconds: float, pid: int | None = None, root: str = "") -> Cpu:
    """Two readings and what has no rate."""
    parts = {state: grew(before.times, after.times, state) or 0 for state in _STATES}
    total = sum(parts.values())
    loads, running = _loads(root)
    group = cgroups.of(pid, root)
    return Cpu(
        cores=after.cores,
        load1=loads[0],
        load5=loads[1],
        load15=loads[2],
        busy=share(total - parts["idle"] - parts["iowait"], total),
        iowait=share(parts["iowait"], total),
        steal=share(parts["steal"], total),
        running=running,
        blocked=pairs(read_text(f"{root}/proc/stat")).get("procs_blocked"),
        quota=group.cpus if group else None,
        throttled=share(
            grew(before.throttling, after.throttling, "nr_throttled"),
            grew(before.throttling, after.throttling, "nr_periods"),
        ),
        pressure=pressure("cpu", root),
        seconds=seconds,
    )


def _loads(root: str) -> tuple[tuple[float | None, float | None, float | None], int | None]:
    words = (read_text(f"{root}/proc/loadavg") or "").split()
    try:
        one, five, fifteen = (float(word) for word in words[:3])
    except ValueError:
        return (None, None, None), None
    first = words[3].partition("/")[0] if len(words) > 3 else ""
    return (one, five, fifteen), whole(first)


async def _portable(seconds: float) -> Cpu:
    """What psutil knows on macOS, Windows and the BSDs."""
    import psutil

    one: float | None
    five: float | None
    fifteen: float | None
    try:
        one, five, fifteen = psutil.getloadavg()
    except (OSError, AttributeError):
        one = five = fifteen = None
    before, after, between = await twice(psutil.cpu_times, seconds)
    names = [name for name in after._fields if name in _STATES or name in ("interrupt", "dpc")]
    parts = {name: max(0.0, getattr(after, name) - getattr(before, name)) for name in names}
    total = sum(parts.values())
    busy = share(total - parts.get("idle", 0.0), total)
    return Cpu(psutil.cpu_count() or 1, one, five, fifteen, busy=busy, seconds=between)
