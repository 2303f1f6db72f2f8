"""A fixture as the rules see it: decoded, parsed, with places. Pure: bytes in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

from wxalarm.model import Alarm, Location
from wxalarm.parser import Parsed, parse
from wxalarm.parser.encoding import decode, encoding_of
from wxalarm.parser.locate import Lines

AFTER = 60
"""Characters before a place that a message may quote."""


@dataclass(frozen=True, slots=True)
class Source:
    """One fixture: the bytes of its text and, beside it, of the record it must give."""

    path: str
    data: bytes
    expectation_path: str | None = None
    """Where the expected record stands, or would; None: the text has none (stdin)."""
    expectation: bytes | None = None
    """None: there is no such file."""


class Document:
    """A source with everything that several rules need, each worked out once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.path = source.path
        self.codec = encoding_of(source.data)
        self.text = decode(source.data)
        self.lines = Lines(self.text, source.path)

    @cached_property
    def parsed(self) -> Parsed:
        """Its alarms and the problems of parsing."""
        return parse(self.text, self.path)

    def alarm_at(self, offset: int) -> int | None:
        """The index of the alarm that an offset lies in."""
        index = bisect_right(self.extents, offset, key=lambda extent: extent[0]) - 1
        return index if index >= 0 and offset <= self.extents[index][1] else None

    def alarm_from(self, offset: int) -> int:
        """The index of the first alarm that begins at an offset or behind it; of the last one when none does."""
        return min(bisect_left(self.extents, offset, key=lambda extent: extent[0]), len(self.extents) - 1)

    @cached_property
    def extents(self) -> list[tuple[int, int]]:
        """Offsets of begin and end of every alarm."""
        return [self.span(alarm.location) for alarm in self.parsed.alarms if alarm.location is not None]

    def span(self, location: Location) -> tuple[int, int]:
        """The offsets of a location."""
        starts = self.lines.starts
        return starts[location.line - 1] + location.column - 1, starts[location.end_line - 1] + location.end_column - 1

    def locate(self, start: int, end: int) -> Location:
        """The location of text[start:end]."""
        return self.lines.locate(start, end)

    @property
    def top(self) -> Location:
        """The place of what concerns the whole file."""
        return Location(self.path, 1, 1, 1, 1)

    def place(self, alarm: Alarm, *fields: str) -> Location:
        """The place of the first of some fields that has one; else the beginning of the alarm."""
        for name in fields:
            if name in alarm.fields:
                return alarm.fields[name]
        where = alarm.location or self.top
        return Location(self.path, where.line, where.column, where.line, where.column)

    def after(self, location: Location) -> str:
        """What stands right before a place on its line: the key with its bracket, or the label."""
        offset = self.span(location)[0]
        begin = self.lines.starts[location.line - 1]
        text = self.text[max(begin, offset - AFTER) : offset].rstrip()
        bracket = text.rfind("[")
        return text[bracket:] if bracket >= 0 and "]" not in text[bracket:-1] else text.rsplit(" ", 1)[-1]
