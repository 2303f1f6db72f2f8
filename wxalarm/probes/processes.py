"""Processes of this machine as /proc shows them: the running nginx, its limits, who listens on a port. Linux only.

Without root, other users' limits are readable but their open files are not; what is missing is None.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from msgspec import Struct

from wxalarm.bounds import whole
from wxalarm.probes import local

PROC = "/proc"
MAX_PROCESSES = 65536
_LIMIT = re.compile(r"^Max open files\s+(\S+)\s+(\S+)", re.MULTILINE)


class Process(Struct, frozen=True):
    """One process and its open files against its limit."""

    pid: int
    name: str
    nofile_soft: int | None = None
    nofile_hard: int | None = None
    """None: unlimited or not readable."""
    open_files: int | None = None
    """None: not readable without root."""


class Nginx(Struct, frozen=True):
    """The running nginx: its master as it was started, and its workers."""

    master: int
    exe: str | None = None
    conf: str | None = None
    """-c of its command line."""
    prefix: str | None = None
    """-p of its command line."""
    workers: tuple[Process, ...] = ()
    nofile_soft: int | None = None
    """The soft limit of the master: what the service manager gave (LimitNOFILE)."""
    uid: int | None = None
    """The user whose process the master is."""


def read_text(path: str | Path, limit: int = 1024 * 1024) -> str | None:
    """A file of /proc or /sys; None when it is not there or may not be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        local.asked(error)
        return None


def pids(proc: str = PROC) -> Iterator[int]:
    """The ids of all processes, ascending."""
    try:
        names = os.listdir(proc)
    except OSError as error:
        local.asked(error)
        return
    yield from sorted(pid for name in names if (pid := whole(name)) is not None)[:MAX_PROCESSES]


def process(pid: int, proc: str = PROC) -> Process:
    """One process with its limits; fields that may not be read are None."""
    folder = f"{proc}/{pid}"
    name = (read_text(f"{folder}/comm") or "").strip()
    match = _LIMIT.search(read_text(f"{folder}/limits") or "")
    soft, hard = (whole(word) for word in match.groups()) if match else (None, None)
    try:
        with os.scandir(f"{folder}/fd") as files:
            open_files: int | None = sum(1 for _ in files)
    except OSError as error:
        local.asked(error)
        counted = read_text(f"{folder}/fd_count")  # recorded trees carry the number instead of the links
        open_files = whole(counted.strip()) if counted else None
    return Process(pid, name, soft, hard, open_files)


def listening_inodes(ports: Collection[int], proc: str = PROC) -> set[int]:
    """The sockets that listen on these TCP ports."""
    found = set()
    wanted = {f"{port:04X}" for port in ports}
    for name in ("tcp", "tcp6"):
        for line in (read_text(f"{proc}/net/{name}", 64 * 1024 * 1024) or "").splitlines()[1:]:
            words = line.split()  # listening sockets stand first in the table
            if len(words) < 10 or words[3] != "0A":
                break
            inode = whole(words[9])
            if inode is not None and words[1].rpartition(":")[2] in wanted:
                found.add(inode)
    return found


def holders(inodes: Collection[int], proc: str = PROC, seconds: float = 1.0) -> tuple[Process, ...]:
    """The processes that have one of these sockets open. Without root, only those of the same user can be seen."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    found = []
    until = time.monotonic() + seconds
    for pid in pids(proc) if wanted else ():
        if time.monotonic() > until:
            break
        try:
            files = os.scandir(f"{proc}/{pid}/fd")
        except OSError as error:
            local.asked(error)
            continue
        with files:
            if any(_link(entry.path) in wanted for entry in files):
                found.append(process(pid, proc))
    return tuple(found)


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def nginx(proc: str = PROC, conf: str | None = None) -> Nginx | None:
    """The running nginx: the one started with `-c conf` if there is one, else the one with the most workers.

    None when none runs or this system has no /proc.
    """
    masters: dict[int, list[str]] = {}
    workers: dict[int, list[int]] = {}
    for pid in pids(proc):
        if (read_text(f"{proc}/{pid}/comm") or "").strip() not in ("nginx", "openresty"):
            continue
        title = (read_text(f"{proc}/{pid}/cmdline") or "").replace("\0", " ").strip()
        if title.startswith("nginx: master process"):
            masters[pid] = _words(title.removeprefix("nginx: master process"))
        elif title.startswith("nginx: worker process"):
            workers.setdefault(_parent(pid, proc), []).append(pid)
    if not masters:
        return None
    pid = max(masters, key=lambda one: (_option(masters[one], "-c") == (conf or ""), len(workers.get(one, ()))))
    words = masters[pid]
    try:
        exe: str | None = os.readlink(f"{proc}/{pid}/exe")
    except OSError:
        exe = words[0] if words and words[0].startswith("/") else None
    own = process(pid, proc)
    return Nginx(
        master=pid,
        exe=exe,
        conf=_option(words, "-c"),
        prefix=_option(words, "-p"),
        workers=tuple(process(worker, proc) for worker in workers.get(pid, ())),
        nofile_soft=own.nofile_soft,
        uid=_owner(pid, proc),
    )


def _owner(pid: int, proc: str) -> int | None:
    try:
        return Path(f"{proc}/{pid}").stat().st_uid
    except OSError:
        return None


def _parent(pid: int, proc: str) -> int:
    match = re.search(r"^PPid:\s*(\d+)", read_text(f"{proc}/{pid}/status") or "", re.MULTILINE)
    return (whole(match[1]) if match else None) or 0


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _option(words: list[str], name: str) -> str | None:
    for word, after in itertools.pairwise(words):
        if word == name:
            return after if after.startswith("/") else None
    return None


def number(path: str | Path) -> int | None:
    """A file that holds one number; None when it does not."""
    return whole((read_text(path, 64) or "").strip())
