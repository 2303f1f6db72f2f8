"""Rules on the file as a text: its encoding, its labels' punctuation, its folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from wxalarm.lint import codes
from wxalarm.lint.document import Document
from wxalarm.model import Alarm, AlarmKind, Finding, Location
from wxalarm.parser import words as w
from wxalarm.parser.encoding import BOM
from wxalarm.parser.problems import STRAY_TEXT
from wxalarm.parser.tokens import labels_in

_BLANKS = re.compile(rf"{w.BLANK}*")


def encoding(doc: Document) -> Iterator[Finding]:
    """Fixtures are UTF-8 without a byte order mark, whatever parse can read besides."""
    if doc.source.data.startswith(BOM):
        yield codes.BOM(doc.top)
    data = doc.source.data.removeprefix(BOM)
    bad = _first_undecodable(data)
    if doc.codec in ("utf-8", "utf-8-sig"):
        if bad is not None:
            at = len(data[:bad].decode("utf-8", "surrogateescape"))
            yield codes.NOT_UTF8(doc.locate(at, at + 1), encoding="none")
    elif doc.codec == "gb18030" and bad is not None:
        at = len(data[:bad].decode("gb18030", "ignore"))
        yield codes.NOT_UTF8(doc.locate(at, at + 1), encoding=doc.codec)
    else:
        yield codes.NOT_UTF8(doc.top, encoding=doc.codec)


def _first_undecodable(data: bytes) -> int | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def no_alarm(doc: Document) -> Iterator[Finding]:
    """A fixture without an alarm tests nothing, and a test that reads none passes."""
    if not doc.parsed.alarms:
        yield codes.NO_ALARM(doc.top, bytes=len(doc.source.data))


def parser_problems(doc: Document) -> Iterator[Finding]:
    """What parse has to say, with lint's severities."""
    by_id = {code.id: code for code in codes.PARSER_RULES}
    for problem in doc.parsed.problems:
        if problem.code.id in by_id:
            more: dict[str, object] = {"after": doc.after(problem.location)} if problem.location else {}
            if problem.code is STRAY_TEXT and problem.location is not None:
                more["wanted"] = _wanted(doc, problem.location)
            yield Finding(by_id[problem.code.id], {**problem.evidence, **more}, problem.location)


def _wanted(doc: Document, place: Location) -> tuple[str, ...]:
    """What goes on with an alarm where a text stands that belongs to no field."""
    from wxalarm.parser import grammar  # pyparsing: only where a person reads what it says

    start, _ = doc.span(place)
    number = doc.alarm_at(start)
    kept = doc.text[doc.extents[number][0] if number is not None else start : start]
    for problem in doc.parsed.problems:  # what stands before it and belongs to no field either
        if problem.code is STRAY_TEXT and problem.location is not None and doc.span(problem.location)[1] <= start:
            kept = kept.replace(str(problem.evidence["value"]), "", 1)
    return grammar.expected(f"{kept}?").wanted


def full_width_labels(doc: Document) -> Iterator[Finding]:
    """WeChat prints an ASCII colon behind every label; a full-width one was typed by hand."""
    for alarm, (begin, end) in zip(doc.parsed.alarms, doc.extents, strict=True):
        for match in labels(doc, alarm, begin, end):
            if match[0].endswith("："):
                place = doc.locate(match.end() - 1, match.end())
                yield codes.FULL_WIDTH_LABEL(place, label=match[0][:-1].rstrip(), after=doc.after(place))


def labels(doc: Document, alarm: Alarm, begin: int, end: int) -> Iterator[re.Match[str]]:
    """The labels of one alarm: words that look like one inside a value or a body are not meant."""
    starts = {doc.span(place)[0] for name, place in alarm.fields.items() if not name.startswith("sample.")}
    for match in labels_in(doc.text, begin, _before_body(doc, alarm, end)):
        blanks = _BLANKS.match(doc.text, match.end())
        value = range(match.end(), (blanks.end() if blanks else match.end()) + 1)
        if match.lastgroup == "sample" or any(at in starts for at in value):
            yield match
    body = alarm.fields.get("sample.response_content")
    if body is not None and (guide := alarm.fields.get("guide_url")) is not None:
        yield from labels_in(doc.text, doc.span(body)[1], doc.span(guide)[0])


def _before_body(doc: Document, alarm: Alarm, end: int) -> int:
    body: Location | None = alarm.fields.get("sample.response_content")
    return doc.span(body)[0] if body is not None else end


def folder_kind(doc: Document) -> Iterator[Finding]:
    """A folder named after a kind holds alarms of that kind only."""
    folder = PurePath(doc.path).parent.name
    if folder not in list(AlarmKind):
        return
    for alarm in doc.parsed.alarms:
        if alarm.kind != folder:
            place = doc.place(alarm, "description")
            yield codes.FOLDER_KIND(place, folder=folder, kind=str(alarm.kind), after=doc.after(place))
