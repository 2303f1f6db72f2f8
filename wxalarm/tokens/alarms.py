"""Alarms on their way out, kept in the row that they are about: what calls for a person is written in one change with
the alarm, and is struck out when every way has taken it. Pure.

Whoever sends one claims it first, so that two keepers do not send the same; who dies while it sends leaves a claim that
ends, and another keeper sends it again, with the same id. So each alarm goes out at least once.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from wxalarm.tokens.errors import Failed
from wxalarm.tokens.row import Change, Row

MOST = 20
"""Alarms of one row that are kept; the oldest go first."""
CLAIM = 60.0
"""Seconds for which one that is being sent is left alone by others."""
STALE = 3 * 86400.0
"""Seconds after which an alarm is no news to anybody."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. It holds no secret."""

    id: str
    """The same however often it is sent."""
    event: str
    """As turn.Told has it."""
    time: float
    """By the store's clock."""
    case: str | None = None
    """How it failed, as errors.Failed has it, and the next four."""
    errcode: int = 0
    ip: str | None = None
    rid: str | None = None
    failure: str = ""
    failures: int = 0
    left: float = 0.0
    by: str = ""
    """Who sends it."""
    until: float = 0.0
    """Until when nobody else does."""
    sent: tuple[str, ...] = ()
    """Ways that have taken it."""


_NAMES = {one.name for one in fields(Alarm)}


def read(text: str) -> list[Alarm]:
    """The alarms of a row, the oldest first."""
    try:
        found = json.loads(text) if text else []
    except ValueError:
        return []
    return [_read(one) for one in found]


def _read(found: dict[str, Any]) -> Alarm:
    """One of them; another version of this program may know of more."""
    return Alarm(
        **{name: value for name, value in found.items() if name in _NAMES} | {"sent": (*found.get("sent", ()),)}
    )


def _written(row: Row, found: Iterable[Alarm]) -> Row:
    kept = [{name: value for name, value in asdict(one).items() if value} for one in found]
    return replace(row, alarms=json.dumps(kept, separators=(",", ":")) if kept else "")


def noted(
    row: Row, now: float, me: str, event: str, failed: Failed | None = None, failures: int = 0, left: float = 0.0
) -> Row:
    """The row with one alarm more, which is `me`'s to send at first."""
    why = {} if failed is None else failed.facts()
    id = f"{row.name}-{row.fence}-{row.failures}-{event}"
    made = Alarm(id, event, now, failures=failures, left=left, by=me, until=now + CLAIM, **why)
    kept = [one for one in read(row.alarms) if one.id != id and now - one.time < STALE]
    return _written(row, [*kept, made][-MOST:])


def claimed(id: str, me: str) -> Change:
    """It is `me` who sends it now; None: another does, or it has gone out."""

    def change(row: Row, now: float) -> Row | None:
        found = {one.id: one for one in read(row.alarms)}
        if id not in found or (found[id].by != me and found[id].until > now):
            return None
        return _written(row, (found | {id: replace(found[id], by=me, until=now + CLAIM)}).values())

    return change


def taken(id: str, way: str, ways: Collection[str]) -> Change:
    """A way has taken it; it is struck out when all of them have."""

    def change(row: Row, now: float) -> Row | None:
        found = {one.id: one for one in read(row.alarms)}
        if id not in found:
            return None
        sent = tuple(dict.fromkeys((*found[id].sent, way)))
        found[id] = replace(found[id], sent=sent, until=0.0)
        return _written(row, (one for one in found.values() if one.id != id or not set(ways) <= set(sent)))

    return change
