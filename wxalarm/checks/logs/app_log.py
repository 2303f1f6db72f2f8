"""Looks at the application's own logs (--app-log): what it wrote about the alarm's push, and what went wrong then.

Why WeChat cares: whether the handler raised, waited or never saw the push stands only there. The guide asks for
logs with times in every module (请求超时, FAQ 3); any format will do that holds a time and the OpenID.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from wxalarm.checks import is_this_server
from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.kinds import INVALID, TIMEOUT
from wxalarm.checks.logs.facts import LOG_PARTLY_READ, clock, names, partly_read, push, readable, window
from wxalarm.logs import app, mask
from wxalarm.logs.access import LIMIT, NEAR_LIMIT, lines_with
from wxalarm.logs.app import AppLines
from wxalarm.model import BEIJING, Basis, Code, Finding, Severity
from wxalarm.probes import logfiles, machine
from wxalarm.probes.logfiles import LogFile, Reading, Source

EITHER = tuple(dict.fromkeys((*TIMEOUT, *INVALID)))
APP_LOG_ERROR = Code("app-log-error", Severity.ERROR, Basis.RECORDED, EITHER)
APP_LOG_SLOW = Code("app-log-slow", Severity.WARNING, Basis.RECORDED, TIMEOUT)
APP_LOG_ERRORS = Code("app-log-errors", Severity.WARNING, Basis.CONDITION, EITHER)
APP_LOG_LINES = Code("app-log-lines", Severity.NOTE, Basis.RECORDED)
APP_LOG_SILENT = Code("app-log-silent", Severity.NOTE, Basis.RECORDED)

TIME = 8.0
"""Seconds for reading."""
MOST_HITS = 20
NEAR = 15.0
"""Seconds after the push within which a line may still be about it."""
OWN = ("openid", "id")
"""What no other push has; in one second, with one event, there may be many."""


@dataclass(frozen=True, slots=True)
class AppHit:
    """One line about the push, with its neighbours."""

    place: str
    show: str
    """The command that shows it."""
    line: str
    needle: str
    """openid, stamp, id (MsgId, transaction_id), event."""
    time: float | None = None
    """Unix seconds."""
    context: tuple[str, ...] = ()
    trouble: str | None = None
    """The line that speaks of an error: of the same entry, or of the lines next to it."""
    beside: bool = False
    """It is one of the lines next to it, which may be about another push."""


@dataclass(frozen=True, slots=True)
class AppLogSeen:
    """The application's logs in the alarm's window."""

    files: tuple[LogFile, ...]
    low: float
    high: float
    """The window read, Unix seconds."""
    start: float
    """The alarm's first failure, Unix seconds."""
    hits: tuple[AppHit, ...] = ()
    """In order."""
    lines: int = 0
    """Lines of the window."""
    errors: int = 0
    """Lines of the window that speak of an error."""
    example: AppHit | None = None
    """The first of them."""

    @property
    def read(self) -> tuple[LogFile, ...]:
        """The files that could be read."""
        return tuple(file for file in self.files if file.usable)

    @property
    def usable(self) -> bool:
        """Whether any file could be read."""
        return bool(self.read)


async def probe(ctx: Context) -> AppLogSeen:
    """Reads the window. Skips when no log was named, or when the alarm has no time."""
    if not ctx.settings.host.app_log:
        raise Skip("no-app-log")
    seconds = window(ctx)
    if seconds is None:
        raise Skip("no-time")
    this = await asyncio.to_thread(machine.look)
    zone = logfiles.local_zone(seconds[0]) if is_this_server.by_address(ctx, this) else (8 * 3600)
    job = Job(ctx, seconds, needles(ctx), zone, time.monotonic() + ctx.limit(TIME))
    return await asyncio.to_thread(job.run)


def needles(ctx: Context) -> dict[bytes, str]:
    """What a line about the push may hold, and what that is."""
    one, sample = push(ctx), ctx.alarm.sample
    found: list[tuple[str | None, str]] = [(one.openid, "openid"), (str(one.stamp) if one.stamp else None, "stamp")]
    found += [(value, "id") for value in (sample.transaction_id, sample.extra.get("MsgId"), sample.extra.get("MsgID"))]
    return {text.encode("utf-8", "surrogateescape"): kind for text, kind in found if text and "*" not in text}


@dataclass(slots=True)
class Job:
    """One reading of the logs for one alarm."""

    ctx: Context
    seconds: tuple[float, float, float]
    needles: dict[bytes, str]
    zone: int
    until: float
    lines: int = 0
    errors: int = 0
    example: AppHit | None = None
    hits: dict[str, AppHit] = field(default_factory=dict)

    def run(self) -> AppLogSeen:
        """All files. Where lines have no times, the end of the file is searched for the push as it is."""
        start, low, high = self.seconds
        files: list[LogFile] = []
        for path in logfiles.expand(self.ctx.settings.host.app_log):
            file = Reading(low, high, self.until).read([path], partial(self.choose, path), self.sink)[0]
            if file.problem == "format":
                file = logfiles.tail(path, self.until, self.untimed)
            files.append(file)
        hits = sorted(self.hits.values(), key=lambda hit: hit.time or 0.0)
        return AppLogSeen(tuple(files), low, high, start, tuple(hits), self.lines, self.errors, self.example)

    def choose(self, path: str, sample: Sequence[bytes]) -> AppLines | None:
        """The parser for a sample of lines, with the zone that the file's own time gives where the lines give none."""
        shape = app.shape_of(sample)
        if shape is None:
            return None
        year = datetime.fromtimestamp(self.seconds[0], BEIJING).year
        if app.has_zone(sample, shape):
            return AppLines(shape, 0, year)
        zone, _ = logfiles.zone_of([path], AppLines(shape, 0, year))
        return AppLines(shape, self.zone if zone is None else zone, year)

    def sink(self, parser: AppLines, source: Source, offset: int, chunk: bytes) -> None:
        """Keep the lines about the push; count the window's and those that speak of an error."""
        self.search(parser, source, offset, chunk)
        _, low, high = self.seconds
        inside = False
        place = 1
        for line in chunk[1:].split(b"\n")[:-1]:
            at = parser.time_of(line)
            inside = inside if at is None else low <= at <= high  # a line without a time belongs to the one before
            if inside:
                self.lines += 1
                if app.trouble(line):
                    self.errors += 1
                    if self.example is None:
                        self.example = self.hit(parser, source, offset, chunk, place, line, "time")
            place += len(line) + 1

    def search(self, parser: AppLines, source: Source, offset: int, chunk: bytes) -> None:
        """Keep the lines that hold what identifies the push, or its event in its seconds."""
        for needle, kind in self.needles.items():
            for place, line in lines_with(chunk, [needle]):
                if len(self.hits) >= MOST_HITS:
                    return
                if kind == "stamp" and self.of_another(line):
                    continue
                found = self.hit(parser, source, offset, chunk, place, line, kind)
                self.hits.setdefault(found.place, found)
        event = (self.ctx.alarm.sample.event or "").replace(" ", "").lower().encode()
        if not self.hits and len(event) > 3:
            for place, lowered in lines_with(chunk.lower(), [event]):
                line = chunk[place : place + len(lowered)]
                at = parser.time_of(line)
                if at is not None and 0 <= at - self.seconds[0] + 1 <= NEAR and not self.of_another(line):
                    found = self.hit(parser, source, offset, chunk, place, line, "event")
                    self.hits.setdefault(found.place, found)
                    return

    def of_another(self, line: bytes) -> bool:
        """Whether a line is about another user's push: it names an OpenID, but not the alarm's."""
        user = push(self.ctx).user
        return user is not None and app.names_another(line, user.encode("utf-8", "surrogateescape"))

    def untimed(self, source: Source, offset: int, chunk: bytes) -> None:
        """A chunk of a log without times."""
        for needle, kind in self.needles.items():
            for place, line in lines_with(chunk, [needle]):
                if len(self.hits) < MOST_HITS and kind != "stamp":
                    found = self.hit(None, source, offset, chunk, place, line, kind)
                    self.hits.setdefault(found.place, found)

    def hit(
        self,
        parser: AppLines | None,
        source: Source,
        offset: int,
        chunk: bytes,
        place: int,
        line: bytes,
        needle: str,
    ) -> AppHit:
        """A line as evidence."""
        around = max(0, chunk.rfind(b"\n", 0, max(0, place - 600)))
        lines = chunk[around + 1 : place + len(line) + 4096].split(b"\n")
        index = chunk.count(b"\n", around + 1, place)
        first, own, end = app.entry(lines, index)
        theirs = next((at for at in range(own, end) if self.of_another(lines[at])), end)
        bad = next((at for at in range(index, theirs) if app.trouble(lines[at])), None)
        where = source.place(offset + place - 1)
        return AppHit(
            where.text,
            where.show,
            mask.shown(line),
            needle,
            parser.time_of(line) if parser else None,
            tuple(mask.shown(found) for found in lines[first:end]),
            mask.shown(lines[bad]) if bad is not None else None,
            bad is not None and bad >= own,
        )


def evaluate(observation: AppLogSeen, ctx: Context) -> Iterable[Finding]:
    """What the application wrote about the push; else what went wrong in those minutes."""
    seen = observation
    readable(seen.files)
    begins = min((file.first for file in seen.read if file.first is not None), default=None)
    if not seen.hits and not seen.lines and begins is not None and begins > seen.high:
        raise Skip("log-begins-after", path=names(seen.read), time=clock(begins), alarm=clock(seen.start))
    failed = sorted((hit for hit in seen.hits if hit.trouble is not None), key=lambda hit: (not _told(hit), hit.beside))
    bad = failed[0] if failed else None
    if bad is not None:
        yield APP_LOG_ERROR.variant(basis=Basis.RECORDED if _told(bad) else Basis.REPRODUCED)(
            None, **_line(bad), trouble=bad.trouble
        )
    yield from _slow(seen)
    if seen.hits and bad is None:
        yield APP_LOG_LINES(None, **_line(seen.hits[0]), count=len(seen.hits))
    if not seen.hits:
        yield APP_LOG_SILENT(None, files=names(seen.read), lines=seen.lines, from_=clock(seen.low), to=clock(seen.high))
    if bad is None and seen.errors and seen.example is not None:
        yield APP_LOG_ERRORS(None, **_line(seen.example), count=seen.errors, lines=seen.lines)
    yield from partly_read(seen.files)


def _told(hit: AppHit) -> bool:
    """Whether the log itself says that its trouble is the push's."""
    return hit.needle in OWN and not hit.beside


def _line(hit: AppHit) -> dict[str, object]:
    return {
        "place": hit.place,
        "show": hit.show,
        "line": hit.line,
        "needle": hit.needle,
        "time": clock(hit.time) if hit.time is not None else None,
        "context": list(hit.context),
    }


def _slow(seen: AppLogSeen) -> Iterable[Finding]:
    """The time between the first and the last line about the push (retries come later and are left out)."""
    near = [hit for hit in seen.hits if hit.time is not None and -1 <= hit.time - seen.start <= NEAR]
    if len(near) > 1:
        took = (near[-1].time or 0.0) - (near[0].time or 0.0)
        if took >= NEAR_LIMIT:
            own = near[0].needle in OWN and near[-1].needle in OWN
            code = APP_LOG_SLOW.variant(basis=Basis.RECORDED if own else Basis.REPRODUCED)
            yield code(None, seconds=took, limit=LIMIT, first=near[0].place, **_line(near[-1]))


CHECK = Check(
    id="app-log",
    codes=(APP_LOG_ERROR, APP_LOG_SLOW, APP_LOG_ERRORS, APP_LOG_LINES, APP_LOG_SILENT, LOG_PARTLY_READ),
    observation=AppLogSeen,
    probe=probe,
    evaluate=evaluate,
    key=by_alarm,
    network=False,
    timeout=12.0,
)
