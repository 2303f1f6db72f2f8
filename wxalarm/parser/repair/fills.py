"""Paragraphs that a mail program filled: an alarm in one line, cut at blanks to lines of one width, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wxalarm.parser import words as w
from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

_FLAT = compiled(rf"(?m)^(?P<indent>[ \t>]{{0,24}})[^\n]{{0,120}}?{w.FLATTENED}[^\n]*(?=\n(?P=indent)\S)")
"""The line in which such an alarm begins, with another one as far indented below it."""
_LEAST, _MOST = 50, 130
"""Characters or columns to which lines are filled."""
_RAGGED = 25
"""By how many filled lines differ, at most: two have to be as alike."""


def edits(text: str) -> Iterator[Edit]:
    """The edits that join the lines of each filled paragraph that begins with an alarm: a line ends where the next word
    had no room."""
    at = 0
    while (begun := _FLAT.search(text, at)) is not None:
        indent, at = begun["indent"], begun.end()
        lines = [(begun.start(), begun.end())]
        while text.startswith(f"\n{indent}", at) and text[at + 1 + len(indent) : at + 2 + len(indent)].strip():
            start = at + 1
            end = text.find("\n", start)
            at = end if end >= 0 else len(text)
            lines.append((start, at))
        for measure in (len, _cells):
            made = list(_joined(text, lines, len(indent), measure))
            if len(made) == len(lines) - 1 or (made and measure is _cells):
                yield from made
                break


def _joined(text: str, lines: list[tuple[int, int]], indent: int, measure: Callable[[str], int]) -> Iterator[Edit]:
    """The edits for the first lines of a paragraph that are filled, by one way of counting their width."""
    shown = [text[start:end].rstrip() for start, end in lines]
    # A word that is longer than the lines has one of its own, and is no measure of them.
    widths = sorted(measure(line) for line in shown if " " in line[indent:].strip())
    widest = widths[-1] if widths else 0
    if not _LEAST <= widest <= _MOST or len(widths) < 2 or widths[-2] < widest - _RAGGED:
        return
    for line, below, (start, _), (next_start, _) in zip(shown, shown[1:], lines, lines[1:], strict=False):
        if measure(line) + 1 + measure(below[indent:].split(maxsplit=1)[0]) <= widest:
            return
        yield Edit(start + len(line), next_start + indent, " ")


def _cells(line: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return len(line) + sum(char > "\u1100" for char in line)
