"""Offsets in a text → lines and columns, worked out only when somebody asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wxalarm.model import Location
from wxalarm.parser.construct import plain_of

_LOCATION = plain_of(Location)

EDGES = (
    " \t\r\n\f\v\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What is stripped from the outside of one-line values."""
QUOTES = ">|│┃"
"""What mail and chat programs put before quoted lines."""
NEAR = 16 * 1024
"""Characters that are counted through rather than listing all beginnings of lines."""
Spans = Mapping[str, tuple[int, int]]


def end_of(text: str, start: int, stop: int) -> int:
    """Where text[start:stop] ends without the blanks behind it and without lines of nothing but quote marks."""
    end = start + len(text[start:stop].rstrip(EDGES))
    while (newline := text.rfind("\n", start, end)) >= 0 and not text[newline:end].strip(EDGES + QUOTES):
        end = start + len(text[start:newline].rstrip(EDGES))
    return end


class Lines:
    """Where lines begin in one text. A part of a stream says with which line and column it begins."""

    __slots__ = ("_before", "_end", "_near", "_starts", "first_column", "first_line", "path", "text")

    def __init__(self, text: str, path: str | None, first_line: int = 1, first_column: int = 1) -> None:
        self.text, self.path = text, path
        self.first_line, self.first_column = first_line, first_column
        self._starts: list[int] | None = None
        self._end = self._near = self._before = (0, first_line, 0)
        """Places with their line and the beginning of it: the end and the begin of the last alarm, the end before."""

    @property
    def starts(self) -> list[int]:
        """Offsets of the beginnings of lines."""
        if self._starts is None:
            starts, at, find = [0], -1, self.text.find
            while (at := find("\n", at + 1)) >= 0:
                starts.append(at + 1)
            self._starts = starts
        return self._starts

    def locate(self, start: int, end: int) -> Location:
        """The location of text[start:end]."""
        if self._starts is None and end <= self._end[0]:
            for place in (self._near, self._before):
                # From far away many looks would each count the same lines again: then the list is cheaper.
                if place[0] <= start < place[0] + NEAR:
                    return self._count(*place, start, end)
        starts = self.starts
        line = bisect_right(starts, start)
        # Most values end on their own line: look there before searching.
        last = line if line < len(starts) and end < starts[line] else bisect_right(starts, end, line - 1)
        base = self.first_line - 1
        return Location(
            self.path,
            line + base,
            self._column(start, starts[line - 1]),
            last + base,
            self._column(end, starts[last - 1]),
        )

    def locate_next(self, start: int, end: int) -> Location:
        """The same for places asked for in the order of the text: counts on from the last one, keeps no list."""
        at, line, begin = before = self._end
        if start < at:
            return self.locate(start, end)
        text = self.text
        lines = text.count("\n", at, start)
        if lines:
            # Never back to the beginning of a line of megabytes.
            line += lines
            begin = text.rfind("\n", at, start) + 1
        column = start - begin + (1 if begin else self.first_column)
        self._before, self._near = before, (start, line, begin)
        last = line
        if newline := text.rfind("\n", start, end) + 1:
            last, begin = line + text.count("\n", start, newline), newline
        self._end = end, last, begin
        place: Any = _LOCATION(self.path, line, column, last, end - begin + (1 if begin else self.first_column))
        place.__class__ = Location
        return place  # type: ignore[no-any-return]  # it is one now

    def _count(self, at: int, line: int, begin: int, start: int, end: int) -> Location:
        """The location of text[start:end], counted from a place before it with its line and where that begins."""
        text = self.text
        places = []
        for offset in (start, end):
            line += text.count("\n", at, offset)
            begin = max(begin, text.rfind("\n", at, offset) + 1)
            at = offset
            places += [line, self._column(offset, begin)]
        return Location(self.path, *places)

    def _column(self, offset: int, line_start: int) -> int:
        return offset - line_start + (self.first_column if line_start == 0 else 1)


class Source:
    """A text to parse: `text` is what the parser reads, locations are those of the text as it was given."""

    __slots__ = ("_back", "lines", "locate_next", "text")

    def __init__(self, lines: Lines) -> None:
        from wxalarm.parser.clean import clean

        self.lines = lines
        self.text, self._back = clean(lines.text)
        self.locate_next: Callable[[int, int], Location] = lines.locate_next if self._back is None else self._next
        """`locate` for places asked for in the order of the text."""

    def given(self, start: int, end: int) -> tuple[int, int]:
        """Offsets of the text as given for offsets of `text`."""
        if self._back is None:
            return start, end
        first = self._back.start(start)
        return first, max(first, self._back.end(end))

    def parsed(self, given: int) -> int:
        """The offset of `text` for an offset of the text as given."""
        return given if self._back is None else self._back.parsed(given)

    def locate(self, start: int, end: int) -> Location:
        """The location of text[start:end]."""
        return self.lines.locate(*self.given(start, end))

    def _next(self, start: int, end: int) -> Location:
        return self.lines.locate_next(*self.given(start, end))


class FieldLocations(Mapping[str, Location]):
    """Dotted field name → Location of its value. Spans that are not given are found on the first look, in the text and
    at the place where they were seen: to keep the match of every alarm would cost more than all the rest of it."""

    __slots__ = ("_at", "_source", "_spans")

    def __init__(self, source: Source, spans: Spans | Callable[[str, int], Spans], at: int = 0) -> None:
        self._source, self._spans, self._at = source, spans, at

    @property
    def spans(self) -> Spans:
        """Offsets of the values in the text as parsed."""
        if callable(self._spans):
            self._spans = self._spans(self._source.text, self._at)
        return self._spans

    def __getitem__(self, name: str) -> Location:
        return self._source.locate(*self.spans[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.spans)

    def __len__(self) -> int:
        return len(self.spans)
