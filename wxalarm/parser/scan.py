"""Finds alarms in any text: the clean ones by one compiled pattern, the others piece by piece.

`fast` takes whole clean alarms at C speed. Where something else stands, `pieces` cuts, and what is cut out goes to the
wider pattern of `fast` and, when that does not take it either, to the grammar, which is the authority.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from wxalarm.model import Alarm, Finding
from wxalarm.parser import fast
from wxalarm.parser.places import Source

if TYPE_CHECKING:
    from wxalarm.parser.pieces import Cutter, Extent


Found = tuple[Alarm, Sequence[Finding], int, int]
"""An alarm and its problems, with its extent in the source's text. No class: a tuple costs nothing to make."""


class Scan:
    """The alarms of one text from an offset on, in order. After the iteration `pending` is, behind the last alarm,
    where another may have begun that is not whole yet."""

    def __init__(self, source: Source, start: int = 0) -> None:
        self.source, self.start = source, start
        self.pending: int | None = None

    def __iter__(self) -> Iterator[Found]:
        source, at = self.source, self.start
        text = source.text
        for match in fast.CLEAN.finditer(text, at):
            start, end = match.span()
            if start < at:
                continue
            alarm = fast.record(match, source)
            if alarm is None or not fast.proves_itself(alarm, match):
                # It is not as clean as it looked: it stays for the pieces, with what stands before and behind it.
                continue
            # Two characters can be no label.
            if start - at > 2 and fast.may_hold_pieces(text, at, start):
                before = list(self._cutter.extents(at, start))
                if self._cutter.continues_at(start, *fast.first_label(match)):
                    # Something before it belongs to it.
                    yield from self._pieces(at, end)
                    at = end
                    continue
                for extent in before:
                    yield self._one(extent)
            yield alarm, fast.problems(match, source) if fast.may_be_flawed(alarm) else (), start, end
            at = end
        self.pending = None
        if fast.may_hold_pieces(text, at, len(text)):
            yield from self._pieces(at, len(text))

    def _pieces(self, start: int, end: int) -> Iterator[Found]:
        for extent in self._cutter.extents(start, end):
            yield self._one(extent)
        self.pending = self._cutter.pending

    @cached_property
    def _cutter(self) -> Cutter:
        """One for the whole text: it remembers what it has looked for."""
        from wxalarm.parser.pieces import Cutter

        return Cutter(self.source.text)

    def _one(self, extent: Extent) -> Found:
        start, end, overlong, strange = extent
        match = fast.wide().fullmatch(self.source.text, start, end) if not (overlong or strange) else None
        if match is not None and (alarm := fast.record(match, self.source)) is not None:
            return alarm, fast.problems(match, self.source), start, end
        return by_grammar(self.source, extent)


def by_grammar(source: Source, extent: Extent) -> Found:
    """The grammar's record of one alarm."""
    from wxalarm.parser import grammar, record
    from wxalarm.parser.vocabulary import LONGEST_BODY

    start, end, overlong, strange = extent
    text, at = source.text, start
    kept: list[str] = []
    for begin, stop, instead in strange:
        kept += (text[at:begin], instead * (stop - begin))
        at = stop
    tree = grammar.parse("".join((*kept, text[at:end])))
    alarm, problems = record.build(tree, source, start, end)
    problems += record.strays(tree, source, start)
    if overlong:
        problems.append(record.ALARM_TOO_LONG(alarm.location, limit=LONGEST_BODY // 1024))
    return alarm, problems, start, end
