"""A judgement of a URL verification as text for a terminal and as JSON (wxalarm.verify/1)."""

from __future__ import annotations

from rich.cells import cell_len

from wxalarm.messages import Catalogue
from wxalarm.model import Finding
from wxalarm.records import dump
from wxalarm.render.json import finding_record
from wxalarm.render.reply import STYLE
from wxalarm.render.text import shorten, styled, visible, wrap
from wxalarm.wechat.verify import Attempt, Judgement

SCHEMA = "wxalarm.verify/1"
VERDICTS = {True: "verify_accepted", False: "verify_rejected", None: "verify_open"}


def record(attempt: Attempt, judgement: Judgement, words: Catalogue) -> str:
    """`wxalarm verify --format json` of a dump, a body or a log line."""
    return dump(
        {
            "schema": SCHEMA,
            "accepted": judgement.accepted,
            "status": None if attempt.curl is not None else attempt.status,
            "length": length_of(attempt),
            "findings": [finding_record(finding, words) for finding in judgement.findings],
        }
    )


def length_of(attempt: Attempt) -> int | None:
    """Bytes of the answer, as far as they are known."""
    return attempt.length if attempt.body is None else len(attempt.body)


def render(attempt: Attempt, judgement: Judgement, words: Catalogue, *, width: int = 80, color: bool = False) -> str:
    """The verdict, then each finding: why, and what to do."""
    style = STYLE["accepted" if judgement.accepted else "note" if judgement.accepted is None else "error"]
    lines = [styled(row, style, color) for row in wrap(words.ui(VERDICTS[judgement.accepted]), width)]
    for finding in judgement.findings:
        severity = str(finding.code.severity)
        lines += ["", styled(f"{words.ui(f'severity_{severity}')}[{finding.code.id}]", STYLE[severity], color)]
        lines += [f"  {row}" for row in wrap(_sentence(words, finding, "text"), width - 2)]
        label = words.ui("do")
        indent = cell_len(label) + 2
        for place, row in enumerate(wrap(_sentence(words, finding, "hint"), width - 2 - indent)):
            lines.append("  " + (f"{label}  " if place == 0 else " " * indent) + row)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _sentence(words: Catalogue, finding: Finding, part: str) -> str:
    return visible(shorten(words.finding(finding, part)).strip())
