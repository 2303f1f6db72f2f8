"""Reads the part of logs that belongs to a window of time, bounded everywhere.

Plain files are searched by bisection, compressed ones are streamed.
"""

from __future__ import annotations

import lzma
import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from wxalarm.logs import window
from wxalarm.logs.formats import MAX_LINE
from wxalarm.probes import local
from wxalarm.probes.logsource import CHUNK, COUNTED, SAMPLE, LogFile, Source, expand, opened
from wxalarm.probes.machine import zoned

__all__ = ["LogFile", "LogsSeen", "Reading", "Source", "count", "expand", "local_zone", "opened", "tail", "zone_of"]

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


Sink = Callable[[P, Source, int, bytes], None]
"""sink(parser, source, offset, chunk): a line break and whole lines; offset is that of the first line."""


class Reading(Struct):
    """Reads the windows of several files, until the time is up."""

    low: float
    high: float
    """Unix seconds."""
    until: float
    """time.monotonic() at which reading ends."""
    slack: float = SLACK
    seen: set[tuple[int, int]] = field(default_factory=set)

    def read(self, paths: Sequence[str], choose: Callable[[Sequence[bytes]], P | None], sink: Sink[P]) -> list[LogFile]:
        """Give the window's chunks of every file to `sink`; what became of each file.

        choose: the parser for a sample of lines; None when they are not understood.
        """
        return [self._file(path, choose, sink) for path in paths]

    def _file(self, path: str, choose: Callable[[Sequence[bytes]], P | None], sink: Sink[P]) -> LogFile:
        source = opened(path)
        if isinstance(source, LogFile):
            return source
        with source:
            about = LogFile(path, source.size, source.compressed)
            status = os.fstat(source.file.fileno())
            if status.st_ino and (status.st_dev, status.st_ino) in self.seen:
                return replace(about, problem="twice")
            self.seen.add((status.st_dev, status.st_ino))
            if source.size == 0:
                return replace(about, problem="empty")
            try:
                return self._window(source, about, choose, sink)
            except FileNotFoundError:
                return replace(about, problem="no-zstd")
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
                local.asked(error)
                return replace(about, problem="broken", detail=str(error))

    def _window(
        self, source: Source, about: LogFile, choose: Callable[[Sequence[bytes]], P | None], sink: Sink[P]
    ) -> LogFile:
        lines = source.sample()
        parser = choose(lines)
        if parser is None:
            binary = any(b"\0" in line for line in lines)
            return replace(about, problem="binary" if binary else "format" if any(lines) else "empty")
        about = replace(about, format=getattr(parser, "name", None))
        if source.compressed:
            return self._streamed(source, about, parser, lines, sink)
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
                    return replace(about, problem="late", read=read, dropped=dropped + splitter.dropped)
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

    def _streamed(self, source: Source, about: LogFile, parser: P, lines: Sequence[bytes], sink: Sink[P]) -> LogFile:
        """A compressed file: passed over when its first line and its last write lie on one side of the window."""
        first = next((t for line in lines if (t := _first(parser, b"\n" + line + b"\n")) is not None), None)
        about = replace(about, first=first, last=source.written)
        if (first is not None and first > self.high + self.slack) or source.written < self.low - self.slack:
            return about
        splitter = window.Lines()
        try:
            about = self._stream(source, about, parser, splitter, sink)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            local.asked(error)
            about = replace(about, problem="broken", detail=str(error), read=splitter.offset)
        return replace(about, dropped=splitter.dropped)

    def _stream(self, source: Source, about: LogFile, parser: P, splitter: window.Lines, sink: Sink[P]) -> LogFile:
        total = beyond = 0
        for block in source.blocks():
            total += len(block)
            if time.monotonic() > self.until or total > MAX_STREAM:
                return replace(about, problem="late")
            for offset, chunk in splitter.feed(block):
                begins = _first(parser, chunk[:MAX_LINE] + b"\n")
                ends = _first(parser, chunk[chunk.rfind(b"\n", 0, -1) :])
                if ends is not None and ends < self.low - self.slack:
                    continue
                beyond = beyond + len(chunk) if begins is not None and begins > self.high + self.slack else 0
                if not beyond:
                    sink(parser, source, offset, chunk)
                    about = replace(about, read=about.read + len(chunk) - 1)
            if beyond > BEYOND:
                break
        else:
            for offset, chunk in splitter.end():
                sink(parser, source, offset, chunk)
        return about


def _first(parser: Timed, chunk: bytes) -> float | None:
    return next(_all_seconds(parser, chunk), None)


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
            return replace(about, problem="format")
        place = max(0, source.size - COUNTED)
        splitter = window.Lines(place)
        while time.monotonic() < until and (block := source.read(place, CHUNK)):
            place += len(block)
            for offset, chunk in splitter.feed(block):
                sink(source, offset, chunk)
        for offset, chunk in splitter.end():
            sink(source, offset, chunk)
        return replace(about, read=place - max(0, source.size - COUNTED), dropped=splitter.dropped)


def local_zone(seconds: float) -> int:
    """This machine's zone at a time (Unix seconds), seconds east of UTC; 0 when TZ names a zone that cannot be."""
    offset = zoned(datetime.fromtimestamp(seconds, UTC)).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _all_seconds(parser: Timed, chunk: bytes) -> Iterator[float]:
    # Many lines share a second.
    return (found for text in dict.fromkeys(parser.times(chunk)) if (found := parser.seconds(text)) is not None)
