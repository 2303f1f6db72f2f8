"""Where an alarm contradicts itself: it was edited, or damaged on its way here. Pure comparisons and their codes.

Used by the check `sample` and by lint, which is stricter about the same facts.
"""

from __future__ import annotations

from typing import NamedTuple

from wxalarm.model import Alarm, Basis, Code, Sample, Severity

STAMP_MISMATCH = Code("stamp-mismatch", Severity.NOTE, Basis.RECORDED)
LENGTH_MISMATCH = Code("length-mismatch", Severity.NOTE, Basis.RECORDED)

STAMP_SLACK = 1
"""Seconds by which Stamp may differ from 时间 in an untouched alarm."""
LAST_STAMP = 1 << 33
"""Unix seconds (the year 2242) above which a Stamp is no time."""


def stamp_apart(alarm: Alarm, *, has_seconds: bool = False) -> int | None:
    """Seconds from Stamp to 时间 read as UTC+8 when they differ by more than the slack; None when they agree or one
    is absent. Unless 时间 is known to be printed with seconds, :00 agrees with its whole minute."""
    stamp, seen = alarm.sample.stamp, alarm.first_seen
    if seen is None or stamp is None or stamp >= LAST_STAMP:
        return None
    apart = round(seen.timestamp()) - stamp
    within_minute = not has_seconds and seen.second == 0 and 0 > apart > -60
    return apart if abs(apart) > STAMP_SLACK and not within_minute else None


def body_length(sample: Sample) -> int | None:
    """Bytes of an uncut body as printed when they are not what response_length says; else None.

    Page software turns CRLF into LF or a blank: a body that fits when its line breaks count twice is no mismatch.
    """
    body, declared = sample.response_content, sample.response_length
    if body is None or declared is None or sample.response_truncated:
        return None
    length = len(body.encode("utf-8", "replace"))  # an undecodable byte counts as the byte it is
    return None if declared in (length, length + body.count("\n")) else length


class Conflict(NamedTuple):
    """Two groups of one sample that no push of WeChat has together."""

    field: str
    """The field of Sample that is wrong if `other` is right."""
    expected: tuple[str, ...]
    """What the field may be beside `other`; empty: the group must be absent."""
    other: str
    """The group that says so, as printed: "[Msg=Subscribe]"."""


_FOLLOWING = ("Subscribe", "UnSubscribe")
_BY_MSG_TYPE = {20002: _FOLLOWING, 20100: ("Component Ticket",), 20101: ("Component Info",)}
_TYPED_EVENTS = {event.lower(): number for number, events in _BY_MSG_TYPE.items() for event in events}


def conflict(sample: Sample) -> Conflict | None:
    """The first contradiction between Msg, Event and MsgType, by the names that have been seen in alarms: Subscribe
    and UnSubscribe go together with Msg=Subscribe and MsgType=20002, a text message (MsgType=1) has no event,
    20100 and 20101 are the third-party ticket and notice. Names that have not been seen contradict nothing."""
    msg, event, number = sample.msg, sample.event, sample.msg_type
    folded_msg, folded = (msg or "").lower(), (event or "").lower()
    following = folded in ("subscribe", "unsubscribe")
    if event and folded_msg == "subscribe" and not following:
        return Conflict("event", _FOLLOWING, f"[Msg={msg}]")
    if event and folded_msg == "text":
        return Conflict("event", (), f"[Msg={msg}]")
    if msg and following and folded_msg != "subscribe":
        return Conflict("msg", ("Subscribe",), f"[Event={event}]")
    if number is None or not (msg or event):
        return None
    if number == 1 and (event or folded_msg != "text"):
        return Conflict("event", (), "[MsgType=1]") if event else Conflict("msg", ("Text",), "[MsgType=1]")
    if event and number in _BY_MSG_TYPE and folded not in map(str.lower, _BY_MSG_TYPE[number]):
        return Conflict("event", _BY_MSG_TYPE[number], f"[MsgType={number}]")
    if event and number in (20000, *_BY_MSG_TYPE) and _TYPED_EVENTS.get(folded, number) != number:
        return Conflict("msg_type", (str(_TYPED_EVENTS[folded]),), f"[Event={event}]")
    if folded_msg == "text" and not event and number != 1 and number in (20000, *_BY_MSG_TYPE):
        return Conflict("msg_type", ("1",), f"[Msg={msg}]")
    return None
