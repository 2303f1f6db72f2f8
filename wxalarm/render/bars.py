"""Counts as bars of text: a histogram in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WIDTH = 40
"""Columns of the longest bar."""
MOST = 24


def shares(pairs: Sequence[Sequence[Any]]) -> tuple[tuple[str, int, float], ...]:
    """(label, count, share of the largest) of what `bars` draws; () for what it draws nothing of."""
    if not bars(pairs):
        return ()
    most = max(count for _, count in pairs)
    return tuple((label, count, count / most) for label, count in pairs)


def bars(pairs: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """A line for each (label, count): both aligned, a bar as long as its share of the largest count.

    What is counted at all has a bar. Anything but pairs of a text and a number gives nothing: a saved case may hold it.
    """
    found: list[tuple[str, int]] = []
    for pair in pairs if isinstance(pairs, (list, tuple)) else ():
        match pair:
            case [str(label), int(count)] if count >= 0:
                found.append((label, count))
            case _:
                return ()
    most = max((count for _, count in found), default=0)
    if not most or len(found) > MOST:
        return ()
    wide = max(len(label) for label, _ in found)
    digits = len(str(most))
    return tuple(
        f"{label:<{wide}}  {count:>{digits}}  {'#' * (max(1, round(count * WIDTH / most)) if count else 0)}".rstrip()
        for label, count in found
    )
