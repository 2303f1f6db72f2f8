"""This machine's own numbers, where it is the callback's server: load, memory, connections, queues, files, its log."""

from __future__ import annotations

import contextlib
import glob
import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from wxalarm import bounds
from wxalarm.config import Settings
from wxalarm.logs.formats import LineFormat, given
from wxalarm.probes.host import limits, network
from wxalarm.probes.host.reading import has_proc
from wxalarm.watch.follow import Follower, Minutes, Pushes
from wxalarm.wechat.limits import PORTS

MOST = 64 << 20
"""Bytes of the table of sockets that are read."""
LISTS, LIST = 500, 4 << 20
"""Files of nginx's configuration that are looked through, and bytes of one list."""
ESTABLISHED = b"01"


@dataclass(frozen=True, slots=True)
class Machine:
    """One look. None: this system does not say."""

    load: float | None
    """Of a minute, a core."""
    available: float | None
    """Share of the memory that programs can have."""
    established: dict[int, int]
    """Connections by the callback's port."""
    overflows: int | None
    """Connections that a full listen queue turned away, ever."""
    files: float | None
    """Share of the system's open files."""


def look(ports: Collection[int], root: str = "") -> Machine:
    """The machine now."""
    found = limits.look(root=root) if has_proc(root) else None
    ever = network.read(root).get("TcpExt.ListenOverflows")
    files = found.files / found.files_max if found and found.files is not None and found.files_max else None
    cores = os.cpu_count() or 1
    return Machine(os.getloadavg()[0] / cores, _available(root), _established(ports, root), ever, files)


def _available(root: str) -> float | None:
    values = {}
    try:
        for line in Path(f"{root}/proc/meminfo").read_text().splitlines():
            name, _, rest = line.partition(":")
            values[name] = int(rest.split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return values["MemAvailable"] / values["MemTotal"] if values.get("MemTotal") and "MemAvailable" in values else None


def _established(ports: Collection[int], root: str) -> dict[int, int]:
    found = Counter(dict.fromkeys(ports, 0))
    for name in ("tcp", "tcp6"):
        try:
            with open(f"{root}/proc/net/{name}", "rb") as file:
                table = file.read(MOST)
        except OSError:
            continue
        for line in table.splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[3] == ESTABLISHED:
                found[int(fields[1].rpartition(b":")[2], 16)] += 1
    return {port: found[port] for port in ports}


def allow_lists(settings: Settings) -> dict[str, str]:
    """The texts of all lists that may let WeChat's addresses through, by file: nginx's configuration, and what the user
    named. What cannot be read is left out."""
    names = [name for pattern in settings.watch.allow_lists for name in sorted(glob.glob(pattern))]
    if settings.host.nginx_conf:
        conf = Path(settings.host.nginx_conf)
        names += [str(conf), *map(str, islice(conf.parent.rglob("*.conf"), LISTS))]
    found = {}
    for name in dict.fromkeys(names):
        with contextlib.suppress(OSError):
            found[name] = bounds.read_file(Path(name), LIST)[:LIST].decode("utf-8", "replace")
    return found


class Server:
    """What is followed of this machine. urls: of the callbacks."""

    def __init__(self, settings: Settings, urls: Collection[str]) -> None:
        self.follower: Follower | None = None
        self.pushes: list[Pushes] = []
        self.error: str | None = None
        """Why the log could not be read last."""
        self.move(settings, urls)

    def move(self, settings: Settings, urls: Collection[str]) -> None:
        """Follow what another configuration names; a log that stays is read on from where it is."""
        parts = [urlsplit(url) for url in urls]
        self.ports = {part.port or PORTS.get(part.scheme, 80) for part in parts}
        form: LineFormat | None = given(settings.host.log_format) if settings.host.log_format else None
        files = [Path(name.rstrip("*")) for name in settings.host.access_log]
        paths = list(dict.fromkeys(part.path or "/" for part in parts))
        if self.follower is None or not files or self.follower.path != files[0]:
            self.close()
            self.follower = Follower(files[0]) if files else None
        known = {pushes.path: pushes for pushes in self.pushes}
        self.pushes = [known.get(path) or Pushes(path, form) for path in paths] if files else []

    def step(self) -> None:
        """Read what is new in the log."""
        if self.follower is None:
            return
        try:
            lines = self.follower.lines()
            self.error = None
        except OSError as error:
            self.error = error.strerror or str(error)
            return
        for pushes in self.pushes:
            pushes.add(lines)

    def close(self) -> None:
        """Let go of the log."""
        if self.follower is not None:
            self.follower.close()

    def minutes(self, now: float) -> dict[str, Minutes]:
        """Pushes of the last minutes by path."""
        return {pushes.path: pushes.minutes(now) for pushes in self.pushes}
