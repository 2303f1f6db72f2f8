"""Durations as programs log them → seconds. Units differ by nine orders of magnitude under like names.

A unit is told by a suffix of the value (1.2ms), by the name of the key (latency_ms), by a sibling (latency_human), or
by what else the line holds (Caddy's, Envoy's, Traefik's). What is told by none of them is a guess, or not said at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wxalarm.patterns import compiled

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LONGEST = 60.0
"""Seconds: WeChat leaves after 5; whoever logs more for a push has not waited so long for it, or logs another unit."""
_PART = compiled(r"(\d+(?:\.\d+)?)\s?(h|ms|m|s|us|µs|μs|ns|msecs?|micros|secs?)(?![A-Za-z])")
_SCALE = UNITS | {
    "h": 3600.0,
    "m": 60.0,
    "µs": 1e-6,
    "μs": 1e-6,
    "msec": 1e-3,
    "msecs": 1e-3,
    "micros": 1e-6,
    "sec": 1.0,
    "secs": 1.0,
}
_NUMBER = compiled(r"\d+(?:\.\d+)?(?:[eE]-?\d+)?\Z")
_BY_SUFFIX = compiled(
    r"(?!.*(?:stamp|timeout|limit|max))(?:request|response|duration|latency|elapsed|took|cost|time|total|process)\w*?"
    r"(?:[_.-]?(?P<unit>ms|millis(?:econds)?|us|micros(?:econds)?|ns|nanos(?:econds)?|secs|seconds)"
    r"|[_.-](?P<short>s|sec))\Z"
)
"""Not a plural ("requests", "times"), nor what else is counted in milliseconds ("timestamp_ms", "timeout_ms")."""
_NAMES = {
    "millis": "ms", "milliseconds": "ms", "micros": "us", "microseconds": "us", "nanos": "ns", "nanoseconds": "ns",
    "sec": "s", "secs": "s", "seconds": "s",
}  # fmt: skip
_BARE = (
    *("request_time", "rt", "duration", "latency", "elapsed", "elapsed_time", "took", "cost", "response_time"),
    *("elapsedtime", "timetaken", "time_taken", "time-taken"),
)
"""Keys whose unit their name does not say: Tomcat's elapsedTime are milliseconds until 10.0, microseconds since."""
_KNOWN = {"responsetime": "ms", "elapsedtimes": "s"}
"""pino-http and Express, Tomcat's JsonAccessLogValve."""
_OF_IIS = ("sc-substatus", "sc-win32-status", "s-sitename", "s-computername")
_OF_KONG = {"kong", "proxy", "request"}
"""Its latencies, in milliseconds; of them the first is its own, the last all."""
_WHOLE = ("s", "ms", "us")
"""What servers write without a fraction."""
_LATE, _NEAR = 4.0, 2.0
"""Seconds: durations that a clock of seconds shows, and by how much that may differ."""
_NGINX = r"\d+\.\d{3}\Z"
"""$request_time as nginx writes it."""


class Took(NamedTuple):
    """How long a request took."""

    seconds: float | None
    """None when the unit cannot be told."""
    guessed: bool
    """Nothing says the unit."""
    key: str
    unit: str | None = None
    """Of the numbers behind the key, when something beside it told it."""


def read(text: str, unit: str | None = None) -> float | None:
    """A duration with its unit behind it ("1m2.5s", "241µs"), or a bare number of `unit`; None for anything else."""
    text = text.strip()
    if _NUMBER.match(text):
        return float(text) * UNITS[unit] if unit is not None else None
    parts = list(_PART.finditer(text))
    if not parts or _PART.sub("", text).strip():
        return None
    return sum(float(part[1]) * _SCALE[part[2]] for part in parts)


def likely_unit(numbers: Sequence[tuple[int, float | None]]) -> str | None:
    """The unit that whole numbers of one column most likely have: the only one by which none is longer than anybody
    waits for a push, or by which the long ones are the time that had passed since WeChat sent the push. None when more
    than one may be meant. numbers: with the seconds from WeChat's own time of a push to the line's, where both are
    known; a line may as well have the time at which the request began."""
    longest = max((number for number, _ in numbers), default=0)
    units = [unit for unit in _WHOLE if longest * UNITS[unit] <= LONGEST]
    if len(units) > 1:
        spent = {unit: [(n * UNITS[unit], passed) for n, passed in numbers if passed is not None] for unit in units}
        late = {unit: [one for one in found if one[0] >= _LATE] for unit, found in spent.items()}
        units = [unit for unit in units if late[unit] and all(abs(a - b) <= _NEAR for a, b in late[unit])]
    return units[0] if len(units) == 1 else None


def took(flat: Mapping[str, str], units: Mapping[str, str]) -> Took | None:
    """How long the request of a line took, by its keys in lower case; None when the line does not say. `units`: those
    that the user named."""
    for key, unit in units.items():
        if key in flat and (seconds := read(flat[key], unit)) is not None:
            return Took(seconds, False, key)
    for key in ("latency_human", "duration_human", "service"):
        if key in flat and (seconds := read(flat[key])) is not None:
            return Took(seconds, False, key)
    if flat.keys() >= _OF_KONG and (seconds := read(flat["request"], "ms")) is not None:
        return Took(seconds, False, "request", "ms")
    for key, text in flat.items():
        by_name = _BY_SUFFIX.match(key)
        named = (by_name["unit"] or by_name["short"]) if by_name else None
        by_key = _KNOWN.get(key) or (_NAMES.get(named, named) if named else None)
        if by_key is not None and (seconds := read(text, by_key)) is not None:
            return Took(seconds, False, key)
    for key in _BARE:
        if key not in flat:
            continue
        beside = _by_sibling(flat, key)
        if (seconds := read(flat[key], beside)) is not None:
            return Took(seconds, False, key, beside)
        if (seconds := read(flat[key], "s")) is not None:
            # Only seconds are printed with a fraction by most; a whole number may be any of the four.
            fraction = "." in flat[key] and seconds <= LONGEST
            return Took(seconds if fraction else None, True, key)
    return None


def _by_sibling(flat: Mapping[str, str], key: str) -> str | None:
    """The unit of a key in the lines of programs that are known by their other keys."""
    if key == "duration" and "downstreamstatus" in flat:
        return "ns"
    if key == "duration" and "response_flags" in flat:
        return "ms"  # Envoy
    if key == "duration" and flat.get("logger", "").startswith("http.log.access"):
        return "s"
    if key in ("request_time", "rt") and re.match(_NGINX, flat[key]):
        return "s"
    if key == "time-taken":
        # IIS: whole milliseconds; its own columns tell it from other W3C logs, whose seconds have a fraction.
        return "s" if "." in flat[key] else "ms" if any(column in flat for column in _OF_IIS) else None
    return None
