"""`# wxalarm: ignore[code, code] reason`: a line before an alarm that lets it break a rule on purpose.

It holds for the alarm below it (the last one, when none follows) and for what concerns the whole file. Alarms have no
comments; parse takes such a line for the chat around them. An ignore needs a reason, names codes that exist, and is
reported when nothing breaks the rule any more.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wxalarm.lint import codes
from wxalarm.lint.document import Document
from wxalarm.model import Finding, Location

_LINE = re.compile(r"^[ \t>]*#[ \t]*wxalarm:[ \t]*ignore(?:\[([^\]\n]*)\])?([^\n]*)$", re.MULTILINE)
NAMES = tuple(code.id for code in codes.ALL if code.id not in codes.IGNORES)


@dataclass(slots=True)
class Ignore:
    """One code of one ignore line."""

    code: str
    place: Location
    alarm: int
    """The index of the alarm that it stands above."""
    used: bool = field(default=False)


def apply(doc: Document, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that no ignore covers, then what is wrong with the ignores."""
    ignores: list[Ignore] = []
    wrong = list(_read(doc, ignores))
    for finding in findings:
        covering = [ignore for ignore in ignores if _covers(doc, ignore, finding)]
        for ignore in covering:
            ignore.used = True
        if not covering:
            yield finding
    yield from wrong
    for ignore in ignores:
        if not ignore.used:
            yield codes.IGNORE_UNUSED(ignore.place, code=ignore.code)


def _read(doc: Document, ignores: list[Ignore]) -> Iterator[Finding]:
    """Fills `ignores` and yields what is wrong: no codes, an unknown code, no reason."""
    for match in _LINE.finditer(doc.text):
        line = doc.locate(match.start(), match.end())
        names = [name.strip() for name in (match[1] or "").split(",") if name.strip()]
        if not names:
            yield codes.IGNORE_CODE(line, value="", nearest="any_code")
        known = [name for name in names if name in NAMES]
        for name in dict.fromkeys(names):
            if name not in NAMES:
                near = difflib.get_close_matches(name, NAMES, 1, 0.4)
                yield codes.IGNORE_CODE(line, value=name[:80], nearest=near[0] if near else "any_code")
        if names and not match[2].strip():
            yield codes.IGNORE_REASON(line)
        elif known:
            alarm = _alarm_below(doc, match.start())
            ignores += [Ignore(name, line, alarm) for name in dict.fromkeys(known)]


def _alarm_below(doc: Document, offset: int) -> int:
    below = [index for index, (begin, _) in enumerate(doc.extents) if begin >= offset]
    return below[0] if below else len(doc.extents) - 1


def _covers(doc: Document, ignore: Ignore, finding: Finding) -> bool:
    if ignore.code != finding.code.id:
        return False
    place = finding.location
    if place is None or place.path != doc.path:
        return True
    offset = doc.span(place)[0]
    inside = [index for index, (begin, end) in enumerate(doc.extents) if begin <= offset <= end]
    return not inside or ignore.alarm in inside
