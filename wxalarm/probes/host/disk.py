"""Disks: room on the file systems that logs and temporary files need, and how long requests take over a sample."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from wxalarm.bounds import whole
from wxalarm.probes.host.reading import Pressure, grew, has_proc, pressure, twice
from wxalarm.probes.processes import read_text

_COLUMNS = {"reads": 3, "read_ms": 6, "writes": 7, "write_ms": 10, "busy_ms": 12}
"""Columns of /proc/diskstats (Documentation/admin-guide/iostats.rst), from 0."""
_NO_DISKS = ("loop", "ram", "zram", "sr", "fd")


class Space(Struct, frozen=True):
    """One file system with a folder on it that matters."""

    path: str
    """The folder asked for, or the nearest above it that exists."""
    total: int
    """Bytes."""
    free: int
    """Bytes that a user without special rights may still write."""
    inodes: int | None = None
    """None: the file system has no fixed number of them."""
    inodes_free: int | None = None


class Device(Struct, frozen=True):
    """One disk over the sample."""

    name: str
    requests: int
    wait_ms: float
    """Milliseconds that a request took on average, its time in the queue included (iostat's await)."""
    busy: float
    """Share of the time in which any request was under way, 0 to 1 (iostat's %util)."""


class Disk(Struct, frozen=True):
    """File systems and disks."""

    spaces: tuple[Space, ...] = ()
    devices: tuple[Device, ...] | None = None
    """None: this system does not say."""
    pressure: Pressure | None = None
    seconds: float = 0.0


Raw = dict[str, dict[str, int]]
"""Counters by disk."""


async def look(folders: Iterable[str], seconds: float, root: str = "") -> Disk:
    """The file systems of these folders, each once, and all disks."""
    if not has_proc(root):
        return Disk(spaces(folders))
    before, after, between = await twice(lambda: read(root), seconds)
    return Disk(spaces(folders), measure(before, after, between), pressure("io", root), between)


def spaces(folders: Iterable[str]) -> tuple[Space, ...]:
    """Each file system once, under the first folder that lies on it. Read-only ones have no room to run out of."""
    found: dict[int, Space] = {}
    for folder in folders:
        path = _existing(folder)
        try:
            device = path.stat().st_dev
            if device not in found and (space := _space(path)) is not None:
                found[device] = space
        except OSError:
            continue
    return tuple(found.values())


def _existing(folder: str) -> Path:
    path = Path(folder)
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path


def _space(path: Path) -> Space | None:
    if not hasattr(os, "statvfs"):  # Windows
        import psutil

        usage = psutil.disk_usage(str(path))
        return Space(str(path), usage.total, usage.free)
    stat = os.statvfs(path)
    if stat.f_flag & os.ST_RDONLY or not stat.f_blocks:
        return None
    inodes = (stat.f_files, stat.f_favail) if stat.f_files else (None, None)
    return Space(str(path), stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize, *inodes)


def read(root: str = "") -> Raw:
    """/proc/diskstats for whole disks; partitions, loop devices and memory disks are left out."""
    found: Raw = {}
    for line in (read_text(f"{root}/proc/diskstats") or "").splitlines():
        words = line.split()
        name = words[2] if len(words) > max(_COLUMNS.values()) else ""
        if not name or name.startswith(_NO_DISKS) or _is_partition(name, root):
            continue
        counters = {key: one for key, column in _COLUMNS.items() if (one := whole(words[column])) is not None}
        if len(counters) == len(_COLUMNS):
            found[name] = counters
    return found


def _is_partition(name: str, root: str) -> bool:
    if Path(f"{root}/sys/block").is_dir():
        return not Path(f"{root}/sys/block/{name}").exists()
    digits = name.rstrip("0123456789")
    return digits != name and (digits.startswith(("sd", "vd", "xvd", "hd")) or digits[-1:] == "p")


def measure(before: Raw, after: Raw, seconds: float) -> tuple[Device, ...]:
    """Two readings → the disks that did anything, slowest first."""
    found = []
    for name, counters in after.items():
        old = before.get(name, {})
        done = (grew(old, counters, "reads") or 0) + (grew(old, counters, "writes") or 0)
        waited = (grew(old, counters, "read_ms") or 0) + (grew(old, counters, "write_ms") or 0)
        busy = (grew(old, counters, "busy_ms") or 0) / 1000 / seconds if seconds > 0 else 0.0
        if done:
            found.append(Device(name, done, waited / done, min(1.0, busy)))
    return tuple(sorted(found, key=lambda device: device.wait_ms, reverse=True))
