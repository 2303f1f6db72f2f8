"""Report → text for a terminal: rows in words, colour second, right at 80 columns with double-width characters."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from wxalarm.messages import Catalogue
from wxalarm.model import Alarm, Cause, CheckResult, Finding, Report, Severity, Status
from wxalarm.render.text import shorten, visible

WORD = {Status.PASS: "ok", Status.WARN: "warn", Status.FAIL: "fail", Status.SKIP: "skip", Status.UNKNOWN: "unknown"}
STYLE = {
    Status.PASS: "green",
    Status.WARN: "yellow",
    Status.FAIL: "bold red",
    Status.SKIP: "dim",
    Status.UNKNOWN: "magenta",
}
MARK_WIDTH = 4
INDENT = MARK_WIDTH + 2
LONGEST = 600
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
    for index, report in enumerate(reports):
        if index:
            page.line(Text(""))
        page.report(report)
    page.footer(reports, timeout, exit_code)
    return page.text()


def summary(alarm: Alarm, words: Catalogue) -> str:
    """One line: what, who, when, how often."""
    who = " ".join(part for part in (alarm.appid, alarm.nickname) if part) or words.ui("no_account")
    when = alarm.first_seen.strftime("%Y-%m-%d %H:%M:%S") if alarm.first_seen else words.ui("no_time")
    parts = [words.kind(alarm.kind), who, when]
    if alarm.count is not None:
        parts.append(words.ui("times", count=alarm.count, window=alarm.window_minutes or "?"))
    if alarm.rate is not None and alarm.rate >= 1:
        parts.append(words.ui("rate", rate=alarm.rate))
    return visible(" · ".join(parts))


class _Page:
    """Collects lines; rich does the wrapping by display width."""

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

    def text(self) -> str:
        """What was written, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.out.getvalue().splitlines()) + "\n"

    def line(self, text: Text, indent: int = 0) -> None:
        self.console.print(Padding(text, (0, 0, 0, indent)) if indent else text)

    def labelled(self, label: str, body: str, indent: int = INDENT, *, style: str = "", wrap: bool = True) -> None:
        """A label in its own column and a body beside it; a command is not wrapped, so that it can be copied."""
        width = max(cell_len(self.words.ui(key)) for key in ("do", "verify", "ask", "for", "against")) + 2
        head = label + " " * max(1, width - cell_len(label))
        if wrap:
            text = Text(visible(shorten(body, LONGEST)), style=style)
            lines = text.wrap(self.console, max(20, self.console.width - indent - width))
            for number, row in enumerate(lines):
                lead = Text(" " * indent) + (Text(head, style="dim") if number == 0 else Text(" " * cell_len(head)))
                self.console.print(lead + row, no_wrap=True, overflow="ignore", crop=False)
        else:
            for number, part in enumerate(body.splitlines()):
                lead = Text(" " * indent) + (Text(head, style="dim") if number == 0 else Text(" " * cell_len(head)))
                self.console.print(lead + Text(visible(part), style="cyan"), soft_wrap=True)

    # --- one report ---

    def report(self, report: Report) -> None:
        self.line(Text(summary(report.alarm, self.words), style="bold"))
        if report.target.url or report.target.host:
            self.line(Text(visible(report.target.url or report.target.host or ""), style="dim"), 2)
        self.line(Text(""))
        for result in report.results:
            if result.status is not Status.SKIP:
                self.row(result, report.cause)
        self.line(Text(""))
        self.verdict(report)

    def row(self, result: CheckResult, cause: Cause | None) -> None:
        mark = self.words.ui(WORD[result.status])
        head = Text(mark + " " * (MARK_WIDTH - cell_len(mark)) + "  ", style=STYLE[result.status])
        head += Text(self.words.check(result.check), style="bold" if result.status is Status.FAIL else "")
        tail = f"{result.check}  {result.elapsed:.2f} s"
        room = self.console.width - cell_len(head.plain) - len(tail)
        head += Text(" " * max(2, room) + tail, style="dim") if room >= 2 else Text("")
        self.console.print(head, no_wrap=True, overflow="ignore", crop=False)
        if result.reason is not None:
            self.line(Text(visible(self.words.reason(result.reason))), INDENT)
        for finding in result.findings:
            self.finding(finding, detail=cause is None or finding is not cause.finding)

    def finding(self, finding: Finding, *, detail: bool) -> None:
        note = finding.code.severity is Severity.NOTE
        text = shorten(self.words.finding(finding, "text"), LONGEST)
        self.line(Text(visible(text), style="dim" if note else ""), INDENT)
        if not note and detail:
            self.advice(finding)

    def advice(self, finding: Finding, indent: int = INDENT) -> None:
        """What to do, the next command, whom to ask: each where the code has one."""
        if hint := self.words.finding(finding, "hint"):
            self.labelled(self.words.ui("do"), hint, indent)
        if verify := self.words.finding(finding, "verify"):
            self.labelled(self.words.ui("verify"), verify, indent, wrap=False)
        if ask := self.words.finding(finding, "ask"):
            self.labelled(self.words.ui("ask"), ask, indent)

    def verdict(self, report: Report) -> None:
        words, cause = self.words, report.cause
        if cause is None:
            self.line(Text(words.ui("no_cause"), style="bold"))
            self.line(Text(words.ui("no_cause_text")), 2)
        else:
            title = f"{words.ui('cause')} ({words.ui(cause.finding.code.basis.certainty)}): {cause.finding.code.id}"
            self.line(Text(title, style="bold red" if cause.finding.code.severity is Severity.ERROR else "bold yellow"))
            self.line(Text(visible(shorten(words.finding(cause.finding, "text"), LONGEST))), 2)
            self.advice(cause.finding, 2)
            for code, texts in _grouped(cause.supports, words).items():
                more = f" (+{len(texts) - 1})" if len(texts) > 1 else ""
                self.labelled(words.ui("for"), f"{code}: {texts[0]}{more}", 2)
            for check in cause.contradicts:
                self.labelled(words.ui("against"), words.ui("passed_too", check=words.check(check)), 2)
        self.not_checked(report)
        for step in words.steps(report.alarm.kind):
            self.labelled(words.ui("manual"), step, 2)

    def not_checked(self, report: Report) -> None:
        """Checks that were skipped, by reason: said in one line each, never folded into the passes."""
        by_reason: dict[str, list[str]] = {}
        for result in report.results:
            if result.status is Status.SKIP and result.reason is not None:
                reason = self.words.reason(result.reason)
                by_reason.setdefault(reason, []).append(self.words.check(result.check))
        if by_reason:
            self.line(Text(self.words.ui("not_checked"), style="dim"), 2)
            for reason, checks in by_reason.items():
                self.line(Text(visible(f"{self.words.ui('list_comma').join(checks)}: {reason}"), style="dim"), 4)

    def footer(self, reports: Sequence[Report], timeout: float, exit_code: int) -> None:
        counts = dict.fromkeys(WORD.values(), 0)
        for report in reports:
            for result in report.results:
                counts[WORD[result.status]] += 1
        said = self.words.ui(
            "counts",
            passed=counts["ok"],
            warned=counts["warn"],
            failed=counts["fail"],
            skipped=counts["skip"],
            unknown=counts["unknown"],
        )
        elapsed = max((report.elapsed for report in reports), default=0.0)
        footer = self.words.ui("footer", code=exit_code, elapsed=elapsed, timeout=timeout)
        self.line(Text(""))
        self.line(Text(self.words.ui("seen_from"), style="dim"))
        self.line(Text(f"{said} · {footer}", style="dim"))


def _grouped(findings: Sequence[Finding], words: Catalogue) -> Mapping[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for finding in findings:
        groups.setdefault(finding.code.id, []).append(words.finding(finding, "text"))
    return groups
