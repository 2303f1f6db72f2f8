"""`# wxalarm: ignore[code, code] reason`: a line before an alarm that lets it break a rule on purpose.

It holds for the alarm below it (the last one, when none follows) and for what concerns the whole file. Alarms have no
comments; parse takes such a line for the chat around them. An ignore needs a reason, names codes that exist, and is
reported when nothing breaks the rule any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wxalarm.lint import codes
from wxalarm.lint.document import Document
from wxalarm.model import Finding, Location
from wxalarm.nearest import nearest

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
    by_code: dict[str, dict[int, list[Ignore]]] = {}
    for ignore in ignores:
        by_code.setdefault(ignore.code, {}).setdefault(ignore.alarm, []).append(ignore)
    for finding in findings:
        covering = _covering(doc, by_code.get(finding.code.id, {}), finding)
        for ignore in covering:
            ignore.used = True
        if not covering:
            yield finding
    yield from wrong
    for ignore in ignores:
        if not ignore.used:
            yield codes.IGNORE_UNUSED(ignore.place, code=ignore.code)


def _covering(doc: Document, by_alarm: dict[int, list[Ignore]], finding: Finding) -> list[Ignore]:
    """The ignores of a finding's code that stand above its alarm; of what lies in no alarm, the first in the file."""
    place = finding.location
    inside = doc.alarm_at(doc.span(place)[0]) if by_alarm and place and place.path == doc.path else None
    if inside is not None and place != doc.top:
        return by_alarm.get(inside, [])
    return next(iter(by_alarm.values()), [])


def _read(doc: Document, ignores: list[Ignore]) -> Iterator[Finding]:
    """Fills `ignores` and yields what is wrong: no codes, an unknown code, no reason."""
    for match in _LINE.finditer(doc.text):
        line = doc.locate(match.start(), match.end())
        names = [name.strip() for name in (match[1] or "").split(",") if name.strip()]
        if not names:
            yield codes.IGNORE_CODE(line, value="-", nearest="any_code")
        known = [name for name in names if name in NAMES]
        for name in dict.fromkeys(names):
            if name not in NAMES:
                near = nearest(name, NAMES)
                yield codes.IGNORE_CODE(line, value=name[:80], nearest=near[0] if near else "any_code")
        if names and not match[2].strip():
            yield codes.IGNORE_REASON(line)
        elif known:
            alarm = doc.alarm_from(match.start())
            ignores += [Ignore(name, line, alarm) for name in dict.fromkeys(known)]
