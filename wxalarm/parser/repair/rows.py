"""Alarms as rows of a table below a row of their labels: copied from a spreadsheet, exported as CSV, in Markdown."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from wxalarm.parser import words as w
from wxalarm.parser.repair.maps import Edit, Part, in_order
from wxalarm.patterns import compiled

_LEAST = 4
"""Columns with a label, below which a line is no row of labels."""
_NAMES = {name: compiled(rf"(?:{label.replace('[:：]', '')}|{w.SYNONYMS[name]})\Z") for name, label in w.LABELS.items()}
_HEAD = compiled(
    rf"^(?=[^\n]{{9,300}}$)[^\n]*?(?:{'|'.join(dict.fromkeys(w.HAN_WORDS))})[^\n]*?[\t|｜,][^\n]*$", re.MULTILINE
)
_CSV = compiled(
    r"(?:(?<=,)|(?<![^\n\ufeff]))(?:\"(?P<quoted>(?:[^\"\n]|\"\")*+)\"[ \t\r]*|(?P<plain>[^,\"\n\r]*+)\r?)(?=,|\n|\Z)"
)
"""A cell of a file whose cells are parted by commas (RFC 4180)."""
_DOUBLED = compiled(r"[{\[=:,]\"\"(?=[\w/<.-])|(?<=[\w}>])\"\"(?=[:,}\]>/ ])")
"""Quotes as they stand inside such a cell; a document of its own would break there."""
_WHOLE = compiled(r"(?:(?<=,)|(?<![^\n\ufeff]))\"(?P<cell>(?:[^\"]|\"\")*+)(?P<close>\"[ \t\r]*(?=,|\n|\Z))?")
"""A cell in quotes with all its lines; an alarm may be in one."""
_LABEL = compiled("|".join(dict.fromkeys(w.HAN_WORDS)))
_RULE = compiled(r"[\s|｜:+-]*\Z")
_ROW = compiled(r"\n([^\n]*)")


def edits(text: str, at: int, end: int) -> Iterator[Edit]:
    """The rows in text[at:end] as the lines of alarms; the row of labels is dropped."""
    while (head := _HEAD.search(text, at, end)) is not None:
        at = head.end()
        mark = max("\t|｜,", key=head[0].count)
        names = [_name(text[start:end]) for start, end in _cells(text, *head.span(), mark)]
        if len({name for name in names if name}) < _LEAST or {"description", "sample", "count"}.isdisjoint(names):
            continue
        made: list[Edit] = []
        while (row := _ROW.match(text, at, end)) is not None:
            cells = list(_cells(text, *row.span(1), mark))
            if len(cells) != len(names):
                break
            at = row.end()
            if _RULE.match(row[1]) is None:
                made += _lines(text, row.span(1), cells, names, mark)
            else:
                made.append(Edit(*row.span(1), ""))
        if made:
            yield Edit(*head.span(), "")
            yield from made


def _lines(
    text: str, row: tuple[int, int], cells: list[tuple[int, int]], names: list[str | None], mark: str
) -> Iterator[Edit]:
    """One row: every cell behind its label, a cell without one dropped. An alarm's lines have an order: a later label
    above an earlier one would be another alarm's."""
    named = ((name, cell) for cell, name in zip(cells, names, strict=True) if name is not None)
    parts = (Part(name, start, start, end) for name, (start, end) in named)
    return in_order(text, row, parts, _undoubled) if mark == "," else in_order(text, row, parts)


def _undoubled(text: str, start: int, end: int) -> Iterator[Edit]:
    """The quotes inside a cell that stood in quotes, single again."""
    while (start := text.find('""', start, end)) >= 0:
        yield Edit(start, start + 2, '"')
        start += 2


def whole(text: str) -> Iterator[Edit]:
    """The alarms that are a cell each, with all their lines, of a file whose cells are parted by commas: their quotes
    single again, none around them."""
    if '""' not in text:
        return
    for found in _WHOLE.finditer(text):
        start, end = found.span("cell")
        if found["close"] and _DOUBLED.search(text, start, end) and _LABEL.search(text, start, end):
            yield Edit(start - 1, start, "\n")
            yield from _undoubled(text, start, end)
            yield Edit(end, found.end(), "\n")


def _cells(text: str, start: int, end: int, mark: str) -> Iterator[tuple[int, int]]:
    """The cells of a line, without the blanks around them. A border at its edges is none."""
    line = text[start:end]
    if mark == ",":
        for found in _CSV.finditer(text, start, end):
            yield found.span("quoted" if found["quoted"] is not None else "plain")
        return
    places = [-1, *(found.start() for found in re.finditer(re.escape(mark), line)), len(line)]
    spans = [(begin + 1, stop) for begin, stop in itertools.pairwise(places)]
    if mark != "\t":
        spans = spans[1:] if not line[: spans[0][1]].strip() else spans
        spans = spans[:-1] if spans and not line[spans[-1][0] :].strip() else spans
    for begin, stop in spans:
        cell = line[begin:stop]
        left = begin + len(cell) - len(cell.lstrip())
        yield start + left, start + max(left, begin + len(cell.rstrip()))


def _name(cell: str) -> str | None:
    """The label that a cell of the first row is."""
    return next((name for name, label in _NAMES.items() if label.match(cell.strip("*` \"'"))), None)
