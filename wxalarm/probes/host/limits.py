"""Open files and processes against their limits: of the whole system, of a container, of every running process."""

from __future__ import annotations

import time
from collections.abc import Collection

from msgspec import Struct

from wxalarm.bounds import whole
from wxalarm.probes import processes
from wxalarm.probes.host import cgroups
from wxalarm.probes.host.reading import has_proc
from wxalarm.probes.processes import Process, number, read_text

MOST_SECONDS = 1.5
"""For counting the open files of all processes."""
MOST_SHOWN = 20
NEAR = 0.5
"""A process that has this share of its files open is kept in the observation."""


class Limits(Struct, frozen=True):
    """Files and tasks in use and allowed; None: this system does not say."""

    files: int | None = None
    """Open file handles of the whole system (file-nr)."""
    files_max: int | None = None
    tasks: int | None = None
    """Processes and threads of the whole system."""
    tasks_max: int | None = None
    pids: int | None = None
    """Processes and threads in the container or service."""
    pids_max: int | None = None
    processes: tuple[Process, ...] = ()
    """Those that have a good part of their files open, fullest first, and every nginx."""
    listeners: tuple[Process, ...] = ()
    """Those that listen on the ports of the callback and of the application behind it."""
    hidden: int = 0
    """Processes whose open files this user may not count."""


def look(pid: int | None = None, ports: Collection[int] = (), root: str = "") -> Limits:
    """The limits; pid: the process whose control group counts (None: this one); ports: those of the callback."""
    if not has_proc(root):
        return _portable()
    words = (read_text(f"{root}/proc/sys/fs/file-nr") or "").split()
    numbers = [one for word in words if (one := whole(word)) is not None]
    used, most = (numbers[0] - numbers[1], numbers[2]) if len(numbers) == 3 else (None, None)
    tasks = ((read_text(f"{root}/proc/loadavg") or "").split()[3:4] or [""])[0].partition("/")[2]
    group = cgroups.of(pid, root)
    near, hidden = _near(f"{root}/proc")
    limits = (number(f"{root}/proc/sys/kernel/{name}") for name in ("threads-max", "pid_max"))
    return Limits(
        files=used,
        files_max=most,
        tasks=whole(tasks),
        tasks_max=min((limit for limit in limits if limit is not None), default=None),
        pids=group.pids if group else None,
        pids_max=group.pids_limit if group else None,
        processes=near,
        listeners=processes.holders(processes.listening_inodes(ports, f"{root}/proc"), f"{root}/proc")[:MOST_SHOWN],
        hidden=hidden,
    )


def _near(proc: str) -> tuple[tuple[Process, ...], int]:
    found: list[tuple[float, Process]] = []
    hidden = 0
    until = time.monotonic() + MOST_SECONDS
    for pid in processes.pids(proc):
        if time.monotonic() > until:
            break
        process = processes.process(pid, proc)
        if process.open_files is None:
            hidden += 1
            continue
        full = process.open_files / process.nofile_soft if process.nofile_soft else 0.0
        if full >= NEAR or process.name in ("nginx", "openresty"):
            found.append((full, process))
    found.sort(key=lambda pair: (-pair[0], pair[1].pid))
    return tuple(process for _, process in found[:MOST_SHOWN]), hidden


def _portable() -> Limits:
    """psutil knows the files of one's own processes only, and no limits of others: the number of processes is left."""
    import psutil

    return Limits(tasks=len(psutil.pids()))
