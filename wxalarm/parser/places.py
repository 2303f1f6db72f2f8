"""Offsets in a text → lines and columns, worked out only when somebody asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping

from wxalarm.model import Location

EDGES = " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""What is stripped from the outside of one-line values."""
Spans = Mapping[str, tuple[int, int]]


class Lines:
    """Where lines begin in one text. `first_line` is the number of its first line, for parts of a stream."""

    __slots__ = ("_starts", "first_line", "path", "text")

    def __init__(self, text: str, path: str | None, first_line: int = 1) -> None:
        self.text, self.path, self.first_line = text, path, first_line
        self._starts: list[int] | None = None

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
        starts = self._starts if self._starts is not None else self.starts
        line = bisect_right(starts, start)
        # Most values end on their own line: look there before searching.
        last = line if line < len(starts) and end < starts[line] else bisect_right(starts, end, line - 1)
        base = self.first_line - 1
        return Location(self.path, line + base, start - starts[line - 1] + 1, last + base, end - starts[last - 1] + 1)


class FieldLocations(Mapping[str, Location]):
    """Dotted field name → Location of its value. The spans are made on the first look."""

    __slots__ = ("_lines", "_made", "_spans")

    def __init__(self, lines: Lines, spans: Callable[[], Spans]) -> None:
        self._lines, self._spans = lines, spans
        self._made: Spans | None = None

    @property
    def spans(self) -> Spans:
        """Offsets of the values."""
        if self._made is None:
            self._made = self._spans()
        return self._made

    def __getitem__(self, name: str) -> Location:
        return self._lines.locate(*self.spans[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.spans)

    def __len__(self) -> int:
        return len(self.spans)
