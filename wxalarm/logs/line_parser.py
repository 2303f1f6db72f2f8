"""What reading a window needs of the parser of a form of lines, and parsers that are made of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from wxalarm.logs.formats import Key
from wxalarm.logs.records import Record


class LineParser(Protocol):
    """What reading a window needs of a format. A chunk is whole lines between one line break before and one behind."""

    @property
    def name(self) -> str:
        """The format's name."""
        ...

    @property
    def fields(self) -> Sequence[str]:
        """The variables that lines have."""
        ...

    @property
    def queries(self) -> bool:
        """Whether its lines hold what was asked behind the path, too."""
        ...

    @property
    def guessed(self) -> frozenset[str]:
        """What of its values nothing says: "unit" of durations, "zone" and "date" of times, "columns" that were told by
        their shape."""
        ...

    @property
    def asked(self) -> str | None:
        """The form and the key whose unit nothing says: "json latency"."""
        ...

    def needle(self, status: bytes) -> bytes:
        """Bytes that every line with this status holds, and few others."""
        ...

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """Times and keys of all lines for the path; lines of another form are left out."""
        ...

    def values(self, key: Key) -> Sequence[bytes]:
        """The TALLIED fields of a key; "" for one that the format lacks."""
        ...

    def rest(self) -> tuple[Sequence[bytes], Sequence[Key]]:
        """As `columns`: what it held back because its end had not come yet."""
        ...

    def join(self, chunk: bytes) -> None:
        """Look at a chunk that is not counted, so that `record` knows how its requests ended."""
        ...

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """The times of all lines."""
        ...

    def seconds(self, time: bytes) -> float | None:
        """A time as `columns` and `times` give it, as Unix seconds."""
        ...

    def matches(self, line: bytes) -> bool:
        """Whether a line without its line break has this form."""
        ...

    def record(self, line: bytes) -> Record | None:
        """Such a line; None when it has another form, or when how its request ended has not been seen yet."""
        ...


class Lines:
    """A form of which each line is a request."""

    def rest(self) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        return (), ()

    def join(self, chunk: bytes) -> None:
        """See LineParser."""


class Several:
    """Lines of more than one format in one log."""

    def __init__(self, parsers: Sequence[LineParser]) -> None:
        self._parsers = parsers
        self.name = ", ".join(parser.name for parser in parsers)
        self.fields = tuple(dict.fromkeys(name for parser in parsers for name in parser.fields))
        self.queries = any(parser.queries for parser in parsers)
        self.guessed = frozenset[str]().union(*(parser.guessed for parser in parsers))
        self.asked = next((parser.asked for parser in parsers if parser.asked), None)

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return status

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        times: list[bytes] = []
        keys: list[Key] = []
        for number, parser in enumerate(self._parsers):
            own_times, own_keys = parser.columns(chunk)
            times += own_times
            keys += [(b"%d" % number, *key) for key in own_keys]
        return times, keys

    def values(self, key: Key) -> Sequence[bytes]:
        """See LineParser."""
        return self._parsers[int(key[0])].values(key[1:])

    def rest(self) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        found = [(number, *parser.rest()) for number, parser in enumerate(self._parsers)]
        keys = [(b"%d" % number, *key) for number, _, keys in found for key in keys]
        return [time for _, times, _ in found for time in times], keys

    def join(self, chunk: bytes) -> None:
        """See LineParser."""
        for parser in self._parsers:
            parser.join(chunk)

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        lines = (b"\n" + line + b"\n" for line in chunk.split(b"\n") if line)
        return [time for line in lines for time in next(filter(None, (p.times(line) for p in self._parsers)), ())]

    def seconds(self, time: bytes) -> float | None:
        """See LineParser."""
        return next((found for parser in self._parsers if (found := parser.seconds(time)) is not None), None)

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return any(parser.matches(line) for parser in self._parsers)

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        return next((found for parser in self._parsers if (found := parser.record(line)) is not None), None)


class Within:
    """Lines behind what a container, a shipper or a journal put around them."""

    guessed: frozenset[str]
    asked: str | None

    def __init__(self, parser: LineParser, inner: Callable[[bytes], bytes]) -> None:
        self._parser, self._inner = parser, inner
        self.name, self.fields, self.queries = parser.name, parser.fields, parser.queries
        self.guessed, self.asked = parser.guessed, parser.asked
        self.needle, self.values, self.rest, self.seconds = parser.needle, parser.values, parser.rest, parser.seconds

    def _chunk(self, chunk: bytes) -> bytes:
        return b"\n".join(self._inner(line) if line else line for line in chunk.split(b"\n"))

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        return self._parser.columns(self._chunk(chunk))

    def join(self, chunk: bytes) -> None:
        """See LineParser."""
        self._parser.join(self._chunk(chunk))

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        return self._parser.times(self._chunk(chunk))

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return self._parser.matches(self._inner(line))

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        return self._parser.record(self._inner(line))
