"""Memory: what is available, swap activity over a sample, a container's limit, pressure."""

from __future__ import annotations

from msgspec import Struct

from wxalarm.probes.host import cgroups
from wxalarm.probes.host.reading import Pressure, grew, has_proc, pairs, pressure, twice
from wxalarm.probes.processes import read_text

PAGE = 4096
"""Bytes of a page in /proc/vmstat on nearly every machine; on others the rate is too low, never too high."""


class Memory(Struct, frozen=True):
    """Memory over one sample, in bytes; None: this system does not say."""

    total: int | None = None
    available: int | None = None
    swap_total: int | None = None
    swap_free: int | None = None
    swap_in: float | None = None
    """Bytes a second read back from swap."""
    swap_out: float | None = None
    limit: int | None = None
    """What the container or service may use."""
    used: int | None = None
    """What it uses, without page cache that can be dropped."""
    pressure: Pressure | None = None
    seconds: float = 0.0


async def look(seconds: float, pid: int | None = None, root: str = "") -> Memory:
    """Memory; pid: the process whose control group counts (None: this one)."""
    if not has_proc(root):
        return await _portable(seconds)
    before, after, between = await twice(lambda: read(root), seconds)
    return measure(before, after, between, pid, root)


def read(root: str = "") -> dict[str, int]:
    """The counters of /proc/vmstat."""
    return pairs(read_text(f"{root}/proc/vmstat"))


def measure(
    before: dict[str, int], after: dict[str, int], seconds: float, pid: int | None = None, root: str = ""
) -> Memory:
    """Two readings and what has no rate."""
    info = {name: value * 1024 for name, value in pairs(read_text(f"{root}/proc/meminfo")).items()}
    available = info.get("MemAvailable")
    if available is None and {"MemFree", "Buffers", "Cached"} <= set(info):  # before Linux 3.14
        available = info["MemFree"] + info["Buffers"] + info["Cached"]
    group = cgroups.of(pid, root)
    total = info.get("MemTotal")
    limited = group is not None and group.memory_limit is not None and (total is None or group.memory_limit < total)
    return Memory(
        total=total,
        available=available,
        swap_total=info.get("SwapTotal"),
        swap_free=info.get("SwapFree"),
        swap_in=_rate(grew(before, after, "pswpin"), seconds),
        swap_out=_rate(grew(before, after, "pswpout"), seconds),
        limit=group.memory_limit if group and limited else None,
        used=group.memory_used if group and limited else None,
        pressure=pressure("memory", root),
        seconds=seconds,
    )


def _rate(pages: int | None, seconds: float) -> float | None:
    return None if pages is None or seconds <= 0 else pages * PAGE / seconds


async def _portable(seconds: float) -> Memory:
    """What psutil knows on macOS, Windows and the BSDs."""
    import psutil

    def read_swap() -> tuple[int, int, int, int]:
        try:
            swap = psutil.swap_memory()
        except (OSError, RuntimeError, psutil.Error):
            return 0, 0, 0, 0
        return swap.total, swap.free, swap.sin, swap.sout

    before, after, between = await twice(read_swap, seconds)
    memory = psutil.virtual_memory()
    swap_in, swap_out = (max(0, after[column] - before[column]) / max(between, 0.001) for column in (2, 3))
    return Memory(memory.total, memory.available, after[0], after[1], swap_in, swap_out, seconds=between)
