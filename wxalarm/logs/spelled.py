"""Formats of nginx that nobody told, but whose values have their names beside them: combined, and behind it
`rt=0.005 urt="0.004"`. The names are those that people give; a duration is one only where it looks as nginx writes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from wxalarm.logs import times
from wxalarm.logs.answered import UPSTREAM
from wxalarm.logs.formats import HEAD, LineFormat
from wxalarm.logs.records import NAMES
from wxalarm.patterns import later

_LINE = later(rb"[^\s]+ - [^\s]+ \[" + times.LOCAL + rb'\] "[^"\n]*" \d{3} (?:\d+|-)(?P<more>[^\n]*[=:][^\n]*)\Z')
_VALUE = later(
    r"(?P<blank>\s+)(?P<named>(?P<label>[A-Za-z_][\w-]*)[=:])?"
    r"(?:\"(?P<quoted>[^\"]*)\"|\[(?P<listed>[^\]]*)\]|(?P<plain>[^\s\"\[]*))"
)
_NAMES = {
    **{label: name for name in UPSTREAM for label in NAMES.get(name, ())},
    **dict.fromkeys(
        ("request_time", "rt", "reqtime", "req_time", "cost", "took", "duration", "time", "elapsed"), "request_time"
    ),
    **dict.fromkeys(("upstream_rt", "up_rt", "uprt", "ut", "backend_time"), "upstream_response_time"),
    **dict.fromkeys(("up", "ups", "uaddr", "up_addr", "backend"), "upstream_addr"),
    **dict.fromkeys(("us", "ustatus", "up_status", "upstatus"), "upstream_status"),
}
"""The variables by the labels that people give them."""
_COUNTED = ("request_time", *UPSTREAM)
_QUOTED = ("http_referer", "http_user_agent", "http_x_forwarded_for")
"""What stands in quotes behind the size, in this order."""
_TIMES = r"(?:\d+\.\d{3}|-)?(?:(?:, | : )(?:\d+\.\d{3}|-))*"


_MOST = 4
"""Formats of one log: lists and absent values make another of the same."""


def formats(lines: Iterable[bytes]) -> Iterator[LineFormat]:
    """The formats of lines whose durations or upstreams are named, each once, the most frequent ones first."""
    texts = Counter(text for line in lines if (text := _text(line)) is not None)
    for text, _ in texts.most_common(_MOST):
        yield LineFormat("combined-named", text)


def _text(line: bytes) -> str | None:
    """The log_format that a line seems to be of; None when it names nothing that counts."""
    found = _LINE.match(line.rstrip(b"\r "))
    if found is None:
        return None
    more, at = found["more"].decode("utf-8", "replace"), 0
    text, names, quoted = HEAD, set[str](), iter(_QUOTED)
    for value in _VALUE.finditer(more):
        if value.start() != at:
            return None
        at = value.end()
        name = _NAMES.get((value["label"] or "").lower())
        if value["quoted"] is not None and not value["label"]:
            name = next(quoted, None)
        elif name is not None and name.endswith("_time"):
            spent = next(part for part in value.group("quoted", "listed", "plain") if part is not None)
            name = name if re.fullmatch(_TIMES, spent) else None
        if name is None or name in names:
            name = f"other_{at}"
        names.add(name)
        ends = '""' if value["quoted"] is not None else "[]" if value["listed"] is not None else ("", "")
        text += f"{value['blank']}{value['named'] or ''}{ends[0]}${{{name}}}{ends[1]}"
    return text if at == len(more) and names.intersection(_COUNTED) else None
