"""Rules on the lines and groups of one alarm: what is missing, unknown, of the wrong type, or contradicts the rest."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from wxalarm.kinds import PLATFORM
from wxalarm.lint import codes
from wxalarm.lint.document import Document
from wxalarm.lint.text import labels
from wxalarm.model import BEIJING, Alarm, AlarmKind, Finding, Location, Sample
from wxalarm.nearest import nearest
from wxalarm.parser import words as w
from wxalarm.parser.consistency import LAST_STAMP, body_length, conflict, stamp_apart
from wxalarm.parser.problems import BAD_VALUE
from wxalarm.wechat import limits

WITHOUT_SAMPLE = frozenset({*PLATFORM, AlarmKind.MARK_FAIL})
"""Kinds whose alarms mostly come without 错误样例."""
_PRINTED = {"msg": "Msg", "event": "Event", "msg_type": "MsgType"}
MASK = re.compile(r"[*＊×…]|[xX]{3}")
"""What people put over a value; a masked value has no type."""
FIRST_STAMP = 1_000_000_000


def missing_lines(doc: Document) -> Iterator[Finding]:
    """Every line that WeChat prints for this kind of alarm is there."""
    for alarm, (begin, end) in zip(doc.parsed.alarms, doc.extents, strict=True):
        present = _present(doc, alarm, begin, end)
        order = "before"
        anchor, at = next(((w.PRINTED[name], begin) for name in w.PRINTED if name in present), ("", begin))
        for name, label in w.PRINTED.items():
            if name in present:
                order, anchor, at = "after", label, present[name]
            elif name != "sample" or alarm.kind not in WITHOUT_SAMPLE:
                yield codes.MISSING_LINE(doc.locate(at, at), label=label, order=order, anchor=anchor)


def _present(doc: Document, alarm: Alarm, begin: int, end: int) -> dict[str, int]:
    """The lines that an alarm has, and where each ends."""
    found = {str(match.lastgroup): match.end() for match in labels(doc, alarm, begin, end)}
    for name, place in alarm.fields.items():
        line = "sample" if name.startswith("sample.") else name
        if line in w.PRINTED:
            found[line] = max(found.get(line, 0), doc.span(place)[1])
    return found


def unknown_kind(doc: Document) -> Iterator[Finding]:
    """内容 is a wording that WeChat is known to print."""
    for alarm in doc.parsed.alarms:
        if alarm.kind is AlarmKind.UNKNOWN and alarm.description:
            place = doc.place(alarm, "description")
            yield codes.UNKNOWN_KIND(place, value=alarm.description[:200], after=doc.after(place))


def unknown_keys(doc: Document) -> Iterator[Finding]:
    """Every group of 错误样例 has a key that WeChat is known to print."""
    for alarm, (begin, end) in zip(doc.parsed.alarms, doc.extents, strict=True):
        for key in alarm.sample.extra:
            if w.field_of(key) is None:
                place = _key_place(doc, alarm, key, begin, end)
                near = nearest(key, w.PRINTED_KEYS, alike=0.5)
                yield codes.UNKNOWN_KEY(place, key=key, nearest=near[0] if near else "any_key", after=doc.after(place))


def _key_place(doc: Document, alarm: Alarm, key: str, begin: int, end: int) -> Location:
    value = alarm.fields.get(f"sample.extra.{key}")
    at = doc.text.rfind(f"[{key}", begin, doc.span(value)[0]) if value else doc.text.find(f"[{key}]", begin, end)
    return doc.locate(at + 1, at + 1 + len(key)) if at >= 0 else doc.place(alarm)


def contradictions(doc: Document) -> Iterator[Finding]:
    """Stamp is 时间, response_length is the body's, Msg and Event are of one push."""
    for alarm in doc.parsed.alarms:
        sample = alarm.sample
        apart = stamp_apart(alarm, has_seconds=_has_seconds(doc, alarm))
        if apart is not None and sample.stamp is not None:
            yield _stamp(doc, alarm, sample.stamp, apart)
        if (length := body_length(sample)) is not None:
            place = doc.place(alarm, "sample.response_length")
            yield codes.LENGTH_MISMATCH(
                place, declared=sample.response_length, length=length, expected=length, after=doc.after(place)
            )
        if (clash := conflict(sample)) is not None:
            place = doc.place(alarm, f"sample.{clash.field}")
            value = getattr(sample, clash.field)
            expected = ", ".join(f"[{_PRINTED[clash.field]}={name}]" for name in clash.expected) or "nothing"
            yield codes.MSG_EVENT_MISMATCH(
                place, group=f"{_PRINTED[clash.field]}={value}", expected=expected, other=clash.other
            )


def _has_seconds(doc: Document, alarm: Alarm) -> bool:
    begin, end = doc.span(doc.place(alarm, "first_seen"))
    return len(re.findall("[:：]", doc.text[begin:end])) == 2


def _stamp(doc: Document, alarm: Alarm, stamp: int, apart: int) -> Finding:
    place = doc.place(alarm, "sample.stamp")
    return codes.STAMP_MISMATCH(
        place,
        first_seen=f"{alarm.first_seen:%Y-%m-%d %H:%M:%S}",
        stamp=f"{datetime.fromtimestamp(stamp, UTC).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        apart=abs(apart),
        expected=stamp + apart,
        after=doc.after(place),
    )


def wrong_types(doc: Document) -> Iterator[Finding]:
    """Values are of the form that WeChat prints, or masked; parse keeps many of them as text without a look."""
    for alarm in doc.parsed.alarms:
        for name, (fits, expected) in FORMS.items():
            holder: Alarm | Sample = alarm.sample if name.startswith("sample.") else alarm
            value = getattr(holder, name.removeprefix("sample."))
            if value is None or value == "" or MASK.search(str(value)) or fits(str(value)):
                continue
            place = doc.place(alarm, name)
            yield BAD_VALUE(
                place,
                field=name.removeprefix("sample."),
                value=str(value)[:200],
                expected=expected,
                after=doc.after(place),
            )


def _pattern(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


FORMS: dict[str, tuple[Callable[[str], bool], str]] = {
    "appid": (_pattern(limits.APPID), limits.APPID),
    "window_minutes": (_pattern("[1-9][0-9]{0,3}"), "1-9999"),
    "count": (_pattern("[1-9][0-9]*"), "1-"),
    "guide_url": (_pattern(r"https?://\S+"), "https://mmbizurl.cn/s/MpkaZb8yg"),
    "sample.openid": (_pattern(f"{limits.OPENID_CHARACTER}{{20,32}}"), f"[A-Za-z0-9_-]{{{limits.OPENID_LENGTH}}}"),
    "sample.stamp": (lambda value: FIRST_STAMP <= int(value) < LAST_STAMP, "[0-9]{10}"),
    "sample.outer_ip": (_address, "192.0.2.1"),
    "sample.url": (_pattern(r"(?:https?:/)?/\S*"), "https://wx.example.com/callback"),
    "sample.ip": (_address, "192.0.2.1"),
    "sample.host": (_pattern(r"[\w.-]{1,253}"), "wx.example.com"),
    "sample.http_code": (_pattern("[1-9][0-9]{2}"), "100-999"),
    "sample.curl_error": (_pattern("[1-9][0-9]?"), "1-99"),
    "sample.transaction_id": (_pattern("[0-9]{20,32}"), f"[0-9]{{{limits.TRANSACTION_LENGTH}}}"),
}
"""The form of each field's value, and how a message shows it."""
