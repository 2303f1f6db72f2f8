"""Text → alarms and problems, in one direction: repair → tokens → cluster → build. Sans-IO: strings in, records out.

repair undoes what pages and chat programs did; tokens reads labels, groups and bodies (body_end says where those
end); cluster tells which of them are one alarm; build makes its record. fast takes clean alarms by one pattern. words
holds the labels, keys and wordings that all are made from; locate gives places; grammar is the specification of one
alarm, for people and tests; stream is for archives.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from wxalarm.model import Alarm, Finding
from wxalarm.parser.locate import Lines, Source
from wxalarm.parser.problems import PROBLEMS as PROBLEMS
from wxalarm.parser.scan import Scan


@dataclass(frozen=True, slots=True)
class Parsed:
    """What `parse` found: alarms in the order of the text, and what was wrong with them."""

    alarms: tuple[Alarm, ...]
    problems: tuple[Finding, ...]


def parse(text: str, path: str | None = None) -> Parsed:
    """All alarms in a text of any kind: a chat log, a web page, one line. Never raises; no alarm is an empty result."""
    scan = Scan(Source(Lines(text, path)))
    return Parsed(tuple(scan.alarms), tuple(chain.from_iterable(scan.problems)))
