"""Lines of a log_format: columns for counting (no object a line), records for the few lines that are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

from wxalarm.logs import times
from wxalarm.logs.answered import NOTHING, UPSTREAM, tries
from wxalarm.logs.formats import SHAPED, TALLIED, Key, LineFormat, Wanted
from wxalarm.logs.line_parser import LineParser, Lines
from wxalarm.logs.records import Record


class TextParser(Lines):
    """Lines of a log_format."""

    asked: str | None = None

    def __init__(self, line_format: LineFormat, wanted: Wanted | None = None) -> None:
        self.format = line_format
        self.name = line_format.name
        self.guessed = frozenset({"columns"} if line_format.name == SHAPED else ())
        self.fields = line_format.fields
        self.queries = bool({"request", "request_uri", "args"} & set(line_format.fields))
        time = line_format.time
        assert time is not None
        self.seconds = times.local if time == "time_local" else times.epoch if time == "msec" else times.dated
        self._time_field, self._wanted = time, wanted
        self._whole = line_format.pattern(self.fields)
        place = line_format.tokens.index(("variable", "status"))
        around = (("literal", ""), *line_format.tokens, ("literal", ""))[place : place + 3]
        self._around = [
            value.encode("utf-8", "surrogateescape") if kind == "literal" else b""
            for kind, value in (around[0], around[2])
        ]

    # Most formats are only tried: what counts is made when there is something to count.

    @cached_property
    def _time(self) -> re.Pattern[bytes]:
        return self.format.pattern((self._time_field,), until=self._time_field)

    @cached_property
    def _tally(self) -> tuple[re.Pattern[bytes], int]:
        """The pattern of a line's time and runs, and where among them the time stands."""
        runs = self.format.runs(TALLIED)
        place = sum(run.start < self.format.tokens.index(("variable", self._time_field)) for run in runs)
        return self.format.pattern((self._time_field,), self._wanted, strict=False, runs=runs), place

    @cached_property
    def _runs(self) -> list[re.Pattern[bytes]]:
        return [self.format.part(run, TALLIED) for run in self.format.runs(TALLIED)]

    @cached_property
    def _order(self) -> list[int]:
        order = [name for name in dict.fromkeys(self.fields) if name in TALLIED]
        return [order.index(name) if name in order else -1 for name in TALLIED]

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return self._around[0][-1:] + status + self._around[1][:1]

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        tally, place = self._tally
        columns = list(zip(*tally.findall(chunk), strict=True))
        if not columns:
            return (), ()
        times = columns.pop(place)
        return times, list(zip(*columns, strict=True))

    def values(self, key: Key) -> Sequence[bytes]:
        """See LineParser."""
        found: list[bytes] = []
        for pattern, text in zip(self._runs, key, strict=True):
            match = pattern.fullmatch(text)
            found += match.groups() if match is not None else [b""] * pattern.groups
        found.append(b"")
        return [found[place] for place in self._order]

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        found: list[bytes] = self._time.findall(chunk)
        return found

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return self._whole.match(b"\n" + line + b"\n") is not None

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        match = self._whole.match(b"\n" + line + b"\n")
        if match is None:
            return None
        names = dict.fromkeys(self.fields)
        return {name: _text(value) for name, value in zip(names, match.groups(), strict=True)}


text_parser = lru_cache(64)(TextParser)
"""A parser takes milliseconds to make, and one log after the other is tried for the same formats."""
_STATUS = r"(?:\d{3}|-)?"
_SECONDS = r"(?:\d+\.\d{3}|-)?"
_ROUNDING = 0.01
"""Seconds by which nginx's two clocks of one request may differ in what it logs."""


def likely(parser: LineParser, line: bytes) -> bool:
    """Whether a line fits a format that nobody named: its values must be what nginx writes there, and a request must
    have taken as long as its upstreams. Else two numbers at the end of a line could be taken for each other."""
    record = parser.record(line)
    if record is None:
        return False
    parts = {name: tries(record[name]) for name in UPSTREAM if name in record}
    if not all(re.fullmatch(_STATUS, part) for part in parts.get("upstream_status", ())):
        return False
    times = [part for name, found in parts.items() if name.endswith("_time") for part in found]
    if not all(re.fullmatch(_SECONDS, part) for part in times):
        return False
    took = record.get("request_time", "-")
    spent = sum(float(part) for part in parts.get("upstream_response_time", ()) if part not in NOTHING)
    return took == "-" or spent <= float(took) + _ROUNDING * len(parts.get("upstream_response_time", ()))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
