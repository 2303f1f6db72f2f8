"""Formats of nginx that nobody told, whose values tell by their shape what they are: combined, and behind it durations
as nginx writes them, and an upstream's address. What could as well be something else has no name: a status could be a
port or a length, a second duration that of the connection.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from wxalarm.logs import times
from wxalarm.logs.answered import UPSTREAM
from wxalarm.logs.formats import HEAD, SHAPED, LineFormat
from wxalarm.patterns import later

_LINE = later(rb"[^\s]+ - [^\s]+ \[" + times.LOCAL + rb'\] "[^"\n]*" \d{3} (?:\d+|-)(?P<more> [^\n]*)\Z')
_VALUE = later(r"( ++)(?:\"([^\"]*)\"|([^\s\"]+))")
_QUOTED = ("http_referer", "http_user_agent", "http_x_forwarded_for")
"""What stands in quotes behind the size, in this order, unless it is one of the others."""
_TRIES = r"(?:{0}|-)(?:(?:, | : )(?:{0}|-))*"
# No more digits: $msec is no duration.
_SECONDS = later(_TRIES.format(r"\d{1,6}\.\d{3}"))
_ADDRESS = later(_TRIES.format(r"(?:[\d.]{7,15}:\d{2,5}|\[[\da-fA-F:]+\]:\d{2,5}|unix:[^\s,]+)"))
_NOTHING = ("-", "")
_ANSWERED = frozenset(UPSTREAM)
_SOME = 0.02
"""Seconds of a request that tell what of it took them."""
_NEARLY = 0.8
_MOST = 3
"""Formats of one log: two servers may write it."""

Values = tuple[tuple[str, str, bool], ...]
"""(the blanks before it, the value, whether it is quoted) of each column behind the size."""


def formats(lines: Iterable[bytes]) -> Iterator[LineFormat]:
    """The formats of lines behind whose size more stands than what combined has, the most frequent ones first."""
    alike: dict[tuple[tuple[str, bool], ...], list[Values]] = defaultdict(list)
    for line in lines:
        if values := _values(line):
            alike[tuple((blank, quoted) for blank, _, quoted in values)].append(values)
    counts = Counter({form: len(rows) for form, rows in alike.items()})
    for form, _ in counts.most_common(_MOST):
        names = _names([[value for _, value, _ in row] for row in alike[form]], [quoted for _, quoted in form])
        # A duration alone may be another server's, in a unit of its own.
        if "request_time" in names and not _ANSWERED.isdisjoint(names):
            columns = zip(form, names, strict=True)
            marks = (f'{blank}"${{{name}}}"' if quoted else f"{blank}${{{name}}}" for (blank, quoted), name in columns)
            yield LineFormat(SHAPED, HEAD + "".join(marks))


def _values(line: bytes) -> Values | None:
    found = _LINE.match(line.rstrip(b"\r "))
    if found is None:
        return None
    more, at, values = found["more"].decode("utf-8", "replace"), 0, []
    # Each where the last one ended: a search from every blank would take the square of the time.
    while (value := _VALUE.match(more, at)) is not None:
        at = value.end()
        values.append((value[1], value[2] if value[2] is not None else value[3], value[2] is not None))
    return tuple(values) if at == len(more) else None


def _names(rows: Sequence[Sequence[str]], quoted: Sequence[bool]) -> list[str]:
    """The variable of each column."""
    columns = list(zip(*rows, strict=True))
    took = [place for place, column in enumerate(columns) if _all(_SECONDS, column)]
    names = {place: f"other_{place}" for place in range(len(columns))}
    found = [place for place, column in enumerate(columns) if _all(_ADDRESS, column)]
    names |= {place: "upstream_addr" for place in found if len(found) == 1}
    whole, *parts = (columns[place] for place in took) if took else ((),)
    # A request takes as long as its upstreams, or longer, and has a duration where nothing was passed on: where that
    # does not tell the first from the others, log_format alone does.
    told = whole and not set(_NOTHING) & set(whole) and all(_longer(whole, part) for part in parts)
    if told and (not parts or any(_tells(a, b) for part in parts for a, b in zip(whole, part, strict=True))):
        names[took[0]] = "request_time"
        names |= {place: "upstream_response_time" for place in took[1:2] if _mostly(whole, columns[place])}
    others = iter(_QUOTED)
    for place, name in names.items():
        if quoted[place] and name.startswith("other_"):
            names[place] = next(others, name)
    return [names[place] for place in range(len(columns))]


def _all(pattern: re.Pattern[str], column: Sequence[str]) -> bool:
    """Whether all values of a column have this shape, and one of them is more than nothing."""
    return any(value not in _NOTHING for value in column) and all(
        value in _NOTHING or pattern.fullmatch(value) for value in column
    )


def _longer(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the durations of one column are nowhere shorter than those of another."""
    return all(_sum(first) >= _sum(second) for first, second in zip(one, other, strict=True))


def _tells(whole: str, part: str) -> bool:
    """Whether two durations of one request can be no other way round."""
    return part in _NOTHING or _sum(whole) > _sum(part)


def _mostly(whole: Sequence[str], part: Sequence[str]) -> bool:
    """Whether a part is nearly all of what took some time: the connection alone is not."""
    long = [(_sum(a), _sum(b)) for a, b in zip(whole, part, strict=True) if _sum(a) >= _SOME and b not in _NOTHING]
    return bool(long) and all(b >= _NEARLY * a for a, b in long)


def _sum(value: str) -> float:
    return sum(float(part) for part in re.findall(r"\d+\.\d{3}", value))
