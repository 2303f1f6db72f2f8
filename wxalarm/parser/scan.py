"""Finds the alarms of a text: the clean ones by one compiled pattern, all others by their tokens.

A text that pages or chat programs damaged is repaired first. Signs of damage inside the body of a clean alarm are no
reason to: a server may really have sent them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from wxalarm.model import Alarm, Finding
from wxalarm.parser import fast
from wxalarm.parser.locate import Source
from wxalarm.parser.repair import Signs, is_damaged, is_encoded, signs_in

if TYPE_CHECKING:
    # Imported when an alarm is not clean: their patterns take longer to compile than a clean text to parse.
    from wxalarm.parser.cluster import Cluster, Clusters

Found = tuple[Alarm, Sequence[Finding], int, int]
"""An alarm and its problems, with its extent in the source's text. No class: a tuple costs nothing to make."""


class Scan:
    """The alarms of one text, from an offset of it as given on, in order: `found`."""

    def __init__(self, source: Source, start: int = 0) -> None:
        self.source = source
        self.found: list[Found] = []
        self.pending: int | None = None
        """Behind the last alarm, where another may have begun that is not whole yet."""
        if not self._scan(start, signs_in(source.text)):
            self.found.clear()
            source.repair()
            self.__dict__.pop("_clusters", None)
            self._scan(source.parsed(start), ())

    def _scan(self, at: int, signs: Signs) -> bool:
        """Find them all; False when the text has to be repaired first, as one of the signs says."""
        source, found = self.source, self.found
        text, looked = source.text, at
        for match in fast.CLEAN.finditer(text, at):
            start, end = match.span()
            if start < at:
                continue
            alarm = fast.record(match, source)
            if alarm is None or not (fast.is_whole(alarm) or fast.proves_itself(alarm, match)):
                # It is not as clean as it looked: it stays for the tokens, with what stands before and behind it.
                continue
            if signs:
                body, body_end = fast.body_of(match)
                length = alarm.sample.response_length
                if is_damaged(text, looked, body, signs) or is_encoded(text, body, body_end, length):
                    return False
                looked = body_end
            # Two characters can be no label.
            if start - at > 2 and fast.may_hold_pieces(text, at, start):
                before = list(self._clusters.find(at, start))
                if self._clusters.continues_at(start, *fast.first_label(match)):
                    # Something before it belongs to it.
                    self._read(at, end)
                    at = end
                    continue
                found += map(self._built, before)
            found.append((alarm, fast.problems(match, source) if fast.may_be_flawed(alarm) else (), start, end))
            at = end
        if signs and is_damaged(text, looked, len(text), signs):
            return False
        if fast.may_hold_pieces(text, at, len(text)):
            self._read(at, len(text))
            self.pending = self._clusters.pending
        return True

    def _read(self, start: int, end: int) -> None:
        self.found += map(self._built, self._clusters.find(start, end))

    def _built(self, cluster: Cluster) -> Found:
        from wxalarm.parser.build import build

        return *build(cluster, self.source), cluster.start, cluster.end

    @cached_property
    def _clusters(self) -> Clusters:
        """One for the whole text: it remembers what it has looked for."""
        from wxalarm.parser.cluster import Clusters

        return Clusters(self.source.text)
