"""What is kept of an access log's window: counts, the lines of one push, a line for each failure. Sans-IO.

A reader in probes/ feeds it chunks: whole lines behind one line break, and where the first of them stands.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, structs

from wxalarm.bounds import whole
from wxalarm.logs import answered, formats, mask
from wxalarm.logs.access import Push, Tally, lines_with, number, split_499
from wxalarm.logs.formats import Wanted
from wxalarm.logs.line_parser import LineParser
from wxalarm.logs.place import Log, Place
from wxalarm.logs.records import Record, fits, path_of, target_of
from wxalarm.wechat.limits import WAIT

FIRST_LINE = 160
"""Characters of a line that could not be read."""
MOST_HITS = 20
MOST_EXAMPLES = 12
MOST_TRIED = 20
"""Lines looked at, in a chunk for a needle, in all for the other kind of 499."""
MOST_LOOKED = 2000
"""Lines of a chunk looked at for an example: those before the window do not count."""
TO_END = 7.0
"""Seconds after the push until its line is written, when WeChat gives up at 5 s."""
DISORDER = 5.0
"""Seconds by which lines may be out of order where the push is known by its time."""
_OF_QUERY = (b"signature=", b"timestamp=", b"openid=")
MATCHES = ("exact", "openid", "timestamp", "time", "example")
"""How a line fits the alarm's push, the best first: by OpenID and timestamp, by one of them, by its time, or not."""


class Hit(Struct, frozen=True):
    """One line as evidence. Times in seconds; None where the line does not say."""

    place: str
    line: str
    """Masked and cut."""
    status: str
    ended: float
    """Unix seconds at which nginx wrote it."""
    match: str = "example"
    """One of MATCHES."""
    request_time: float | None = None
    body_bytes: int | None = None
    upstream_addr: str | None = None
    upstream_status: str | None = None
    upstream_response_time: str | None = None
    upstream_connect_time: str | None = None
    upstream_header_time: str | None = None
    upstream_response_length: str | None = None
    upstream_bytes_received: str | None = None
    stamp: int | None = None
    """`timestamp` in its query: WeChat's clock at the push."""
    packed: str | None = None
    """How its file is compressed."""
    left: str | None = None
    """How its server marks that its answer did not arrive, when that is not nginx's status 499."""

    by: str | None = None
    """Who answered, where the log is his own."""
    rule: str | None = None
    """That by which a web firewall answered, where its log says so."""

    @property
    def said(self) -> Record:
        """What tells who answered it: the status, and those of answered.UPSTREAM that its format has."""
        upstream = {name: getattr(self, name) for name in (*answered.UPSTREAM, "by")}
        return {"status": self.status, **{name: value for name, value in upstream.items() if value is not None}}


class Search:
    """One search for one alarm. Times in Unix seconds."""

    def __init__(self, push: Push, wanted: Wanted, low: float, high: float) -> None:
        self.push, self.wanted, self.low, self.high = push, wanted, low, high
        self.tally = Tally(low, high)
        self.lines = 0
        """Lines of any kind in the window, as far as `any_line` was fed."""
        self.parsers: dict[str, LineParser] = {}
        """By file."""
        self.unread: str | None = None
        """A file with lines about the path that no parser understands."""
        self.unread_line = ""
        """The first of them."""
        self.counted: set[bytes] = set()
        """The needle that counts pushes, once it was seen in the window: then its absence before means something."""
        self.own_path: str | None = None
        """The path under which the alarm's own push stands, when that is another than the callback's."""
        self.elsewhere: str | None = None
        """Another path, for which there are pushes of WeChat; looked for when none is counted."""
        self._hits: dict[str, Hit] = {}
        self._examples: dict[tuple[bytes, str], Hit] = {}
        self._waiting: list[tuple[LineParser, Place, bytes]] = []
        """Lines that name the alarm's push, but how it ended has not been seen yet."""
        self._queries = False
        self._tried = 0
        """Lines looked at for the other kind of 499."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The alarm's own push: the best match first, then failures, then in order."""
        return tuple(
            sorted(self._hits.values(), key=lambda hit: (MATCHES.index(hit.match), hit.status == "200", hit.ended))
        )

    @property
    def examples(self) -> tuple[Hit, ...]:
        """A line for each status that is no success."""
        return tuple(self._examples.values())

    @property
    def named(self) -> bool:
        """Whether lines tell one push from another: they are signed, and hold the query."""
        return self._queries

    @property
    def guessed(self) -> tuple[str, ...]:
        """What of the values read nothing says: "unit", "zone", "date"."""
        return tuple(sorted({what for parser in self.parsers.values() for what in parser.guessed}))

    @property
    def asked(self) -> str | None:
        """The form and the key whose unit nothing says."""
        return next((parser.asked for parser in self.parsers.values() if parser.asked), None)

    def _names(self, parser: LineParser) -> bool:
        return self.wanted.signed and parser.queries

    def window(self, parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk of the window: count it, keep examples and the alarm's push."""
        if log.path not in self.parsers:  # in a rotated log, time goes back from file to file
            self.parsers[log.path] = parser
            self.tally.begin()
        statuses = self.tally.add(parser, chunk)
        needle = needle_of(self.wanted, parser)
        if self.tally.lines and not self.counted and needle in chunk:
            self.counted.add(needle)
        elif not self.tally.lines and not self.unread:
            lines = itertools.islice(lines_with(chunk, [needle]), MOST_TRIED)
            first = next((line for _, line in lines if not parser.matches(line)), None)
            if first is not None:
                self.unread, self.unread_line = log.path, mask.shown(first)[:FIRST_LINE]
        if not self.tally.lines:
            self.any_line(parser, log, offset, chunk)
        self._exemplify(parser, log, offset, chunk, statuses)
        self._pushes(parser, log, offset, chunk)
        if self._names(parser) and any(mark in chunk for mark in _OF_QUERY):
            self._queries = True
        else:
            self.moments(parser, log, offset, chunk)

    def any_line(self, parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk of a window without pushes: count lines of any kind."""
        times = Counter(parser.times(chunk))  # a second has many lines
        self.lines += sum(n for at, n in times.items() if self.low <= (parser.seconds(at) or 0.0) <= self.high)
        self._elsewhere(parser, chunk)

    def _elsewhere(self, parser: LineParser, chunk: bytes) -> None:
        """Look for pushes under another path: what stands in front may rewrite it, and a log may name the script."""
        if self.own_path is not None or self.wanted.path is None or not self._names(parser):
            return
        anywhere = structs.replace(self.push, path=None)
        # Where the alarm says neither user nor time, any push will do.
        needles = self.push.needles or ((b"signature=",) if self.elsewhere is None else ())
        for _, line in itertools.islice(lines_with(chunk, needles), MOST_TRIED):
            record = parser.record(line)
            path = path_of(record) if record is not None else None
            if record is None or path in (None, self.wanted.path) or not fits(record, Wanted(signed=True)):
                continue
            if anywhere.match(record) in ("exact", "timestamp"):
                self.own_path = path
                return
            self.elsewhere = self.elsewhere or path

    def around(self, parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk that is not counted: keep the lines that name the alarm's push."""
        parser.join(chunk)
        self._pushes(parser, log, offset, chunk)

    def _pushes(self, parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        self.settle()
        for place, line in lines_with(chunk, self.push.needles):
            if len(self._hits) >= MOST_HITS:
                return
            record = parser.record(line)
            if record is not None and (match := self.push.match(record)) is not None:
                self._keep(parser, log.place(offset + place - 1), line, record, match)
            elif record is None and len(self._waiting) < MOST_HITS and parser.matches(line):
                self._waiting.append((parser, log.place(offset + place - 1), line))

    def settle(self) -> None:
        """Keep the lines that name the alarm's push, as soon as how it ended has been seen."""
        waiting, self._waiting = self._waiting, []
        for parser, place, line in waiting:
            record = parser.record(line)
            if record is None:
                self._waiting.append((parser, place, line))
            elif (match := self.push.match(record)) is not None:
                self._keep(parser, place, line, record, match)

    def moments(self, parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        """Of a chunk around the alarm's time, keep requests that began then."""
        if self.push.stamp is None or not _near(parser, chunk, self.push.stamp):
            return
        place = 1
        for line in chunk[1:].split(b"\n"):
            record = parser.record(line) if len(self._hits) < MOST_HITS else None
            if record is not None and fits(record, self.wanted):
                ended = _ended(parser, record)
                took = number(record.get("request_time", "").encode())
                if ended is not None and took is not None and -1 <= ended - took - self.push.stamp <= 1:
                    self._keep(parser, log.place(offset + place - 1), line, record, "time")
            place += len(line) + 1

    def _exemplify(self, parser: LineParser, log: Log, offset: int, chunk: bytes, statuses: Iterable[bytes]) -> None:
        """Keep the first line of each of these statuses; of 499, one of each kind of `split_499` with a duration."""
        for status in sorted(statuses):
            done = {kind for known, kind in self._examples if known == status}
            kinds = 3 if status == b"499" and "request_time" in parser.fields else 1
            if len(done) >= kinds or len(self._examples) >= MOST_EXAMPLES or self._tried > MOST_TRIED:
                continue
            for place, line in itertools.islice(lines_with(chunk, [parser.needle(status)]), MOST_LOOKED):
                record = parser.record(line)
                if record is None or record.get("status") != status.decode() or not fits(record, self.wanted):
                    continue
                kind = split_499(number(record.get("request_time", "").encode())) if status == b"499" else ""
                if (status, kind) in self._examples:
                    self._tried += 1
                    if self._tried > MOST_TRIED:
                        break
                    continue
                hit = self._keep(parser, log.place(offset + place - 1), line, record, "example")
                if hit is not None and self.low <= hit.ended <= self.high:
                    self._examples[status, kind] = hit
                    if status != b"499":
                        break

    def _keep(self, parser: LineParser, place: Place, line: bytes, record: Record, match: str) -> Hit | None:
        """A line as evidence; None when it has no time."""
        ended = _ended(parser, record)
        if ended is None:
            return None
        hit = _hit(record, place, mask.shown(line), ended, match)
        if match != "example":
            self._hits.setdefault(hit.place, hit)
        return hit


class LastGood:
    """Of the pushes to a path, the last one between two times that was answered 200; None when such answers go on
    behind them: then they do not tell the good ones from those that WeChat did not take."""

    def __init__(self, wanted: Wanted, after: float, before: float) -> None:
        self.wanted, self.after, self.before = wanted, after, before
        self._good: Hit | None = None
        self._goes_on = False

    @property
    def hit(self) -> Hit | None:
        """Its line."""
        return None if self._goes_on else self._good

    def take(self, parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk of any time."""
        for place, line in lines_with(chunk, [needle_of(self.wanted, parser)]):
            record = parser.record(line)
            if record is None or record.get("status") != "200" or not fits(record, self.wanted):
                continue
            took = number(record.get("request_time", "").encode())
            ended = _ended(parser, record)
            if ended is None or ended < self.after or (took is not None and took >= WAIT):
                continue
            if ended >= self.before:
                self._goes_on = True
            elif self._good is None or ended > self._good.ended:
                self._good = _hit(record, log.place(offset + place - 1), mask.shown(line), ended, "example")


def needle_of(wanted: Wanted, parser: LineParser) -> bytes:
    """Bytes that stand once in the line of each push."""
    if wanted.path is None:
        return b"nonce=" if wanted.signed else b"POST"
    path = wanted.path.encode("utf-8", "surrogateescape")
    return b"POST " + path if "request" in parser.fields else path


def _near(parser: LineParser, chunk: bytes, stamp: float) -> bool:
    """Whether a chunk may hold the line of a push of that second: by its first and its last line."""
    ends = [chunk[: chunk.find(b"\n", 1) + 1], chunk[chunk.rfind(b"\n", 0, -1) :]]
    found = [parser.seconds(text) for line in ends for text in parser.times(line)[:1]]
    if len(found) < len(ends) or found[0] is None or found[1] is None:
        return True
    return found[0] - DISORDER <= stamp + TO_END and found[1] + DISORDER >= stamp


def _ended(parser: LineParser, record: Record) -> float | None:
    at = parser.seconds(record[next((name for name in formats.TIMES if name in record), "time")].encode())
    took = number(record.get("request_time", "").encode()) if "starts" in record else None
    return at if at is None or took is None else at + took


def _hit(record: Record, place: Place, line: str, ended: float, match: str) -> Hit:
    target = target_of(record) or ""
    query = dict(part.partition("=")[::2] for part in target.partition("?")[2].split("&"))
    stamp = query.get("timestamp", "")
    size = record.get("body_bytes_sent", "")
    return Hit(
        place=place.text,
        line=line,
        status=record.get("status", ""),
        ended=ended,
        match=match,
        request_time=number(record.get("request_time", "").encode()),
        body_bytes=whole(size),
        stamp=whole(stamp, 11),
        packed=place.packed,
        left=record.get("left"),
        by=record.get("by") or ("nginx" if answered.by_itself(record) else None),
        rule=record.get("rule"),
        **{name: record.get(name) for name in answered.UPSTREAM},
    )
