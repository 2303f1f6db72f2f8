"""Which targets are due. Pure; time is handed in (seconds of a clock that never jumps).

Rounds are spread evenly over the interval and jittered. A slot whose target is still under way, or that passed while
nothing could begin, is counted as late and dropped: rounds never queue up.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from random import Random

JITTER = 0.05
"""Of the interval: how far a round may lie from its slot, either way."""


class Schedule:
    """The slots of some targets, by key."""

    def __init__(self, keys: Iterable[str], every: float, now: float, random: Random | None = None) -> None:
        self.every = every
        self.late: dict[str, int] = {}
        """Slots by key in which no round began."""
        self._random = random or Random()
        self._slots: dict[str, float] = {}
        self._due: list[tuple[float, str]] = []
        self.set(keys, now)

    def set(self, keys: Iterable[str], now: float, every: float | None = None) -> None:
        """Watch these keys from now on; those that were there keep their slots and their counts."""
        keys = list(dict.fromkeys(keys))
        respread = every is not None and every != self.every
        self.every = every or self.every
        kept = {} if respread else {key: self._slots[key] for key in keys if key in self._slots}
        self._slots = {key: kept.get(key, now + place * self.every / len(keys)) for place, key in enumerate(keys)}
        self.late = {key: self.late.get(key, 0) for key in keys}
        self._due = [(slot, key) for key, slot in self._slots.items()]
        heapq.heapify(self._due)

    def next(self) -> float | None:
        """When something is due next; None: never."""
        return self._due[0][0] if self._due else None

    def due(self, now: float, busy: Collection[str] = (), room: int | None = None) -> list[str]:
        """The keys whose round begins now. busy: those under way; room: how many may begin at most."""
        begun: list[str] = []
        while self._due and self._due[0][0] <= now:
            _, key = heapq.heappop(self._due)
            missed = int((now - self._slots[key]) // self.every)
            self.late[key] += max(0, missed)
            if key in busy or (room is not None and len(begun) >= room):
                self.late[key] += 1
            else:
                begun.append(key)
            self._slots[key] += (max(0, missed) + 1) * self.every
            jitter = self._random.uniform(-JITTER, JITTER) * self.every
            heapq.heappush(self._due, (max(now + self.every / 2, self._slots[key] + jitter), key))
        return begun
