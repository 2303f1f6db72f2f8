"""Whether time grows as the input does: two sizes against each other, by the processor's time, on whatever machine."""

from __future__ import annotations

import time
from collections.abc import Callable

FACTOR = 8
LIMIT = FACTOR**1.5
"""What is linear takes 8 times as long for 8 times the input, what is quadratic 64 times."""
LEAST = 0.002
"""Seconds below which the clock is what is measured."""


def seconds(call: Callable[[], object]) -> float:
    """The least processor time of two calls."""
    times = []
    for _ in range(2):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return min(times)


def assert_linear(made: Callable[[int], Callable[[], object]], size: int) -> None:
    """Eight times the size takes about eight times the time: `made` gives the call for an input of some size."""
    for attempt in range(3):
        small, large = seconds(made(size // FACTOR)), seconds(made(size))
        if large < max(small, LEAST) * LIMIT:
            return
        assert attempt < 2, f"{small:.4f} s, then {large:.4f} s for {FACTOR} times the input"
