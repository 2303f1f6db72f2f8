"""What is kept of an error log's window: lines about trouble by kind, and whether they may be about pushes. Sans-IO.

A reader in probes/ feeds it chunks: whole lines behind one line break, and where the first of them stands.
"""

from __future__ import annotations

from collections.abc import Collection

from wxalarm.logs import mask
from wxalarm.logs.access import Push
from wxalarm.logs.errors import CLIENT_SIDE, ErrorLine, ErrorLines, Gathering, Group, messages_of, parse
from wxalarm.logs.place import Log


class ErrorSearch:
    """One search for one alarm. Times in Unix seconds; senders: addresses from which WeChat pushes, if known."""

    def __init__(self, push: Push, senders: Collection[str], low: float, high: float) -> None:
        self.push, self.senders, self.low, self.high = push, senders, low, high
        self.lines = 0
        """Lines about any trouble in the window."""
        self._groups: dict[tuple[str, bool], Gathering] = {}

    @property
    def groups(self) -> tuple[Group, ...]:
        """Lines about pushes, or about nginx as a whole, by kind."""
        return tuple(gathering.group() for (_, ours), gathering in self._groups.items() if ours)

    @property
    def others(self) -> dict[str, int]:
        """How many lines are about other requests, by kind."""
        return {kind: gathering.count for (kind, ours), gathering in self._groups.items() if not ours}

    def window(self, parser: ErrorLines, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk of the window: count its lines by kind, keep the most telling of each."""
        for place, message in messages_of(chunk):
            found = parse(message, parser, self.push)
            if found is None or not self.low <= found.time <= self.high:
                continue
            self.lines += 1
            ours = self._ours(found)
            gathering = self._groups.setdefault((found.kind, ours), Gathering(found))
            if gathering.add(found) and ours:
                where = log.place(offset + place - 1)
                gathering.place = (where, mask.shown(b" ".join(message.splitlines())))

    def _ours(self, line: ErrorLine) -> bool:
        """Whether a line may be about a push: it names the callback path, or no request but WeChat or nobody."""
        if line.cut:
            return False
        if line.path is not None:
            return self.push.path is None or line.path == self.push.path
        return line.kind not in CLIENT_SIDE or not self.senders or line.client in self.senders
