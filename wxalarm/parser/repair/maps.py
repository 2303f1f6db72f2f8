"""A text with some of its characters replaced, and the way back to the text as it was given."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from wxalarm.model import Code
from wxalarm.parser import words as w

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


class Part(NamedTuple):
    """A value that becomes a line behind the label of its field: text[value:end], in place of text[start:end]."""

    name: str
    start: int
    value: int
    end: int


def in_order(
    text: str,
    span: tuple[int, int],
    parts: Iterable[Part],
    inside: Callable[[str, int, int], Iterable[Edit]] = lambda text, start, end: (),
) -> Iterator[Edit]:
    """The edits that make text[span] the lines of some values in their order; what stands too far to the left moves.
    inside: the edits of a value."""
    at, stop = span
    moved = ""
    for part in sorted(parts, key=lambda part: (w.RANK[part.name], part.start)):
        label = f"\n{w.PRINTED[part.name]} "
        if part.start < at:
            value = text[part.value : part.end]
            moved += label + replaced(value, inside(value, 0, len(value)))[0]
            continue
        yield Edit(at, part.value, moved + label)
        yield from inside(text, part.value, part.end)
        at, moved = part.end, ""
    # What moved stands where the last value ends, not behind what follows it.
    behind = min(at + 1, stop) if moved else at
    if moved:
        yield Edit(at, behind, moved)
    yield Edit(behind, stop, "\n")
