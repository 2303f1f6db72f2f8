"""Rules on the record beside a fixture: `case.json` says what parse must give for `case.txt`.

One alarm: its record as `wxalarm parse --format json` gives it, or some of its fields; several: a list of records in
the order of the text. Only the fields that are named are compared; `location` never is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from wxalarm.lint import codes
from wxalarm.lint.document import Document
from wxalarm.model import Alarm, Finding, Location
from wxalarm.records import alarm_record, dump

SHOWN = 120
"""Characters of a value that a message shows."""


def expectation(doc: Document) -> Iterator[Finding]:
    """The record is there, is JSON, and is what parse gives."""
    source = doc.source
    if source.expectation_path is None:
        return
    if source.expectation is None:
        if doc.parsed.alarms:
            yield codes.EXPECTATION_MISSING(doc.top, expected=source.expectation_path)
        return
    try:
        wanted = json.loads(source.expectation)
    except json.JSONDecodeError as error:
        yield _invalid(source.expectation_path, error.lineno, error.colno, error.msg)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        yield _invalid(source.expectation_path, 1, 1, type(error).__name__)
    else:
        records = wanted if isinstance(wanted, list) else [wanted]
        if records and all(isinstance(record, dict) for record in records):
            yield from _differences(doc, records)
        else:
            yield _invalid(source.expectation_path, 1, 1, f"{type(wanted).__name__}")


def _invalid(path: str, line: int, column: int, error: str) -> Finding:
    return codes.EXPECTATION_INVALID(Location(path, line, column, line, column), error=error)


def _differences(doc: Document, records: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    source, alarms = doc.source, doc.parsed.alarms
    if len(records) != len(alarms):
        yield codes.EXPECTATION_DIFFERS(
            doc.top, field="alarms", expected=len(records), value=len(alarms), source=source.expectation_path
        )
        return
    for alarm, record in zip(alarms, records, strict=True):
        for name, wanted, got in compare(record, alarm_record(alarm)):
            expected, value = _shown(wanted, got)
            place = _place(doc, alarm, name)
            yield codes.EXPECTATION_DIFFERS(
                place, field=name, expected=expected, value=value, source=source.expectation_path
            )


def compare(wanted: Any, got: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted field, expected, got) for every field of `wanted` that differs; `...` stands for an absent one."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key, value in wanted.items():
            if not path and key == "location":
                continue
            yield from compare(value, got.get(key, ...), f"{path}.{key}" if path else str(key))
    elif wanted != got or type(wanted) is not type(got):
        yield path, wanted, got


def _place(doc: Document, alarm: Alarm, name: str) -> Location:
    return doc.place(alarm, {"kind": "description"}.get(name, name))


def _shown(wanted: Any, got: Any) -> tuple[str, str]:
    """Both values as JSON, from a little before where they begin to differ."""
    texts = [json.dumps(value, ensure_ascii=False) if value is not ... else "-" for value in (wanted, got)]
    same = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    begin = max(0, same - SHOWN // 4) if max(map(len, texts)) > SHOWN else 0
    first, second = (_cut(text, begin) for text in texts)
    return first, second


def _cut(text: str, begin: int) -> str:
    return ("…" if begin else "") + text[begin : begin + SHOWN] + ("…" if len(text) > begin + SHOWN else "")


def written(alarms: Sequence[Alarm]) -> str:
    """The expectation file for some alarms."""
    records = [{k: value for k, value in alarm_record(alarm).items() if k != "location"} for alarm in alarms]
    return dump(records[0] if len(records) == 1 else records)
