"""Request lines of programs that nobody has listed: a method, what was asked, a status beside it or with its name, and
whatever else names itself. Read only where no listed form reads a line."""

from __future__ import annotations

from collections.abc import Mapping

from wxalarm.patterns import later

_ASKED = later(
    r"(?<![\w/=&?.-])(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[\"'\]]?[\s:|]{1,10}[\"'\[]?"
    r"(?P<uri>(?:https?://[^/\s\"']{1,255})?/[^\s\"'\]]{0,4000})(?:\s{1,3}HTTP/[\d.]{1,3})?[\"'\]]?"
)
_NAMED = later(
    r"(?i:(?<![a-z])(?:http_?)?(?:status(?:[_ ]?code)?|code|responded|returned|response)[\"']?\s?[=:]?\s?[\"']?)"
    r"(?P<status>[1-5]\d\d)(?![\w.])"
)
_BEHIND = later(r"[^\w\n]{0,12}(?P<status>[1-5]\d\d)(?![\w.])")
_BEFORE = later(r"(?<![\w.:-])(?P<status>[1-5]\d\d)[^\w\n]{1,12}\Z")
_LABELLED = later(
    r"(?<![\w.])(?P<key>[A-Za-z_][\w.-]{0,40})[\"']?\s?[=:]\s?[\"']?(?P<value>\d[\d.]{0,20}(?:\s?(?:ns|µs|μs|us|ms|s)\b)?)"
)
_BARE = later(r"(?<![\w.:=\[-])\d{1,6}\.\d{2,9}(?![\w.%])")
"""A number that may be anything: a duration, a size, the version of something."""
_TOOK = later(r"(?<![\w.])(?P<took>(?:\d{1,4}m)?\d{1,12}(?:\.\d{1,12})?\s?(?:ns|µs|μs|us|ms|msec|msecs|s))(?![\w/.])")


def read(text: str) -> Mapping[str, str] | None:
    """The parts of a request line by the names that other forms give them; None for any other line, and for one that
    gives a number of which only its format could say whether it is the duration."""
    asked = _ASKED.search(text)
    if asked is None:
        return None
    before, behind = text[max(0, asked.start() - 40) : asked.start()], text[asked.end() :]
    status = (
        _BEHIND.match(behind)
        or _BEFORE.search(before)
        or _NAMED.search(behind)
        or _NAMED.search(text, 0, asked.start())
    )
    if status is None:
        return None
    labelled = {found["key"].lower(): found["value"] for found in _LABELLED.finditer(text.replace(asked[0], " "))}
    took = [found["took"] for found in _TOOK.finditer(behind)] or [found["took"] for found in _TOOK.finditer(before)]
    if len(took) == 1:
        labelled.setdefault("duration_human", took[0])
    elif not labelled and _BARE.search(behind) is not None:
        return None
    return {
        **labelled,
        "request_method": asked["method"],
        "request_uri": asked["uri"],
        "status": status["status"],
    }
