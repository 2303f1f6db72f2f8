"""Report → Markdown for tickets and chats. Untrusted text stands in code spans or is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render.incidents import Page, extent, headline, is_page, notes, page_from, title
from wxalarm.render.text import verbatim, visible
from wxalarm.render.view import VERBATIM, Line, View, counts, view


def render(reports: Sequence[Report], words: Catalogue, settings: Sequence[str] = (), page: Page | None = None) -> str:
    """All reports as one Markdown document. settings: sentences on where they came from."""
    page = page or page_from(reports)
    lines = _page(page, reports, words) if is_page(page) else []
    for one in page["incidents"]:
        if one["reports"]:
            lines += [*_report(view(reports[one["reports"][0]], words), words), ""]
        if one["alarms"] > 1:
            lines += [_safe(extent(one, page, words)), ""]
    told = [f"- {_safe(note)}" for note in notes(page, words)]
    lines += [*told, ""] if told else []
    lines += [f"- {_safe(sentence)}" for sentence in settings] + [""] * bool(settings)
    return "\n".join([*lines, f"_{counts(reports, words)}_"]) + "\n"


def _page(page: Page, reports: Sequence[Report], words: Catalogue) -> list[str]:
    lines = [f"# {_safe(headline(page, words))}", ""]
    for number, one in enumerate(page["incidents"], 1):
        lines += [f"{number}. **{_safe(title(one, reports, words))}**  ", f"   {_safe(extent(one, page, words))}"]
    return [*lines, ""]


def _report(report: View, words: Catalogue) -> Iterator[str]:
    yield f"## {_safe(report.summary)}"
    yield ""
    if report.url:
        yield f"{_code(report.url)}"
        yield ""
    if report.cause is None:
        heading, text = report.without
        yield f"**{heading}** {_safe(text)}"
        yield ""
    else:
        said = words.ui("cause_line", certainty=report.certainty, code=report.cause.title)
        yield f"**{_safe(said)}** {_safe(report.cause.text)}"
        yield ""
        yield from (_item(words.ui("why"), _safe(text), words) for text in report.why)
        yield from _advice(report.cause, words)
    yield from (_item(words.ui("look"), _safe(text), words) for text in report.gaps)
    if report.age:
        yield f"- {_safe(report.age)}"
    for label, texts in (
        ("behind", report.behind),
        ("for", report.supports),
        ("against", report.against),
        ("rival", report.rivals),
        ("also", report.also),
        ("manual", report.manual),
    ):
        yield from (_item(words.ui(label), _safe(text), words) for text in texts)
    for checks, reason in report.not_checked:
        said = words.ui("checks_reason", checks=checks, reason=reason)
        yield _item(words.ui("not_checked"), _safe(said), words)
    yield ""
    for row in report.rows:
        yield f"- {row.mark} **{_safe(row.title)}** `{row.check}` {row.seconds} {_safe(row.reason)}".rstrip()
        for finding in row.lines:
            yield f"  - `{finding.code}` {_safe(finding.text)}"
            if finding.chart:
                yield from ("", *(f"        {visible(bar)}" for bar in finding.chart), "")


def _item(label: str, text: str, words: Catalogue) -> str:
    return "- " + words.ui("labelled", label=label, text=text)


def _advice(finding: Line, words: Catalogue) -> Iterator[str]:
    for part, label, text in finding.advice:
        if part in ("edit", "letter"):
            yield from (_item(label, "", words).rstrip(), "", *_block(text, "diff" if part == "edit" else "text"), "")
        else:
            yield _item(label, _code(text) if part in VERBATIM else _safe(text), words)


def _safe(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#&~!])", r"\\\1", visible(text)).replace("\\&", "&amp;").replace("\\<", "&lt;")


def _block(text: str, kind: str) -> Iterator[str]:
    """A fenced block inside a list: a diff or a letter keeps its lines."""
    fence = _fence(text, 3)
    yield from (f"  {line}" for line in (fence + kind, *verbatim(text), fence))


def _fence(text: str, least: int) -> str:
    return "`" * max(least, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)


def _code(text: str) -> str:
    """A code span that holds any text: its fence is longer than any run of backticks inside."""
    text = visible(text)
    fence = _fence(text, 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
