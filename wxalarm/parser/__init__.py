"""Text → alarms and problems. Sans-IO: strings in, records out.

scan finds alarms in any text and takes the clean ones; grammar (pyparsing) parses one alarm and is the authority;
vocabulary holds the labels, keys and wordings that both are made from; record turns the grammar's tree into a record.
"""

from __future__ import annotations

from dataclasses import dataclass

from wxalarm.model import Alarm, Finding
from wxalarm.parser.places import Lines
from wxalarm.parser.record import PROBLEMS as PROBLEMS
from wxalarm.parser.scan import scan


@dataclass(frozen=True, slots=True)
class Parsed:
    """What `parse` found: alarms in the order of the text, and what was wrong with them."""

    alarms: tuple[Alarm, ...]
    problems: tuple[Finding, ...]


def parse(text: str, path: str | None = None) -> Parsed:
    """All alarms in a text of any kind: a chat log, a web page, one line. Never raises; no alarm is an empty result."""
    alarms: list[Alarm] = []
    problems: list[Finding] = []
    for found in scan(Lines(text, path)):
        alarms.append(found.alarm)
        problems += found.problems
    return Parsed(tuple(alarms), tuple(problems))
