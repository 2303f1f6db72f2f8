"""The grammar's tree → a record, the span of every value, and what was wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wxalarm.model import BEIJING, Alarm, Basis, Code, Finding, Sample, Severity
from wxalarm.parser import vocabulary as v
from wxalarm.parser.places import EDGES, FieldLocations, Source

if TYPE_CHECKING:
    from wxalarm.parser.grammar import Group, Tree, Value

BAD_VALUE = Code("bad-value", Severity.WARNING, Basis.RECORDED)
BRACKET_MISSING = Code("bracket-missing", Severity.WARNING, Basis.RECORDED)
BODY_CUT = Code("body-cut", Severity.NOTE, Basis.RECORDED)
LABEL_REPEATED = Code("label-repeated", Severity.WARNING, Basis.RECORDED)
KEY_REPEATED = Code("key-repeated", Severity.WARNING, Basis.RECORDED)
STRAY_TEXT = Code("stray-text", Severity.NOTE, Basis.RECORDED)
ALARM_TOO_LONG = Code("alarm-too-long", Severity.ERROR, Basis.RECORDED)
MOST_DIGITS = 18
PROBLEMS = (BAD_VALUE, BRACKET_MISSING, BODY_CUT, LABEL_REPEATED, KEY_REPEATED, STRAY_TEXT, ALARM_TOO_LONG)


class _Record:
    """Collects the fields, spans and problems of one alarm."""

    def __init__(self, source: Source, offset: int) -> None:
        self.source, self.offset = source, offset
        self.spans: dict[str, tuple[int, int]] = {}
        self.problems: list[Finding] = []

    def problem(self, code: Code, place: Value, /, **evidence: Any) -> None:
        location = self.source.locate(place.start + self.offset, place.end + self.offset)
        self.problems.append(code(location, **evidence))

    def text(self, name: str, value: Value | None) -> str | None:
        """A one-line value with its outer blanks stripped."""
        if value is None:
            return None
        text = value.text.strip(EDGES)
        start = value.start + (value.text.find(text) if text else 0)
        self.spans[name] = (start + self.offset, start + len(text) + self.offset)
        return text


def build(tree: Tree, source: Source, start: int, end: int) -> tuple[Alarm, list[Finding]]:
    """The record of source.text[start:end], whose tree this is."""
    record = _Record(source, start)
    description = record.text("description", tree.lines.get("description"))
    description = description.replace(v.BREAK, "") if description else description
    window, count = _count(record, tree)
    alarm = Alarm(
        kind=v.kind_of(description),
        appid=record.text("appid", tree.lines.get("appid")),
        nickname=record.text("nickname", tree.lines.get("nickname")),
        first_seen=_time(record, tree),
        description=description,
        window_minutes=window,
        count=count,
        sample=_sample(record, tree.groups),
        guide_url=record.text("guide_url", tree.lines.get("guide_url")),
        location=source.locate(start, end),
        fields=FieldLocations(source, record.spans),
    )
    for name, value in tree.repeated:
        record.problem(LABEL_REPEATED, value, field=name, value=value.text.strip(EDGES))
    return alarm, record.problems


def _time(record: _Record, tree: Tree) -> datetime | None:
    """时间, read as +08:00. Seconds may be missing."""
    text = record.text("first_seen", tree.lines.get("first_seen"))
    if not text:
        return None
    found = re.fullmatch(v.DATE, text)
    numbers = [int(part) for part in re.findall(r"\d+", text)] if found else []
    try:
        return datetime(*numbers, tzinfo=BEIJING)  # type: ignore[misc,arg-type]  # DATE has five or six numbers
    except (ValueError, TypeError):
        record.problem(
            BAD_VALUE, tree.lines["first_seen"], field="first_seen", value=text, expected="YYYY-MM-DD HH:MM:SS"
        )
        return None


def _count(record: _Record, tree: Tree) -> tuple[int | None, int | None]:
    """次数: window in minutes and number of failures. A masked one of the two leaves the other."""
    value = tree.lines.get("count")
    text = record.text("count", value)
    if value is None or not text:
        return None, None
    start = record.spans["count"][0]
    window = count = None
    if found := re.match(v.COUNT, text):
        window, count = _number(found[1]), _number(found[2].replace(",", ""))
        record.spans["count"] = (start + found.start(2), start + found.end(2))
    elif found := re.match(v.WINDOW, text):
        window = _number(found[1])
    if window is not None and found:
        record.spans["window_minutes"] = (start + found.start(1), start + found.end(1))
    if window is None or count is None:
        record.problem(BAD_VALUE, value, field="count", value=text, expected="5分钟 31次")
    return window, count


def _number(text: str) -> int | None:
    """A decimal number of at most 18 digits: what fits into 64 bits everywhere."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def _sample(record: _Record, groups: list[Group]) -> Sample:
    values: dict[str, Any] = {}
    extra: dict[str, str | None] = {}
    for group in groups:
        name = "platform" if re.fullmatch(v.PLATFORM, group.key) else v.field_of(group.key)
        if not group.closed and not group.body:
            record.problem(BRACKET_MISSING, group.value or _point(group), key=group.key)
        if name == "decrypt_failed":
            values[name] = True
            record.spans["sample.decrypt_failed"] = _span(record, group)
        elif name is None and group.key in extra:
            record.problem(KEY_REPEATED, group.value or _point(group), key=group.key, value=_shown(group))
        elif name is None:
            extra[group.key] = None if group.value is None else record.text(f"sample.extra.{group.key}", group.value)
        elif group.value is None:
            # "[resp]" (a flag where a body was expected) says: no body was recorded.
            continue
        elif values.get(name):
            record.problem(KEY_REPEATED, group.value, key=group.key, value=_shown(group))
        else:
            _field(record, name, group, values, extra)
    return Sample(**values, extra=extra)


def _field(record: _Record, name: str, group: Group, values: dict[str, Any], extra: dict[str, str | None]) -> None:
    value = group.value
    assert value is not None
    if name == "response_content":
        values[name] = value.text
        values["response_truncated"] = not group.closed
        record.spans["sample.response_content"] = (value.start + record.offset, value.end + record.offset)
        if not group.closed:
            record.problem(BODY_CUT, value, key=group.key, length=len(value.text))
        return
    text = record.text(f"sample.{name}", value) or ""
    if name not in v.NUMBERS:
        values[name] = text
    elif (number := _number(text)) is not None:
        values[name] = number
    elif text:
        extra[group.key] = text
        record.problem(BAD_VALUE, value, field=name, value=text[:200], expected="0-9")


def _shown(group: Group) -> str:
    return group.value.text[:200] if group.value is not None else ""


def _span(record: _Record, group: Group) -> tuple[int, int]:
    start = group.start + record.offset
    return start, start + len(group.key)


def _point(group: Group) -> Value:
    from wxalarm.parser.grammar import Value

    return Value(group.key, group.start, group.start + len(group.key))


def strays(tree: Tree, source: Source, start: int) -> Iterator[Finding]:
    """Notes on text inside an alarm that fits no rule."""
    from wxalarm.parser.grammar import strays as found

    for value in found(tree):
        yield STRAY_TEXT(source.locate(value.start + start, value.end + start), value=value.text[:200])
