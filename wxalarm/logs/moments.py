"""Times of programs that print no zone, or none at all → Unix seconds.

WeChat's own clock stands in the query of every signed push (`timestamp=`): it gives the zone of a log, and the time of
a line that has none.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable

from wxalarm.logs import times

QUARTER = 900
"""Zones are whole quarters of an hour east of UTC."""
DAY = 86400
LATE = 120.0
"""Seconds after its timestamp at which a push may be logged."""
STAMP = re.compile(rb"[?&](?:amp;)?timestamp=(1\d{9})(?!\d)")
_OF_DAY = rb"(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?\Z"
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
"""English names: no locale is set."""
_CLOCK = r"(?P<h>\d\d?):(?P<mi>\d\d):(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<d>\d\d)/(?P<m>[A-Z][a-z][a-z])/(?P<y>\d{{4}})[: ]{_CLOCK}\Z",
        rf"(?P<d>\d\d)-(?P<m>[A-Z][a-z][a-z])-(?P<y>\d{{4}}) {_CLOCK}\Z",
        rf"[A-Z][a-z][a-z] (?P<m>[A-Z][a-z][a-z]) +(?P<d>\d\d?) {_CLOCK} (?P<y>\d{{4}})\Z",
        rf"(?P<y>\d{{4}})[/-](?P<m>\d\d?)[/-](?P<d>\d\d?)(?: - |[T ]){_CLOCK}\Z",
        rf"(?P<y>\d\d)(?P<m>\d\d)(?P<d>\d\d) {_CLOCK}\Z",
        rf"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{{4}}),? {_CLOCK} (?P<half>[AP])M\Z",
    )
)
"""Werkzeug and HAProxy, PHP, ctime, gin and chi and spreadsheets, tornado, Node.js in American English."""


def with_zone(text: bytes) -> float | None:
    """A time that says its zone, or Unix seconds."""
    dated = times.local(text) or (times.dated(text) if times.zone_of(text) is not None else None)
    return dated or (None if b":" in text else times.epoch(text))


def naive(text: bytes) -> float | None:
    """A time without a zone, as if it were UTC."""
    plain = text.decode("ascii", "replace")
    for form in _FORMS:
        match = form.match(plain)
        if match is None:
            continue
        month = _MONTHS.get(match["m"]) or (int(match["m"]) if match["m"].isdigit() else 0)
        year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
        day, hour, minute, second = (int(match[name]) for name in ("d", "h", "mi", "s"))
        if half := match.groupdict().get("half"):
            hour = hour % 12 + (12 if half == "P" else 0)
        if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60):
            return None
        seconds = calendar.timegm((year, month, day, hour, minute, second))
        return seconds + (float(f"0.{match['f']}") if match["f"] else 0.0)
    return None


def clock(text: bytes, near: float) -> float | None:
    """A time without a date, of the day that brings it nearest to `near`; both as if UTC."""
    found = re.match(_OF_DAY, text)
    if found is None:
        return None
    hour, minute, second = (int(part) for part in found.groups())
    at = near - near % DAY + hour * 3600 + minute * 60 + second
    return at + round((near - at) / DAY) * DAY


def zone(pairs: Iterable[tuple[float, float]]) -> int | None:
    """Seconds east of UTC of a log, by (its time as if UTC, WeChat's timestamp) of its pushes; None when they do not
    agree on one."""
    found = set()
    for at, stamp in pairs:
        offset = round((at - stamp) / QUARTER) * QUARTER
        if -LATE <= at - stamp - offset <= LATE and abs(offset) <= 14 * 3600:
            found.add(offset)
    return found.pop() if len(found) == 1 else None
