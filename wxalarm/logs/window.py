"""Which bytes of a log belong to a window of time: bisection, for lines that are only nearly in order.

nginx dates a line when the request ends, workers write their buffers one after the other, and clocks are set back.
So: lines may be `slack` seconds out of order; a fall of the time beyond that splits the file into runs, each searched
by itself; and the ranges found are read on at both ends while lines of the window come (the linear margin).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field

from wxalarm.logs.formats import MAX_LINE

Read = Callable[[int, int], bytes]
"""read(offset, size): up to `size` bytes; fewer only at the end."""
Times = Callable[[bytes], Iterable[float]]
"""The times of all lines of a chunk (which begins and ends with a line break), in order."""

BLOCK = 8 * 1024
COARSE = 24
"""Places looked at first, evenly spread: where time falls between two of them the clock was set back."""
FINE = 16 * 1024
"""Bisection stops at this many bytes."""
MARGIN = 256 * 1024
"""Bytes read beyond both ends of a range at a time."""


class Window(Struct, frozen=True):
    """Ranges of bytes that hold every line of the window (and some others), ascending."""

    ranges: tuple[tuple[int, int], ...]
    backwards: float = 0.0
    """Seconds by which the time was seen to fall, beyond the slack."""
    first: float | None = None
    """The time of the first dated line of the file."""
    last: float | None = None
    """The time of the last dated line."""


class Searcher(Struct):
    """Finds dated lines in one file. `size`: bytes of the file when it was opened."""

    read: Read
    size: int
    times: Times
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """Ranges in which no line begins: a 100 MB line is walked through once."""

    def line_at(self, offset: int) -> tuple[int, float] | None:
        """The start and time of the first dated line that begins at `offset` or later; None when there is none."""
        start = self._start(offset)
        while start is not None and start < self.size:
            data = self.read(start, BLOCK)
            cut = data.find(b"\n")
            if cut < 0 and len(data) == BLOCK:
                data = self.read(start, MAX_LINE)
                cut = data.find(b"\n")
            line = data if cut < 0 else data[:cut]
            found = next(iter(self.times(b"\n" + line + b"\n")), None)
            if found is not None:
                return start, found
            last = data.rfind(b"\n")
            if last > cut and next(iter(self.times(b"\n" + data[: last + 1])), None) is None:
                # None in the whole block: what a container writes may be full of lines of another kind.
                start += last + 1
                continue
            start = start + cut + 1 if cut >= 0 else self._start(start + 1)
        return None

    def _start(self, offset: int) -> int | None:
        """The first start of a line at `offset` or later."""
        if offset <= 0:
            return 0
        for begin, end in self.gaps:
            if begin <= offset <= end:
                return end if end < self.size else None
        place = offset - 1
        block = BLOCK
        while place < self.size:
            data = self.read(place, block)
            cut = data.find(b"\n")
            if cut >= 0 or not data:
                break
            place += len(data)
            block = MAX_LINE
        end = place + cut + 1 if place < self.size and data else self.size
        if end - offset > MAX_LINE:
            self.gaps.append((offset, end))
        return end if end < self.size else None

    def last(self) -> float | None:
        """The time of the last dated line."""
        for size in (BLOCK, 2 * MAX_LINE):
            data = self.read(max(0, self.size - size), size)
            lines = data.split(b"\n")
            for line in reversed(lines if len(data) == self.size else lines[1:]):
                if (found := next(iter(self.times(b"\n" + line + b"\n")), None)) is not None:
                    return found
        return None

    def bisect(self, low: int, high: int, beyond: Callable[[float], bool]) -> tuple[int, int]:
        """(a, b) around a place between low and high where `beyond` begins to hold; b - a is at most FINE or so."""
        while high - low > FINE:
            middle = (low + high) // 2
            found = self.line_at(middle)
            if found is None or found[0] >= high or beyond(found[1]):
                high = middle
            else:
                low = found[0]
        return low, high


def find(read: Read, size: int, times: Times, low: float, high: float, slack: float = 60.0) -> Window:
    """The ranges that hold the lines from `low` to `high` (Unix seconds, both included)."""
    searcher = Searcher(read, size, times)
    points = _points(searcher)
    if not points:
        return Window(())
    last = searcher.last()
    runs, fall = _runs(searcher, points, last, slack)
    ranges = [found for run in runs if (found := _cut(searcher, run, low - slack, high + slack)) is not None]
    grown = _grown(searcher, _merged(ranges), low, high)
    return Window(tuple(grown), fall, points[0][1], last)


def _points(searcher: Searcher) -> list[tuple[int, float]]:
    points: dict[int, float] = {}
    for index in range(COARSE):
        found = searcher.line_at(searcher.size * index // COARSE)
        if found is None:
            break
        points[found[0]] = found[1]
    return sorted(points.items())


Run = tuple[int, int, float, float | None]
"""(start, end, time at the start, time at the end): bytes in which the time does not fall beyond the slack."""


def _runs(
    searcher: Searcher, points: list[tuple[int, float]], last: float | None, slack: float
) -> tuple[list[Run], float]:
    """The parts between points, with those in which the time falls split at the fall; and the deepest fall."""
    runs: list[Run] = []
    fall = 0.0
    ends = [*points[1:], (searcher.size, last)]
    for (start, time), (end, until) in zip(points, ends, strict=True):
        if until is None or until >= time - slack:
            runs.append((start, end, time, until))
            continue
        before, after = searcher.bisect(start, end, (time - slack).__gt__)
        around = searcher.line_at(before), searcher.line_at(after)
        fall = max(fall, (around[0][1] if around[0] else time) - (around[1][1] if around[1] else until))
        runs.append((start, before, time, None))
        runs.append((before, after, float("-inf"), float("inf")))
        runs.append((after, end, float("-inf"), until))
    return runs, fall


def _cut(searcher: Searcher, run: Run, low: float, high: float) -> tuple[int, int] | None:
    """The bytes of a run from `low` to `high`; None when it lies outside."""
    start, end, time, until = run
    if time == float("-inf") and until == float("inf"):
        return start, end
    if time > high or (until is not None and until < low):
        return None
    if time < low:
        start = searcher.bisect(start, end, lambda found: found >= low)[0]
    if until is None or until > high:
        end = searcher.bisect(start, end, lambda found: found > high)[1]
    return (start, end) if start < end else None


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _grown(searcher: Searcher, ranges: list[tuple[int, int]], low: float, high: float) -> list[tuple[int, int]]:
    """The ranges with the linear margin: read on at both ends as long as lines of the window come."""

    def held(start: int, end: int) -> bool:
        start, end = max(0, start), min(searcher.size, end)
        if start >= end:
            return False
        data = searcher.read(start, end - start)
        return any(low <= time <= high for time in searcher.times(b"\n" + data + b"\n"))

    grown = []
    for start, end in ranges:
        while start > 0 and held(start - MARGIN, start):
            start -= MARGIN
        while end < searcher.size and held(end, end + MARGIN):
            end += MARGIN
        grown.append((max(0, start), min(searcher.size, end)))
    return _merged(grown)


class Lines(Struct):
    """Splits blocks into chunks of whole lines; a line over MAX_LINE is dropped and counted."""

    offset: int = 0
    """Of the next chunk's first byte, in the log."""
    dropped: int = 0
    _rest: bytes = b""
    _dropping: bool = False

    def feed(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        """(offset, chunk) of all lines that have come to an end: a line break, then the lines with theirs.

        offset: of the first line, behind that first line break.
        """
        if self._dropping:
            cut = block.find(b"\n")
            if cut < 0:
                self.offset += len(block)
                return
            self.offset += cut + 1
            block, self._dropping = block[cut + 1 :], False
        cut = block.rfind(b"\n") + 1
        if cut:
            data = b"".join((b"\n", self._rest, memoryview(block)[:cut]))
            self._rest = block[cut:]
            yield from self._whole(data)
        else:
            self._rest += block
        if len(self._rest) > MAX_LINE:
            self.dropped += 1
            self.offset += len(self._rest)
            self._rest, self._dropping = b"", True

    def end(self) -> Iterator[tuple[int, bytes]]:
        """What is left: a last line without a line break, half-written perhaps."""
        rest, self._rest = self._rest, b""
        if rest:
            yield self.offset, b"\n" + rest + b"\n"
            self.offset += len(rest)

    def _whole(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        step = MAX_LINE // 2
        offset, self.offset = self.offset, self.offset + len(data) - 1
        # A line over MAX_LINE covers one of these steps whole.
        if all(data.find(b"\n", at, at + step) >= 0 for at in range(1, len(data) - step, step)):
            yield offset, data
            return
        every = [line + b"\n" for line in data[1:].split(b"\n")[:-1]]
        for long, lines in itertools.groupby(every, lambda line: len(line) > MAX_LINE):
            part = list(lines)
            if long:
                self.dropped += len(part)
            else:
                yield offset, b"\n" + b"".join(part)
            offset += sum(map(len, part))
