"""Finds the alarms of a text: the clean ones by one compiled pattern, all others by their tokens.

A text that pages or chat programs damaged is repaired first. Signs of damage inside the body of a clean alarm are no
reason to: a server may really have sent them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from wxalarm.parser import fast
from wxalarm.parser.fast import Found
from wxalarm.parser.locate import Source
from wxalarm.parser.repair import Signs, Stretches, is_encoded

if TYPE_CHECKING:
    # Imported when an alarm is not clean: their patterns take longer to compile than a clean text to parse.
    from wxalarm.parser.cluster import Cluster, Clusters


class Scan:
    """The alarms of one text, from an offset of it as given on, in order: `found`."""

    def __init__(self, source: Source, start: int = 0) -> None:
        self.source = source
        self.found: list[Found] = []
        self.clean: set[int] = set()
        """Which of them are clean alarms of a text that needed no repair."""
        self.pending: int | None = None
        """Behind the last alarm, where another may have begun that is not whole yet."""
        if not self._scan(start, Signs(source.text, start)):
            self.found.clear()
            self.clean.clear()
            source.repair()
            self.__dict__.pop("_clusters", None)
            self._scan(source.parsed(start), None)

    def _scan(self, at: int, signs: Signs | None) -> bool:
        """Find them all; False when the text has to be repaired first, as one of the signs says."""
        source, found = self.source, self.found
        text = source.text
        stretches = Stretches(text)
        for match in fast.CLEAN.finditer(text, at):
            start, end = match.span()
            if start < at:
                continue
            clean = fast.read(match, source)
            if clean is None:
                continue
            if signs is not None and signs.first < end:
                body, behind = match.span(fast.BODY)
                if body < 0:
                    body = behind = end
                if signs.before(body, behind) or is_encoded(text, body, behind, clean[0].sample):
                    return False
            # Two characters can be no label.
            if start - at > 2 and signs is not None and stretches.are_damaged(at, start):
                return False
            if start - at > 2 and fast.may_hold_pieces(text, at, start):
                clusters = self._clusters
                before = list(clusters.begin(at, start))
                if clusters.continues_at(start, *fast.first_label(match)):
                    # Something before it belongs to it.
                    if clusters.is_whole:
                        found += map(self._built, (*before, *clusters.go_on(start, end), *clusters.finish(end)))
                    else:
                        self._read(at, end)
                    at = end
                    continue
                found += map(self._built, (*before, *clusters.finish(start)))
            if signs is not None:
                self.clean.add(len(found))
            elif mends := source.mended(start, end):
                clean = (clean[0], [*clean[1], *mends], start, end)
            found.append(clean)
            at = end
        if signs is not None and signs.before(len(text), len(text)):
            return False
        if signs is not None and stretches.are_damaged(at, len(text)):
            return False
        if fast.may_hold_pieces(text, at, len(text)):
            self._read(at, len(text))
            self.pending = self._clusters.pending
        return True

    def _read(self, start: int, end: int) -> None:
        self.found += map(self._built, self._clusters.find(start, end))

    def _built(self, cluster: Cluster) -> Found:
        from wxalarm.parser.build import build

        alarm, problems = build(cluster, self.source)
        return alarm, [*problems, *self.source.mended(cluster.start, cluster.end)], cluster.start, cluster.end

    @cached_property
    def _clusters(self) -> Clusters:
        """One for the whole text: it remembers what it has looked for."""
        from wxalarm.parser.cluster import Clusters

        return Clusters(self.source.text)
