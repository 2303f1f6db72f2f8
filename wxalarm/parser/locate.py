"""Offsets in a text → lines and columns, worked out only when somebody asks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from textwrap import indent
from typing import Any

from wxalarm.model import Finding, Location, Places
from wxalarm.parser.repair import Map, Mend, given, repair

Spans = Mapping[str, tuple[int, int]]


def function_of(parameters: Iterable[str], lines: Iterable[str], result: str, names: Mapping[str, object]) -> Any:
    """The function that the source lines are."""
    source = indent("\n".join((*lines, f"return {result}")), "    ")
    known = dict(names)
    exec(f"def made({', '.join(parameters)}):\n{source}", known)
    return known["made"]


class Lines:
    """Where lines begin in one text. A part of a stream says with which line and column it begins."""

    def __init__(self, text: str, path: str | None, first_line: int = 1, first_column: int = 1) -> None:
        self.text, self.path = text, path
        self.first_line, self.first_column = first_line, first_column

    @cached_property
    def starts(self) -> list[int]:
        """Offsets of the beginnings of lines."""
        starts, at, find = [0], -1, self.text.find
        while (at := find("\n", at + 1)) >= 0:
            starts.append(at + 1)
        return starts

    def locate(self, start: int, end: int) -> Location:
        """The location of text[start:end]."""
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

    def _column(self, offset: int, line_start: int) -> int:
        return offset - line_start + (self.first_column if line_start == 0 else 1)


class Source:
    """A text to parse, or a part of one: `text` is what the parser reads, locations are those of the text as it was
    given."""

    __slots__ = ("_maps", "_mends", "begin", "end", "lines", "text")

    def __init__(self, lines: Lines, begin: int = 0, end: int | None = None) -> None:
        self.lines, self.begin = lines, begin
        self.end = len(lines.text) if end is None else end
        self.text = lines.text[begin : self.end]
        self._maps: Sequence[Map] = ()
        self._mends: Sequence[Mend] = ()

    def repair(self) -> None:
        """Undo what pages and chat programs did to the text."""
        self.text, self._maps, mends = repair(self.text)
        self._mends = sorted(mends, key=lambda mend: mend.start)

    def given(self, start: int, end: int) -> tuple[int, int]:
        """Offsets of the text as given for offsets of `text`."""
        start, end = given(self._maps, start, end)
        return self.begin + start, self.begin + end

    def parsed(self, given: int) -> int:
        """The offset of `text` for an offset of the text as given."""
        given -= self.begin
        for back in self._maps:
            given = back.parsed(given)
        return given

    def mended(self, start: int, end: int) -> list[Finding]:
        """What repair did to text[start:end] that is not beyond doubt."""
        if not self._mends:
            return []
        start, end = given(self._maps, start, end)
        first = bisect_left(self._mends, start, key=lambda mend: mend.start)
        last = bisect_left(self._mends, end, key=lambda mend: mend.start)
        return [
            mend.code(self.lines.locate(self.begin + mend.start, self.begin + mend.end), **mend.evidence)
            for mend in self._mends[first:last]
        ]

    def locate(self, start: int, end: int) -> Location:
        """The location of text[start:end]."""
        return self.lines.locate(*self.given(start, end))


class Placed(Places, gc=False, eq=False):
    """Where an alarm and its values stand, worked out when somebody asks: to keep the match of every alarm, or to count
    its lines, would cost more than all the rest of it."""

    _source: Source
    _start: int
    _end: int
    _spans: Spans | Callable[[str, int], Spans]

    @property
    def spans(self) -> Spans:
        """Offsets of the values in the text as parsed."""
        if callable(self._spans):
            self._spans = self._spans(self._source.text, self._start)
        return self._spans

    @property
    def extent(self) -> tuple[int, int]:
        """Offsets of the whole alarm in the text as given."""
        return self._source.given(self._start, self._end)

    @property
    def whole(self) -> Location:
        """The place of the whole alarm."""
        return self._source.locate(self._start, self._end)

    @property
    def fields(self) -> Mapping[str, Location]:
        return _Fields(self._source, self.spans)


class _Fields(Mapping[str, Location]):
    """The places of values, each worked out when it is asked for."""

    def __init__(self, source: Source, spans: Spans) -> None:
        self._source, self._spans = source, spans

    def __getitem__(self, name: str) -> Location:
        return self._source.locate(*self._spans[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)
