"""Lint's problems for a terminal: place, words, the line with a caret under the place, aligned by display width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from wxalarm.lint import Excerpt, Linted, Problem
from wxalarm.messages import Catalogue
from wxalarm.model import Finding, Location, Severity
from wxalarm.render.text import shorten, styled, visible

STYLE = {"error": "bold red", "warning": "yellow", "note": "cyan"}
BEFORE, BEHIND = 24, 44
"""Columns of a long line that are shown before and from the place: a caret in a wrapped line points nowhere."""


def render(files: Sequence[Linted], words: Catalogue, *, color: bool = False, statistics: bool = False) -> str:
    """Every problem in the order of the files, then the counts. The advice of a code is given once."""
    advised: set[str] = set()
    lines = []
    for file in files:
        for problem in file.problems:
            lines += _problem(problem, words, advised, color=color)
    if statistics:
        lines += _statistics(files)
    lines.append(counts(files, words))
    return "\n".join(lines) + "\n"


def counts(files: Sequence[Linted], words: Catalogue) -> str:
    """How many errors and warnings in how many files."""
    found = Counter(problem.finding.code.severity for file in files for problem in file.problems)
    if not found.total():
        return words.ui("lint_clean", files=len(files))
    return words.ui("lint_counts", errors=found[Severity.ERROR], warnings=found[Severity.WARNING], files=len(files))


def _statistics(files: Iterable[Linted]) -> list[str]:
    found = Counter(problem.finding.code.id for file in files for problem in file.problems)
    width = len(str(max(found.values(), default=0)))
    return [f"{count:>{width}}  {code}" for code, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))]


def place(location: Location | None, path: str) -> str:
    """path:line:column, safe to print."""
    if location is None:
        return visible(path)
    return f"{visible(location.path or path)}:{location.line}:{location.column}"


def _problem(problem: Problem, words: Catalogue, advised: set[str], *, color: bool) -> list[str]:
    finding = problem.finding
    severity = str(finding.code.severity)
    mark = styled(f"{words.ui(f'severity_{severity}')}[{finding.code.id}]", STYLE[severity], color)
    where = place(finding.location, "-")
    lines = [f"{where}: {mark} {_sentence(words, finding, 'text')}"]
    gutter = 2
    if problem.excerpt is not None and finding.location is not None:
        number = str(finding.location.line)
        gutter = len(number) + 1
        shown, caret = snippet(problem.excerpt)
        lines += [f"{number} | {shown}", f"{' ' * gutter}| {styled(caret, STYLE[severity], color)}"]
    for sign, part in (("|", "expected"), ("=", "hint")):
        sentence = _sentence(words, finding, part)
        if sentence and not (part == "hint" and finding.code.id in advised):
            lines.append(f"{' ' * gutter}{sign} {sentence}")
    advised.add(finding.code.id)
    return lines


def _sentence(words: Catalogue, finding: Finding, part: str) -> str:
    return visible(shorten(words.finding(finding, part)))


def snippet(excerpt: Excerpt) -> tuple[str, str]:
    """The line and the row of carets under the place, both by display width: double-width characters take two
    columns, tabs one, control characters as many as their escapes. At least one caret."""
    before, inside, behind = (
        _shown(part)
        for part in (
            excerpt.text[: excerpt.begin],
            excerpt.text[excerpt.begin : excerpt.end],
            excerpt.text[excerpt.end :],
        )
    )
    left, right = "…" if excerpt.cut else "", ""
    while cell_len(before) > BEFORE:
        before, left = before[max(1, (cell_len(before) - BEFORE) // 2) :], "…"
    if cell_len(inside + behind) > BEHIND:
        behind, right = _fit(inside + behind, BEHIND)[len(inside) :], "…"
        inside = _fit(inside, BEHIND)
    indent = " " * cell_len(left + before)
    return left + before + inside + behind + right, indent + "^" * max(1, cell_len(inside))


def _fit(text: str, width: int) -> str:
    while cell_len(text) > width:
        text = text[: -max(1, (cell_len(text) - width) // 2)]
    return text


def _shown(text: str) -> str:
    return visible(text.replace("\t", " "))
