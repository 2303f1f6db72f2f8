"""Text → alarms and problems. Sans-IO: strings in, records out.

clean undoes what pages and chat programs did; scan finds alarms in any text: fast takes the clean ones by one
pattern, pieces and body cut out the others; grammar (pyparsing) parses one alarm and is the authority, record turns its
tree into a record; vocabulary holds the labels, keys and wordings that all are made from; stream is for archives.
"""

from __future__ import annotations

from dataclasses import dataclass

from wxalarm.model import Alarm, Finding
from wxalarm.parser.places import Lines, Source
from wxalarm.parser.record import PROBLEMS as PROBLEMS
from wxalarm.parser.scan import Scan


@dataclass(frozen=True, slots=True)
class Parsed:
    """What `parse` found: alarms in the order of the text, and what was wrong with them."""

    alarms: tuple[Alarm, ...]
    problems: tuple[Finding, ...]


def parse(text: str, path: str | None = None) -> Parsed:
    """All alarms in a text of any kind: a chat log, a web page, one line. Never raises; no alarm is an empty result."""
    alarms: list[Alarm] = []
    problems: list[Finding] = []
    for alarm, flaws, _, _ in Scan(Source(Lines(text, path))):
        alarms.append(alarm)
        if flaws:
            problems += flaws
    return Parsed(tuple(alarms), tuple(problems))
