"""Finds the alarms of a text: the clean ones by one compiled pattern, all others by their tokens.

What pages or chat programs damaged is repaired first, from the clean alarm before it to the first two behind it that
have nothing between them: one dressed alarm makes no other one slow, nor reads it anew. Signs of damage inside the body
of a clean alarm are no reason to: a server may really have sent them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from wxalarm.model import Alarm, Finding
from wxalarm.parser import fast
from wxalarm.parser.locate import Placed, Source
from wxalarm.parser.repair import Signs, Stretches, is_encoded

if TYPE_CHECKING:
    # Imported when an alarm is not clean: their patterns take longer to compile than a clean text to parse.
    from wxalarm.parser.cluster import Cluster, Clusters


class Scan:
    """The alarms of one text, from an offset on, in order, with the problems of each."""

    def __init__(self, source: Source, start: int = 0) -> None:
        self.source = source
        # Lists, and no record of each: what a collector has to walk through costs as much as the matching of a label.
        self.alarms: list[Alarm] = []
        self.problems: list[Sequence[Finding]] = []
        self.others: set[int] = set()
        """Which of them are no clean alarms, or stand in what was repaired."""
        self.pending: int | None = None
        """Behind the last alarm, where another may have begun that is not whole yet."""
        self._start = start
        self._repaired: list[Source] = []
        """What was repaired, in order."""
        self._read_whole(start)

    def _read_whole(self, at: int) -> None:
        """Find them all."""
        text = self.source.text
        signs, stretches = Signs(text, at), Stretches(text)
        part = _Part(self, self.source)
        while (damaged := part.read(at, signs, stretches)) is not None:
            begin = self._last_clean()
            at = _end_of_damage(self.source, damaged, signs, stretches)
            self._repair(begin, at)
        self.pending = self.pending if part.pending is None else part.pending

    def _last_clean(self) -> int:
        """Where the last clean alarm begins, which is taken back, with what was found behind it; else the beginning."""
        while self.alarms:
            last = len(self.alarms) - 1
            begin, _ = self.extent(last)
            self.alarms.pop()
            self.problems.pop()
            if last not in self.others:
                return begin
            self.others.remove(last)
        return 0

    def extent(self, number: int) -> tuple[int, int]:
        """Where an alarm begins and ends in the text as given."""
        places = self.alarms[number].places
        assert isinstance(places, Placed)
        return places.extent

    def _repair(self, begin: int, end: int) -> None:
        """Read text[begin:end] repaired."""
        source = Source(self.source.lines, begin, end)
        source.repair()
        self._repaired.append(source)
        part = _Part(self, source)
        part.read(source.parsed(max(begin, self._start)), None, None)
        if part.pending is not None and end == len(self.source.text):
            self.pending = source.given(part.pending, part.pending)[0]

    def earlier(self, offset: int, size: int) -> int:
        """The offset that stands `size` characters before one, as they are read: after repair."""
        for source in reversed(self._repaired):
            between = max(offset - source.end, 0)
            if size <= between:
                break
            size, offset = size - between, offset - between
            at = source.parsed(offset) if offset > source.begin else 0
            if size <= at:
                return source.given(at - size, at - size)[0]
            size, offset = size - at, min(offset, source.begin)
        return max(offset - size, 0)


class _Part:
    """One reading of a text as given, or of a part that was repaired."""

    def __init__(self, scan: Scan, source: Source) -> None:
        self._scan, self._source = scan, source
        self.pending: int | None = None
        self._clusters: Clusters | None = None

    def read(self, at: int, signs: Signs | None, stretches: Stretches | None) -> int | None:
        """Find the alarms from `at` on; where damage begins that has to be repaired first, as one of the signs says, or
        None. What was repaired has no signs."""
        source, alarms, all_problems, others = self._source, self._scan.alarms, self._scan.problems, self._scan.others
        text, clean_of, add, add_problems = source.text, fast.read, alarms.append, all_problems.append
        for match in fast.CLEAN.finditer(text, at):
            if (clean := clean_of(match, source)) is None or (start := clean[2]) < at:
                continue
            alarm, problems, _, end = clean
            if signs is not None and signs.first < end and _is_damaged(match, alarm, signs):
                return at
            # Two characters can be no label.
            if start - at > 2:
                if stretches is not None and stretches.are_damaged(at, start):
                    return at
                if fast.may_hold_pieces(text, at, start):
                    clusters = self._cluster()
                    before = list(clusters.begin(at, start))
                    if clusters.continues_at(start, *fast.first_label(match)):
                        # Something before it belongs to it.
                        if clusters.is_whole:
                            self._build((*before, *clusters.go_on(start, end), *clusters.finish(end)))
                        else:
                            self._build(clusters.find(at, end))
                        at = end
                        continue
                    self._build((*before, *clusters.finish(start)))
            if signs is None:
                others.add(len(alarms))
                problems = [*problems, *source.mended(start, end)]
            add(alarm)
            add_problems(problems)
            at = end
        if signs is not None and signs.before(len(text), len(text)):
            return at
        if stretches is not None and stretches.are_damaged(at, len(text)):
            return at
        if fast.may_hold_pieces(text, at, len(text)):
            clusters = self._cluster()
            self._build(clusters.find(at, len(text)))
            self.pending = clusters.pending
        return None

    def _build(self, clusters: Iterable[Cluster]) -> None:
        from wxalarm.parser.build import build

        scan = self._scan
        for cluster in clusters:
            alarm, problems = build(cluster, self._source)
            scan.others.add(len(scan.alarms))
            scan.alarms.append(alarm)
            scan.problems.append([*problems, *self._source.mended(cluster.start, cluster.end)])

    def _cluster(self) -> Clusters:
        """One for the whole text: it remembers what it has looked for."""
        from wxalarm.parser.cluster import Clusters

        if self._clusters is None:
            self._clusters = Clusters(self._source.text)
        return self._clusters


def _is_damaged(match: re.Match[str], alarm: Alarm, signs: Signs) -> bool:
    """Whether a sign stands in a clean alarm or before it; those in its body are passed over, when it is one."""
    body, behind = match.span(fast.BODY)
    if body < 0:
        body = behind = match.end()
    return signs.before(body, behind) or (signs.entities and is_encoded(match.string, body, behind, alarm.sample))


def _end_of_damage(source: Source, at: int, signs: Signs, stretches: Stretches) -> int:
    """Where the second of the first two clean alarms begins that have nothing between them; the end of the text when
    there are none. What stands before the first may belong to it."""
    text, before = source.text, None
    for match in fast.CLEAN.finditer(text, at):
        start, end = match.span()
        if before is None:
            signs.skip(start)
        clean = fast.read(match, source)
        if clean is None or (signs.first < end and _is_damaged(match, clean[0], signs)):
            before = None
            continue
        if before is not None and (
            start - before <= 2
            or not (stretches.are_damaged(before, start) or fast.may_hold_pieces(text, before, start))
        ):
            return start
        before = end
    signs.skip(len(text))
    return len(text)
