"""How the tokens in the store are: as lines for people, as plain data for programs. No value of theirs is in either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from wxalarm.checks.wechat.token_store import state
from wxalarm.messages import Catalogue
from wxalarm.model import Finding
from wxalarm.probes.token_seen import StoreStatus, TokenStatus
from wxalarm.render.text import visible

SCHEMA = "wxalarm.tokens/1"


def record(status: StoreStatus, findings: Iterable[Finding], words: Catalogue) -> dict[str, Any]:
    """As JSON has it."""
    made: dict[str, Any] = msgspec.to_builtins(status)
    answers = [{"path": one.path, "errcode": one.errcode, "status": one.status} for one in status.answers]
    found = [
        {
            "code": one.code.id,
            "severity": str(one.code.severity),
            "text": words.finding(one, "text"),
            "hint": words.finding(one, "hint"),
            "evidence": dict(one.evidence),
        }
        for one in findings
    ]
    return {"schema": SCHEMA, **made, "answers": answers, "findings": found}


def table(status: StoreStatus, findings: Iterable[Finding], words: Catalogue) -> str:
    """A paragraph for each token, the quota, then what is wrong and what to do."""
    lines = [line for token in status.tokens for line in _lines(token, status, words)]
    if status.quota is not None:
        lines.append(words.ui("token_quota_left", used=status.quota.used, limit=status.quota.limit))
    for finding in findings:
        lines += ["", *(words.finding(finding, part) for part in ("text", "hint"))]
    return "".join(f"{visible(line)}\n" for line in lines)


def _lines(token: TokenStatus, status: StoreStatus, words: Catalogue) -> Iterator[str]:
    yield f"{token.account}  {token.name}"
    case = state(token, token.name in status.refused)
    taken = case == "good" and token.kind == "access_token" and any(one.worked for one in status.answers)
    yield "  " + words.ui(
        f"token_is_{'taken' if taken else case}", left=_span(token.left, words), age=_span(token.age, words)
    )
    if token.due is not None and token.due >= 0:
        yield "  " + words.ui("token_due", due=_span(token.due, words))
    if token.holder:
        yield "  " + words.ui("token_held" if token.held else "token_free", holder=token.holder)
    yield "  " + words.ui("token_calls_left", count=token.calls_left)


def _span(seconds: float | None, words: Catalogue) -> str:
    """A length of time: 5 s, 12 min, 3.5 h."""
    if seconds is None:
        return "-"
    size = abs(seconds)
    if size < 100:
        return words.ui("token_seconds", count=f"{size:.0f}")
    if size < 6000:
        return words.ui("token_minutes", count=f"{size / 60:.0f}")
    return words.ui("token_hours", count=f"{size / 3600:.1f}")
