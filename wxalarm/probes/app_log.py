"""Reads an application's logs in an alarm's window; the end of those whose lines have no times."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from wxalarm.logs import app, times
from wxalarm.logs.app import AppLines
from wxalarm.logs.app_search import EARLIER, OWN, AppHit, AppPush, AppSearch, in_its_seconds
from wxalarm.model import BEIJING
from wxalarm.probes import logfiles, logsource
from wxalarm.probes.logfiles import LogsSeen, Reading

HEAD = 256 * 1024
"""Bytes at the beginning of a file in which what `kubectl describe` printed may stand before the log."""
LITTLE = 3.0
"""Seconds for what was before: the alarm's own minutes come first."""


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
    ended: AppHit | None = None
    """The last of them that ended a process before the push, or while WeChat waited for it."""
    banned: AppHit | None = None
    """The line by which this machine had shut out WeChat's address when the push came."""
    dropped: AppHit | None = None
    """The first line by which the kernel dropped connections in the minute in which pushes began to fail."""
    stopped: AppHit | None = None
    """The line by which the application had stopped when the push came, or began to start."""
    starting: bool = False
    """It is of one that starts."""
    back: float | None = None
    """When it served again, Unix seconds."""
    restarted: bool = False
    """It had stopped in the minute in which pushes began to fail, and served again after that."""
    before: AppHit | None = None
    """The last line before the window with a reason that goes on until somebody ends it."""
    then: tuple[AppHit, ...] = ()
    """The errors of the push's own moment that name its path, or nobody."""
    onset: bool = False
    """The first error of the window stands in the seconds in which WeChat waited for the push."""
    others: int = 0
    """Entries of that moment that speak of no error and name nothing of the push."""
    slow: AppHit | None = None
    """The line of the window that says that something took longest, of those that say that it took as long as WeChat
    waits."""
    slows: int = 0
    """How many there are."""
    undated: AppHit | None = None
    """An error whose time nothing says: of a log without times, or behind the last one, when that is before the
    window."""
    undated_errors: int = 0
    """How many there are."""
    assumed: tuple[str, ...] = ()
    """Files whose lines have no zone, and whose own time does not tell it either."""

    def shows_push(self) -> bool:
        """Whether a line of the push itself stands in its seconds: then a zone that was assumed is right."""
        return any(
            hit.needle in OWN and hit.time is not None and in_its_seconds(hit.time, self.start) for hit in self.hits
        )


def read(
    patterns: Sequence[str], push: AppPush, seconds: tuple[float, float, float], zone: int, limit: float
) -> AppLogSeen:
    """The files that the patterns name, for at most `limit` seconds.

    seconds: the alarm's first failure, and the window's ends, Unix seconds. zone: seconds east of UTC, for lines that
    do not say it in files whose own time does not either.
    """
    until = time.monotonic() + limit
    seen = _read(patterns, push, seconds, zone, until)
    if seen.assumed and not seen.shows_push():
        # Programs that are not told a zone write UTC, and people here their own: the push's own line tells which it is.
        for other in {0, times.CHINA} - {zone}:
            again = _read(patterns, push, seconds, other, until)
            if again.shows_push():
                seen = replace(again, assumed=())
            elif again.onset and seen.onset:  # then neither tells anything
                seen = replace(seen, onset=False, restarted=seen.restarted and not again.lines)
            elif seen.restarted and again.lines:  # by that zone it served all the time
                seen = replace(seen, restarted=False)
            elif (again.onset and not seen.errors) or (again.lines and not seen.lines):
                seen = again  # only so it has lines of those minutes; that it is so stays assumed
    return replace(seen, limit=limit)


def _read(
    patterns: Sequence[str], push: AppPush, seconds: tuple[float, float, float], zone: int, until: float
) -> AppLogSeen:
    start, low, high = seconds
    search = AppSearch(push, start, low, high)
    year = datetime.fromtimestamp(start, BEIJING).year
    assumed: list[str] = []

    def choose(path: str, sample: Sequence[bytes]) -> AppLines | None:
        return _parser(path, sample, zone, year, assumed, start)

    files = [
        logfiles.tail(file.path, until, search.untimed) if file.problem == "format" else file
        for file in Reading(low, high, until).read(logfiles.expand(patterns), choose, search.window)
    ]
    for file in files:
        if not search.lines and file.problem is None and file.format and (file.last or low) < low:
            logfiles.tail(file.path, until, search.behind)
            _ends(search, file.path, AppLines(file.format, zone, year))
        elif not file.format and file.problem in (None, "tail"):
            _ends(search, file.path, None)
    # A pipe is read once, and to unpack a file again takes too long for what it may hold.
    plain = [
        path for path in logfiles.expand(patterns) if os.path.isfile(path) and not path.endswith(logsource.SUFFIXES)
    ]
    for path in plain:
        logfiles.head(path, HEAD, search.pods)
    known = tuple(assumed)
    Reading(low - EARLIER, low, min(until, time.monotonic() + LITTLE)).read(plain, choose, search.earlier)
    return AppLogSeen(
        tuple(files),
        low,
        high,
        start,
        0.0,
        hits=search.hits,
        lines=search.lines,
        errors=search.errors,
        example=search.example,
        ended=search.ended,
        banned=search.banned,
        dropped=search.dropped,
        stopped=search.stopped,
        starting=search.starting,
        back=search.back,
        restarted=search.restarted,
        before=search.before,
        then=search.then,
        onset=search.onset,
        others=search.others,
        slow=search.slow,
        slows=search.slows,
        undated=search.undated,
        undated_errors=search.undated_errors,
        assumed=known,
    )


def _ends(search: AppSearch, path: str, parser: AppLines | None) -> None:
    source = logfiles.opened(path)
    if not isinstance(source, logfiles.LogFile):
        with source:
            search.ends(parser, source)


def _parser(
    path: str, sample: Sequence[bytes], zone: int, year: int, assumed: list[str], near: float
) -> AppLines | None:
    """The parser for a sample of lines, with the zone that the file's own time gives where the lines give none; a file
    for which nothing tells it is added to `assumed`."""
    shape = app.shape_of(sample)
    if shape is None:
        return None
    if app.has_zone(sample, shape):
        return AppLines(shape, 0, year)
    if shape == app.UNDATED:  # nor does the file's own time tell whose day it is
        assumed.append(path)
        return AppLines(shape, zone, year, near)
    found, _ = logfiles.zone_of([path], AppLines(shape, 0, year))
    if found is None:
        assumed.append(path)
    return AppLines(shape, zone if found is None else found, year)
