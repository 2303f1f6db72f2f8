"""A judgement of a reply as text for a terminal and as JSON (wxalarm.reply/1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len

from wxalarm.lint import Excerpt
from wxalarm.messages import Catalogue
from wxalarm.model import Finding
from wxalarm.records import dump
from wxalarm.render.json import finding_record
from wxalarm.render.lint_text import snippet
from wxalarm.render.text import shorten, styled, visible, wrap
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.reply import Judgement, Pushed

SCHEMA = "wxalarm.reply/1"
STYLE = {"error": "bold red", "warning": "yellow", "note": "cyan", "accepted": "bold green"}
AROUND = 22
"""Columns that are shown before and behind a change."""
CHANGED = 40
"""Columns of the change itself."""
MARKED = 2000
"""Bytes of a long line that are looked at on either side of a place."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement and what was judged."""

    judgement: Judgement
    body: bytes
    status: int
    pushed: Pushed
    mode: str
    corrected: bytes | None = None
    """The whole body with everything corrected that can be."""


def record(judged: Judged, words: Catalogue) -> str:
    """`wxalarm reply --format json`."""
    pushed = judged.pushed
    return dump(
        {
            "schema": SCHEMA,
            "accepted": judged.judgement.accepted,
            "push": {"form": str(pushed.form), "name": pushed.name},
            "mode": judged.mode,
            "status": judged.status,
            "length": len(judged.body),
            "findings": [finding_record(finding, words) for finding in judged.judgement.findings],
            "corrected": None if judged.corrected is None else judged.corrected.decode("utf-8", "backslashreplace"),
        }
    )


def render(judged: Judged, words: Catalogue, *, width: int = 80, color: bool = False) -> str:
    """The verdict, then each finding: the place with a caret, why, what to do, the correction as a small diff."""
    lines = [styled(row, STYLE[_verdict_style(judged)], color) for row in wrap(_verdict(judged, words), width)]
    for finding in judged.judgement.findings:
        lines += ["", *_finding(finding, judged, words, width, color)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _verdict_style(judged: Judged) -> str:
    return "accepted" if judged.judgement.accepted else "error"


def _verdict(judged: Judged, words: Catalogue) -> str:
    key = "reply_accepted" if judged.judgement.accepted else "reply_rejected"
    push = push_name(judged.pushed, words)
    return visible(words.ui(key, length=len(judged.body), status=judged.status, push=push))


def push_name(pushed: Pushed, words: Catalogue) -> str:
    """The push in words: its form and name."""
    form = words.ui(f"push_{pushed.form}")
    return f"{form} {pushed.name}" if pushed.name and pushed.form is not Form.PAY else form


def _finding(finding: Finding, judged: Judged, words: Catalogue, width: int, color: bool) -> Iterator[str]:
    severity = str(finding.code.severity)
    head = f"{words.ui(f'severity_{severity}')}[{finding.code.id}]"
    inner = bool(finding.evidence.get("inner"))
    body = (judged.judgement.decrypted or b"") if inner else judged.body
    yield styled(head, STYLE[severity], color) + (f" {words.ui('reply_decrypted')}" if inner else "")
    if finding.location is not None and body:
        number = str(finding.location.line)
        shown, caret = snippet(excerpt(body, finding))
        yield f"  {number} | {shown}"
        yield f"  {' ' * len(number)} | {styled(caret, STYLE[severity], color)}"
    for row in wrap(_sentence(words, finding, "text"), width - 2):
        yield f"  {row}"
    label = words.ui("do")
    indent = cell_len(label) + 2
    for place, row in enumerate(wrap(_sentence(words, finding, "hint"), width - 2 - indent)):
        yield "  " + (f"{label}  " if place == 0 else " " * indent) + row
    if "corrected" in finding.evidence:
        old = body.decode("utf-8", "backslashreplace")
        yield from changes(old, str(finding.evidence["corrected"]), words, color)


def _sentence(words: Catalogue, finding: Finding, part: str) -> str:
    return visible(shorten(words.finding(finding, part)).strip())


def excerpt(body: bytes, finding: Finding) -> Excerpt:
    """What stands around a finding's place on its line, as text."""
    offset = min(int(finding.evidence.get("offset", 0)), len(body))
    location = finding.location
    begin = max(body.rfind(b"\n", 0, offset) + 1, offset - MARKED)
    end = body.find(b"\n", offset)
    end = min(len(body) if end < 0 else end, offset + MARKED)
    before = body[begin:offset].decode("utf-8", "replace")
    behind = body[offset:end].decode("utf-8", "replace")
    if body[offset : offset + 1] == b"\n":
        behind = "\n"
    length = 1
    if location is not None:
        same_line = location.end_line == location.line
        length = location.end_column - location.column if same_line else len(behind)
    cut = begin > 0 and body[begin - 1 : begin] != b"\n"
    return Excerpt(before + behind, len(before), len(before) + max(length, 0), cut)


def changes(old: str, new: str, words: Catalogue, color: bool) -> Iterator[str]:
    """The two lines of a diff that differ, cut to what is around the change; a new body that is short, whole."""
    if not new:
        yield "  " + words.ui("reply_nothing_instead")
        return
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    if head + tail < len(new) // 2 or head + tail == 0:
        yield "  " + styled("+ " + shorten(visible(new), 2 * AROUND + CHANGED - 10), STYLE["accepted"], color)
        return
    for sign, text, style in (("-", old, "error"), ("+", new, "accepted")):
        before, inside, behind = text[:head], text[head : len(text) - tail], text[len(text) - tail :]
        left = "…" + visible(before[-AROUND:]) if len(before) > AROUND else visible(before)
        right = visible(behind[:AROUND]) + "…" if len(behind) > AROUND else visible(behind)
        line = f"{sign} {_tail(left)}{shorten(visible(inside[:200]), CHANGED - 12)}{_fit(right)}"
        yield "  " + styled(line, STYLE[style], color)


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _fit(text: str) -> str:
    while cell_len(text) > AROUND + 1:
        text = text[:-2] + "…"
    return text


def _tail(text: str) -> str:
    while cell_len(text) > AROUND + 1:
        text = "…" + text[2:]
    return text
