"""Reads the part of logs that belongs to a window of time: plain, rotated and compressed files, bounded everywhere.

Plain files are searched by bisection and read in blocks at offsets (never mapped: a log that is cut while it is read
would kill the process). Compressed ones are streamed. What cannot be read is named in the result, not raised.
"""

from __future__ import annotations

import bz2
import contextlib
import glob
import gzip
import lzma
import os
import shutil
import stat
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from wxalarm.logs import window
from wxalarm.logs.errors import ErrorLines
from wxalarm.logs.formats import MAX_LINE

CHUNK = 256 * 1024
"""Bytes looked at in one go: a C call on more would hold up the probes that run beside it."""
SAMPLE = 64 * 1024
MAX_FILES = 64
MAX_STREAM = 4 * 1024 * 1024 * 1024
"""Bytes of one compressed log after decompression."""
BEYOND = 8 * 1024 * 1024
"""Bytes of a compressed log still read after the window has passed: the clock may have been set back."""
SLACK = 60.0
"""Seconds by which lines may be out of order (workers write their buffers one after the other)."""
COUNTED = 16 * 1024 * 1024
"""A line's number is counted only when it stands within the first so many bytes."""
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))
_SHOW = {"gzip": "zcat", "zstd": "zstdcat", "bzip2": "bzcat", "xz": "xzcat"}


class Timed(Protocol):
    """What reading needs of a parser."""

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """The times of all lines of a chunk."""
        ...

    def seconds(self, time: bytes) -> float | None:
        """One of them as Unix seconds."""
        ...


P = TypeVar("P", bound=Timed)


@dataclass(frozen=True, slots=True)
class LogFile:
    """One log file and how far it could be read."""

    path: str
    size: int = 0
    """Bytes on disk."""
    compressed: str | None = None
    """gzip, zstd, bzip2, xz."""
    format: str | None = None
    first: float | None = None
    """Unix seconds of the first line."""
    last: float | None = None
    """Unix seconds of the last line; of a compressed file, the time it was last written."""
    problem: str | None = None
    """missing, unreadable, empty, binary, format, irregular, no-zstd, broken, late (the run's time ended)."""
    detail: str = ""
    read: int = 0
    """Bytes of lines looked at."""
    dropped: int = 0
    """Lines over 64 KiB that were skipped."""
    backwards: float = 0.0
    """Seconds by which its time was seen to fall."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands, and the command that shows it."""

    text: str
    """FILE:LINE, or FILE@OFFSET (bytes) far inside a large file."""
    show: str


@dataclass(slots=True)
class Source:
    """An opened log. Close it, or use it in a with statement."""

    path: str
    file: BinaryIO
    size: int
    written: float
    """Unix seconds of the last write."""
    compressed: str | None = None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()

    def read(self, offset: int, size: int) -> bytes:
        """Bytes at an offset; fewer at the end. A log that was cut meanwhile just ends earlier."""
        self.file.seek(offset)
        parts = []
        while size > 0 and (data := self.file.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def blocks(self) -> Iterator[bytes]:
        """The decompressed bytes from the beginning. Raises OSError, EOFError, ValueError on damaged data."""
        self.file.seek(0)
        if self.compressed == "zstd":
            yield from _zstd(self.file)
            return
        opened: Any
        if self.compressed == "gzip":
            opened = gzip.GzipFile(fileobj=self.file)
        elif self.compressed == "bzip2":
            opened = bz2.BZ2File(self.file)
        elif self.compressed == "xz":
            opened = lzma.LZMAFile(self.file)  # noqa: SIM115  # closed below
        else:
            opened = contextlib.nullcontext(self.file)
        with opened as stream:
            while block := stream.read(CHUNK):
                yield block

    def sample(self) -> list[bytes]:
        """Some whole lines from the beginning, the middle and the end."""
        if self.compressed:
            blocks = self.blocks()
            data = next(blocks, b"")
            blocks.close()  # type: ignore[attr-defined]  # it is a generator
            return _whole(data[:SAMPLE], True, len(data) < SAMPLE)
        lines = _whole(self.read(0, SAMPLE), True, self.size <= SAMPLE)
        if self.size > SAMPLE:
            lines += _whole(self.read(self.size // 2, SAMPLE), False, False)
            lines += _whole(self.read(max(0, self.size - SAMPLE), SAMPLE), False, False)
        return lines

    def place(self, offset: int) -> Place:
        """Where the line at an offset (in the decompressed bytes) stands."""
        if offset > COUNTED:
            show = f"tail -c +{offset + 1} {self.path} | head -n 1"
            if self.compressed:
                show = f"{_SHOW[self.compressed]} {self.path} | tail -c +{offset + 1} | head -n 1"
            return Place(f"{self.path}@{offset}", show)
        number, left = 1, offset
        for block in self.blocks():
            number += block.count(b"\n", 0, left)
            left -= len(block)
            if left <= 0:
                break
        show = f"sed -n '{number}{{p;q}}' {self.path}"
        if self.compressed:
            show = f"{_SHOW[self.compressed]} {self.path} | sed -n '{number}{{p;q}}'"
        return Place(f"{self.path}:{number}", show)


def _whole(data: bytes, begins: bool, ends: bool) -> list[bytes]:
    """Up to 60 lines of a block without the cut ones at its ends."""
    lines = data.split(b"\n")
    lines = lines[0 if begins else 1 :]
    if len(lines) > 1 or not ends:
        lines = lines[:-1]  # empty after a last line break, else cut or half-written
    return lines[:60]


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    program = shutil.which("zstd")
    if program is None:
        raise FileNotFoundError("zstd")
    with subprocess.Popen([program, "-dcq"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            while block := process.stdout.read(CHUNK):
                yield block
        finally:
            process.kill()


def expand(patterns: Sequence[str]) -> list[str]:
    """The files that patterns name, with the rotated ones beside each (access.log.1, .2.gz, -20260101.zst)."""
    found: dict[str, None] = {}
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        for name in names or [pattern]:
            found.setdefault(name)
            if not glob.has_magic(name):
                found.update(dict.fromkeys(_rotated(name)))
    return list(found)[:MAX_FILES]


def _rotated(name: str) -> list[str]:
    stem, suffix = os.path.splitext(glob.escape(name))
    suffixes = ("[.-][0-9]*", "[.-][0-9]*[0-9]")
    patterns = [f"{glob.escape(name)}{ending}" for ending in suffixes]
    patterns += [f"{stem}{ending}{suffix}*" for ending in suffixes] if suffix == ".log" else []
    return sorted({path for pattern in patterns for path in glob.glob(pattern)})


def opened(path: str) -> Source | LogFile:
    """An opened log, or what is wrong with it."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            return LogFile(path, problem="irregular")
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115  # the Source closes it
    except FileNotFoundError:
        return LogFile(path, problem="missing")
    except (OSError, ValueError) as error:
        return LogFile(path, problem="unreadable", detail=getattr(error, "strerror", None) or str(error))
    try:
        status = os.fstat(file.fileno())
        source = Source(path, file, status.st_size, status.st_mtime)
        head = source.read(0, 8)
    except OSError as error:
        file.close()
        return LogFile(path, problem="unreadable", detail=error.strerror or str(error))
    source.compressed = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    return source


Sink = Callable[[P, Source, int, bytes], None]
"""sink(parser, source, offset, chunk): a line break and whole lines; offset is that of the first line."""


@dataclass(slots=True)
class Reading:
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
        found = window.find(source.read, source.size, partial(_all_seconds, parser), self.low, self.high, self.slack)
        about = replace(about, first=found.first, last=found.last, backwards=found.backwards)
        for start, end in found.ranges:
            splitter = window.Lines(_line_start(source, start))
            place = splitter.offset
            while place < source.size and splitter.offset < end:
                if time.monotonic() > self.until:
                    return replace(about, problem="late", dropped=about.dropped + splitter.dropped)
                # Once past the end only what completes the last line is wanted.
                block = source.read(place, min(CHUNK, source.size - place) if place < end else SAMPLE)
                if not block:
                    break
                place += len(block)
                for offset, chunk in splitter.feed(block):
                    sink(parser, source, offset, b"\n" + chunk)
                    about = replace(about, read=about.read + len(chunk))
            if place >= source.size:
                for offset, chunk in splitter.end():
                    sink(parser, source, offset, b"\n" + chunk)
                    about = replace(about, read=about.read + len(chunk))
            about = replace(about, dropped=about.dropped + splitter.dropped)
        return about

    def _streamed(self, source: Source, about: LogFile, parser: P, lines: Sequence[bytes], sink: Sink[P]) -> LogFile:
        """A compressed file: passed over when its first line and its last write lie on one side of the window."""
        first = next((t for line in lines if (t := _first(parser, b"\n" + line + b"\n")) is not None), None)
        about = replace(about, first=first, last=source.written)
        if (first is not None and first > self.high + self.slack) or source.written < self.low - self.slack:
            return about
        splitter = window.Lines()
        total = beyond = 0
        for block in source.blocks():
            total += len(block)
            if time.monotonic() > self.until or total > MAX_STREAM:
                return replace(about, problem="late", dropped=splitter.dropped)
            for offset, chunk in splitter.feed(block):
                begins = _first(parser, b"\n" + chunk[:MAX_LINE] + b"\n")
                ends = _first(parser, b"\n" + chunk[chunk.rfind(b"\n", 0, -1) + 1 :])
                if ends is not None and ends < self.low - self.slack:
                    continue
                beyond = beyond + len(chunk) if begins is not None and begins > self.high + self.slack else 0
                if not beyond:
                    sink(parser, source, offset, b"\n" + chunk)
                    about = replace(about, read=about.read + len(chunk))
            if beyond > BEYOND:
                break
        else:
            for offset, chunk in splitter.end():
                sink(parser, source, offset, b"\n" + chunk)
        return replace(about, dropped=splitter.dropped)


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


def count(path: str, parser: Timed, needle: bytes, low: float, high: float) -> tuple[int, float]:
    """(how often `needle` stands in the lines from low to high, seconds between the first and the last of them).

    By offsets alone, so that the lines need no parsing; at most the last COUNTED bytes. (0, 0.0) when there are none.
    """
    source = opened(path)
    if isinstance(source, LogFile):
        return 0, 0.0
    with source:
        search = window.Searcher(source.read, source.size, partial(_all_seconds, parser))
        begin = search.bisect(0, source.size, lambda found: found >= low)[0]
        end = search.bisect(begin, source.size, lambda found: found >= high)[0]
        begin = max(begin, end - COUNTED)
        first, last = search.line_at(begin), search.line_at(end)
        if first is None or first[0] >= end:
            return 0, 0.0
        total, place = 0, first[0]
        while place < end:  # a needle across two blocks is missed: one in a thousand lines
            block = source.read(place, min(CHUNK, end - place))
            if not block:
                break
            total += block.count(needle)
            place += len(block)
        return total, max(0.0, (last[1] if last else high) - first[1])


_ZONE_STEP = 1800
_ZONE_NEAR = 2.0


def zone_of(paths: Sequence[str]) -> tuple[int | None, str]:
    """(seconds east of UTC, "mtime") of error logs, whose lines do not say it; (None, "") when it cannot be told.

    A file's last line was written when the file was: the one is local time, the other is not.
    """
    for path in paths:
        source = opened(path)
        if isinstance(source, LogFile):
            continue
        with source:
            naive = ErrorLines(0)
            found = window.Searcher(source.read, source.size, partial(_all_seconds, naive)).last()
            if source.compressed or found is None:
                continue
            apart = found - source.written
            zone = round(apart / _ZONE_STEP) * _ZONE_STEP
            if abs(apart - zone) <= _ZONE_NEAR and abs(zone) <= 14 * 3600:
                return zone, "mtime"
    return None, ""


def local_zone(seconds: float) -> int:
    """This machine's zone at a time (Unix seconds), seconds east of UTC."""
    return time.localtime(seconds).tm_gmtoff


def _all_seconds(parser: Timed, chunk: bytes) -> Iterator[float]:
    return (found for text in parser.times(chunk) if (found := parser.seconds(text)) is not None)
