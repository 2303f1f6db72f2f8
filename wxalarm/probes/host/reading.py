"""Reads the small text files of /proc and /sys, and reads them twice where a rate is wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from wxalarm.bounds import whole
from wxalarm.probes.processes import read_text

T = TypeVar("T")


class Pressure(Struct, frozen=True):
    """Pressure stall information of one resource: the share of time in which tasks waited for it, in percent."""

    some10: float
    """Some task waited, average of 10 s."""
    some60: float
    full10: float = 0.0
    """All tasks waited at once."""
    full60: float = 0.0


def has_proc(root: str = "") -> bool:
    """Whether this system has Linux's /proc."""
    return Path(f"{root}/proc/stat").is_file()


async def twice(read: Callable[[], T], seconds: float) -> tuple[T, T, float]:
    """(a reading, a later one, the seconds between them)."""
    first = await asyncio.to_thread(read)
    begun = time.monotonic()
    await asyncio.sleep(seconds)
    between = time.monotonic() - begun
    return first, await asyncio.to_thread(read), between


def pairs(text: str | None) -> dict[str, int]:
    """Lines of a name and a whole number ("pswpin 12", "MemTotal:  8000 kB"); other lines are left out."""
    found: dict[str, int] = {}
    for line in (text or "").splitlines():
        words = line.split()
        if len(words) >= 2 and (number := whole(words[1])) is not None:
            found[words[0].rstrip(":")] = number
    return found


def two_lines(text: str | None) -> dict[str, int]:
    """/proc/net/snmp and netstat: a line of names, then one of values → {"TcpExt.ListenDrops": 0}."""
    found: dict[str, int] = {}
    lines = (text or "").splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        group, *columns = names.split() or [""]
        if values.split()[:1] != [group]:
            continue
        for column, value in zip(columns, values.split()[1:], strict=False):
            if (number := whole(value)) is not None:
                found[f"{group.rstrip(':')}.{column}"] = number
    return found


def pressure(resource: str, root: str = "") -> Pressure | None:
    """/proc/pressure/cpu, memory or io; None before Linux 4.20 or where it is switched off."""
    values: dict[str, float] = {}
    for line in (read_text(f"{root}/proc/pressure/{resource}") or "").splitlines():
        kind, *fields = line.split() or [""]
        for field in fields:
            name, _, value = field.partition("=")
            try:
                values[f"{kind}.{name}"] = float(value)
            except ValueError:
                continue
    if "some.avg10" not in values:
        return None
    return Pressure(
        values["some.avg10"],
        values.get("some.avg60", 0.0),
        values.get("full.avg10", 0.0),
        values.get("full.avg60", 0.0),
    )


def grew(before: dict[str, int], after: dict[str, int], name: str) -> int | None:
    """How much a counter grew; None when one reading lacks it. A counter that was reset counts as 0."""
    if name not in before or name not in after:
        return None
    return max(0, after[name] - before[name])


def share(part: float | None, whole: float | None) -> float | None:
    """part / whole; None when either is not known or whole is 0."""
    return None if part is None or not whole else part / whole
