"""Times as logs write them → Unix seconds. Zones out of the line where it has one, else the zone given."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

Reader = Callable[[bytes], float | None]
"""The text of one time → Unix seconds; None when it is none."""
CHINA = 8 * 3600
"""Its zone, seconds east of UTC."""

_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
LOCAL = rb"\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
"""$time_local: 25/Dec/2024:10:04:57 +0800."""
ISO = (
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    rb"(?:Z|[+-]\d\d:?\d\d| [+-][01]\d:?\d\d(?![\w.:-]))?"
)
"""$time_iso8601 and its relatives (Serilog and gunicorn write a blank before the zone); without a zone the given one
counts."""
SLASHED = rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
"""The time of nginx's error log, of Go's log package: 2024/12/25 10:04:57."""
EPOCH = rb"1\d{9}(?:\d{3}(?![\d.])|\.\d{1,9})?"
"""Unix seconds with or without a fraction ($msec), or milliseconds."""
_LOCAL = re.compile(rb"(\d\d)/([A-Z][a-z][a-z])/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_DATED = re.compile(
    rb"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:(Z)| ?([+-])(\d\d):?(\d\d))?"
)


def local(text: bytes) -> float | None:
    """$time_local."""
    minute = _minute(text[:17] + b":00" + text[20:])  # a log has many seconds to the minute
    second = text[18:20]
    return minute + int(second) if minute is not None and second.isdigit() and int(second) <= 60 else None


@lru_cache(4096)
def _minute(text: bytes) -> float | None:
    match = _LOCAL.match(text)
    if match is None or (month := _MONTHS.get(match[2])) is None:
        return None
    day, year, hour, minute, second = (int(match[index]) for index in (1, 3, 4, 5, 6))
    offset = (int(match[8]) * 60 + int(match[9])) * (-60 if match[7] == b"-" else 60)
    return _seconds(year, month, day, hour, minute, second, offset)


def dated(text: bytes, offset: float = 0) -> float | None:
    """ISO 8601 and 2024/12/25 10:04:57. offset: seconds east of UTC for a time without a zone."""
    match = _DATED.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[index]) for index in range(1, 7))
    if match[9]:
        offset = (int(match[10]) * 60 + int(match[11])) * (-60 if match[9] == b"-" else 60)
    elif match[8]:
        offset = 0
    found = _seconds(year, month, day, hour, minute, second, offset)
    return None if found is None else found + (float(b"." + match[7]) if match[7] else 0.0)


def epoch(text: bytes) -> float | None:
    """Unix seconds; milliseconds, microseconds, nanoseconds when there are 13, 16, 19 digits."""
    try:
        found = float(text)
    except ValueError:
        return None
    if not math.isfinite(found):
        return None
    while found > 1e11:
        found /= 1000
    return found


def zone_of(text: bytes) -> int | None:
    """Seconds east of UTC that a time says of itself; None when it does not."""
    match = re.search(rb"(?:(Z)|([+-])(\d\d):?(\d\d))$", text.strip())
    if match is None or (match[2] and b":" not in text):
        return None
    if match[1]:
        return 0
    return (int(match[3]) * 60 + int(match[4])) * (-60 if match[2] == b"-" else 60)


def last_zone(text: bytes) -> int | None:
    """Seconds east of UTC as the last time of some lines says of itself; None where none does."""
    zones = (zone_of(found[0]) for found in _times(text))
    return next(reversed([zone for zone in zones if zone is not None]), None)


def last_time(text: bytes) -> float | None:
    """The last time of some lines that says its zone, as Unix seconds; None where none does."""
    return next(reversed(_known(text, None)), None)


def span(text: bytes, offset: int | None = None) -> tuple[float, float] | None:
    """(the earliest, the latest) of the times of some lines, as Unix seconds. offset: seconds east of UTC for those
    that do not say their zone; where it is not known either they are left out. None for none."""
    known = _known(text, offset)
    return (min(known), max(known)) if known else None


def _known(text: bytes, offset: int | None) -> list[float]:
    """The times of some lines, where their zone is known."""
    found = [one[0] for one in _times(text)]
    told = (one for one in found if offset is not None or zone_of(one) is not None)
    read = (local(one) or dated(one, offset or 0) for one in told)
    return [time for time in read if time is not None]


def _times(text: bytes) -> Iterator[re.Match[bytes]]:
    return re.finditer(LOCAL + rb"|" + ISO, text)


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int, offset: float) -> float | None:
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60):
        return None
    return float(calendar.timegm((year, month, day, hour, minute, second)) - offset)
