"""Parsers of lines, by format: columns for counting (no object a line), records for the few lines that are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, Protocol

from wxalarm.logs import times
from wxalarm.logs.answered import NOTHING, UPSTREAM, tries
from wxalarm.logs.formats import KNOWN, PATHS, TALLIED, Key, LineFormat, Wanted

Record = Mapping[str, str]
"""One line by variable names."""


class LineParser(Protocol):
    """What reading a window needs of a format. A chunk is whole lines between one line break before and one behind."""

    @property
    def name(self) -> str:
        """The format's name."""
        ...

    @property
    def fields(self) -> Sequence[str]:
        """The variables that lines have."""
        ...

    def needle(self, status: bytes) -> bytes:
        """Bytes that every line with this status holds, and few others."""
        ...

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """Times and keys of all lines for the path; lines of another form are left out."""
        ...

    def values(self, key: Key) -> Sequence[bytes]:
        """The TALLIED fields of a key; "" for one that the format lacks."""
        ...

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """The times of all lines."""
        ...

    def seconds(self, time: bytes) -> float | None:
        """A time as `columns` and `times` give it, as Unix seconds."""
        ...

    def matches(self, line: bytes) -> bool:
        """Whether a line without its line break has this form."""
        ...

    def record(self, line: bytes) -> Record | None:
        """Such a line; None when it has another form."""
        ...


class TextParser:
    """Lines of a log_format."""

    def __init__(self, line_format: LineFormat, wanted: Wanted | None = None) -> None:
        self.format = line_format
        self.name = line_format.name
        self.fields = line_format.fields
        time = line_format.time
        assert time is not None
        self.seconds = times.local if time == "time_local" else times.epoch if time == "msec" else times.dated
        self._time_field, self._wanted = time, wanted
        self._whole = line_format.pattern(self.fields)
        place = line_format.tokens.index(("variable", "status"))
        around = (("literal", ""), *line_format.tokens, ("literal", ""))[place : place + 3]
        self._around = [
            value.encode("utf-8", "surrogateescape") if kind == "literal" else b""
            for kind, value in (around[0], around[2])
        ]

    # Most formats are only tried: what counts is made when there is something to count.

    @cached_property
    def _time(self) -> re.Pattern[bytes]:
        return self.format.pattern((self._time_field,), until=self._time_field)

    @cached_property
    def _tally(self) -> tuple[re.Pattern[bytes], int]:
        """The pattern of a line's time and runs, and where among them the time stands."""
        runs = self.format.runs(TALLIED)
        place = sum(run.start < self.format.tokens.index(("variable", self._time_field)) for run in runs)
        return self.format.pattern((self._time_field,), self._wanted, strict=False, runs=runs), place

    @cached_property
    def _runs(self) -> list[re.Pattern[bytes]]:
        return [self.format.part(run, TALLIED) for run in self.format.runs(TALLIED)]

    @cached_property
    def _order(self) -> list[int]:
        order = [name for name in dict.fromkeys(self.fields) if name in TALLIED]
        return [order.index(name) if name in order else -1 for name in TALLIED]

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return self._around[0][-1:] + status + self._around[1][:1]

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        tally, place = self._tally
        columns = list(zip(*tally.findall(chunk), strict=True))
        if not columns:
            return (), ()
        times = columns.pop(place)
        return times, list(zip(*columns, strict=True))

    def values(self, key: Key) -> Sequence[bytes]:
        """See LineParser."""
        found: list[bytes] = []
        for pattern, text in zip(self._runs, key, strict=True):
            match = pattern.fullmatch(text)
            found += match.groups() if match is not None else [b""] * pattern.groups
        found.append(b"")
        return [found[place] for place in self._order]

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        found: list[bytes] = self._time.findall(chunk)
        return found

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return self._whole.match(b"\n" + line + b"\n") is not None

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        match = self._whole.match(b"\n" + line + b"\n")
        if match is None:
            return None
        names = dict.fromkeys(self.fields)
        return {name: _text(value) for name, value in zip(names, match.groups(), strict=True)}


_text_parser = lru_cache(64)(TextParser)
"""A parser takes milliseconds to make, and one log after the other is tried for the same formats."""


_NAMES: dict[str, tuple[str, ...]] = {
    "time": ("time_local", "time_iso8601", "msec", "time", "@timestamp", "timestamp", "ts", "datetime", "date", "t"),
    "status": ("status", "status_code", "http_status", "code", "response_status", "downstreamstatus"),
    "body_bytes_sent": ("body_bytes_sent", "bytes_sent", "bytes", "size", "body_bytes", "downstreamcontentsize"),
    "request_time": ("request_time", "duration", "request_time_sec", "rt", "latency", "elapsed"),
    "upstream_addr": ("upstream_addr", "upstream", "upstream_host", "upstreamhost", "upstreamaddr"),
    "upstream_status": ("upstream_status", "upstreamstatus"),
    "upstream_response_time": ("upstream_response_time", "upstream_time", "urt", "upstreamtime", "responsetime"),
    "upstream_connect_time": ("upstream_connect_time", "uct"),
    "upstream_header_time": ("upstream_header_time", "uht"),
    "upstream_response_length": ("upstream_response_length",),
    "upstream_bytes_received": ("upstream_bytes_received",),
    "request": ("request", "request_line"),
    "request_uri": ("request_uri", "uri", "url", "path", "requestpath"),
    "request_method": ("request_method", "method", "requestmethod"),
    "args": ("args", "query_string", "query"),
    "remote_addr": ("remote_addr", "client", "client_ip", "clientip", "remote_ip", "clienthost"),
    "http_x_forwarded_for": ("http_x_forwarded_for", "x_forwarded_for", "xff"),
}
"""Keys that programs write in JSON lines, by the nginx variable they stand for."""
_DEPTH = 4


class JsonParser:
    """Lines that are one JSON object each, nested ones too, by the keys that are usual."""

    name = "json"

    def __init__(self, fields: Sequence[str], wanted: Wanted | None = None) -> None:
        self.fields = fields
        self.wanted = wanted
        self._absent = {name: "-" if name in fields else "" for name in TALLIED}
        self._left_out = {name: "-" for name in fields if name in UPSTREAM}
        """A line leaves out what it has no value for."""

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return status

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        times: list[bytes] = []
        keys: list[Key] = []
        for record in map(self.record, chunk.split(b"\n")):
            if record is not None and (self.wanted is None or fits(record, self.wanted)):
                times.append(record["time"].encode("utf-8", "replace"))
                keys.append(tuple(record.get(name, self._absent[name]).encode("utf-8", "replace") for name in TALLIED))
        return times, keys

    def values(self, key: Key) -> Sequence[bytes]:
        """See LineParser."""
        return key

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        records = map(self.record, chunk.split(b"\n"))
        return [record["time"].encode("utf-8", "replace") for record in records if record is not None]

    def seconds(self, time: bytes) -> float | None:
        """See LineParser. A date without a zone is no time: it might be off by hours."""
        dated = times.local(time) or (times.dated(time) if times.zone_of(time) is not None else None)
        return dated or (None if b":" in time else times.epoch(time))

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return self.record(line) is not None

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        try:
            value = json.loads(line) if line.lstrip()[:1] == b"{" else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        flat = dict(_flat(value, _DEPTH))
        found = {name: text for name, keys in _NAMES.items() if (text := _first(flat, keys)) is not None}
        return {**self._left_out, **found} if "time" in found and "status" in found else None


class Several:
    """Lines of more than one format in one log."""

    def __init__(self, parsers: Sequence[LineParser]) -> None:
        self._parsers = parsers
        self.name = ", ".join(parser.name for parser in parsers)
        self.fields = tuple(dict.fromkeys(name for parser in parsers for name in parser.fields))

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return status

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        times: list[bytes] = []
        keys: list[Key] = []
        for number, parser in enumerate(self._parsers):
            own_times, own_keys = parser.columns(chunk)
            times += own_times
            keys += [(b"%d" % number, *key) for key in own_keys]
        return times, keys

    def values(self, key: Key) -> Sequence[bytes]:
        """See LineParser."""
        return self._parsers[int(key[0])].values(key[1:])

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        lines = (b"\n" + line + b"\n" for line in chunk.split(b"\n") if line)
        return [time for line in lines for time in next(filter(None, (p.times(line) for p in self._parsers)), ())]

    def seconds(self, time: bytes) -> float | None:
        """See LineParser."""
        return next((found for parser in self._parsers if (found := parser.seconds(time)) is not None), None)

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return any(parser.matches(line) for parser in self._parsers)

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        return next((found for parser in self._parsers if (found := parser.record(line)) is not None), None)


def _flat(value: Mapping[str, Any], depth: int) -> Iterable[tuple[str, str]]:
    """Scalars by their own key, lower case; the outermost of equal keys wins because it comes last."""
    for item in value.values():
        if isinstance(item, Mapping) and depth:
            yield from _flat(item, depth - 1)
    for key, item in value.items():
        if isinstance(item, (str, int, float)) and not isinstance(item, bool):
            yield key.lower(), str(item)


def _first(flat: Mapping[str, str], keys: Iterable[str]) -> str | None:
    return next((flat[key] for key in keys if key in flat), None)


def path_of(record: Record) -> str | None:
    """The path that a line's request asked for, without its query; None when the line does not say."""
    target = target_of(record)
    return None if target is None else re.split(r"[?#]", target, maxsplit=1)[0]


def target_of(record: Record) -> str | None:
    """Path and query that a line's request asked for; None when the line does not say."""
    if "request" in record:
        words = record["request"].split(" ")
        return words[1] if len(words) > 1 else None
    target = next((record[name] for name in PATHS if name in record), None)
    arguments = record.get("args") or record.get("query_string")
    return f"{target}?{arguments}" if target and arguments and "?" not in target else target


def fits(record: Record, wanted: Wanted) -> bool:
    """Whether a line is of a request that counts; what it does not say is taken as right."""
    method = record["request"].partition(" ")[0] if "request" in record else record.get("request_method", "POST")
    if method != "POST":
        return False
    if wanted.path is not None:
        return path_of(record) in (wanted.path, None)
    return not wanted.signed or "signature=" in (target_of(record) or "signature=")


def detect(
    lines: Sequence[bytes], formats: Sequence[LineFormat] = (), wanted: Wanted | None = None
) -> LineParser | None:
    """The parser of a sample of lines: the one of `formats`, then of KNOWN, then JSON, that most lines fit.

    None when fewer than half of the lines fit any.
    """
    lines = [line for line in lines if line.strip()]
    if not lines:
        return None
    best: tuple[int, LineParser] | None = None
    for candidate in (*formats, *KNOWN):
        parser = _text_parser(candidate, wanted)
        known = sum(map(parser.matches if candidate in formats else partial(_guessed, parser), lines))
        if best is None or known > best[0]:
            best = (known, parser)
        if known == len(lines):
            break
    if best is None or best[0] < len(lines):
        of_json = _json(lines, wanted)
        best = of_json if best is None or of_json[0] > best[0] else best
    parsers = (best[1], *(_others(best[1], lines, formats, wanted) if 0 < best[0] < len(lines) else ()))
    found = Several(parsers) if len(parsers) > 1 else best[1]
    return found if sum(map(found.matches, lines)) * 2 >= len(lines) else None


_STATUS = r"(?:\d{3}|-)?"
_SECONDS = r"(?:\d+\.\d{3}|-)?"
_ROUNDING = 0.01
"""Seconds by which nginx's two clocks of one request may differ in what it logs."""


def _guessed(parser: LineParser, line: bytes) -> bool:
    """Whether a line fits a format that nobody named: its values must be what nginx writes there, and a request must
    have taken as long as its upstreams. Else two numbers at the end of a line could be taken for each other."""
    record = parser.record(line)
    if record is None:
        return False
    parts = {name: tries(record[name]) for name in UPSTREAM if name in record}
    if not all(re.fullmatch(_STATUS, part) for part in parts.get("upstream_status", ())):
        return False
    times = [part for name, found in parts.items() if name.endswith("_time") for part in found]
    if not all(re.fullmatch(_SECONDS, part) for part in times):
        return False
    took = record.get("request_time", "-")
    spent = sum(float(part) for part in parts.get("upstream_response_time", ()) if part not in NOTHING)
    return took == "-" or spent <= float(took) + _ROUNDING * len(parts.get("upstream_response_time", ()))


def _json(lines: Sequence[bytes], wanted: Wanted | None) -> tuple[int, JsonParser]:
    """(how many of the lines are JSON, a parser with the fields that these have)."""
    plain = JsonParser(())
    records = [record for line in lines if (record := plain.record(line)) is not None]
    records = [record for record in records if plain.seconds(record["time"].encode("utf-8", "replace")) is not None]
    return len(records), JsonParser([name for name in _NAMES if any(name in record for record in records)], wanted)


def _others(
    best: LineParser, lines: Sequence[bytes], formats: Sequence[LineFormat], wanted: Wanted | None
) -> list[LineParser]:
    """Parsers of lines that the best one does not read: two servers write one log, or its format was changed."""
    found: list[LineParser] = []
    rest = [line for line in lines if not best.matches(line)]
    for candidate in (*formats, *KNOWN[:-1]):
        parser = _text_parser(candidate, wanted)
        fits = parser.matches if candidate in formats else partial(_guessed, parser)
        if any(map(fits, rest)):
            found.append(parser)
            rest = [line for line in rest if not fits(line)]
    known, of_json = _json(rest, wanted)
    return [*found, of_json] if known else found


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
