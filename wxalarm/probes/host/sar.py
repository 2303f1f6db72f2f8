"""The machine at a past time, from the files that sysstat writes every few minutes; read by its own `sadf`.

The files' format changes with every version of sysstat, so only the program that belongs to them can read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from wxalarm.probes import command
from wxalarm.probes.machine import zoned

FOLDERS = ("/var/log/sysstat", "/var/log/sa")
"""Debian's and Red Hat's."""
LONGEST = 3600.0
"""Seconds: the longest interval whose average still says something about five minutes in it."""


class Moment(Struct, frozen=True):
    """One record of sar: averages over the `interval` seconds that end at `at`. None: not recorded."""

    at: datetime
    interval: float
    cores: int | None = None
    load1: float | None = None
    """At the end of the interval."""
    busy: float | None = None
    """Shares of all processors' time, 0 to 1."""
    iowait: float | None = None
    steal: float | None = None
    available: float | None = None
    """Share of the memory, 0 to 1."""
    memory: int | None = None
    """Bytes in all, give or take what the printed percents leave open."""
    swap_in: float | None = None
    """Pages a second."""
    swap_out: float | None = None
    disk: str | None = None
    """The disk whose requests took longest."""
    wait_ms: float | None = None
    requests: float | None = None
    """Its requests a second."""
    disk_busy: float | None = None


class History(Struct, frozen=True):
    """The records that overlap the window asked for, in order."""

    path: str
    moments: tuple[Moment, ...] = ()


async def look(begin: datetime, end: datetime, timeout: float, folders: Iterable[str] = FOLDERS) -> History | None:
    """sar's records of the time from begin to end; None when there is no file of that day or no sadf."""
    path = next((path for folder in folders if (path := file_of(begin, folder)) is not None), None)
    if path is None:
        return None
    ended = await command.run(command.SADF, timeout, file=path)
    if ended is None or ended[0] != 0:
        return None
    return History(path, moments(ended[1], begin, end))


def file_of(moment: datetime, folder: str) -> str | None:
    """The file of that day in this machine's own time zone: saDD or saYYYYMMDD."""
    day = zoned(moment)
    for name in (f"sa{day:%Y%m%d}", f"sa{day:%d}"):
        if (path := Path(folder) / name).is_file():
            return str(path)
    return None


def moments(text: str, begin: datetime, end: datetime) -> tuple[Moment, ...]:
    """The output of `sadf -j` → the records that overlap the time from begin to end. What is odd is left out."""
    try:
        hosts = json.loads(text)["sysstat"]["hosts"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    found = []
    for host in hosts if isinstance(hosts, list) else ():
        if not isinstance(host, Mapping):
            continue
        cores = host.get("number-of-cpus")
        for entry in _list(host.get("statistics")):
            moment = _moment(entry, cores if isinstance(cores, int) else None)
            if moment is None or not 0 < moment.interval <= LONGEST:
                continue
            if moment.at > begin and moment.at - timedelta(seconds=moment.interval) < end:
                found.append(moment)
    return tuple(sorted(found, key=lambda one: one.at))


def _moment(entry: Any, cores: int | None) -> Moment | None:
    stamp = _dict(_dict(entry).get("timestamp"))
    try:
        at = datetime.fromisoformat(f"{stamp['date']}T{stamp['time']}")
        interval = float(stamp["interval"])
    except (KeyError, ValueError, TypeError):
        return None
    at = at.replace(tzinfo=UTC) if stamp.get("utc") == 1 else zoned(at)
    cpu = next((one for one in map(_dict, _list(entry.get("cpu-load"))) if one.get("cpu") == "all"), {})
    queue, memory, swap = (_dict(entry.get(name)) for name in ("queue", "memory", "swap-pages"))
    idle, iowait = _number(cpu, "idle"), _number(cpu, "iowait")
    total, available = _total(memory), _number(memory, "avail")
    disks = [one for one in map(_dict, _list(entry.get("disk"))) if (_number(one, "tps") or 0) > 0]
    slowest: Mapping[str, Any] = max(disks, key=lambda one: _number(one, "await") or 0.0, default={})
    return Moment(
        at=at,
        interval=interval,
        cores=cores,
        load1=_number(queue, "ldavg-1"),
        busy=None if idle is None else max(0.0, 100 - idle - (iowait or 0)) / 100,
        iowait=None if iowait is None else iowait / 100,
        steal=None if (steal := _number(cpu, "steal")) is None else steal / 100,
        available=None if total is None or available is None else min(1.0, available * 1024 / total),
        memory=total,
        swap_in=_number(swap, "pswpin"),
        swap_out=_number(swap, "pswpout"),
        disk=str(slowest["disk-device"]) if "disk-device" in slowest else None,
        wait_ms=_number(slowest, "await"),
        requests=_number(slowest, "tps"),
        disk_busy=None if (busy := _number(slowest, "util-percent")) is None else min(1.0, busy / 100),
    )


def _total(memory: Mapping[str, Any]) -> int | None:
    """sar does not print the total, but what is used in both kB and percent."""
    used, percent = _number(memory, "memused"), _number(memory, "memused-percent")
    return round(used * 1024 * 100 / percent) if used and percent else None


def _number(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
