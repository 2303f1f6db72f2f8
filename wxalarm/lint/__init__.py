"""Rules for alarm fixtures: each gives the same Findings as the checks do. Pure: bytes in, findings out.

`codes` names the rules, one module a group holds them, `ignores` is what a file may break on purpose, `fix` mends what
is mechanical. The command line walks, reads and writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from wxalarm.lint import expectation, fields, ignores, personal, text
from wxalarm.lint.codes import ALL as ALL
from wxalarm.lint.codes import DUPLICATE, TOO_MANY
from wxalarm.lint.codes import RULES as RULES
from wxalarm.lint.document import Document
from wxalarm.lint.document import Source as Source
from wxalarm.model import Finding, Location

MOST = 1000
"""Findings of one file; a file with more is no fixture."""
EXCERPT = 120
"""Characters of a line that are kept on either side of a finding's place."""

_RULES: tuple[Callable[[Document], Iterable[Finding]], ...] = (
    text.encoding,
    text.no_alarm,
    text.parser_problems,
    text.full_width_labels,
    text.folder_kind,
    fields.missing_lines,
    fields.unknown_kind,
    fields.unknown_keys,
    fields.wrong_types,
    fields.contradictions,
    personal.personal_data,
    expectation.expectation,
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The line that a finding points at, or what stands around its place when the line is long."""

    text: str
    begin: int
    """Where the place begins and ends within `text`."""
    end: int
    cut: bool
    """Something stands before `text` on the line."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding with the line it points at; excerpt None when it concerns the whole file, or another one."""

    finding: Finding
    excerpt: Excerpt | None = None


@dataclass(frozen=True, slots=True)
class Linted:
    """One source and its problems, in the order of the text."""

    path: str
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Linter:
    """Lints sources one by one; remembers the alarms it has seen, to name duplicates."""

    codes: Collection[str] = frozenset(code.id for code in ALL)
    """Ids of the codes to report."""
    seen: dict[bytes, Location] = field(default_factory=dict)

    def lint(self, source: Source) -> Linted:
        """The problems of one fixture."""
        doc = Document(source)
        found = [finding for rule in (*_RULES, self._duplicates) for finding in islice(rule(doc), MOST + 1)]
        kept = [finding for finding in ignores.apply(doc, found) if finding.code.id in self.codes]
        kept.sort(key=lambda finding: _order(finding.location))
        if len(kept) > MOST:
            kept = [*kept[:MOST], TOO_MANY(kept[MOST].location, limit=MOST)]
        return Linted(source.path, tuple(Problem(finding, _excerpt(doc, finding.location)) for finding in kept))

    def _duplicates(self, doc: Document) -> Iterator[Finding]:
        """An alarm that stands in another fixture too, blanks aside, tests nothing new."""
        for begin, end in doc.extents:
            key = hashlib.sha256("".join(doc.text[begin:end].split()).encode("utf-8", "replace")).digest()
            here = doc.locate(begin, begin)
            other = self.seen.setdefault(key, here)
            if other is not here and other != here:
                yield DUPLICATE(here, other=f"{other.path}:{other.line}")


def _order(place: Location | None) -> tuple[int, int]:
    return (place.line, place.column) if place else (0, 0)


def _excerpt(doc: Document, place: Location | None) -> Excerpt | None:
    """What the caret goes under: at most EXCERPT characters on either side, never more than the line."""
    if place is None or place.path != doc.path or place == doc.top:
        return None
    start, stop = doc.span(place)
    line = doc.lines.starts[place.line - 1]
    newline = doc.text.find("\n", start, start + EXCERPT * 2)
    end = newline if newline >= 0 else min(len(doc.text), start + EXCERPT * 2)
    begin = max(line, start - EXCERPT)
    shown = doc.text[begin:end].rstrip("\r")
    return Excerpt(shown, start - begin, max(start, min(stop, end)) - begin, begin > line)
