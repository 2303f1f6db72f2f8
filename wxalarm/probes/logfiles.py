"""Reads the part of logs that belongs to a window of time, bounded everywhere.

Plain files are searched by bisection. Compressed ones are streamed, the newest first, and only those whose lines can
belong to the window: of a rotated log each part ends where the next one begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Generic, Literal, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from wxalarm.logs import mask, rotation, window
from wxalarm.logs.access_search import FIRST_LINE
from wxalarm.logs.formats import MAX_LINE
from wxalarm.logs.place import Log, Place
from wxalarm.probes import local
from wxalarm.probes.logsource import CHUNK, COUNTED, MAX_FILES, READ_ERRORS, SAMPLE, LogFile, Source, expand, opened
from wxalarm.probes.machine import zoned

__all__ = [
    "LogFile",
    "LogsSeen",
    "Reading",
    "Source",
    "count",
    "expand",
    "head",
    "local_zone",
    "opened",
    "tail",
    "zone_of",
]

MAX_STREAM = 4 * 1024 * 1024 * 1024
"""Bytes of one compressed log after decompression."""
BEYOND = 8 * 1024 * 1024
"""Bytes of a compressed log still read after the window has passed: the clock may have been set back."""
ENOUGH = 4 * 1024 * 1024
"""Bytes before the window whose rate is taken."""
SLACK = 30.0
"""Seconds by which lines may be out of order (workers write their buffers in turn); the margin covers more."""


class LogsSeen(Struct, frozen=True):
    """Some logs in the alarm's window: what a pass over logs of any kind gives."""

    files: tuple[LogFile, ...]
    low: float
    high: float
    """The window read, Unix seconds."""
    start: float
    """The alarm's first failure, Unix seconds."""
    limit: float = 0.0
    """Seconds that reading might take."""

    @property
    def read(self) -> tuple[LogFile, ...]:
        """The files that could be read."""
        return tuple(file for file in self.files if file.usable)

    @property
    def usable(self) -> bool:
        """Whether any file could be read."""
        return bool(self.read)


class Timed(Protocol):
    """What reading needs of a parser."""

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """The times of all lines of a chunk."""
        ...

    def seconds(self, time: bytes) -> float | None:
        """One of them as Unix seconds."""
        ...


P = TypeVar("P", bound=Timed)


Choose = Callable[[str, Sequence[bytes]], P | None]
"""choose(path, lines): the parser for a sample of a file's lines; None when they are not understood."""
Sink = Callable[[P, Log, int, bytes], None]
"""sink(parser, log, offset, chunk): a line break and whole lines; offset is that of the first line."""


class Reading(Struct):
    """Reads the windows of several files, until the time is up."""

    low: float
    high: float
    """Unix seconds."""
    until: float
    """time.monotonic() at which reading ends."""
    slack: float = SLACK
    wider: float = 0.0
    """Seconds around the window whose chunks a compressed file gives to `around`: it is streamed only once."""
    seen: set[tuple[int, int]] = field(default_factory=set)

    def read(
        self, paths: Sequence[str], choose: Choose[P], sink: Sink[P], around: Sink[P] | None = None
    ) -> list[LogFile]:
        """Give the window's chunks of every file to `sink`; what became of each file."""
        found: dict[str, LogFile] = {}
        packed: list[_Packed[P]] = []
        ordered: list[list[str]] = []
        for parts in rotation.series(paths):
            waiting, in_order = self._log(parts, found, choose, sink)
            packed += waiting
            ordered += [parts] if in_order else []
        packed.sort(key=lambda one: (not one.bounded, one.written < self.low))
        for one in packed:
            found[one.about.path] = self._packed(one, _Stream(self, one.parser, sink, around))
        for parts in ordered:
            passed = False
            for path in reversed(parts):  # each begins where the one before ends
                found[path] = file = replace(found[path], whole=found[path].whole or passed)
                passed = passed or self._passed(file.first) or self._passed(file.last)
        return [found[path] for path in dict.fromkeys(paths)]

    def _log(
        self, parts: Sequence[str], found: dict[str, LogFile], choose: Choose[P], sink: Sink[P]
    ) -> tuple[list[_Packed[P]], bool]:
        """Read the plain parts of one log, the newest first; (the compressed ones that may hold lines of the window,
        whether the parts are in order).

        A part ends where the next newer one begins. That is taken for true as long as no older one begins later.
        """
        packed: list[_Packed[P]] = []
        newer: float | None = None
        """When the next newer part begins."""
        ordered, over = True, False
        for path in parts:
            outside = newer is not None and newer < self._from
            source = self._opened(path, len(found))
            if isinstance(source, LogFile):
                found[path] = replace(source, whole=source.whole or (ordered and outside))
                continue
            with source:
                about = LogFile(path, source.size, source.compressed)
                if over and source.compressed:
                    found[path] = about
                    continue
                try:
                    lines = source.sample()
                    parser = choose(path, lines)
                    if parser is None:
                        problem = _no_log(lines)
                        line = next((line for line in lines if line.strip()), b"") if problem == "format" else b""
                        found[path] = replace(
                            about, problem=problem, whole=problem == "empty", detail=mask.shown(line)[:FIRST_LINE]
                        )
                        continue
                    about = replace(about, format=getattr(parser, "name", None))
                    if not source.compressed:
                        about = found[path] = self._window(source, about, parser, sink)
                    else:
                        about = found[path] = replace(about, first=_first(parser, _chunk(lines)))
                except FileNotFoundError:
                    found[path] = replace(about, problem="no-zstd", whole=False)
                    continue
                except READ_ERRORS as error:
                    found[path] = _broken(about, error)
                    continue
                first = about.first
                if first is not None:
                    ordered = ordered and (newer is None or first <= newer + self.slack)
                    newer = first
                over = ordered and outside
                if source.compressed and not over and (first is None or first <= self._to):
                    packed.append(_Packed(about, parser, source.identity, source.written))
        for one in packed:
            one.bounded = ordered and len(parts) > 1
        return packed, ordered

    def _passed(self, time: float | None) -> bool:
        """Whether a line of this time stands behind the window."""
        return time is not None and time > self.high + self.slack

    @property
    def _from(self) -> float:
        return self.low - self.wider - self.slack

    @property
    def _to(self) -> float:
        return self.high + self.wider + self.slack

    def _opened(self, path: str, opened_before: int) -> Source | LogFile:
        """An opened log, or why it is not read."""
        if opened_before >= MAX_FILES:
            return LogFile(path, problem="many", whole=False)
        source = opened(path)
        if isinstance(source, LogFile):
            return source
        about = LogFile(path, source.size, source.compressed)
        if source.identity[1] and source.identity in self.seen:
            about = replace(about, problem="twice")
        elif source.size == 0:
            about = replace(about, problem="empty")
        elif time.monotonic() > self.until:
            about = replace(about, problem="late", whole=False, reached=0)
        else:
            self.seen.add(source.identity)
            return source
        source.file.close()
        return about

    def _window(self, source: Source, about: LogFile, parser: P, sink: Sink[P]) -> LogFile:
        """A plain file: the window is found by bisection."""
        source.expect("RANDOM")  # else each look of the bisection reads ahead, up to mebibytes
        found = window.find(source.read, source.size, partial(_all_seconds, parser), self.low, self.high, self.slack)
        begin = found.ranges[0][0] if found.ranges else None
        about = replace(about, first=found.first, last=found.last, begin=begin, backwards=found.backwards)
        source.expect("NORMAL")
        done = read = dropped = 0
        for start, end in found.ranges:
            source.expect("WILLNEED", start, end - start)
            place = max(done, _line_start(source, start))
            splitter = window.Lines(place)
            while place < source.size and splitter.offset < end:
                if time.monotonic() > self.until:
                    dropped += splitter.dropped
                    return replace(about, problem="late", whole=False, reached=place, read=read, dropped=dropped)
                block = source.read(place, min(CHUNK, end - place) if place < end else SAMPLE)
                if not block:
                    break
                if place >= end:  # only what completes the last line is wanted
                    block = block[: block.find(b"\n") + 1] or block
                place += len(block)
                for offset, chunk in splitter.feed(block):
                    sink(parser, source, offset, chunk)
                    read += len(chunk) - 1
            if place >= source.size:
                for offset, chunk in splitter.end():
                    sink(parser, source, offset, chunk)
                    read += len(chunk) - 1
            dropped += splitter.dropped
            done = place
        return replace(about, read=read, dropped=dropped)

    def _packed(self, one: _Packed[P], stream: _Stream[P]) -> LogFile:
        """A compressed file, from its beginning until the window has passed."""
        source = opened(one.about.path)
        if isinstance(source, LogFile):
            return source
        with source:
            if source.identity != one.identity:
                return replace(one.about, problem="moved", whole=False)
            about, ended = one.about, False
            try:
                ended = self._streamed(source, stream)
                if not ended:
                    about = replace(about, problem="late", reached=source.file.tell())
            except FileNotFoundError:
                about = replace(about, problem="no-zstd")
            except READ_ERRORS as error:
                about = replace(_broken(about, error), reached=source.file.tell())
            whole = ended or self._passed(stream.last)
            about = replace(about, problem=None, reached=None) if whole and about.problem == "late" else about
            dropped = stream.lines.dropped
            return replace(about, last=stream.last, read=stream.read, dropped=dropped, whole=whole)

    def _streamed(self, source: Source, stream: _Stream[P]) -> bool:
        """Whether it was read as far as it matters; False when the time was up."""
        total = 0
        for block in source.blocks():
            total += len(block)
            if time.monotonic() > self.until or total > MAX_STREAM:
                return False
            stream.take(source, block)
            if stream.beyond > BEYOND:
                return True
        stream.end(source)
        return True


class _Packed(Struct, Generic[P]):
    """A compressed file that is to be streamed."""

    about: LogFile
    parser: P
    identity: tuple[int, int]
    written: float
    bounded: bool = False
    """The parts beside it say when it begins and ends: it surely holds the window's time."""


class _Stream(Generic[P]):
    """What a compressed file gives, chunk by chunk: those of the window, and those around it, to their sinks."""

    def __init__(self, reading: Reading, parser: P, sink: Sink[P], around: Sink[P] | None) -> None:
        self.reading, self.parser, self.sink, self.around = reading, parser, sink, around
        self.lines = window.Lines()
        self.last: float | None = None
        """The time of the last line read."""
        self.read = self.beyond = 0
        """Bytes given to `sink`; bytes since the window has passed."""
        self._number = 1
        """Of the next line."""

    def take(self, source: Source, block: bytes) -> None:
        """The next block."""
        for offset, chunk in self.lines.feed(block):
            self._chunk(source, offset, chunk)

    def end(self, source: Source) -> None:
        """The last line, when it has no line break."""
        for offset, chunk in self.lines.end():
            self._chunk(source, offset, chunk)

    def _chunk(self, source: Source, offset: int, chunk: bytes) -> None:
        reading, part = self.reading, _Part(source.path, source.compressed, offset, self._number, chunk)
        part.number += self.lines.dropped
        self._number += chunk.count(b"\n") - 1
        ends = _last(self.parser, chunk)
        self.last = self.last if ends is None else ends
        if ends is not None and ends < reading._from:
            return
        begins = _first(self.parser, chunk)
        if begins is not None and begins > reading._to:
            self.beyond += len(chunk)
            return
        self.beyond = 0
        inside = reading.low - reading.slack, reading.high + reading.slack
        if (ends is None or ends >= inside[0]) and (begins is None or begins <= inside[1]):
            self.sink(self.parser, part, offset, chunk)
            self.read += len(chunk) - 1
        elif self.around is not None:
            self.around(self.parser, part, offset, chunk)


class _Part(Struct):
    """Where lines stand of which one chunk is at hand: `number` is that of its first."""

    path: str
    packed: str | None
    offset: int
    number: int
    chunk: bytes

    def place(self, offset: int) -> Place:
        """See logs.place.Log."""
        number = self.number + self.chunk.count(b"\n", 1, offset - self.offset + 1)
        return Place(f"{self.path}:{number}", self.packed)


def _no_log(lines: Sequence[bytes]) -> str:
    """What is wrong with a file whose lines no parser understands."""
    if any(b"\0" in line for line in lines):
        return "binary"
    return "format" if any(lines) else "empty"


def _broken(about: LogFile, error: BaseException) -> LogFile:
    local.asked(error)
    return replace(about, problem="broken", detail=str(error), whole=False)


def _chunk(lines: Sequence[bytes]) -> bytes:
    return b"\n" + b"".join(line + b"\n" for line in lines)


def _first(parser: Timed, chunk: bytes) -> float | None:
    """The time of a chunk's first line, else of the first that has one."""
    line = chunk[: chunk.find(b"\n", 1) + 1]
    found = next(_all_seconds(parser, line), None)
    return next(_all_seconds(parser, chunk), None) if found is None else found


def _last(parser: Timed, chunk: bytes) -> float | None:
    """The time of a chunk's last line, else of the last that has one."""
    found = next(_all_seconds(parser, chunk[chunk.rfind(b"\n", 0, -1) :]), None)
    return next(_all_seconds(parser, chunk, -1), None) if found is None else found


def _line_start(source: Source, offset: int) -> int:
    """The start of the line in which `offset` stands, if it is not too far."""
    if offset == 0:
        return 0
    begin = max(0, offset - MAX_LINE)
    data = source.read(begin, offset - begin)
    cut = data.rfind(b"\n")
    return begin + cut + 1 if cut >= 0 or begin == 0 else offset


def count(path: str, parser: Timed, needle: bytes, end: int, low: float) -> tuple[int, float]:
    """(how often `needle` stands before the offset `end`, seconds that this covers); (0, 0.0) when nothing is there.

    By offsets alone, so that the lines need no parsing: from the time `low`, at most ENOUGH bytes.
    """
    source = opened(path)
    if isinstance(source, LogFile):
        return 0, 0.0
    with source:
        search = window.Searcher(source.read, source.size, partial(_all_seconds, parser))
        begin = max(0, end - ENOUGH)
        first, last = search.line_at(begin), search.line_at(end)
        if first is not None and first[1] < low:
            first = search.line_at(search.bisect(begin, end, lambda found: found >= low)[0])
        if first is None or last is None or first[0] >= end:
            return 0, 0.0
        total, place = 0, first[0]
        while place < end:  # a needle across two blocks is missed: one in a thousand lines
            block = source.read(place, min(CHUNK, end - place))
            if not block:
                break
            total += block.count(needle)
            place += len(block)
        return total, max(0.0, last[1] - first[1])


_ZONE_STEP = 1800
_ZONE_NEAR = 2.0


def zone_of(paths: Sequence[str], naive: Timed) -> tuple[int | None, str]:
    """(seconds east of UTC, "mtime") of logs whose lines do not say it; (None, "") when it cannot be told.

    naive: a parser that reads their times as if they were UTC.

    A file's last line was written when the file was: the one is local time, the other is not.
    """
    for path in paths:
        source = opened(path)
        if isinstance(source, LogFile):
            continue
        with source:
            found = window.Searcher(source.read, source.size, partial(_all_seconds, naive)).last()
            if source.compressed or found is None:
                continue
            apart = found - source.written
            zone = round(apart / _ZONE_STEP) * _ZONE_STEP
            if abs(apart - zone) <= _ZONE_NEAR and abs(zone) <= 14 * 3600:
                return zone, "mtime"
    return None, ""


def tail(path: str, until: float, sink: Callable[[Source, int, bytes], None]) -> LogFile:
    """Give the last COUNTED bytes of a log without times to `sink`, as `Reading.read` does."""
    source = opened(path)
    if isinstance(source, LogFile):
        return source
    with source:
        about = LogFile(path, source.size, source.compressed)
        if source.compressed:
            return replace(about, problem="format", whole=False)
        begin = place = max(0, source.size - COUNTED)
        splitter = window.Lines(place)
        while (intime := time.monotonic() < until) and (block := source.read(place, CHUNK)):
            place += len(block)
            for offset, chunk in splitter.feed(block):
                sink(source, offset, chunk)
        for offset, chunk in splitter.end():
            sink(source, offset, chunk)
        about = replace(about, read=place - begin, dropped=splitter.dropped)
        if not intime:
            return replace(about, problem="late", whole=False, reached=place)
        return about if begin == 0 else replace(about, problem="tail", whole=False)


def head(path: str, size: int, sink: Callable[[Source, bytes], None]) -> None:
    """Give the first bytes of a plain file to `sink`; nothing when it cannot be opened."""
    source = opened(path)
    if not isinstance(source, LogFile):
        with source:
            sink(source, source.read(0, size))


def local_zone(seconds: float) -> int:
    """This machine's zone at a time (Unix seconds), seconds east of UTC; 0 when TZ names a zone that cannot be."""
    offset = zoned(datetime.fromtimestamp(seconds, UTC)).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _all_seconds(parser: Timed, chunk: bytes, step: Literal[1, -1] = 1) -> Iterator[float]:
    # Many lines share a second.
    texts = dict.fromkeys(parser.times(chunk)[::step])
    return (found for text in texts if (found := parser.seconds(text)) is not None)
