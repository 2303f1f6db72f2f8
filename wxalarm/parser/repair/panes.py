"""Lines copied out of a pane of a terminal, or of a drawn box: a border behind each of them, in one column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from wxalarm.parser import words as w
from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

_LEAST = 3
"""Lines with a border in the same column, below which it is none."""
# A line between two "|" is a row of Markdown.
_BORDERED = compiled(
    r"^(?!\|[^\n]{0,400}\|[ \t\r]*$)(?P<line>[^\n]{0,400}?)(?P<border>[ \t\u00a0]*[│┃║|])[ \t\r]*$",
    re.MULTILINE,
)


def edits(text: str, at: int, end: int) -> Iterator[Edit]:
    """The borders behind lines in text[at:end], with the blanks before them."""
    run: list[re.Match[str]] = []
    for line in _BORDERED.finditer(text, at, end):
        if run and (line.start() != run[-1].end() + 1 or _width(line) != _width(run[-1])):
            yield from _borders(run)
            run = []
        run.append(line)
    yield from _borders(run)


def _borders(run: list[re.Match[str]]) -> Iterator[Edit]:
    if len(run) >= _LEAST:
        for line in run:
            yield Edit(line.start("border"), line.end(), "")


def _width(line: re.Match[str]) -> int:
    """How wide a line is in a terminal."""
    shown = (line["line"] + line["border"]).translate(_NO_WIDTH)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown)


_NO_WIDTH = dict.fromkeys(map(ord, w.ZERO_WIDTH))
