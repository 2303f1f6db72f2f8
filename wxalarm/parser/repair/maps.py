"""A text with some of its characters replaced, and the way back to the text as it was given."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple

from wxalarm.model import Code

Mended = tuple[Code, dict[str, Any]] | None


class Edit(NamedTuple):
    """text[start:end] becomes `new`."""

    start: int
    end: int
    new: str
    mend: Mended = None
    """A problem that says what was read as what, where it is not beyond doubt."""


class Map:
    """Offsets of the new text → offsets of the text as given. Ends map to the end of what a character came from."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[tuple[int, int]] = [(0, 0)]
        self._ends: list[tuple[int, int]] = [(0, 0)]

    def add(self, new: int, given: int, length: int, made: int) -> None:
        """given[given : given + length] became `made` characters at `new`."""
        self._starts.append((new + made, given + length))
        self._ends.append((new + made, given + length) if made else (new + 1, given + length + 1))

    def start(self, offset: int) -> int:
        """Where the character at a new offset begins."""
        return _mapped(self._starts, offset)

    def parsed(self, given: int) -> int:
        """The new offset of an offset of the text as given."""
        new, start = self._starts[bisect_right(self._starts, given, key=lambda pair: pair[1]) - 1]
        return new + given - start

    def end(self, offset: int) -> int:
        """Where the character before a new offset ends."""
        return _mapped(self._ends, offset)


def _mapped(pairs: list[tuple[int, int]], offset: int) -> int:
    """The second of a pair for an offset behind the first; what became longer ends where it ended."""
    place = bisect_right(pairs, (offset, 1 << 62))
    new, given = pairs[place - 1]
    at = given + offset - new
    return min(at, pairs[place][1]) if place < len(pairs) else at


def replaced(text: str, edits: Iterable[Edit]) -> tuple[str, Map | None]:
    """The text with `edits`, in order; None when there was none."""
    out: list[str] = []
    back = Map()
    at = size = 0
    for start, end, new, *_ in edits:
        kept = text[at:start]
        out += (kept, new)
        size += len(kept)
        back.add(size, start, end - start, len(new))
        size += len(new)
        at = end
    if not out:
        return text, None
    out.append(text[at:])
    return "".join(out), back
