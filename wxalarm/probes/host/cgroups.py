"""Limits that a container or a service sets on a process: cgroup v2, and v1 where that is mounted.

A limit holds for the whole subtree, so the smallest on the way up to the root counts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from wxalarm.bounds import whole
from wxalarm.probes.host.reading import pairs
from wxalarm.probes.processes import number, read_text

_UNLIMITED = 1 << 60
"""cgroup v1 writes "no limit" as a number near 2^63."""


class Group(Struct, frozen=True):
    """What the control group of a process allows and uses. None: no limit, or not known."""

    path: str
    cpus: float | None = None
    """CPU quota in processors: 0.5 is half of one."""
    memory_limit: int | None = None
    """Bytes."""
    memory_used: int | None = None
    """Bytes without the page cache that can be dropped."""
    pids_limit: int | None = None
    pids: int | None = None


def of(pid: int | None, root: str = "") -> Group | None:
    """The control group of a process (None: this one); None where there are none."""
    lines = (read_text(f"{root}/proc/{pid or 'self'}/cgroup") or "").splitlines()
    paths: dict[str, str] = {}
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for name in controllers.split(",") or [""]:
            paths[name] = path
    if not paths:
        return None
    if _v2(root):
        path = paths.get("", "/")
        return _group_v2(path, list(_upwards(f"{root}/sys/fs/cgroup", path)))
    path = paths.get("memory") or paths.get("cpu") or "/"
    return _group_v1(path, paths, root)


def throttled(pid: int | None, root: str = "") -> dict[str, int]:
    """nr_periods and nr_throttled of cpu.stat, of the innermost group that has a quota; {} where there is none."""
    for line in (read_text(f"{root}/proc/{pid or 'self'}/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        base = f"{root}/sys/fs/cgroup" if _v2(root) else f"{root}/sys/fs/cgroup/cpu"
        if (controllers == "") if _v2(root) else ("cpu" in controllers.split(",")):
            for folder in _upwards(base, path):
                found = pairs(read_text(f"{folder}/cpu.stat"))
                if found.get("nr_periods"):
                    return found
    return {}


def _v2(root: str) -> bool:
    return Path(f"{root}/sys/fs/cgroup/cgroup.controllers").is_file()


def _upwards(base: str, path: str) -> Iterator[str]:
    """The folder of a group and of those above it. A path from outside a container's view ends at what is there."""
    path = posixpath.normpath("/" + path.lstrip("/"))
    while path != "/":
        if Path(base + path).is_dir():
            yield base + path
        path = posixpath.dirname(path)
    yield base


def _group_v2(path: str, folders: list[str]) -> Group:
    quotas, memories, pids = [], [], []
    for folder in folders:
        quota, _, period = (read_text(f"{folder}/cpu.max") or "").strip().partition(" ")
        time, each = whole(quota), whole(period)
        if time is not None and each:
            quotas.append(time / each)
        limit, used = number(f"{folder}/memory.max"), number(f"{folder}/memory.current")
        if limit is not None:
            memories.append((limit, _without_cache(used, f"{folder}/memory.stat", "inactive_file")))
        limit = number(f"{folder}/pids.max")
        if limit is not None:
            pids.append((limit, number(f"{folder}/pids.current")))
    return _smallest(path, quotas, memories, pids)


def _group_v1(path: str, paths: dict[str, str], root: str) -> Group:
    quotas, memories, pids = [], [], []
    base = f"{root}/sys/fs/cgroup"
    for folder in _upwards(f"{base}/cpu", paths.get("cpu", "/")):
        quota, period = number(f"{folder}/cpu.cfs_quota_us"), number(f"{folder}/cpu.cfs_period_us")
        if quota and period:  # -1 (no quota) is no number here
            quotas.append(quota / period)
    for folder in _upwards(f"{base}/memory", paths.get("memory", "/")):
        limit, used = number(f"{folder}/memory.limit_in_bytes"), number(f"{folder}/memory.usage_in_bytes")
        if limit is not None and limit < _UNLIMITED:
            memories.append((limit, _without_cache(used, f"{folder}/memory.stat", "total_inactive_file")))
    for folder in _upwards(f"{base}/pids", paths.get("pids", "/")):
        limit = number(f"{folder}/pids.max")
        if limit is not None:
            pids.append((limit, number(f"{folder}/pids.current")))
    return _smallest(path, quotas, memories, pids)


def _without_cache(used: int | None, stat: str, name: str) -> int | None:
    return None if used is None else max(0, used - pairs(read_text(stat)).get(name, 0))


def _smallest(
    path: str, quotas: list[float], memories: list[tuple[int, int | None]], pids: list[tuple[int, int | None]]
) -> Group:
    memory_limit, memory_used = min(memories, default=(None, None), key=lambda pair: pair[0])
    pids_limit, pids_used = min(pids, default=(None, None), key=lambda pair: pair[0])
    return Group(path, min(quotas, default=None), memory_limit, memory_used, pids_limit, pids_used)
