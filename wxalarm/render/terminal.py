"""Report → text for a terminal: rows in words, colour second, right at 80 columns with double-width characters."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render.text import shorten, visible, wrap
from wxalarm.render.view import ADVICE, VERBATIM, Line, Row, View, counts, folded, others, view

STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "skip": "dim", "unknown": "magenta"}
MARK_WIDTH = 4
INDENT = MARK_WIDTH + 2
LONGEST = 900
"""Characters of one sentence; evidence may quote a body of a mebibyte."""


def render(
    reports: Sequence[Report],
    words: Catalogue,
    *,
    width: int = 80,
    color: bool = False,
    timeout: float = 20.0,
    exit_code: int = 0,
) -> str:
    """All reports as text. `width` in columns; without `color` no escape sequence is in the result."""
    page = _Page(words, width, color)
    for index, (report, like_it) in enumerate(folded(reports)):
        if index:
            page.line("")
        page.report(view(report, words))
        if like_it:
            page.line(others(like_it, words), 2, "bold")
    elapsed = max((report.elapsed for report in reports), default=0.0)
    page.line("")
    page.line(words.ui("seen_from"), style="dim")
    page.line(counts(reports, words), style="dim")
    page.line(words.ui("footer", code=exit_code, elapsed=elapsed, timeout=timeout), style="dim")
    return page.text()


class _Page:
    """Collects lines; rich measures and wraps them by display width."""

    def __init__(self, words: Catalogue, width: int, color: bool) -> None:
        self.words = words
        self.out = io.StringIO()
        self.console = Console(
            file=self.out,
            width=max(width, 40),
            force_terminal=color,
            color_system="standard" if color else None,
            no_color=not color,
            markup=False,
            emoji=False,
            highlight=False,
            legacy_windows=False,
        )
        labels = ("do", "edit", "verify", "ask", "for", "against", "manual", "not_checked")
        self.label_width = max(cell_len(words.ui(label)) for label in labels) + 2

    def text(self) -> str:
        """What was written, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.out.getvalue().splitlines()) + "\n"

    def line(self, text: str, indent: int = 0, style: str = "") -> None:
        for row in wrap(visible(shorten(text, LONGEST)), self.console.width - indent):
            self.raw(Text(" " * indent + row, style=style))

    def labelled(self, label: str, body: str, indent: int) -> None:
        """A label in its own column and a body beside it."""
        room = max(20, self.console.width - indent - self.label_width)
        for number, row in enumerate(wrap(visible(shorten(body, LONGEST)), room)):
            self.raw(self.lead(label if number == 0 else "", indent) + Text(row))

    def command(self, label: str, body: str, indent: int) -> None:
        """A label and a command, which is never broken into lines, so that it can be copied.

        Several lines (a diff) stand below the label, all indented alike: patch takes them so.
        """
        lines = body.splitlines()
        if len(lines) > 1:
            self.raw(self.lead(label, indent))
            label = ""
        for part in lines:
            self.raw(self.lead(label, indent) + Text(visible(part), style="cyan"))

    def lead(self, label: str, indent: int) -> Text:
        return Text(" " * indent) + Text(label + " " * max(1, self.label_width - cell_len(label)), style="dim")

    def raw(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)

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
        head = Text(row.mark + " " * (MARK_WIDTH - cell_len(row.mark) + 2), style=STYLE[row.status])
        head += Text(row.title, style="bold" if row.status == "fail" else "")
        tail = f"{row.check}  {row.seconds}"
        room = self.console.width - cell_len(head.plain) - len(tail)
        if room >= 2:
            head += Text(" " * room + tail, style="dim")
        self.raw(head)
        if row.reason:
            self.line(row.reason, INDENT)
        for finding in row.lines:
            if finding == cause:
                self.line(self.words.ui("see_cause", code=finding.code), INDENT)
                continue
            self.line(finding.text, INDENT, "dim" if finding.severity == "note" else "")
            # A chart that does not fit says nothing when it is cut; its numbers stand in the sentence.
            fits = all(INDENT + cell_len(visible(bar)) <= self.console.width for bar in finding.chart)
            for bar in finding.chart if fits else ():
                self.raw(Text(" " * INDENT + visible(bar), style="dim"))
            self.advice(finding, INDENT)

    def advice(self, finding: Line, indent: int) -> None:
        """What to do, the next command, whom to ask: each where the code has one."""
        for part, label, text in finding.advice:
            assert part in ADVICE
            (self.command if part in VERBATIM else self.labelled)(label, text, indent)

    def verdict(self, report: View) -> None:
        words, cause = self.words, report.cause
        if cause is None:
            self.line(words.ui("no_cause"), style="bold")
            self.line(words.ui("no_cause_text"), 2)
        else:
            style = "bold red" if cause.severity == "error" else "bold yellow"
            self.line(words.ui("cause_line", certainty=report.certainty, code=cause.code), style=style)
            self.line(cause.text, 2)
            self.advice(cause, 2)
        for text in report.supports:
            self.labelled(words.ui("for"), text, 2)
        for text in report.against:
            self.labelled(words.ui("against"), text, 2)
        for checks, reason in report.not_checked:
            self.labelled(words.ui("not_checked"), words.ui("checks_reason", checks=checks, reason=reason), 2)
        for step in report.manual:
            self.labelled(words.ui("manual"), step, 2)
