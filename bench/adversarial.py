"""Doubling a hostile input at most doubles the time. Each input is parsed at sizes that double; the table shows the
seconds and the worst growth. Exit status 1 when an input grows by more than LIMIT.

usage: python bench/adversarial.py [MEBIBYTES OF THE LARGEST INPUT, 4]
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.parser.hostile import INPUTS
from wxalarm.parser.stream import stream

LIMIT = 2.2
"""Time for twice the input: twice, and a tenth for what timing on a shared machine adds."""
TURNS = 4
"""How often an input is measured at most while it seems to grow by more: the least times count."""
CHUNK = 1 << 20


def chunks(text: str) -> Iterator[str]:
    """The text as the command reads it."""
    return (text[at : at + CHUNK] for at in range(0, len(text), CHUNK))


def seconds(text: str) -> float:
    """Processor time of one parse."""
    start = time.process_time()
    for _ in stream(chunks(text)):
        pass
    return time.process_time() - start


def main() -> int:
    """Print the table."""
    largest = int(float(sys.argv[1]) * 2**20) if len(sys.argv) > 1 else 4 << 20
    sizes = [largest >> shift for shift in (3, 2, 1, 0)]
    print(f"{'input':34}" + "".join(f"{size / 2**20:>9.2f} M" for size in sizes) + f"{'growth':>9}")
    worst = 0.0
    for name, make in INPUTS.items():
        times, growth = [math.inf] * len(sizes), math.inf
        for _ in range(TURNS):
            times = [min(old, seconds(make(size))) for old, size in zip(times, sizes, strict=True)]
            # Below a tenth of a second the clock and the caches are what is measured.
            growth = max((b / a for a, b in pairwise(times) if b > 0.1), default=0.0)
            if growth <= LIMIT:
                break
        worst = max(worst, growth)
        print(f"{name:34}" + "".join(f"{each:>10.3f}s" for each in times) + f"{growth:>8.2f}x", flush=True)
    print(f"worst growth when the input doubles: {worst:.2f} (limit {LIMIT})")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
