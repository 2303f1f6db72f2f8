"""log_format text → a parser of its lines: one compiled pattern that never looks at a character twice.

Every variable is matched by what it cannot hold: the first character of the literal behind it. nginx escapes that
character inside quotes (escape=default, json), so the pattern is exact there; with escape=none it is a good guess.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct

from wxalarm.logs import times
from wxalarm.patterns import compiled

MAX_LINE = 64 * 1024
"""Bytes of the longest line that is read; a longer one is skipped and counted."""
_TOKEN = compiled(r"\$\{(\w+)\}|\$(\w+)|([^$]+|\$)")
_WRAPPER = compiled(r"\s*log_format\s+\S+\s+(?:escape=(\w+)\s+)?(.*?);?\s*$", re.DOTALL)
_PART = compiled(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s'\";]+)")
TIMES = ("time_local", "time_iso8601", "msec")
"""Variables that date a line, the one that is read first."""
TALLIED = (
    "status",
    "body_bytes_sent",
    "request_time",
    "upstream_addr",
    "upstream_status",
    "upstream_response_time",
)
"""What is counted over a window."""
SHAPED = "combined-shaped"
"""The name of a format whose columns were told by the shape of their values, and by nothing else."""
PATHS = ("request", "request_uri", "uri", "document_uri")
_HOST = rb"[^\s/?\"]*+"
_SHAPES = {
    "time_local": times.LOCAL,
    "time_iso8601": rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d",
    "msec": rb"\d+",
    "status": rb"\d{3}",
    "body_bytes_sent": rb"(?:\d+|-)",
    "bytes_sent": rb"(?:\d+|-)",
    "request_length": rb"(?:\d+|-)",
    "request_time": rb"(?:\d+\.\d+|-)",
    "request_method": rb"[A-Za-z_-]*",
    "scheme": rb"[a-z]*",
    "host": _HOST,
    "http_host": _HOST,
    "server_name": _HOST,
}
_LOOSE = ("body_bytes_sent", "request_time", "host", "http_host", "server_name")
_FREE = ("http_user_agent", "http_referer", "request", "request_body")
"""May hold blanks also where the format puts no quotes around them."""


class Wanted(Struct, frozen=True):
    """Which requests count: the pushes, which WeChat sends by POST."""

    path: str | None = None
    """For this path; None when it is not known."""
    signed: bool = False
    """Pushes have a signature, a time and mostly a user in the query; when the path is not known, that tells them."""


Key = tuple[bytes, ...]
"""What is counted of a line, its time aside, as it stands there: equal keys have equal TALLIED fields."""


@dataclass(frozen=True)
class LineFormat:
    """One log_format. Raises ValueError, which lists what dates a line, when nothing does or when it has no $status."""

    name: str
    text: str
    escape: str = "default"

    def __post_init__(self) -> None:
        if self.time is None or "status" not in self.fields:
            raise ValueError(", ".join(f"${name}" for name in TIMES))

    @cached_property
    def tokens(self) -> tuple[tuple[str, str], ...]:
        """("variable", name) and ("literal", text), in order."""
        found: list[tuple[str, str]] = []
        for braced, plain, literal in _TOKEN.findall(self.text):
            name = braced or plain
            found.append(("variable", name) if name else ("literal", literal))
        return tuple(found)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The variables, in order."""
        return tuple(value for kind, value in self.tokens if kind == "variable")

    @property
    def time(self) -> str | None:
        """The variable that dates a line."""
        return next((name for name in TIMES if name in self.fields), None)

    @property
    def path_field(self) -> str | None:
        """The variable that holds the path asked for."""
        return next((name for name in PATHS if name in self.fields), None)

    def pattern(
        self,
        groups: Sequence[str],
        wanted: Wanted | None = None,
        *,
        until: str | None = None,
        strict: bool = True,
        runs: Sequence[range] = (),
    ) -> re.Pattern[bytes]:
        """A line after a line break, with a group for each of `groups` that the format has, in the format's order.

        wanted: only these requests. until: only as far as this variable; then what follows does not matter.
        strict: check that a number looks like one; else take what stands between the literals, which is faster, and
        begin with the first of `groups` where nothing inside a value can look like its surroundings.
        runs: of `runs`; each is a group, too.
        """
        counted = (value for run in runs for kind, value in self.tokens[run.start : run.stop] if kind == "variable")
        lead = 0 if strict else self._lead((*groups, *counted))
        parts = self._parts(groups, wanted, strict, lead)
        for run in runs:
            parts[run.start] = b"(" + parts[run.start]
            parts[run.stop - 1] += b")"
        head = b"" if lead else rb"\n"
        if until is not None:
            return compiled(head + b"".join(parts[lead : self._first(until) + 1]))
        return compiled(head + b"".join(parts[lead:]) + rb"[ \t\r]*(?=\n)")

    def runs(self, names: Sequence[str]) -> list[range]:
        """The places in `tokens` of these variables, taken together where nothing but literals is between them."""
        found: list[range] = []
        for place in sorted(self._first(name) for name in names if name in self.fields):
            if found and all(kind == "literal" for kind, _ in self.tokens[found[-1].stop : place]):
                found[-1] = range(found[-1].start, place + 1)
            else:
                found.append(range(place, place + 1))
        return found

    def part(self, run: range, names: Sequence[str]) -> re.Pattern[bytes]:
        """What a run holds, with a group for each of `names`, as `pattern` reads it when it is not strict."""
        return compiled(b"".join(self._parts(names, None, False, 0)[run.start : run.stop]))

    def _parts(self, groups: Sequence[str], wanted: Wanted | None, strict: bool, lead: int) -> list[bytes]:
        """The pattern of each token, in a group if it is the first of its name and that is one of `groups`."""
        parts: list[bytes] = []
        before = "".join(value for kind, value in self.tokens[:lead] if kind == "literal")
        for index, (kind, value) in enumerate(self.tokens):
            if kind == "literal":
                value = value.lstrip() if index and index == lead else value
                value = value.rstrip() if index + 1 == len(self.tokens) else value
                parts.append(_literal(value) if self.escape == "default" else re.escape(_bytes(value)))
                before += value if index >= lead else ""
                continue
            first = index == self._first(value)
            body = self._value(index, before, wanted if first else None, strict)
            body = b"(" + body + b")" if first and value in groups else body
            parts.append(body + rb"\.\d+" if value == "msec" else body)
        return parts

    @cached_property
    def _gives_back(self) -> int | None:
        """The first variable without a shape that touches one with a shape: the only one that may have to give back
        what it took. Two of them would be tried in all pairs of places."""
        for index, ((kind, value), (next_kind, after)) in enumerate(itertools.pairwise(self.tokens)):
            if kind == next_kind == "variable" and value not in _SHAPES and after in _SHAPES:
                return index
        return None

    def _first(self, name: str) -> int:
        """Where a variable first stands in `tokens`."""
        return self.tokens.index(("variable", name))

    def _lead(self, groups: Sequence[str]) -> int:
        """How many tokens before `[$time_local] "` need not be read: nginx escapes a quote inside a value."""
        needed = {*groups, "request_method", *PATHS} - {"time_local"}
        for index, (kind, value) in enumerate(self.tokens):
            if kind == "variable" and value in needed:
                return 0
            if (kind, value) == ("variable", "time_local"):
                if index == 0:
                    return 0
                behind = self.tokens[index + 1 : index + 2]
                safe = self.tokens[index - 1][1].endswith("[") and behind and behind[0][1].startswith('] "')
                return index - 1 if safe and self.escape == "default" else 0
        return 0

    def _end(self, index: int) -> str:
        """The character that ends the variable at an index of `tokens`."""
        kind, value = self.tokens[index + 1] if index + 1 < len(self.tokens) else ("literal", "\n")
        return value[0] if kind == "literal" else " "

    def _value(self, index: int, before: str, wanted: Wanted | None, strict: bool) -> bytes:
        name, end = self.tokens[index][1], self._end(index)
        if wanted is not None and name == "request_method":
            return b"POST"
        rest = self._rest(end, before)
        behind = self.tokens[index + 1 : index + 2]
        if end == " " and name == next((field for field in self.fields if field in _FREE), None):
            rest = rb"[^\n]*?"  # one a pattern: two would look at every pair of blanks
        elif rest.endswith(b"*") and (not behind or behind[0][0] == "literal" or index != self._gives_back):
            rest += b"+"  # what stands behind it begins with the one character that it cannot hold
        if wanted is not None and name == self.path_field:
            return (b"POST " if name == "request" else b"") + self._target(name, end, wanted) + rest
        if name == "time_local" and end == "]" and not strict:
            return rb"[^]]{26}"
        glued = bool(behind) and behind[0][0] == "variable"
        if name in _SHAPES and (strict or glued or name not in _LOOSE):
            return _SHAPES[name]
        if name.startswith("upstream_") and not name.startswith("upstream_http_") and end != '"':
            return _list(end)
        return rest

    def _target(self, name: str, end: str, wanted: Wanted) -> bytes:
        """The beginning of a path and query that is wanted."""
        stop = b" " + _class(end)
        if wanted.path is not None:
            return re.escape(wanted.path.encode("utf-8", "surrogateescape")) + rb"(?=[?#" + stop + rb"])"
        if wanted.signed and name in ("request", "request_uri"):
            return rb"[^?" + stop + rb"\n]*+\?(?=[^" + stop + rb"\n]*signature=)"
        return b""

    def _rest(self, end: str, before: str) -> bytes:
        """Anything up to the character `end`.

        A class of one character is much faster than one of two, so the line break is left out of it where that is
        safe: when `end` stands in the literals before, a broken line runs on to that character in the next line and
        fits no more; when it does not, lines without it would each be read to the end of the chunk.
        """
        if end == "\n":
            return rb"[^\r\n]*"
        stop = _class(end) if end in before and self.escape != "none" else rb"\n" + _class(end)
        if end == '"' and self.escape == "json":
            return rb"[^\\" + stop + rb"]*+(?:\\.[^\\" + stop + rb"]*+)*+"
        return rb"[^" + stop + rb"]*"


def _list(end: str) -> bytes:
    """The value of an $upstream_… without quotes: several after retries, split by ", " and " : "."""
    item = rb"[^\s,\"" + (b"" if end in " :," else _class(end)) + rb"]+"
    return rb"(?:" + item + rb"(?:(?:, | : )" + item + rb")*+)?+"


def _class(char: str) -> bytes:
    return (b"\\" if char in "\\]^-[" else b"") + _bytes(char)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _literal(text: str) -> bytes:
    """A literal; a run of blanks stands for one or more (the guide's own format has two in places)."""
    parts = re.findall(r"[ \t]+|[^ \t]+", text)
    found = b""
    for part in parts:
        if part[0] not in " \t":
            found += re.escape(_bytes(part))
            continue
        # Never shared with the blanks behind an empty value: with several of them there would be too many ways to.
        found += b"[ \t]++" if "\t" in part else b" ++"
    return found


def given(text: str, name: str = "given") -> LineFormat:
    """A format as a user writes it: the bare text, or a whole `log_format NAME 'text' 'more';`. Raises ValueError."""
    escape = "default"
    if match := _WRAPPER.match(text):
        escape = match[1] or "default"
        text = "".join(single or double or bare for single, double, bare in _PART.findall(match[2]))
    return LineFormat(name, text.strip("\r\n"), escape)


HEAD = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
"""The beginning that combined and most formats made of it have."""
_AGENT = HEAD + ' "$http_referer" "$http_user_agent"'
_FORWARDED = _AGENT + ' "$http_x_forwarded_for"'
KNOWN = (
    LineFormat(
        "guide",
        '$remote_addr  - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
        '"$http_user_agent" "$http_x_forwarded_for" "$host"  "$cookie_ssl_edition" "$upstream_addr"   '
        '"$upstream_status"  "$request_time"  "$upstream_response_time" ',
    ),
    LineFormat(
        "wechat", _FORWARDED + ' "$host" "$upstream_addr" "$upstream_status" "$request_time" "$upstream_response_time"'
    ),
    LineFormat(
        "timed",
        _FORWARDED
        + ' rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time"',
    ),
    LineFormat(
        "ingress",
        _AGENT + " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] "
        "$upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id",
    ),
    LineFormat("upstream", _FORWARDED + " $upstream_addr $request_time $upstream_response_time"),
    LineFormat("times", _FORWARDED + " $request_time $upstream_response_time"),
    LineFormat(
        "apisix",
        '$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time '
        '"$http_referer" "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time '
        '"$passed_to"',
    ),
    LineFormat("agent-times", _AGENT + " $request_time $upstream_response_time"),
    LineFormat(
        "nginx-proxy-manager",
        "[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host "
        '"$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server] '
        '"$http_user_agent" "$http_referer"',
    ),
    LineFormat("forwarded", _FORWARDED),
    LineFormat("combined", _AGENT),
    LineFormat("common", HEAD),
    LineFormat("combined-and-more", HEAD + "$any_more"),
)
"""Formats that are tried on lines whose log_format is not known; the ones that say most stand first."""
