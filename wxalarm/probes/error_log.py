"""Reads nginx's error logs in an alarm's window; their lines do not say their zone."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from msgspec import field

from wxalarm.logs.access import Push
from wxalarm.logs.error_search import ErrorSearch
from wxalarm.logs.errors import ErrorLines, Group, is_error_log
from wxalarm.probes.logfiles import LogsSeen, Reading

ASSUMED = "alarm"
"""How a log's zone is known when nothing tells it: that of the alarm, +08:00."""


class ErrorLogSeen(LogsSeen, frozen=True):
    """The error logs in the alarm's window."""

    here: bool = True
    """The logs are those that nginx writes on this machine; False when the user named files."""
    groups: tuple[Group, ...] = ()
    """Lines about pushes, or about nginx as a whole, by kind."""
    others: Mapping[str, int] = field(default_factory=dict)
    """Lines about other requests, by kind."""
    lines: int = 0
    """Lines about any trouble in the window."""
    offset: int = 28800
    """The log's zone, seconds east of UTC."""
    offset_from: str = "machine"
    """How that is known: mtime (of the file against its last line), access-log, machine, alarm (assumed +08:00)."""


def read(
    paths: Sequence[str],
    push: Push,
    senders: Collection[str],
    seconds: tuple[float, float, float],
    zone: tuple[int, str],
    limit: float,
    here: bool,
) -> ErrorLogSeen:
    """The files, for at most `limit` seconds.

    senders: addresses from which WeChat pushes, if known. seconds: the alarm's first failure, and the window's ends,
    Unix seconds. zone: seconds east of UTC, and how that is known. here: the files are those of nginx on this machine.
    """
    start, low, high = seconds
    offset, offset_from = zone
    search, parser = ErrorSearch(push, senders, low, high), ErrorLines(offset)
    files = Reading(low, high, time.monotonic() + limit).read(
        paths, lambda _, sample: parser if is_error_log(sample) else None, search.window
    )
    return ErrorLogSeen(
        files=tuple(files),
        low=low,
        high=high,
        start=start,
        limit=limit,
        here=here,
        groups=search.groups,
        others=search.others,
        lines=search.lines,
        offset=offset,
        offset_from=offset_from,
    )
