"""Looks at nginx's access log: the alarm's own push, and all pushes in the alarm's window.

Why WeChat cares: the access log is the one witness of how each push was answered and how long that took. The guide's
paragraphs are 请求超时 (b, c: did the request arrive, did it take too long) and 附录 3, step 1.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wxalarm import nginx
from wxalarm.checks import is_this_server
from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.logs import access_rules
from wxalarm.checks.logs.facts import AccessLogSeen, Hit, push, wanted, window
from wxalarm.checks.nginx import nginx_config
from wxalarm.checks.nginx.facts import NginxConfig, load
from wxalarm.logs import formats, mask, parsers, times
from wxalarm.logs.access import Push, Tally, lines_with, number, split_499
from wxalarm.logs.formats import LineFormat, Wanted
from wxalarm.logs.parsers import LineParser, Record
from wxalarm.model import Finding
from wxalarm.probes import logfiles, machine
from wxalarm.probes.logfiles import LogFile, Reading, Source

TIME = 8.0
"""Seconds for reading."""
MOST_HITS = 20
MOST_EXAMPLES = 12
MOST_TRIED = 20
"""Lines looked at, in a chunk for a needle, in all for the other kind of 499."""
MOST_LOOKED = 2000
"""Lines of a chunk looked at for an example: those before the window do not count."""
WIDER = 900.0
"""Seconds around the window in which the push is looked for when it is not inside: clocks differ."""
BEFORE = 600.0
"""Seconds before the window whose rate is compared."""
LEAST = 20.0
"""Seconds before the window that must be in the log."""
TO_END = 7.0
"""Seconds after the push until its line is written, when WeChat gives up at 5 s."""


async def probe(ctx: Context) -> AccessLogSeen:
    """Reads the window. Skips when the alarm has no time, or when there is no log of the callback server."""
    seconds = window(ctx)
    if seconds is None:
        raise Skip("no-time")
    config = await ctx.wait(nginx_config.CHECK)
    paths = await sources(ctx, ctx.settings.host.access_log, config.access_logs if config and config.here else ())
    known = tuple(_formats(ctx, config))
    job = Job(ctx, seconds, known, time.monotonic() + ctx.limit(TIME))
    return await asyncio.to_thread(job.run, paths, not ctx.settings.host.access_log)


async def sources(ctx: Context, given: Sequence[str], configured: Iterable[nginx.AccessLog | str]) -> list[str]:
    """The log files: those the user named, else those of nginx here. Skips when there are none."""
    patterns = list(given) or [log if isinstance(log, str) else log.path for log in configured]
    if not patterns:
        this = await asyncio.to_thread(machine.look)
        raise Skip("no-log") if is_this_server.by_address(ctx, this) else is_this_server.elsewhere(ctx, this)
    return await asyncio.to_thread(logfiles.expand, patterns)


def _formats(ctx: Context, config: NginxConfig | None) -> Iterable[LineFormat]:
    """The format the user gave, then those of the configuration. One that dates no line is of no use here."""
    if ctx.settings.host.log_format:
        try:
            yield formats.given(ctx.settings.host.log_format)
        except ValueError as error:
            raise Skip("log-format", format=ctx.settings.host.log_format, error=str(error)) from None
    if config is None:
        return
    logs = [*config.access_logs, *nginx.every_access_log(load(config.conf), config.conf.prefix, config.conf.access_log)]
    for log in dict.fromkeys(logs):
        try:
            yield LineFormat(log.format_name, log.format, log.escape)
        except ValueError:
            continue


@dataclass(slots=True)
class Job:
    """One reading of the logs for one alarm."""

    ctx: Context
    seconds: tuple[float, float, float]
    known: tuple[LineFormat, ...]
    until: float
    lines: int = 0
    tried: int = 0
    """Lines looked at for the other kind of 499."""
    hits: dict[str, Hit] = field(default_factory=dict)
    examples: dict[tuple[bytes, str], Hit] = field(default_factory=dict)
    parsers: dict[str, LineParser] = field(default_factory=dict)
    unread: str | None = None
    """A file with lines about the path that no parser understands."""
    seen: set[bytes] = field(default_factory=set)
    """The needle that counts pushes, once it was seen in the window: then its absence before means something."""

    def run(self, paths: Sequence[str], is_here: bool) -> AccessLogSeen:
        """All passes over the files."""
        start, low, high = self.seconds
        one, which = push(self.ctx), wanted(self.ctx)
        tally = Tally(low, high)

        def sink(parser: LineParser, source: Source, offset: int, chunk: bytes) -> None:
            self.parsers[source.path] = parser
            statuses = tally.add(parser, chunk)
            needle = _needle(which, parser)
            if tally.lines and not self.seen and needle in chunk:
                self.seen.add(needle)
            elif not tally.lines and not self.unread:
                lines = itertools.islice(lines_with(chunk, [needle]), MOST_TRIED)
                self.unread = source.path if any(not parser.matches(line) for _, line in lines) else None
            self.exemplify(parser, source, offset, chunk, statuses, which)
            self.search(parser, source, offset, chunk, one)

        files = Reading(low, high, self.until).read(paths, self.choose, sink)
        if not self.hits:
            self.search_wider(paths, one)
        counts = tally.counts()
        if not counts.requests:
            Reading(low, high, self.until).read(list(self.parsers), self.choose, self.count)
        before, before_seconds = self.before(files, which)
        zone = times.zone_of(tally.zone_time) if tally.zone_time else None
        return AccessLogSeen(
            files=tuple(files),
            low=low,
            high=high,
            start=start,
            here=is_here,
            counts=counts,
            lines=self.lines,
            unread=self.unread,
            backwards=max([tally.backwards, *(file.backwards for file in files)]),
            hits=tuple(sorted(self.hits.values(), key=_rank)),
            examples=tuple(self.examples.values()),
            before=before,
            before_seconds=before_seconds,
            named=self.named(),
            offset=zone,
        )

    def choose(self, lines: Sequence[bytes]) -> LineParser | None:
        """The parser for a sample of lines."""
        return parsers.detect(lines, self.known, wanted(self.ctx))

    def count(self, parser: LineParser, source: Source, offset: int, chunk: bytes) -> None:
        """Count lines of any kind: what else nginx wrote when no push came."""
        self.lines += sum(
            self.seconds[1] <= (parser.seconds(at) or 0.0) <= self.seconds[2] for at in parser.times(chunk)
        )

    def search(self, parser: LineParser, source: Source, offset: int, chunk: bytes, one: Push) -> None:
        """Keep the lines that are the alarm's push."""
        for place, line in lines_with(chunk, one.needles):
            if len(self.hits) >= MOST_HITS:
                return
            record = parser.record(line)
            if record is not None and (match := one.match(record)) is not None:
                self.keep(parser, source, offset + place - 1, line, record, match)

    def keep(
        self, parser: LineParser, source: Source, offset: int, line: bytes, record: Record, match: str
    ) -> Hit | None:
        """A line as evidence; None when it has no time."""
        ended = parser.seconds(record[_dated(record)].encode())
        if ended is None:
            return None
        place = source.place(offset)
        hit = _hit(record, place.text, place.show, mask.shown(line), ended, match)
        if match != "example":
            self.hits.setdefault(place.text, hit)
        return hit

    def exemplify(
        self, parser: LineParser, source: Source, offset: int, chunk: bytes, statuses: set[bytes], which: Wanted
    ) -> None:
        """Keep the first line of each of these statuses; of 499, one cut near the limit and one cut otherwise."""
        for status in sorted(statuses):
            done = {kind for known, kind in self.examples if known == status}
            kinds = 2 if status == b"499" and "request_time" in parser.fields else 1
            if len(done) >= kinds or len(self.examples) >= MOST_EXAMPLES or self.tried > MOST_TRIED:
                continue
            for place, line in itertools.islice(lines_with(chunk, [parser.needle(status)]), MOST_LOOKED):
                record = parser.record(line)
                if record is None or record.get("status") != status.decode() or not parsers.fits(record, which):
                    continue
                kind = split_499(number(record.get("request_time", "").encode())) if status == b"499" else ""
                if (status, kind) in self.examples:
                    self.tried += 1
                    if self.tried > MOST_TRIED:
                        break
                    continue
                hit = self.keep(parser, source, offset + place - 1, line, record, "example")
                if hit is not None and self.seconds[1] <= hit.ended <= self.seconds[2]:
                    self.examples[status, kind] = hit
                    if status != b"499":
                        break

    def search_wider(self, paths: Sequence[str], one: Push) -> None:
        """The push outside the window (its clock is off); else, where lines do not name it, by its time."""
        _, low, high = self.seconds

        def sink(parser: LineParser, source: Source, offset: int, chunk: bytes) -> None:
            self.search(parser, source, offset, chunk, one)

        if one.needles and self.parsers:
            Reading(low - WIDER, high + WIDER, self.until).read(list(self.parsers), self.choose, sink)
        if not self.hits and one.stamp is not None and not self.named():
            self.search_time(one)

    def named(self) -> bool:
        """Whether lines tell one push from another: their format holds the query."""
        return any({"request", "request_uri", "args"} & set(parser.fields) for parser in self.parsers.values())

    def search_time(self, one: Push) -> None:
        """Requests that began at the alarm's time."""
        stamp = float(one.stamp or 0)
        which = wanted(self.ctx)

        def sink(parser: LineParser, source: Source, offset: int, chunk: bytes) -> None:
            place = 1
            for line in chunk[1:].split(b"\n"):
                record = parser.record(line) if len(self.hits) < MOST_HITS else None
                if record is not None and parsers.fits(record, which):
                    ended = parser.seconds(record[_dated(record)].encode())
                    took = number(record.get("request_time", "").encode())
                    if ended is not None and took is not None and -1 <= ended - took - stamp <= 1:
                        self.keep(parser, source, offset + place - 1, line, record, "time")
                place += len(line) + 1

        Reading(stamp - 1, stamp + TO_END, self.until, slack=2.0).read(list(self.parsers), self.choose, sink)

    def before(self, files: Sequence[LogFile], which: Wanted) -> tuple[float | None, float]:
        """(pushes a second, seconds counted) before the window, by counting bytes: no line is parsed."""
        counted, covered = 0, 0.0
        for file in files:
            parser = self.parsers.get(file.path)
            if parser is None or file.begin is None or file.compressed or file.problem or file.backwards:
                continue
            needle = _needle(which, parser)
            if needle not in self.seen:
                continue
            found = logfiles.count(file.path, parser, needle, file.begin, self.seconds[1] - BEFORE)
            counted += found[0]
            covered = max(covered, found[1])
        return (counted / covered, covered) if covered >= LEAST else (None, covered)


def _needle(which: Wanted, parser: LineParser) -> bytes:
    """Bytes that stand once in the line of each push."""
    if which.path is None:
        return b"nonce=" if which.signed else b"POST"
    path = which.path.encode("utf-8", "surrogateescape")
    return b"POST " + path if "request" in parser.fields else path


def _dated(record: Record) -> str:
    return next((name for name in formats.TIMES if name in record), "time")


def _rank(hit: Hit) -> tuple[int, bool, float]:
    """The best match first, then failures, then in order."""
    return ["exact", "openid", "timestamp", "time"].index(hit.match), hit.status == "200", hit.ended


def _hit(record: Record, place: str, show: str, line: str, ended: float, match: str) -> Hit:
    target = parsers.target_of(record) or ""
    query = dict(part.partition("=")[::2] for part in target.partition("?")[2].split("&"))
    stamp = query.get("timestamp", "")
    size = record.get("body_bytes_sent", "")
    return Hit(
        place=place,
        show=show,
        line=line,
        status=record.get("status", ""),
        ended=ended,
        match=match,
        request_time=number(record.get("request_time", "").encode()),
        body_bytes=int(size) if size.isascii() and size.isdecimal() and len(size) < 16 else None,
        upstream_addr=record.get("upstream_addr"),
        upstream_status=record.get("upstream_status"),
        upstream_response_time=record.get("upstream_response_time"),
        stamp=int(stamp) if stamp.isascii() and stamp.isdecimal() and len(stamp) < 12 else None,
    )


def evaluate(observation: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    """The alarm's own push first, then what the window's counts say."""
    return access_rules.findings(observation, ctx)


CHECK = Check(
    id="access-log",
    codes=access_rules.CODES,
    observation=AccessLogSeen,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_alarm,
    network=False,
    timeout=12.0,
)
