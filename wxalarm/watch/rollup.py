"""Days of a target in a few numbers: how many rounds of which kind, and the spread of their times. Pure.

Times are counted in buckets that grow by a tenth, so that days add up and a percentile is right within 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wxalarm.watch.states import Level

GROWTH = 1.1
LEAST = 1e-4
"""Seconds below which all times are one."""


@dataclass(slots=True)
class Spread:
    """How times are spread. counts: by bucket; most: the longest, in seconds."""

    counts: dict[int, int] = field(default_factory=dict)
    most: float = 0.0

    def add(self, seconds: float) -> None:
        """One more time."""
        bucket = max(0, round(math.log(max(seconds, LEAST) / LEAST) / math.log(GROWTH)))
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.most = max(self.most, seconds)

    @property
    def total(self) -> int:
        """How many times were added."""
        return sum(self.counts.values())

    def quantile(self, part: float) -> float | None:
        """The time that `part` of all do not exceed; None when there are none."""
        wanted, seen = part * self.total, 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return min(self.most, LEAST * GROWTH**bucket)
        return None


@dataclass(slots=True)
class Day:
    """A target's rounds of one day (of the machine's own zone)."""

    rounds: dict[str, int] = field(default_factory=dict)
    """By Level.word, and "blind" for those that told nothing."""
    late: int = 0
    times: Spread = field(default_factory=Spread)
    """Of the slowest address in each round, from the connection to the answer's end."""

    def add(self, level: Level | None, seconds: float | None) -> None:
        """One more round."""
        word = "blind" if level is None else level.word
        self.rounds[word] = self.rounds.get(word, 0) + 1
        if seconds is not None:
            self.times.add(seconds)

    @property
    def available(self) -> float | None:
        """The part of the rounds that told something in which a push would have got through."""
        told = sum(count for word, count in self.rounds.items() if word != "blind")
        return None if not told else 1 - self.rounds.get(Level.DOWN.word, 0) / told

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {"rounds": self.rounds, "late": self.late, "counts": self.times.counts, "most": self.times.most}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Day:
        """What `record` gave, also by way of JSON."""
        counts = {int(bucket): int(count) for bucket, count in record["counts"].items()}
        return cls(dict(record["rounds"]), int(record["late"]), Spread(counts, float(record["most"])))
