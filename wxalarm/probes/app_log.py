"""Reads an application's logs in an alarm's window; the end of those whose lines have no times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from wxalarm.logs import app
from wxalarm.logs.app import AppLines
from wxalarm.logs.app_search import AppHit, AppPush, AppSearch
from wxalarm.model import BEIJING
from wxalarm.probes import logfiles
from wxalarm.probes.logfiles import LogFile, LogsSeen, Reading


class AppLogSeen(LogsSeen, frozen=True):
    """The application's logs in the alarm's window."""

    hits: tuple[AppHit, ...] = ()
    """In order."""
    lines: int = 0
    """Lines of the window."""
    errors: int = 0
    """Lines of the window that speak of an error."""
    example: AppHit | None = None
    """The first of them."""


def read(
    patterns: Sequence[str], push: AppPush, seconds: tuple[float, float, float], zone: int, until: float
) -> AppLogSeen:
    """The files that the patterns name, until time.monotonic() is `until`.

    seconds: the alarm's first failure, and the window's ends, Unix seconds. zone: seconds east of UTC, for lines that
    do not say it in files whose own time does not either.
    """
    start, low, high = seconds
    search = AppSearch(push, start, low, high)
    year = datetime.fromtimestamp(start, BEIJING).year
    files: list[LogFile] = []
    for path in logfiles.expand(patterns):
        choose = partial(_parser, path, zone, year)
        file = Reading(low, high, until).read([path], choose, search.window)[0]
        files.append(logfiles.tail(path, until, search.untimed) if file.problem == "format" else file)
    return AppLogSeen(tuple(files), low, high, start, search.hits, search.lines, search.errors, search.example)


def _parser(path: str, zone: int, year: int, sample: Sequence[bytes]) -> AppLines | None:
    """The parser for a sample of lines, with the zone that the file's own time gives where the lines give none."""
    shape = app.shape_of(sample)
    if shape is None:
        return None
    if app.has_zone(sample, shape):
        return AppLines(shape, 0, year)
    found, _ = logfiles.zone_of([path], AppLines(shape, 0, year))
    return AppLines(shape, zone if found is None else found, year)
