"""Charts as SVG, drawn here: readable without script, in both colour schemes (classes), with a name for who cannot see.

Times are drawn by their logarithm: 20 ms and 5 s both have a place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from wxalarm.watch.service import STRETCH, STRETCHES
from wxalarm.watch.states import Level
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

WIDTH, HEIGHT = 192, 24
LEAST, MOST = 0.001, 10.0
"""Seconds at the lower and the upper end of a chart."""
GRID = (0.001, 0.01, 0.1, 1.0)
PHASES = ("connect", "tls", "first_byte", "total")
WIDE, HIGH, LEFT = 720, 280, 84
POINTS = 288
"""Points of a line at most: each is the longest time of its stretch."""


def _share(seconds: float) -> float:
    """Where a time lies between LEAST and MOST, 0 to 1."""
    bounded = min(MOST, max(LEAST, seconds))
    return math.log(bounded / LEAST) / math.log(MOST / LEAST)


def strip(parts: Mapping[int, tuple[int, float | None]], now: float, label: str) -> Markup:
    """A day in small: the states as a band, the times as a line above it."""
    first = int(now // STRETCH) - STRETCHES + 1
    step = WIDTH / STRETCHES
    here = [number for number in range(first, first + STRETCHES) if number in parts]
    bands = []
    # Neighbours of one level are one band: what is subtracted stays the same along a run.
    for (_, level), run in groupby(enumerate(here), key=lambda one: (one[1] - one[0], parts[one[1]][0])):
        numbers = [number for _, number in run]
        x, width = (numbers[0] - first) * step, len(numbers) * step
        bands.append(f'<rect class="{Level(level).word}" x="{x:g}" y="{HEIGHT - 5}" width="{width:g}" height="5"/>')
    line = _path(
        ((number - first + 0.5) * step, (HEIGHT - 7) * (1 - _share(time)) + 1)
        for number in range(first, first + STRETCHES)
        if number in parts and (time := parts[number][1]) is not None
    )
    return Markup(
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'{"".join(bands)}<path d="{line}"/></svg>'
    )


def _path(points: Iterable[tuple[float, float]]) -> str:
    """A line through points; one alone is a dot."""
    made = [f"{'M' if not place else 'L'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points)]
    return " ".join(made) + (" h0.1" if made else "")


Points = Sequence[tuple[float, Mapping[str, float]]]
"""(time of the wall clock, seconds by phase)."""


def phases(rounds: Points, since: float, until: float, label: str, names: Mapping[str, str]) -> Markup:
    """Phases over time, against WeChat's limits. names: how each phase is called."""
    span = max(1.0, until - since)
    width = span / POINTS

    def x(time: float) -> float:
        return LEFT + (time - since) / span * (WIDE - LEFT)

    def y(seconds: float) -> float:
        return (HIGH - 24) * (1 - _share(seconds)) + 8

    parts = []
    for seconds in (*GRID, SLOW_AFTER, WAIT):
        kind = "limit" if seconds in (SLOW_AFTER, WAIT) else "grid"
        shown = f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{WIDE}" y1="{y(seconds):.1f}" y2="{y(seconds):.1f}"/>')
        below = {SLOW_AFTER: 12, WAIT: -1}.get(seconds, 4)  # the two limits lie close together
        parts.append(f'<text x="{LEFT - 6}" y="{y(seconds) + below:.1f}" text-anchor="end">{shown}</text>')
    for name in PHASES:
        longest: dict[int, float] = {}
        for time, times in rounds:
            if name in times:
                place = int((time - since) // width)
                longest[place] = max(longest.get(place, 0.0), times[name])
        line = _path((x(since + (place + 0.5) * width), y(seconds)) for place, seconds in sorted(longest.items()))
        parts.append(f'<path class="{name}" d="{line}"><title>{escape(names[name])}</title></path>')
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
