"""Alarms one by one → table, json, jsonl or csv. Every format is written as a stream: head, a part an alarm, tail.

Alarm text is untrusted: no format but csv lets a control character through, and `shown` makes csv safe for a terminal.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from wxalarm.model import Alarm, AlarmKind, Finding, Location, Sample, Whole
from wxalarm.records import alarm_record, escape, sample_record
from wxalarm.render.json import finding_record

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

ALARMS_SCHEMA = "wxalarm.alarms/1"
FORMATS = ("table", "json", "jsonl", "csv")


class Format(Protocol):
    """How a format is written. `tail` gets the problems; only json shows them, the others leave them to stderr."""

    def head(self) -> str:
        """What stands before the first alarm."""

    def alarm(self, alarm: Alarm) -> str | bytes:
        """One alarm. Bytes are UTF-8."""

    def tail(self, problems: Sequence[Finding]) -> str:
        """What stands behind the last alarm."""


def format_of(
    name: str, words: Callable[[], Catalogue], width: int, *, file: bool = False, kinds: Catalogue | None = None
) -> Format:
    """The format of a name in FORMATS. `words` is called only by a format that shows words. file: it goes to a file.
    kinds: csv has the titles of the kinds in this language in place of their names."""
    match name:
        case "table":
            return Table(words(), width)
        case "json":
            return Json(words)
        case "jsonl":
            return JsonLines()
    return Csv(kinds, mark=file)


_UNSAFE = re.compile(b"\x7f|\xc2[\x80-\x9f]|\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])|\xef\xbb\xbf")
"""What `escape` spells out, in UTF-8."""


class JsonLines:
    """One alarm a line, the record of `parse --format json`."""

    _NO_SAMPLE = Sample()

    def __init__(self) -> None:
        # msgspec reads an alarm's parts as alarm_record does; of the places of its values it shows that of the whole.
        names = ["location" if field.name == "places" else field.name for field in fields(Alarm)]
        self._values, self._record = attrgetter(*names), msgspec.defstruct("Record", names)
        self._encode, self._spaced = msgspec.json.Encoder().encode, msgspec.json.format

    def head(self) -> str:
        return ""

    def alarm(self, alarm: Alarm) -> str | bytes:
        record: Any = self._record(*self._values(alarm))
        if record.sample == self._NO_SAMPLE:
            record.sample = None
        try:
            data = self._spaced(self._encode(record), indent=0)
        except UnicodeEncodeError:  # a lone surrogate
            return escape(json.dumps(alarm_record(alarm), ensure_ascii=False)) + "\n"
        # Most alarms have nothing that `escape` spells out, nor what its UTF-8 begins with: a byte is found at once.
        rare = b"\x7f" in data or b"\xc2" in data or b"\xe2" in data or (b"\xef" in data and b"\xef\xbb\xbf" in data)
        if rare and _UNSAFE.search(data) is not None:
            return escape(data.decode()) + "\n"
        return data + b"\n"

    def tail(self, problems: Sequence[Finding]) -> str:
        return ""


class Json:
    """One document, schema wxalarm.alarms/1."""

    def __init__(self, words: Callable[[], Catalogue]) -> None:
        self._words = words
        self._first = True

    def head(self) -> str:
        return f'{{\n "schema": "{ALARMS_SCHEMA}",\n "alarms": ['

    def alarm(self, alarm: Alarm) -> str:
        before = "\n" if self._first else ",\n"
        self._first = False
        return before + _indented(alarm_record(alarm))

    def tail(self, problems: Sequence[Finding]) -> str:
        records = ",\n".join(_indented(finding_record(problem, self._words())) for problem in problems)
        alarms_end = "]" if self._first else "\n ]"
        listed = f"\n{records}\n " if records else ""
        return f'{alarms_end},\n "problems": [{listed}]\n}}\n'


def _indented(record: object) -> str:
    text = escape(json.dumps(record, ensure_ascii=False, indent=1))
    return "\n".join("  " + line for line in text.split("\n"))


class Csv:
    """One alarm a row (RFC 4180): the fields of the record, `sample` flattened, `extra` as JSON.

    For spreadsheets: a file begins with a byte order mark, without which Excel reads UTF-8 as the code page of its
    machine; and no cell is a formula.
    """

    def __init__(self, kinds: Catalogue | None = None, *, mark: bool = False) -> None:
        self._kinds, self._mark = kinds, mark

    def head(self) -> str:
        return "\ufeff" * self._mark + _row(list(self._record(Alarm(places=Whole(Location(None, 1, 1, 1, 1))))))

    def alarm(self, alarm: Alarm) -> str:
        record = self._record(alarm)
        if self._kinds is not None:
            record["kind"] = self._kinds.kind(alarm.kind)
        return _row([_harmless(value) for value in record.values()])

    def tail(self, problems: Sequence[Finding]) -> str:
        return ""

    @staticmethod
    def _record(alarm: Alarm) -> dict[str, object]:
        record = alarm_record(alarm)
        sample, location = record.pop("sample"), record.pop("location") or {}
        empty = sample is None
        if sample is None:
            sample = sample_record(alarm.sample)
        sample["extra"] = "" if not sample["extra"] else json.dumps(sample["extra"], ensure_ascii=False)
        for flag in ("decrypt_failed", "response_truncated"):
            sample[flag] = "" if empty else str(sample[flag]).lower()
        guide = record.pop("guide_url")
        return {**record, **sample, "guide_url": guide, "path": location.get("path"), "line": location.get("line")}


def _harmless(value: object) -> object:
    """A value that no spreadsheet takes for a formula (OWASP: CSV injection): an apostrophe stands before what begins
    like one."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA and value else value


_FORMULA = "=+-@\t\r"


def _row(values: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(["" if value is None else value for value in values])  # which quotes \r too
    return out.getvalue().removesuffix("\r\n") + "\n"


class Table:
    """A row an alarm: when, which account, which kind, how often, the detail that tells alarms of a kind apart.

    Kinds stand by their ids, which `wxalarm explain` takes; so every column but the last two has a known width.
    """

    def __init__(self, words: Catalogue, width: int) -> None:
        self._words = words
        room = max(width, 72) - len("2022-05-30 12:59") - max(map(len, AlarmKind)) - len("17880/5m ") - 4
        account = max(18, room // 3)
        self._widths = (16, account, max(map(len, AlarmKind)), 9, room - account)

    def head(self) -> str:
        names = ("table_time", "table_account", "table_kind", "table_count", "table_detail")
        return self._line([self._words.ui(name) for name in names])

    def alarm(self, alarm: Alarm) -> str:
        seen = alarm.first_seen.strftime("%Y-%m-%d %H:%M") if alarm.first_seen else "-"
        count = "-" if alarm.count is None else str(alarm.count)
        if alarm.window_minutes is not None:
            count += f"/{alarm.window_minutes}m"
        account = alarm.appid or alarm.nickname or "-"
        return self._line([seen, account, str(alarm.kind), count, _detail(alarm) or "-"])

    def tail(self, problems: Sequence[Finding]) -> str:
        return ""

    def _line(self, cells: Sequence[str]) -> str:
        padded = [_fit(cell, width) for cell, width in zip(cells, self._widths, strict=True)]
        return " ".join(padded).rstrip() + "\n"


def _detail(alarm: Alarm) -> str:
    sample = alarm.sample
    found = []
    if sample.http_code is not None:
        found.append(f"HTTP {sample.http_code}")
    if sample.curl_error is not None:
        found.append(f"cURL {sample.curl_error}")
    if sample.decrypt_failed:
        found.append("decrypt fail")
    for value in (sample.event or sample.msg, sample.ip or sample.host, sample.url, sample.transaction_id):
        if value:
            found.append(value)
    return " ".join(found)


def _fit(text: str, width: int) -> str:
    """Text in exactly `width` columns of a terminal, "…" where it was cut, control characters spelled out."""
    from rich.cells import cell_len, set_cell_size

    from wxalarm.render.text import visible

    text = visible(text[: 4 * width])
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def problem_line(problem: Finding, words: Catalogue) -> str:
    """A problem as one line: place, severity, words, code."""
    from wxalarm.render.text import shorten, visible

    place = problem.location
    where = f"{place.path or '-'}:{place.line}:{place.column}: " if place else ""
    severity = words.ui(f"severity_{problem.code.severity}")
    return visible(f"{where}{severity}: {shorten(words.finding(problem, 'text'), 400)} [{problem.code.id}]")


def shown(text: str) -> str:
    """Text for a terminal as it stands, with control characters spelled out; line breaks stay."""
    from wxalarm.render.text import visible

    return visible(text, keep_newlines=True)
