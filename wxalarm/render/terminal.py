"""Report → text for a terminal: rows in words, colour second, right at 80 columns with double-width characters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render.text import shorten, styled, verbatim, visible, wrap
from wxalarm.render.view import ADVICE, VERBATIM, Line, Row, View, counts, folded, others, view

STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "skip": "dim", "unknown": "magenta"}
MARK_WIDTH = 4
INDENT = MARK_WIDTH + 2


def render(
    reports: Sequence[Report],
    words: Catalogue,
    *,
    width: int = 80,
    color: bool = False,
    timeout: float = 20.0,
    exit_code: int = 0,
    settings: Sequence[str] = (),
) -> str:
    """All reports as text. `width` in columns; without `color` no escape sequence is in the result. settings: sentences
    on where they came from."""
    page = _Page(words, width, color)
    for index, (report, like_it) in enumerate(folded(reports)):
        if index:
            page.line("")
        page.report(view(report, words))
        if like_it:
            page.line(others(like_it, words), 2, "bold")
    elapsed = max((report.elapsed for report in reports), default=0.0)
    page.line("")
    for sentence in settings:
        page.line(sentence, style="dim")
    page.line(words.ui("seen_from"), style="dim")
    page.line(counts(reports, words), style="dim")
    page.line(words.ui("footer", code=exit_code, elapsed=elapsed, timeout=timeout), style="dim")
    return page.text()


_SIDES = ("behind", "for", "against", "rival", "also")
"""What stands beside the cause."""


class _Page:
    """Collects lines, measured and wrapped by display width."""

    def __init__(self, words: Catalogue, width: int, color: bool) -> None:
        self.words = words
        self.lines: list[str] = []
        self.width = max(width, 40)
        self.color = color
        labels = (*_SIDES, "do", "edit", "verify", "ask", "letter", "why", "manual", "not_checked", "look")
        self.label_width = max(cell_len(words.ui(label)) for label in labels) + 2

    def text(self) -> str:
        """What was written."""
        return "\n".join(self.lines) + "\n"

    def put(self, line: str) -> None:
        """A line without trailing blanks."""
        self.lines.append(line.rstrip())

    def line(self, text: str, indent: int = 0, style: str = "") -> None:
        for row in wrap(visible(shorten(text)), self.width - indent):
            self.put(self.styled(" " * indent + row, style))

    def labelled(self, label: str, body: str, indent: int) -> None:
        """A label in its own column and a body beside it."""
        room = max(20, self.width - indent - self.label_width)
        for number, row in enumerate(wrap(visible(shorten(body)), room)):
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

    # --- one report ---

    def report(self, report: View) -> None:
        self.line(report.summary, style="bold")
        if report.url:
            self.line(report.url, 2, "dim")
        self.line("")
        for row in report.rows:
            self.row(row, report.cause)
        self.line("")
        self.verdict(report)

    def row(self, row: Row, cause: Line | None) -> None:
        style = STYLE[row.status]
        head = row.mark + " " * (MARK_WIDTH - cell_len(row.mark) + 2) + row.title
        tail = f"{row.check}  {row.seconds}"
        room = self.width - cell_len(head) - len(tail)
        end = self.styled(" " * room + tail, f"dim {style}") if room >= 2 else ""
        self.put(self.styled(head, style) + end)
        if row.reason:
            self.line(row.reason, INDENT)
        for finding in row.lines:
            if cause is not None and (finding.code, finding.text) == (cause.code, cause.text):
                self.line(self.words.ui("see_cause", code=finding.code), INDENT)
                continue
            self.line(finding.text, INDENT, "dim" if finding.severity == "note" else "")
            # A chart that does not fit says nothing when it is cut; its numbers stand in the sentence.
            fits = all(INDENT + cell_len(visible(bar)) <= self.width for bar in finding.chart)
            for bar in finding.chart if fits else ():
                self.put(self.styled(" " * INDENT + visible(bar), "dim"))
            self.advice(finding, INDENT)

    def advice(self, finding: Line, indent: int) -> None:
        """What to do, the next command, whom to ask: each where the code has one."""
        for part, label, text in finding.advice:
            assert part in ADVICE
            (self.command if part in VERBATIM else self.labelled)(label, text, indent)

    def verdict(self, report: View) -> None:
        words, cause = self.words, report.cause
        if cause is not None:
            style = "bold red" if cause.severity == "error" else "bold yellow"
            self.line(words.ui("cause_line", certainty=report.certainty, code=cause.code), style=style)
            for text in report.why:
                self.labelled(words.ui("why"), text, 2)
            self.line(cause.text, 2)
            self.advice(cause, 2)
        else:
            heading, text = report.without
            self.line(heading, style="bold")
            self.line(text, 2)
        for text in report.gaps:
            self.labelled(words.ui("look"), text, 2)
        if report.age:
            self.line(report.age, 2)
        sides = (report.behind, report.supports, report.against, report.rivals, report.also)
        for label, texts in zip(_SIDES, sides, strict=True):
            for text in texts:
                self.labelled(words.ui(label), text, 2)
        for checks, reason in report.not_checked:
            self.labelled(words.ui("not_checked"), words.ui("checks_reason", checks=checks, reason=reason), 2)
        for step in report.manual:
            self.labelled(words.ui("manual"), step, 2)
