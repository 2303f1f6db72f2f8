"""What --fix and --diff change: only findings with one right answer, and only those that are reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wxalarm.lint import codes
from wxalarm.lint.document import Document, Source
from wxalarm.lint.expectation import written
from wxalarm.model import Finding


@dataclass(frozen=True, slots=True)
class Fixed:
    """A source after its fixes. Line ends are kept: they belong to the bodies that fixtures hold."""

    source: Source
    count: int
    """Findings that are gone."""


def fix(source: Source, findings: Iterable[Finding]) -> Fixed:
    """The source with the fixable ones of its findings mended. Doing it twice changes nothing more."""
    mended = [finding for finding in findings if finding.code.id in codes.FIXABLE]
    if not mended:
        return Fixed(source, 0)
    doc = Document(source)
    names = {finding.code.id for finding in mended}
    text = doc.text
    if codes.NOT_UTF8.id in names and not _decodes(source.data, doc.codec):
        mended = [finding for finding in mended if finding.code.id != codes.NOT_UTF8.id]
        names.discard(codes.NOT_UTF8.id)
    text = _colons(doc, text, mended)
    data = source.data
    if names - {codes.EXPECTATION_MISSING.id}:
        keep_mark = doc.codec == "utf-8-sig" and codes.BOM.id not in names
        codec = doc.codec if doc.codec != "utf-8-sig" and codes.NOT_UTF8.id not in names else "utf-8"
        data = text.encode("utf-8-sig" if keep_mark else codec, "surrogateescape")
    expectation = source.expectation
    fixed = Source(source.path, data, source.expectation_path, expectation)
    if codes.EXPECTATION_MISSING.id in names:
        record = written(Document(fixed).parsed.alarms).encode()
        fixed = Source(source.path, data, source.expectation_path, record)
    return Fixed(fixed, len(mended))


def _decodes(data: bytes, codec: str) -> bool:
    """Whether every byte is understood, so that nothing is lost by writing it anew."""
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _colons(doc: Document, text: str, findings: Iterable[Finding]) -> str:
    """ASCII colons where the findings say so, from the end so that earlier places stay right."""
    places = [f.location for f in findings if f.code.id == codes.FULL_WIDTH_LABEL.id and f.location]
    for begin, end in sorted((doc.span(place) for place in places), reverse=True):
        blank = "" if text[end : end + 1].isspace() else " "
        text = text[:begin] + ":" + blank + text[end:]
    return text
