"""How the tokens in the store are: as lines for people, as plain data for programs. No value of theirs is in either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from wxalarm.messages import Catalogue
from wxalarm.render.text import visible
from wxalarm.tokens.status import StoreStatus, TokenStatus

SCHEMA = "wxalarm.tokens/1"


def record(status: StoreStatus) -> dict[str, Any]:
    """As JSON has it."""
    made: dict[str, Any] = msgspec.to_builtins(status)
    answers = [{"path": one.path, "errcode": one.errcode, "status": one.status} for one in status.answers]
    return {"schema": SCHEMA, **made, "answers": answers}


def table(status: StoreStatus, words: Catalogue) -> str:
    """A paragraph for each token, then the quota."""
    if status.error is not None:
        return visible(words.ui("token_store_down", error=status.error)) + "\n"
    lines = [visible(line) for token in status.tokens for line in _lines(token, status, words)]
    if status.quota is not None:
        lines.append(words.ui("token_quota_left", used=status.quota.used, limit=status.quota.limit))
    return "\n".join(lines) + "\n"


def _lines(token: TokenStatus, status: StoreStatus, words: Catalogue) -> Iterator[str]:
    yield f"{token.account}  {token.name}"
    yield "  " + words.ui(f"token_is_{_state(token, status)}", left=_span(token.left), age=_span(token.age))
    if token.due is not None:
        yield "  " + words.ui("token_overdue" if token.due < 0 else "token_due", due=_span(token.due))
    if token.holder:
        yield "  " + words.ui("token_held" if token.held else "token_free", holder=token.holder)
    if token.failures:
        said = words.ui("token_failing", case=token.case, errcode=token.errcode, ip=token.ip, failures=token.failures)
        yield "  " + said
    if token.foreign is not None:
        yield "  " + words.ui("token_foreign", by=token.foreign_by, ago=_span(token.foreign))
    yield "  " + words.ui("token_calls_left", count=token.calls_left)


def _state(token: TokenStatus, status: StoreStatus) -> str:
    if not token.present or token.left is None:
        return "none"
    if token.left <= 0:
        return "ended"
    if token.rejected is not None or token.name in status.refused:
        return "refused"
    return "taken" if any(one.worked for one in status.answers) and token.kind == "access_token" else "good"


def _span(seconds: float | None) -> str:
    """A length of time: 5 s, 12 min, 3.5 h."""
    if seconds is None:
        return "-"
    size = abs(seconds)
    if size < 100:
        return f"{size:.0f} s"
    return f"{size / 60:.0f} min" if size < 6000 else f"{size / 3600:.1f} h"
