"""Reads the access logs of an alarm's window.

One pass counts and looks for the push. When it is not there, a wider one over plain files does (clocks differ);
compressed ones have then been looked through as wide already: they are streamed once only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from msgspec import field, structs

from wxalarm.logs import parsers, times
from wxalarm.logs.access import Counts, Push
from wxalarm.logs.access_search import Hit, LastGood, Search, needle_of
from wxalarm.logs.formats import LineFormat, Wanted
from wxalarm.logs.line_parser import LineParser
from wxalarm.probes import logfiles
from wxalarm.probes.logfiles import LogFile, LogsSeen, Reading

WIDER = 900.0
"""Seconds around the window in which the push is looked for when it is not inside: clocks differ."""
BEFORE = 600.0
"""Seconds before the window whose rate is compared."""
LEAST = 20.0
"""Seconds before the window that must be in the log."""


class AccessLogSeen(LogsSeen, frozen=True):
    """The access logs in the alarm's window."""

    here: bool = True
    """The logs are those that nginx writes on this machine; False when the user named files."""
    counts: Counts = field(default_factory=Counts)
    """Pushes only (POST, the callback path when it is known)."""
    lines: int = 0
    """Lines of any kind in the window; counted when no push is among them."""
    unread: str | None = None
    """A file in which lines of no known format name the path; looked for when no push is counted."""
    unread_line: str = ""
    """The first of them."""
    backwards: float = 0.0
    hits: tuple[Hit, ...] = ()
    """The alarm's own push, the best match first."""
    examples: tuple[Hit, ...] = ()
    """A line for each status that is no success."""
    before: float | None = None
    """Pushes a second in the minutes before the window; None when it could not be counted."""
    before_seconds: float = 0.0
    named: bool = False
    """Lines tell one push from another: the format holds the query."""
    offset: int | None = None
    """The log's zone, seconds east of UTC, as its lines say it."""
    guessed: tuple[str, ...] = ()
    """What nothing in the logs says: "unit" of durations, "zone" and "date" of times."""
    last_good: Hit | None = None
    """The last push before the alarm that was answered 200; looked for where an alarm asks for it."""
    path: str | None = None
    """The path under which the pushes stand, when that is another than the callback's: the alarm's own shows it."""
    elsewhere: str | None = None
    """Another path, for which there are pushes of WeChat, where none is for the callback's."""
    asked: str | None = None
    """The form and the key whose unit nothing says, as host.log_format takes them."""


def read(
    paths: Sequence[str],
    known: Iterable[LineFormat],
    push: Push,
    wanted: Wanted,
    seconds: tuple[float, float, float],
    limit: float,
    here: bool,
    units: Mapping[str, str] | None = None,
    good: float = 0.0,
    quiet: float = 0.0,
) -> AccessLogSeen:
    """All passes over the files, for at most `limit` seconds.

    known: formats that are tried before the usual ones. wanted: which requests are pushes. seconds: the alarm's first
    failure, and the window's ends, Unix seconds. here: the files are those that nginx writes on this machine.
    good: for how many seconds before the alarm the last push that was answered 200 is looked for; quiet: likewise, when
    there is no push in the window.
    """
    start, low, high = seconds
    known = tuple(known)
    search = Search(push, wanted, low, high)

    guessed: set[str] = set()

    def choose(_: str, lines: Sequence[bytes]) -> LineParser | None:
        parser = parsers.detect(lines, known, wanted, local=logfiles.local_zone(start), units=units, near=start)
        guessed.update(parser.guessed if parser is not None else ())
        return parser

    until = time.monotonic() + limit
    files = Reading(low, high, until, wider=WIDER).read(paths, choose, search.window, search.around)
    counts = search.tally.counts()
    search.settle()
    if not search.hits and push.needles:
        plain = [file.path for file in files if file.path in search.parsers and not file.compressed]
        Reading(low - WIDER, high + WIDER, until).read(plain, choose, search.around)
    if not (counts.requests or search.hits) and search.own_path is not None:
        left = until - time.monotonic()
        moved = (structs.replace(push, path=search.own_path), structs.replace(wanted, path=search.own_path))
        again = read(paths, known, *moved, seconds, left, here, units, good, quiet)
        return structs.replace(again, path=search.own_path)
    good = good or (quiet if not counts.requests else 0.0)
    last = LastGood(wanted, start - good, start)
    whole = False
    if good and wanted.path is not None:
        # What was not read may hold a later one.
        whole = all(file.whole for file in Reading(start - good, high, until).read(paths, choose, last.take))
    before, before_seconds = _before(files, search)
    zone_time = search.tally.zone_time
    return AccessLogSeen(
        files=tuple(files),
        low=low,
        high=high,
        start=start,
        limit=limit,
        here=here,
        counts=counts,
        lines=search.lines,
        unread=search.unread,
        unread_line=search.unread_line,
        backwards=max([search.tally.backwards, *(file.backwards for file in files)]),
        hits=search.hits,
        examples=search.examples,
        before=before,
        before_seconds=before_seconds,
        named=search.named,
        guessed=search.guessed or tuple(sorted(guessed)),
        last_good=last.hit if whole else None,
        elsewhere=search.elsewhere,
        asked=search.asked,
        offset=times.zone_of(zone_time) if zone_time else None,
    )


def _before(files: Sequence[LogFile], search: Search) -> tuple[float | None, float]:
    """(pushes a second, seconds counted) before the window, by counting bytes: no line is parsed."""
    counted, covered = 0, 0.0
    for file in files:
        parser = search.parsers.get(file.path)
        if parser is None or file.begin is None or file.compressed or file.problem or file.backwards:
            continue
        needle = needle_of(search.wanted, parser)
        if needle not in search.counted:
            continue
        found = logfiles.count(file.path, parser, needle, file.begin, search.low - BEFORE)
        counted += found[0]
        covered = max(covered, found[1])
    return (counted / covered, covered) if covered >= LEAST else (None, covered)
