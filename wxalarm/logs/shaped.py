"""Formats of nginx that nobody told, whose values tell by their shape what they are: combined, and behind it durations
as nginx writes them, and an upstream's address and status, in any order.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from wxalarm.logs import times
from wxalarm.logs.answered import UPSTREAM
from wxalarm.logs.formats import HEAD, LineFormat
from wxalarm.patterns import later

_LINE = later(rb"[^\s]+ - [^\s]+ \[" + times.LOCAL + rb'\] "[^"\n]*" \d{3} (?:\d+|-)(?P<more> [^\n]*)\Z')
_VALUE = later(r"( +)(?:\"([^\"]*)\"|([^\s\"]+))")
_QUOTED = ("http_referer", "http_user_agent", "http_x_forwarded_for")
"""What stands in quotes behind the size, in this order, unless it is one of the others."""
_TRIES = r"(?:{0}|-)(?:(?:, | : )(?:{0}|-))*"
# No more digits: $msec is no duration.
_SECONDS = later(_TRIES.format(r"\d{1,6}\.\d{3}"))
_ADDRESS = later(_TRIES.format(r"(?:[\d.]{7,15}:\d{2,5}|\[[\da-fA-F:]+\]:\d{2,5}|unix:[^\s,]+)"))
_STATUS = later(_TRIES.format(r"[1-5]\d\d"))
_NOTHING = ("-", "")
_ANSWERED = frozenset(UPSTREAM)
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
            yield LineFormat("combined-shaped", HEAD + "".join(marks))


def _values(line: bytes) -> Values | None:
    found = _LINE.match(line.rstrip(b"\r "))
    if found is None:
        return None
    more, at, values = found["more"].decode("utf-8", "replace"), 0, []
    for value in _VALUE.finditer(more):
        if value.start() != at:
            return None
        at = value.end()
        values.append((value[1], value[2] if value[2] is not None else value[3], value[2] is not None))
    return tuple(values) if at == len(more) else None


def _names(rows: Sequence[Sequence[str]], quoted: Sequence[bool]) -> list[str]:
    """The variable of each column."""
    columns = list(zip(*rows, strict=True))
    took = [place for place, column in enumerate(columns) if _all(_SECONDS, column)]
    names = {place: f"other_{place}" for place in range(len(columns))}
    for pattern, name in ((_ADDRESS, "upstream_addr"), (_STATUS, "upstream_status")):
        found = [place for place, column in enumerate(columns) if _all(pattern, column)]
        names |= {place: name for place in found[:1] if len(found) == 1}
    # A request takes as long as its upstreams, or longer; and these as long as their parts. Where the first of them is
    # not the longest, log_format alone tells what they are.
    for name in ("request_time", "upstream_response_time"):
        longest = next((one for one in took if all(_longer(columns[one], columns[other]) for other in took)), None)
        if longest is None or (name == "request_time" and longest != took[0]):
            break
        names[longest] = name
        took.remove(longest)
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


def _sum(value: str) -> float:
    return sum(float(part) for part in re.findall(r"\d+\.\d{3}", value))
