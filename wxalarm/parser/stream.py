"""Text in parts → alarms as soon as they are whole, in bounded memory. Sans-IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wxalarm.model import Alarm, Finding
from wxalarm.parser.places import Lines
from wxalarm.parser.scan import scan


def stream(parts: Iterable[str], path: str | None = None) -> Iterator[tuple[Alarm, Sequence[Finding]]]:
    """Every alarm of a text that comes in parts, with its problems: the same ones as `parse` of the whole."""
    for found in scan(Lines("".join(parts), path)):
        yield found.alarm, found.problems
