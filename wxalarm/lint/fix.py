"""What --fix and --diff change: only findings with one right answer, and only those that are reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wxalarm.lint import codes
from wxalarm.lint.document import Document, Source
from wxalarm.lint.expectation import written
from wxalarm.model import Finding
from wxalarm.parser import parse
from wxalarm.parser.encoding import BOM


def fix(source: Source, findings: Sequence[Finding]) -> Source:
    """The source with the fixable ones of its findings mended; doing it twice changes nothing more. Line ends are kept:
    they belong to the bodies that fixtures hold."""
    mended = {finding.code.id for finding in findings} & codes.FIXABLE
    doc = Document(source)
    readable = _decodes(source.data, doc.codec)
    utf8 = doc.codec in ("utf-8", "utf-8-sig")
    anew = codes.NOT_UTF8.id in mended and readable and not utf8
    data = source.data
    if anew or utf8:
        # Labels are mended in UTF-8 only: writing another encoding anew might change more than them.
        text = _colons(doc, findings)
        if parse(text).alarms != doc.parsed.alarms:
            text = doc.text  # a colon that is part of a value: no mechanical matter
        if anew or codes.BOM.id in mended:
            text = text.lstrip("\ufeff")
        mark = BOM if doc.codec == "utf-8-sig" and codes.BOM.id not in mended else b""
        data = mark + text.encode("utf-8", "surrogateescape")
    fixed = replace(source, data=data)
    if codes.EXPECTATION_MISSING.id in mended:
        fixed = replace(fixed, expectation=written(Document(fixed).parsed.alarms).encode())
    return fixed


def _decodes(data: bytes, codec: str) -> bool:
    """Whether every byte is understood, so that nothing is lost by writing it anew."""
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _colons(doc: Document, findings: Sequence[Finding]) -> str:
    """The text with ASCII colons and a blank where the findings say so."""
    places = [f.location for f in findings if f.code.id == codes.FULL_WIDTH_LABEL.id and f.location]
    parts, at = [], 0
    for begin, end in sorted(map(doc.span, places)):
        parts += [doc.text[at:begin], ":" if doc.text[end : end + 1].isspace() else ": "]
        at = end
    return "".join([*parts, doc.text[at:]])
