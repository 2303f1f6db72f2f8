"""Report → text for a terminal: rows in words, colour second, right at 80 columns with double-width characters.

Whoever reads it looks at one place: the answer. In a pipe or a file it stands first; on a terminal it is printed last,
just above the prompt. What does not help to act on it is folded into a line that says how much there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render.incidents import (
    LEVELS,
    PLAIN_LEVELS,
    Page,
    bar,
    clock,
    extent,
    headline,
    is_page,
    notes,
    page_from,
    title,
)
from wxalarm.render.text import shorten, styled, verbatim, visible, wrap
from wxalarm.render.view import ADVICE, VERBATIM, Line, Row, View, counts, view

STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "skip": "dim", "unknown": "magenta"}
MARK_WIDTH = 4
INDENT = MARK_WIDTH + 2
PAGE = 24
"""Lines of a terminal: what one fault may take, unless its answer alone is longer."""
LEAST = 3
"""Lines that the rows have beside an answer that is long."""
ANSWER = 11
"""Lines of an answer, so that the prompt and it are seen together."""
TEXTS = (4, 3, 2, 1)
"""Lines of a sentence in the answer, the most that it has room for; evidence may quote a whole line of a log."""
DIFF = 10
"""Lines of a diff that stands in the answer; a longer one is shown by -v."""
ROW_TEXT = 2
WHY_TEXT = 2
REASON_TEXT = 2
REASONS = 3
"""Lines on what was not looked at."""
MANUAL = 2
NIGHT = 60
"""Lines of the page of many alarms."""
BELOW = 6
"""Lines of a night that follow what to do: how much was left out, the file in force with a path of three lines, the
time."""
INCIDENTS = 12
NOTES = 3
"""MarkFails and tickets that are told."""
NOTE = 4
"""Lines of one of them."""
_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?]) +(?=[A-Z\u4e00-\u9fff])")
SHORT = 16
"""Columns below which a sentence may come twice: "HTTP 502." is no repetition."""
_ORDER = {"error": 0, "warning": 1, "note": 2}


def render(
    reports: Sequence[Report],
    words: Catalogue,
    *,
    width: int = 80,
    color: bool = False,
    timeout: float = 20.0,
    exit_code: int = 0,
    settings: Sequence[str] = (),
    last: bool = False,
    verbose: bool = False,
    quiet: bool = False,
    page: Page | None = None,
    plain: bool = False,
) -> str:
    """All reports as text. `width` in columns; without `color` no escape sequence is in the result. settings: sentences
    on where they came from. last: the answer stands last, for a terminal. verbose: everything; quiet: the verdict's
    line alone. page: what all alarms come to, when there are more of them than reports. plain: no block characters."""
    page = page or page_from(reports)
    firsts = [reports[one["reports"][0]] for one in page["incidents"] if one["reports"]]
    screen = _Page(words, width, color, verbose=verbose)
    if quiet:
        for report in firsts:
            screen.heading(view(report, words))
        return screen.text()
    parts = []
    if is_page(page):
        parts.append(screen.part(lambda: screen.page(page, reports, PLAIN_LEVELS if plain else LEVELS)))
    if verbose or not is_page(page):
        for report in firsts:
            alone = _Page(words, width, color, verbose=verbose)
            alone.report(view(report, words), last=last)
            parts.append(alone.lines)
    if not is_page(page) and page["alarms"] > 1:
        one = page["incidents"][0]
        told = screen.part(lambda: screen.line(extent(one, page, words), style="bold")) if one["alarms"] > 1 else []
        told += screen.part(lambda: screen.notes(page))[not told :]
        parts = [told, *parts] if last else [*parts, told]
    screen.lines = [line for number, part in enumerate(parts) for line in ([""] if number else []) + part]
    if verbose:
        screen.line("")
        screen.line(words.ui("seen_from"), style="dim")
        screen.line(counts(reports, words), style="dim")
    for sentence in settings:
        screen.line(sentence, style="dim")
    elapsed = max((report.elapsed for report in reports), default=0.0)
    screen.line(words.ui("footer", code=exit_code, elapsed=elapsed, timeout=timeout), style="dim")
    return screen.text()


class _Page:
    """Collects lines, measured and wrapped by display width; says no sentence twice."""

    def __init__(self, words: Catalogue, width: int, color: bool, *, verbose: bool = False) -> None:
        self.words = words
        self.lines: list[str] = []
        self.width = max(width, 40)
        self.color = color
        self.verbose = verbose
        self.said: set[str] = set()
        labels = ("behind", "against", "rival", "do", "edit", "verify", "ask", "letter", "why", "manual", "look")
        self.label_width = max(cell_len(words.ui(label)) for label in labels) + 2

    def text(self) -> str:
        """What was written."""
        return "\n".join(self.lines) + "\n"

    def put(self, line: str) -> None:
        """A line without trailing blanks."""
        self.lines.append(line.rstrip())

    def line(self, text: str, indent: int = 0, style: str = "", most: int | None = None) -> None:
        for row in self.wrapped(text, self.width - indent, most):
            self.put(self.styled(" " * indent + row, style))

    def wrapped(self, text: str, room: int, most: int | None = None) -> list[str]:
        """Lines of a text; "…" stands at the end of what has more than `most`, unless all is asked for."""
        lines = wrap(visible(shorten(text)), room)
        if most is None or self.verbose or len(lines) <= most:
            return lines
        return [*lines[: most - 1], fitted(lines[most - 1] + "…", room) or "…"]

    def new(self, text: str) -> str:
        """The text without the sentences that were said before; "" when nothing is new."""
        kept = []
        for sentence in _SENTENCE.split(text):
            key = sentence.strip()
            if key in self.said:
                continue
            if cell_len(key) > SHORT:
                self.said.add(key)
            kept.append(sentence)
        joined = "".join(kept) if self.words.lang == "zh" else " ".join(part.strip() for part in kept)
        return joined.strip()

    def labelled(self, label: str, body: str, indent: int, most: int | None = None) -> None:
        """A label in its own column and a body beside it."""
        room = max(20, self.width - indent - self.label_width)
        for number, row in enumerate(self.wrapped(body, room, most)):
            self.put(self.lead(label if number == 0 else "", indent) + row)

    def command(self, label: str, body: str, indent: int) -> None:
        """A label and a command, which is never broken into lines, so that it can be copied.

        Several lines (a diff) stand below the label, all indented alike, with their blanks: patch takes them so.
        """
        lines = verbatim(body)
        if len(lines) > 1:
            self.put(self.lead(label, indent))
            label = ""
        for part in lines:
            self.lines.append(self.lead(label, indent) + self.styled(part, "cyan"))

    def lead(self, label: str, indent: int) -> str:
        return " " * indent + self.styled(label + " " * max(1, self.label_width - cell_len(label)), "dim")

    def styled(self, text: str, style: str) -> str:
        return styled(text, style, self.color)

    # --- many alarms ---

    def page(self, page: Page, reports: Sequence[Report], levels: str) -> None:
        """The incidents, a line or two each; when they were; what to do first for each."""
        words, incidents = self.words, page["incidents"]
        self.line(headline(page, words), style="bold")
        self.line("")
        shown = incidents if self.verbose else incidents[:INCIDENTS]
        for number, one in enumerate(shown, 1):
            self.numbered(number, title(one, reports, words), "bold", None if self.verbose else 2)
            self.line(extent(one, page, words), 4, most=2)
        if len(shown) < page["incidents_in_all"]:
            self.line(words.ui("more_incidents", count=page["incidents_in_all"] - len(shown)), 4, "dim")
        self.timeline(page, shown, levels)
        self.notes(page)
        if not self.verbose:
            self.first_steps(shown, reports)

    def notes(self, page: Page) -> None:
        """MarkFails and tickets."""
        told = notes(page, self.words)
        if told:
            self.line("")
        for note in told if self.verbose else told[:NOTES]:
            self.line(note, 0, most=NOTE)
        if len(told) > NOTES and not self.verbose:
            self.line(self.words.ui("more_rows", count=len(told) - NOTES), 4, "dim")

    def numbered(self, number: int, text: str, style: str = "", most: int | None = None) -> None:
        """A text behind the number of its incident."""
        for place, row in enumerate(self.wrapped(text, self.width - 4, most)):
            self.put(f"{number:>2}  " * (place == 0) + " " * 4 * (place > 0) + self.styled(row, style))

    def timeline(self, page: Page, shown: Sequence[Mapping[str, Any]], levels: str) -> None:
        """A row an incident, a column a slot of time: each as high as its share of the incident's own peak."""
        rows = [one["timeline"] for one in shown]
        if len(shown) < 2 or not any(rows) or len(rows[0]) < 2:
            return
        self.line("")
        for number, values in enumerate(rows, 1):
            self.put(f"{number:>2}  " + bar(values, max(values), levels))
        begins, ends = clock(page["since"], self.words, date=False), clock(page["until"], self.words, date=False)
        gap = " " * max(1, len(rows[0]) - len(begins) - len(ends))
        said = self.words.ui("timeline", minutes=page["slot"] / 60)
        self.put(self.styled(f"    {begins}{gap}{ends}  {said}", "dim"))

    def first_steps(self, shown: Sequence[Mapping[str, Any]], reports: Sequence[Report]) -> None:
        """For each incident what to do, while the page has room for it; the same is said once."""
        blank, left = True, 0
        for number, one in enumerate(shown, 1):
            if not one["reports"]:
                continue
            said = view(reports[one["reports"][0]], self.words)
            found = said.cause or Line("", "", "", "", tuple(("hint", "", text) for text in said.gaps[:1]))
            texts = {part: text for part, _, text in found.advice if part in ("hint", "verify")}
            if not (hint := self.new(texts.get("hint", ""))):
                continue
            if len(self.lines) >= NIGHT - BELOW:
                left += 1
                continue
            if blank:
                self.line("")
                blank = False
            self.numbered(number, hint, most=1 + (len(shown) < 6))
            if len(shown) < 6 and "verify" in texts:
                self.lines += [f"    {self.styled(part, 'cyan')}" for part in verbatim(texts["verify"])[:1]]
        if left:
            self.line(self.words.ui("more_rows", count=left), 4, "dim")

    # --- one report ---

    def report(self, report: View, *, last: bool) -> None:
        """What, who, when; then the answer and what stands beside it, in the order that is asked for."""
        head = self.part(lambda: self.head(report))
        answer = self.shortest(report)
        beside = self.part(lambda: self.beside(report))
        for reasons in (REASONS, 1):
            counted = self.part(lambda reasons=reasons: self.counted(report, reasons))  # type: ignore[misc]  # bound now
            blanks = 2 + bool(beside)
            room = PAGE - 1 - blanks - sum(map(len, (head, answer, beside, counted)))
            if room > LEAST:
                break
        rows = self.part(lambda: self.rows(report, max(room, LEAST)))
        seen = rows + counted
        parts = [head, seen, beside, answer] if last else [[*answer, *beside], head, seen]
        self.lines = [
            line for number, part in enumerate(filter(None, parts)) for line in ([""] if number else []) + part
        ]

    def part(self, write: Callable[[], None]) -> list[str]:
        """The lines that `write` adds."""
        before, self.lines = self.lines, []
        write()
        made, self.lines = self.lines, before
        return made

    def shortest(self, report: View) -> list[str]:
        """The answer, its sentences whole when there is room for them."""
        said = set(self.said)
        for most in TEXTS:
            self.said = set(said)
            made = self.part(lambda most=most: self.answer(report, most))  # type: ignore[misc]  # bound now
            if len(made) <= ANSWER:
                break
        return made

    def head(self, report: View) -> None:
        self.line(report.summary, style="bold")
        if report.url:
            self.line(report.url, 2, "dim", most=2)

    def heading(self, report: View) -> None:
        """The verdict in one line."""
        if report.cause is None:
            self.line(report.without[0], style="bold")
            return
        style = "bold red" if report.cause.severity == "error" else "bold yellow"
        said = self.words.ui("cause_line", certainty=report.certainty, code=report.cause.title)
        self.line(said, style=style)

    def answer(self, report: View, most: int) -> None:
        """Why, why, why; what to do; the command that shows whether it helped; whom to ask."""
        words, cause = self.words, report.cause
        self.heading(report)
        for text in report.why:
            self.told(words.ui("why"), text, min(WHY_TEXT, most))
        if cause is not None:
            self.line(self.new(cause.text), 2, most=most)
            self.advice(cause, 2)
            return
        self.line(report.without[1], 2)
        for text in report.gaps:
            self.told(words.ui("look"), text, most)
        if self.verbose or not report.gaps:
            for step in report.manual[: None if self.verbose else MANUAL]:
                self.told(words.ui("manual"), step)

    def beside(self, report: View) -> None:
        """What makes the cause less sure, or more."""
        words = self.words
        if report.age:
            self.line(report.age, 2)
        for text in report.behind:
            self.told(words.ui("behind"), text, WHY_TEXT)
        if report.against:
            self.told(words.ui("against"), words.ui("list_comma").join(report.against), 1)
        for text in report.rivals if self.verbose else report.rivals_short:
            self.told(words.ui("rival"), text, WHY_TEXT)
        if report.cause is None:
            return
        for text in report.gaps:
            self.told(words.ui("look"), text, WHY_TEXT)
        if self.verbose:
            for step in report.manual:
                self.told(words.ui("manual"), step)

    def told(self, label: str, text: str, most: int | None = None) -> None:
        """A labelled sentence, if it has not been said."""
        if new := self.new(text):
            self.labelled(label, new, 2, most)

    def advice(self, finding: Line, indent: int) -> None:
        """What to do, the next command, whom to ask: each where the code has one."""
        for part, label, text in finding.advice:
            assert part in ADVICE
            if part == "letter" and not self.verbose:
                self.labelled(label, self.words.ui("short_letter"), indent)
            elif part == "edit" and not self.verbose and (lines := len(verbatim(text))) > DIFF:
                self.labelled(label, self.words.ui("long_diff", count=lines), indent)
            elif part in VERBATIM:
                if text not in self.said:
                    self.said.add(text)
                    self.command(label, text, indent)
            elif new := self.new(text):
                self.labelled(label, new, indent)

    # --- what was looked at ---

    def rows(self, report: View, room: int) -> None:
        """A row for each check that says something, within `room` lines: errors before warnings before notes."""
        rows = [row for row in report.rows if row.status != "pass" or (row.lines and self.verbose)]
        blocks = [(row, self.block(row)) for row in rows]
        kept, left = self.chosen(blocks, room)
        for row, found in blocks:
            if row.check in kept:
                self.row(row, found[: kept[row.check]])
        if left:
            self.line(self.words.ui("more_rows", count=left), INDENT, "dim")

    def chosen(self, blocks: Sequence[tuple[Row, Sequence[Sequence[str]]]], room: int) -> tuple[dict[str, int], int]:
        """(how many findings of which check fit, how many findings and rows were left out)."""
        if self.verbose:
            return {row.check: len(found) for row, found in blocks}, 0
        kept: dict[str, int] = {}
        room -= 1
        for row, _ in blocks:  # that it failed is worth more than how
            if room > 0:
                kept[row.check] = 0
                room -= 1
        every = [(place, row, lines) for row, found in blocks for place, lines in enumerate(found)]
        for place, row, lines in sorted(every, key=lambda one: _rank(one[1], one[0])):
            if kept.get(row.check) == place and len(lines) <= room:
                kept[row.check] += 1
                room -= len(lines)
        shown = sum(kept.values())
        return kept, sum(len(found) for _, found in blocks) - shown + len(blocks) - len(kept)

    def block(self, row: Row) -> list[list[str]]:
        """The lines of each finding of a row that is not told elsewhere."""
        found = []
        if row.reason:
            found.append(self.part(lambda: self.line(self.new(row.reason), INDENT, most=ROW_TEXT)))
        for finding in row.lines:
            if finding.severity == "note" and not self.verbose:
                continue
            if lines := self.part(lambda one=finding: self.finding(one)):  # type: ignore[misc]
                found.append(lines)
        return found

    def finding(self, finding: Line) -> None:
        if new := self.new(finding.text):
            self.line(new, INDENT, "dim" if finding.severity == "note" else "", ROW_TEXT)
        if not self.verbose:
            return
        # A chart that does not fit says nothing when it is cut; its numbers stand in the sentence.
        fits = all(INDENT + cell_len(visible(row)) <= self.width for row in finding.chart)
        for row in finding.chart if fits else ():
            self.put(self.styled(" " * INDENT + visible(row), "dim"))
        self.advice(finding, INDENT)

    def row(self, row: Row, found: Iterable[Sequence[str]]) -> None:
        style = STYLE[row.status]
        head = row.mark + " " * (MARK_WIDTH - cell_len(row.mark) + 2) + row.title
        tail = f"{row.check}  {row.seconds}"
        room = self.width - cell_len(head) - cell_len(tail)
        end = self.styled(" " * room + tail, f"dim {style}") if room >= 2 else ""
        self.put(self.styled(head, style) + end)
        for lines in found:
            self.lines += lines

    def counted(self, report: View, reasons: int) -> None:
        """What passed, in one line; what was not looked at, in one line by reason."""
        words = self.words
        passed = [row.title for row in report.rows if row.status == "pass"]
        if passed:
            self.one_line(words.ui("ok"), words.ui("passed", count=len(passed)), passed, STYLE["pass"])
        skipped = report.not_checked
        if self.verbose:
            for checks, reason in skipped:
                said = words.ui("checks_reason", checks=words.ui("list_comma").join(checks), reason=reason)
                self.marked(words.ui("skip"), said, None, STYLE["skip"])
            return
        shown = skipped if len(skipped) <= reasons else skipped[: reasons - 1]
        for checks, reason in shown:
            said = words.ui("not_looked", count=len(checks), reason=_clause(reason))
            self.marked(words.ui("skip"), said, REASON_TEXT, STYLE["skip"])
        if rest := skipped[len(shown) :]:
            key = "not_looked_rest" if shown else "not_looked_all"
            said = words.ui(key, count=sum(len(checks) for checks, _ in rest), reasons=len(rest))
            self.marked(words.ui("skip"), said, 1, STYLE["skip"])

    def marked(self, mark: str, text: str, most: int | None, style: str) -> None:
        """A row without a check of its own."""
        lines = self.wrapped(text, self.width - INDENT, most)
        for number, line in enumerate(lines):
            lead = mark if number == 0 else ""
            self.put(self.styled(lead + " " * (INDENT - cell_len(lead)) + line, style))

    def one_line(self, mark: str, text: str, titles: Sequence[str], style: str) -> None:
        """A row with as many titles as its line holds."""
        comma, room = self.words.ui("list_comma"), self.width - INDENT - 2
        shown = text
        for number, name in enumerate(titles):
            longer = shown + (comma if number else "") + name
            if cell_len(longer) > room:
                shown += "…"
                break
            shown = longer
        self.marked(mark, shown, None, style)


def _clause(reason: str) -> str:
    """What a reason says first; how it is mended stands behind."""
    ends = [place for mark in ("; ", ": ", ". ", "；", "：", "。") if (place := reason.find(mark)) > 0]
    return reason[: min(ends, default=len(reason))].rstrip(".")


def _rank(row: Row, place: int) -> tuple[int, int]:
    severities = [_ORDER[finding.severity] for finding in row.lines]
    return (min(severities, default=0), place)


def fitted(text: str, width: int) -> str:
    """The text, cut before its end until it fits: "…" stays."""
    while cell_len(text) > width:
        text = text[:-2] + "…"
    return text
