"""Text in parts → alarms as soon as they are whole, in bounded memory. Sans-IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wxalarm.model import Alarm, Finding
from wxalarm.parser.locate import Lines, Source
from wxalarm.parser.scan import Scan
from wxalarm.parser.words import LONGEST_BODY

SETTLED = 2 * LONGEST_BODY
"""Characters behind an alarm after which no further text can change it."""
TAIL = 16 * 1024
"""Characters before an alarm that is not whole yet, or before the end of what has come, in which it may have begun."""
CONTEXT = 128
"""Characters before the place to go on from that are kept: what stands before a label tells how much it proves."""


def stream(parts: Iterable[str | None], path: str | None = None) -> Iterator[tuple[Alarm, Sequence[Finding]]]:
    """Every alarm of a text that comes in parts, with its problems: the same ones as `parse` of the whole. A part that
    is None is a silence: what has come is taken to be whole."""
    window = _Window(path)
    for part in parts:
        if part is None:
            yield from window.feed("", final=True)
        elif part:
            yield from window.feed(part)
    yield from window.feed("", final=True)


class _Window:
    """The part of the text that is still needed, and where it begins."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.text = ""
        self.start = 0
        """Where to go on; before it stands only context."""
        self.line = self.column = 1
        self._new: list[str] = []
        self._waiting = 0

    def feed(self, part: str, *, final: bool = False) -> Iterator[tuple[Alarm, Sequence[Finding]]]:
        """The alarms that are whole now."""
        self._new.append(part)
        self._waiting += len(part)
        # What is kept is looked at again with what has come: only when it has doubled, so that no text, however small
        # or hostile, is looked at more than twice on average.
        if not final and self._waiting < len(self.text):
            return
        self.text = "".join((self.text, *self._new))
        self._new, self._waiting = [], 0
        scan = Scan(Source(Lines(self.text, self.path, self.line, self.column)), self.start)
        count = len(scan.alarms)
        ready = count if final else _ready(scan, scan.earlier(len(self.text), SETTLED))
        yield from zip(scan.alarms[:ready], scan.problems[:ready], strict=True)
        begun = scan.extent(ready)[0] if ready < count else scan.pending
        # The text that comes may show that it began earlier, but never inside what has been given out.
        given_out = scan.extent(ready - 1)[1] if ready else self.start
        keep = scan.earlier(len(self.text) if begun is None else begun, TAIL)
        self._cut(max(keep, given_out))

    def _cut(self, start: int) -> None:
        """Forget what stands before an offset, but for the context."""
        begin = max(0, start - CONTEXT)
        lines = self.text.count("\n", 0, begin)
        self.column = begin - self.text.rfind("\n", 0, begin) if lines else self.column + begin
        self.line += lines
        self.text, self.start = self.text[begin:], start - begin


def _ready(scan: Scan, settled: int) -> int:
    """How many of the alarms no further text can change: those far enough behind; and clean ones with another one
    behind them that end with the guide line or have no body, whose end could lie further on. What stands close behind
    any other may yet become a part of it, or its damage the text's."""
    count = len(scan.alarms)
    for number, alarm in enumerate(scan.alarms):
        whole = alarm.sample.response_content is None or alarm.guide_url is not None
        clean = number + 1 < count and scan.others.isdisjoint((number, number + 1))
        if not (whole and clean) and scan.extent(number)[1] > settled:
            return number
    return count
