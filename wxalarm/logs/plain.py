"""Request lines of programs that nobody has listed: a method, what was asked, a status beside it or with its name, and
whatever else names itself. Read only where no listed form reads a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from wxalarm.patterns import later

_METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
_TARGET = r"(?:https?://[^/\s\"']{1,255})?/[^\s\"'\]]{0,4000}"
_UNITS = "ns|µs|μs|us|ms|msec|msecs|s"
_SPENT = rf"(?:\d{{1,4}}m)?\d{{1,12}}(?:\.\d{{1,12}})?\s?(?:{_UNITS})"
_ASKED = later(
    rf"(?<![\w/=&?.-])(?P<method>{_METHODS})[\"'\]]?[\s:|]{{1,10}}[\"'\[]?"
    rf"(?P<uri>{_TARGET})(?:\s{{1,3}}HTTP/[\d.]{{1,3}})?[\"'\]]?"
)
_WORDS = r"(?i:(?<![a-z])(?:http_?)?(?:status(?:[_ ]?code)?|code|responded|returned|response)[\"']?\s?[=:]?\s?[\"']?)"
_NAMED = later(rf"{_WORDS}(?P<status>[1-5]\d\d)(?![\w.])")
_NUMBERED = later(rf"{_WORDS}(?P<status>\d+)")
"""The same with any number, which may be a status in another line."""
_BEHIND = later(r"[^\w\n]{0,12}(?P<status>[1-5]\d\d)(?![\w.])")
_BEFORE = later(r"(?<![\w.:-])(?P<status>[1-5]\d\d)[^\w\n]{1,12}\Z")
_NUMBER_BEFORE = later(r"\d[^\w\n]{1,12}\Z")
_LABELLED = later(
    r"(?<![\w.])(?P<key>[A-Za-z_][\w.-]{0,40})[\"']?\s?[=:]\s?[\"']?(?P<value>\d[\d.]{0,20}(?:\s?(?:ns|µs|μs|us|ms|s)\b)?)"
)
_BARE = later(r"(?<![\w.:=\[-])\d{1,6}\.\d{2,9}(?![\w.%])")
"""A number that may be anything: a duration, a size, the version of something."""
_TOOK = later(rf"(?<![\w.])(?P<took>{_SPENT})(?![\w/.])")
_VARIES = later(r"(?P<version>\w/\d+(?:\.\d+)*)|(?P<number>\d+(?:\.\d+)*)")
"""Numbers that differ from line to line; the version of a program does not."""
_DIGITS = later(r"[\d.]+")
_LONGEST = 20
"""Digits of a number that is read whole."""
SPENT = "duration_human"
_NEAR = 40
"""Characters before what was asked in which its status and duration may stand."""
_LONGER = 10
"""By how many the numbers of a line may be longer than those of another."""


class _Parts(NamedTuple):
    """Where the parts of a request line stand."""

    asked: re.Match[str]
    status: re.Match[str]
    labelled: Mapping[str, re.Match[str]]
    """By key in lower case."""
    took: re.Match[str] | None


def _parts(text: str) -> _Parts | None:
    asked = _ASKED.search(text)
    if asked is None:
        return None
    status = (
        _BEHIND.match(text, asked.end())
        or _BEFORE.search(text, max(0, asked.start() - _NEAR), asked.start())
        or _NAMED.search(text, asked.end())
        or _NAMED.search(text, 0, asked.start())
    )
    if status is None:
        return None
    rest = text.replace(asked[0], " " * len(asked[0]))
    labelled = {found["key"].lower(): found for found in _LABELLED.finditer(rest)}
    took = list(_TOOK.finditer(text, asked.end()))
    took = took or list(_TOOK.finditer(text, max(0, asked.start() - _NEAR), asked.start()))
    if len(took) != 1 and not labelled and _BARE.search(text, asked.end()) is not None:
        return None
    return _Parts(asked, status, labelled, took[0] if len(took) == 1 else None)


def read(text: str) -> Mapping[str, str] | None:
    """The parts of a request line by the names that other forms give them; None for any other line, and for one that
    gives a number of which only its format could say whether it is the duration."""
    parts = _parts(text)
    if parts is None:
        return None
    spent = {SPENT: parts.took["took"]} if parts.took is not None else {}
    return {
        **spent,
        **{key: found["value"] for key, found in parts.labelled.items()},
        "request_method": parts.asked["method"],
        "request_uri": parts.asked["uri"],
        "status": parts.status["status"],
    }


def form(text: str, groups: Mapping[str, str]) -> re.Pattern[str] | None:
    """A pattern, to be matched against a whole line, of the lines that differ from this one only in their values; what
    it finds is what `read` gives. Its groups are request_method, request_uri and status, and those of `groups`, by the
    key of `read` whose value they hold. None where other values might change what `read` takes for what.
    """
    parts = _parts(text)
    if parts is None or not _is_settled(text, parts) or any(re.search(r"\d", key) for key in groups.values()):
        return None
    asked, status, labelled, took = parts
    by_key = {key: group for group, key in groups.items()}
    spans = [
        (*asked.span("method"), rf"(?P<request_method>{_METHODS})"),
        (*asked.span("uri"), rf"(?P<request_uri>{_TARGET}+)"),
        (*status.span("status"), r"(?P<status>[1-5]\d\d)"),
    ]
    values = {key: (*found.span("value"), _number(found["value"])) for key, found in labelled.items()}
    if took is not None:
        values.setdefault(SPENT, (*took.span("took"), _SPENT))
    # Of two names for one place the one that is asked for comes first.
    for key, (start, end, shape) in sorted(values.items(), key=lambda item: item[0] not in by_key):
        if all(end <= other[0] or other[1] <= start for other in spans):
            spans.append((start, end, f"(?P<{by_key.pop(key)}>{shape})" if key in by_key else shape))
    if by_key:
        return None
    made, at = [], 0
    for start, end, shape in sorted(spans):
        made += [_between(text[at:start]), shape]
        at = end
        if end == asked.end("uri") and _BEHIND.match(text, asked.end()) is None:
            made.append(rf"(?!.{{{asked.end() - end}}}[^\w\n]{{0,12}}[1-5]\d\d(?![\w.]))")
    return re.compile("".join([*made, _between(text[at:])]), re.DOTALL)


def _is_settled(text: str, parts: _Parts) -> bool:
    """Whether other numbers in the same places would be taken for the same things."""
    asked, status, labelled, took = parts
    if re.match(r"[^\s\"'\]]", text[asked.end("uri") :]) is not None:
        return False  # cut off at its greatest length
    before, behind = (0, asked.start()), (asked.end(), len(text))
    if any(
        found.end() - found.start() > _LONGEST for place in (before, behind) for found in _DIGITS.finditer(text, *place)
    ):
        return False  # as well
    of_behind = _BEHIND.match(text, asked.end()) is not None
    if not of_behind and _BEFORE.search(text, *before) is None:  # it is told by a name
        if _NUMBER_BEFORE.search(text, *before) is not None:
            return False
        ranges = [behind] if status.start() >= asked.end() else [behind, before]
        numbered = next((found for place in ranges if (found := _NUMBERED.search(text, *place)) is not None), None)
        if numbered is None or numbered.start("status") != status.start("status"):
            return False
    if (
        asked.start() > _NEAR - _LONGER
        and _TOOK.search(text, *before) is not None
        and _TOOK.search(text, *behind) is None
    ):
        return False  # which of them are near changes with the numbers between
    if took is None and not labelled:
        numbers = (found for found in _VARIES.finditer(text, *behind) if found["number"])
        return not any(
            found["number"].count(".") == 1 and not re.match(r"[\w%]", text[found.end() :]) for found in numbers
        )
    return True


def _number(value: str) -> str:
    """The shape of a label's value: another number of the same unit."""
    return r"\d[\d.]{0,20}" + re.escape(value.lstrip("0123456789."))


def _between(text: str) -> str:
    """The shape of what stands between values: the same with other numbers."""
    made, at = "", 0
    for found in _VARIES.finditer(text):
        number = found["version"] or re.sub(r"\d+", "#", found["number"])
        made += re.escape(text[at : found.start()]) + re.escape(number).replace(r"\#", r"\d+")
        at = found.end()
    return made + re.escape(text[at:])
