"""Parsers of lines, by format: columns for counting (no object a line), records for the few lines that are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, Literal, Protocol

import msgspec

from wxalarm.logs import columns, durations, learned, moments, plain, rails, shipped, times
from wxalarm.logs.answered import NOTHING, UPSTREAM, tries
from wxalarm.logs.formats import KNOWN, PATHS, TALLIED, Key, LineFormat, Wanted
from wxalarm.logs.frameworks import FRAMEWORKS, Framework
from wxalarm.patterns import later

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

    @property
    def queries(self) -> bool:
        """Whether its lines hold what was asked behind the path, too."""
        ...

    @property
    def guessed(self) -> frozenset[str]:
        """What of its values nothing says: "unit" of durations, "zone" and "date" of times."""
        ...

    @property
    def asked(self) -> str | None:
        """The form and the key whose unit nothing says: "json latency"."""
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

    def rest(self) -> tuple[Sequence[bytes], Sequence[Key]]:
        """As `columns`: what it held back because its end had not come yet."""
        ...

    def join(self, chunk: bytes) -> None:
        """Look at a chunk that is not counted, so that `record` knows how its requests ended."""
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
        """Such a line; None when it has another form, or when how its request ended has not been seen yet."""
        ...


class Lines:
    """A form of which each line is a request."""

    def rest(self) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        return (), ()

    def join(self, chunk: bytes) -> None:
        """See LineParser."""


class TextParser(Lines):
    """Lines of a log_format."""

    guessed: frozenset[str] = frozenset()
    asked: str | None = None

    def __init__(self, line_format: LineFormat, wanted: Wanted | None = None) -> None:
        self.format = line_format
        self.name = line_format.name
        self.fields = line_format.fields
        self.queries = bool({"request", "request_uri", "args"} & set(line_format.fields))
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


_STARTS = ("startutc", "start_time", "starttime", "startlocal", "start", "started_at", "edgestarttimestamp")
"""Keys of the time at which a request began."""
_NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        *(
            "time_local",
            "time_iso8601",
            "msec",
            "time",
            "@timestamp",
            "timestamp",
            "ts",
            "datetime",
            "date",
        ),
        *("t", "time_unix", "__time__", "__timestamp__", "epochsecond", "edgeendtimestamp", "logtime", "log_time"),
        *("reqtime", "created_at", *_STARTS),
    ),
    "status": (
        "status",
        "status_code",
        "http_status",
        "code",
        "response_status",
        "response_code",
        "downstreamstatus",
        "statuscode",
        "sc-status",
        *("response_code", "responsecode", "http_status_code", "httpstatus", "http.status_code"),
        *("http.response.status_code", "edgeresponsestatus", "upstreamstatuscode"),
    ),
    "body_bytes_sent": (
        *("body_bytes_sent", "bytes_sent", "bytes_out", "bytes", "size", "body_bytes", "downstreamcontentsize"),
        *("sc-bytes", "edgeresponsebytes"),
    ),
    "upstream_addr": ("upstream_addr", "upstream", "upstream_host", "upstreamhost", "upstreamaddr", "serviceaddr"),
    "upstream_status": ("upstream_status", "upstreamstatus", "originstatus", "originresponsestatus"),
    "upstream_response_time": ("upstream_response_time", "upstream_time", "urt", "upstreamtime"),
    "upstream_connect_time": ("upstream_connect_time", "uct"),
    "upstream_header_time": ("upstream_header_time", "uht"),
    "upstream_response_length": ("upstream_response_length",),
    "upstream_bytes_received": ("upstream_bytes_received",),
    "request": ("request", "request_line"),
    "request_uri": (
        "request_uri",
        "uri",
        "url",
        "path",
        "requestpath",
        "cs-uri-stem",
        "clientrequesturi",
        "requesturl",
        "request_url",
        "request_path",
        "url.original",
        "original",
        "url.path",
        "http.target",
        "http.url",
    ),
    "request_method": (
        "request_method",
        "method",
        "requestmethod",
        "cs-method",
        "clientrequestmethod",
        "http.method",
        "http.request.method",
        "verb",
    ),
    "args": ("args", "query_string", "query", "cs-uri-query"),
    "remote_addr": (
        "remote_addr",
        "client",
        "client_ip",
        "clientip",
        "remote_ip",
        "clienthost",
        "ip",
        "c-ip",
        "remoteip",
        "client.ip",
    ),
    "http_x_forwarded_for": ("http_x_forwarded_for", "x_forwarded_for", "xff"),
}
"""Keys that programs write, in lower case, by the nginx variable they stand for."""
LEFT = b"499"
"""The status of a request whose client left before its answer: nginx's own, here of all servers that mark it."""
_WIN32 = "sc-win32-status"
_GONE = ("64", "1236")
"""ERROR_NETNAME_DELETED, ERROR_CONNECTION_ABORTED: IIS could not send its answer, the connection was gone."""
_UNSENT = "121"
"""ERROR_SEM_TIMEOUT: nobody took the answer in time; who is to blame is not said."""
_CADDY = "http.log.access"
_FLAGS = "response_flags"
"""Envoy's; DC: the client left."""
_HELD = 10_000
"""Requests kept to be looked at by their lines."""
_ZONED = rb" (?=[+-])"
_DEPTH = 4
_COLOUR = later(rb"\x1b\[[0-9;]*m")
_LABELLED = re.compile(
    r"([A-Za-z_@][\w.@-]*)(?:=|: )(\"(?:[^\"\\]|\\.)*+\"|[\d.]++ (?:ns|µs|μs|us|ms|s)(?![^\s,;])|[^\s\"]*+)"
)
_PREFIX = later(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{4}/\d\d/\d\d(?: -)? \d\d:\d\d:\d\d(?:[.,]\d+)?|\d\d?/\d\d?/\d{4},? \d\d?:\d\d:\d\d [AP]M"
    r"|\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
)
"""The time that a logger, a container or the journal puts before a line."""
_CLOCK = later(r"\W{0,3}(\d\d:\d\d:\d\d(?:[.,]\d+)?)(?![\d:])")
_OF_DAY = r"\d\d:\d\d:\d\d(?:[.,]\d+)?\Z"
"""A time without a date."""
_HOST = re.compile(r"^https?://[^/\s]*(?=/)")
_PREFIXED = 120
"""Characters in which it stands."""
_STOPS = ("", "?", "#")
_TOOK = TALLIED.index("request_time")
_Quick = Callable[[bytes], tuple[bytes, Key] | Literal[False] | None]
"""Time and key of a line; False for one that does not count, None for one that has to be read in full."""
Read = Callable[[bytes], Mapping[str, str] | None]
"""The keys and values of one line, keys in lower case; None for a line of another form."""


class RecordParser(Lines):
    """Lines that give keys and values: documents, labelled lines, columns, request lines of frameworks."""

    def __init__(
        self,
        name: str,
        read: Read,
        wanted: Wanted | None = None,
        *,
        fields: Sequence[str] = (),
        zone: int | None = None,
        unit: str | None = None,
        fraction: bool = False,
        units: Mapping[str, str] | None = None,
        guessed: frozenset[str] = frozenset(),
        asked: str | None = None,
        left: bytes = b"",
        near: float | None = None,
        more: Mapping[str, str] | None = None,
        refuted: bool = False,
    ) -> None:
        self.name, self._read, self.wanted, self.fields = name, read, wanted, fields
        self.guessed, self.asked = guessed, asked
        self._zone, self._unit, self._units, self._near = zone, unit, units or {}, near
        self._fraction = fraction
        self._absent = {name: "-" if name in fields else "" for name in TALLIED}
        self._left_out = {name: "-" for name in fields if name in UPSTREAM}
        """A line leaves out what it has no value for."""
        self._quick: _Quick | None = None
        self.queries = False
        self._refuted = refuted
        """Some durations are too long for the unit that the others seem to have: no likely unit is left."""
        self._more = more or {}
        """What every line has beside what it says: "starts", "by"."""
        self._left = left
        """What stands in every line that marks in its own way that the client left."""

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return self._left if self._left and status == LEFT else status

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        times: list[bytes] = []
        keys: list[Key] = []
        segment, quick = self._segment, self._quick
        for line in chunk.split(b"\n"):
            if segment not in line:
                continue
            found = quick(line) if quick is not None else None
            if found is None:
                record = self.record(line)
                if record is None or (self.wanted is not None and not fits(record, self.wanted)):
                    continue
                key = tuple(record.get(name, self._absent[name]).encode("utf-8", "replace") for name in TALLIED)
                found = record["time"].encode("utf-8", "replace"), key
            elif not found:
                continue
            times.append(found[0])
            keys.append(found[1])
        return times, keys

    @cached_property
    def _segment(self) -> bytes:
        """What every line for the path holds; nothing when that is not known. "/" may be escaped."""
        path = self.wanted.path if self.wanted is not None else None
        if path is None or not {"request", *PATHS} & set(self.fields):
            return b""
        plain = [part for part in path.split("/") if re.fullmatch(r"[\w.~-]+", part, re.ASCII)]
        return max(plain, key=len, default="").encode()

    def learn(self, lines: Sequence[bytes]) -> None:
        """Learn from a sample of documents where the values stand: the others of their kind are decoded no further than
        that. A line that lacks one of them is read as any other."""
        documents = [value for line in lines if (value := _document(line)) is not None]
        names = ("time", "status", *("request_method", "request_uri", "request"), *TALLIED[1:])
        found: dict[str, learned.Path] = {}
        units = dict(self._units)
        for value in documents:
            flat = dict(_flat(value, _DEPTH))
            paths, took = learned.paths(value), self.took(flat)
            if took is not None and took.unit is not None:
                units.setdefault(took.key, took.unit)
            for name in names:
                keys = _NAMES.get(name, ()) if name != "request_time" else (took.key,) if took is not None else ()
                # A "request" that is no line is a duration or an id, as in `record`.
                there = (key for key in keys if key in paths and (name != "request" or " " in flat[key]))
                place = next((paths[key] for key in there), None)
                if place is not None:
                    found.setdefault(name, place)
        if "request" in found:
            found = {name: place for name, place in found.items() if name not in ("request_method", "request_uri")}
        asked = {"request"} if "request" in found else {"request_method", "request_uri"}
        if self.wanted is None or not {"time", "status", *asked} <= set(found) or "args" in self.fields:
            return
        took_key = found["request_time"][-1].lower() if "request_time" in found else ""
        values = learned.decoder(list(found.values()))
        self._quick = self._reader(list(found), values, lambda text: durations.took({took_key: text}, units))

    def learn_form(self, framework: Framework) -> None:
        """Learn which parts of a framework's request line are counted."""
        pattern = framework.pattern
        parts = {name: name for name in ("time", "status", "request_method", "request_uri", *TALLIED[1:])}
        parts["request_time"] = "took"
        order = [name for name, part in parts.items() if part in pattern.groupindex and name in self.fields]
        if self.wanted is None or not {"time", "request_method", "request_uri"} <= set(order):
            return
        names = [parts[name] for name in order]

        def values(line: bytes) -> tuple[Any, ...] | None:
            if b"\x1b" in line:
                return None
            match = pattern.search(line.decode("utf-8", "replace"))
            if match is None:
                return ()
            return None if "left" in pattern.groupindex and match["left"] else match.group(*names)

        self._quick = self._reader(order, values, lambda text: self.took({"took": text}))

    def _reader(
        self, order: Sequence[str], values: learned.Values, spent: Callable[[str], durations.Took | None]
    ) -> _Quick:
        """A reader of lines by the values that are named in `order`. spent: reads a duration."""
        at = {name: order.index(name) for name in order}
        time, status, whole = at["time"], at["status"], "request" in at
        method, uri = (at["request"],) * 2 if whole else (at["request_method"], at["request_uri"])
        took = at.get("request_time")
        rest = [(at.get(name), self._absent[name].encode()) for name in TALLIED]
        wanted = self.wanted
        assert wanted is not None

        @lru_cache(4096)
        def text(value: object) -> bytes:
            return str(value).encode("utf-8", "replace")

        @lru_cache(65536)
        def seconds(value: object) -> bytes | None:
            made = spent(str(value))
            return None if made is None else f"{round(made.seconds, 6):g}".encode() if made.seconds is not None else b""

        def read(line: bytes) -> tuple[bytes, Key] | Literal[False] | None:
            got = values(line)
            if not got or None in got:
                return None if got is None or got else False
            target = got[uri]
            if not isinstance(target, str):
                return None
            if whole:
                asked, _, target = target.partition(" ")
                target = target.partition(" ")[0]
            else:
                asked = got[method]
            if asked != "POST":
                return False
            if not target.startswith("/") and not (target := _HOST.sub("", target)).startswith("/"):
                return None
            if wanted.path is not None:
                if not target.startswith(wanted.path) or target[len(wanted.path) : len(wanted.path) + 1] not in _STOPS:
                    return False
            elif wanted.signed and "signature=" not in target:
                return False
            if not text(got[status]).isdigit() or text(got[status]) == b"0":
                return None
            key = [absent if place is None else text(got[place]) for place, absent in rest]
            if took is not None:
                duration = seconds(got[took])
                if not duration:
                    return None
                key[_TOOK] = duration
            return text(got[time]), tuple(key)

        return read

    def values(self, key: Key) -> Sequence[bytes]:
        """See LineParser."""
        return key

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        records = map(self.record, chunk.split(b"\n"))
        return [record["time"].encode("utf-8", "replace") for record in records if record is not None]

    def seconds(self, time: bytes) -> float | None:
        """See LineParser. A time without a zone is none as long as the zone is not known: it might be off by hours."""
        time = time.strip(b"[]")  # as Tomcat's JSON has it
        if (found := moments.with_zone(time)) is not None or self._zone is None:
            return found
        plain = moments.naive(time)
        if plain is None and self._near is not None:
            plain = moments.clock(time, self._near + self._zone)
        return None if plain is None else plain - self._zone

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return self.record(line) is not None

    def took(self, flat: Mapping[str, str]) -> durations.Took | None:
        """How long a line's request took."""
        if self.name not in _STRICT or "took" not in flat or self._fraction:
            found = durations.took(flat, self._units)
            return found._replace(seconds=None) if found is not None and found.guessed and self._refuted else found
        seconds = durations.read(flat["took"], self._unit or self._units.get("took"))
        # A form that is written in two units has no likelier one.
        return durations.Took(seconds, seconds is None, "took") if flat["took"] != "-" else None

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        line = _uncoloured(line)
        flat = self._read(line)
        if flat is None:
            return None
        found = {name: text for name, keys in _NAMES.items() if (text := _first(flat, keys)) is not None}
        if " " not in found.get("request", " "):
            del found["request"]  # a duration or an id under this name
        if (left := _left(flat)) is not None:
            found |= {"left": left} if flat.get(_WIN32) == _UNSENT else {"status": LEFT.decode(), "left": left}
        if "status" not in found or not found["status"].strip("-").isdigit():
            return None
        if found.get("time") and not re.match(_OF_DAY, found["time"]):
            if next(key for key in _NAMES["time"] if key in flat) in _STARTS:
                found["starts"] = ""
        elif (prefix := _PREFIX.search(line[:_PREFIXED].decode("utf-8", "replace"))) is not None:
            found["time"] = prefix[0]
        elif (stamp := moments.STAMP.search(line)) is not None:
            found |= {"time": stamp[1].decode(), "starts": ""}  # WeChat's own time of the push
        elif not found.get("time"):
            if (of_day := _CLOCK.match(line[:_PREFIXED].decode("utf-8", "replace"))) is None:
                return None
            found["time"] = of_day[1]
        if (took := self.took(flat)) is not None and took.seconds is not None:
            found["request_time"] = f"{round(took.seconds, 6):g}"
        return {**self._left_out, **self._more, **found}

    def told(self, lines: Sequence[bytes], local: int | None, near: float | None = None) -> RecordParser | None:
        """A parser with what a sample of its lines says: fields, and the zone, by WeChat's own clock in the queries,
        else that of this machine. near: Unix seconds of the alarm, whose day is taken for lines without a date. None
        when no line can be dated."""
        flats = [(line, flat) for line in map(_uncoloured, lines) if (flat := self._read(line)) is not None]
        records = [(line, record) for line, _ in flats if (record := self.record(line)) is not None]
        guesses = [took for _, flat in flats if (took := self.took(flat)) is not None and took.guessed]
        unsaid = {took.key for took in guesses}
        guessed = {"unit"} if unsaid else set()
        zone = self._zone
        if zone is None:
            plain = [(moments.naive(record["time"].encode()), moments.STAMP.search(line)) for line, record in records]
            zone = moments.zone((at, float(stamp[1])) for at, stamp in plain if at is not None and stamp is not None)
            undated = any(at is not None for at, _ in plain)
            if zone is None and undated and local is not None:
                zone = local
                guessed.add("zone")
        dayless = any(re.match(_OF_DAY, record["time"]) for _, record in records)
        if dayless and local is not None:
            zone = local if zone is None else zone
            guessed.update(("zone", "date"))
        names = (*_NAMES, "request_time")
        made = RecordParser(
            self.name,
            self._read,
            self.wanted,
            fields=[name for name in names if any(name in record for _, record in records)],
            zone=zone,
            unit=self._unit,
            fraction=self._fraction,
            units=self._units,
            guessed=frozenset(guessed),
            asked=f"{self.name.lower()} {min(unsaid)}" if unsaid else None,
            left=next((mark for _, flat in flats if (mark := _mark(flat))), self._left),
            near=near if dayless else None,
            more=self._more,
            refuted=any(took.seconds is None for took in guesses),
        )
        made.queries = any("?" in (target_of(record) or "") for _, record in records)
        if self._read is _json_read:
            made.learn(lines)
        elif (framework := next((one for one in FRAMEWORKS if one.name == self.name), None)) is not None:
            made.learn_form(framework)
        return made if any(made.seconds(record["time"].encode()) is not None for _, record in records) else None


def _uncoloured(line: bytes) -> bytes:
    """A line without what colours it on a terminal."""
    return _COLOUR.sub(b"", line) if b"\x1b" in line else line


def _more(framework: Framework) -> Mapping[str, str]:
    """What all lines of a form have in common."""
    starts = {"starts": ""} if framework.starts else {}
    return starts if framework.passes else {**starts, "by": "application"}


def _left(flat: Mapping[str, str]) -> str | None:
    """How a line of another server than nginx marks that its answer did not arrive; None for none."""
    if "left" in flat:
        return flat["left"]
    if flat.get(_WIN32) in (*_GONE, _UNSENT):
        return f"{_WIN32} {flat[_WIN32]}"
    if "DC" in flat.get(_FLAGS, "").split(","):
        return "DC"
    return "status 0" if _of_caddy(flat) and flat.get("status") == "0" else None


def _mark(flat: Mapping[str, str]) -> bytes:
    """What stands in every document of such a server that marks so."""
    return _CADDY.encode() if _of_caddy(flat) else b"DC" if _FLAGS in flat else b""


def _of_caddy(flat: Mapping[str, str]) -> bool:
    return flat.get("logger", "").startswith(_CADDY)


def _document(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line, behind what a container puts before it."""
    start = line.find(b"{", 0, _PREFIXED)
    try:
        value = msgspec.json.decode(line[start:]) if start >= 0 else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _json_read(line: bytes) -> Mapping[str, str] | None:
    """One JSON object, nested ones too."""
    value = _document(line)
    return dict(_flat(value, _DEPTH)) if value is not None else None


_MESSAGES = (
    "message",
    "msg",
    "content",
    "log",
    "event",
    "text",
    "short_message",
    "log_message",
    "body",
    "textpayload",
    "line",
)
"""Keys behind which loggers put what a program said."""


def _message_read(line: bytes) -> Mapping[str, str] | None:
    """One JSON object whose message is a request line, of nginx or of anybody."""
    value = _document(line)
    flat = dict(_flat(value, _DEPTH)) if value is not None else {}
    for text in (flat[key] for key in _MESSAGES if key in flat):
        if (found := _of_nginx(text) or plain.read(text)) is not None:
            return {**flat, **found}
    return None


def _of_nginx(text: str) -> Record | None:
    """A line of one of nginx's usual formats, behind what a journal puts before it."""
    line = shipped.bare(text.strip().encode("utf-8", "replace"))
    parsers = (_text_parser(known) for known in KNOWN[:-1])
    return next((parser.record(line) for parser in parsers if _guessed(parser, line)), None) if b'] "' in line else None


def _plain_read(line: bytes) -> Mapping[str, str] | None:
    """A request line of a program that nobody has listed."""
    return plain.read(line.decode("utf-8", "replace"))


def _labelled_read(line: bytes) -> Mapping[str, str] | None:
    """key=value, as logfmt prints it and people do."""
    pairs = _LABELLED.findall(line.decode("utf-8", "replace"))
    found = {key.lower(): value.rstrip(",;").strip('"') for key, value in pairs}
    if len(found) <= 2:
        return None
    if not any(key in found for key in _ASKED) and (asked := _plain_read(line)) is not None:
        return {**found, **asked}
    return found


_ASKED = (*_NAMES["request"], *_NAMES["request_uri"])


def _framework_read(framework: Framework) -> Read:
    """The named parts of a framework's request line."""
    pattern = framework.pattern

    def read(line: bytes) -> Mapping[str, str] | None:
        match = pattern.search(line.decode("utf-8", "replace"))
        return None if match is None else {name: text for name, text in match.groupdict().items() if text is not None}

    return read


_STRICT = frozenset(one.name for one in FRAMEWORKS)
"""Forms that no other line has by chance."""
_FIELDS = b"#Fields: "
_IIS = b"#Software: Microsoft"
_JSON = RecordParser("json", _json_read)


def _records(
    lines: Sequence[bytes], wanted: Wanted | None, local: int | None, units: Mapping[str, str], near: float | None
) -> Iterator[tuple[int, LineParser]]:
    """(how many of the lines it reads, parser) for each form of keys and values that any line has."""
    candidates = [
        RecordParser("json", _json_read, wanted, units=units),
        *(
            RecordParser(
                one.name,
                _framework_read(one),
                wanted,
                unit=one.unit,
                fraction=one.fraction,
                units=units,
                left=one.left.encode(),
                more=_more(one),
            )
            for one in FRAMEWORKS
        ),
        RecordParser("labelled", _labelled_read, wanted, units=units),
    ]
    fields = next((line for line in lines if line.startswith(_FIELDS)), None)
    if fields is not None:
        names = fields.decode("utf-8", "replace")[len(_FIELDS) :].lower().split()
        if any(line.startswith(_IIS) for line in lines):
            units = {"time-taken": "ms", **units}
        mark = "\t" if any(b"\t" in line for line in lines if not line.startswith(b"#")) else " "
        w3c = RecordParser("W3C", columns.reader(names, mark), wanted, zone=0, units=units, left=b"POST")
        candidates.insert(0, w3c)
    elif (head := columns.header(lines[0])) is not None and set(head[1]) & set(_NAMES["status"]):
        candidates.insert(0, RecordParser("CSV", columns.reader(head[1], head[0]), wanted, units=units))
    began = sum(map(rails.is_one, lines))
    if began:
        yield began, RailsParser(wanted)
    for candidate in candidates:
        known = sum(map(candidate.matches, lines))
        if known and (told := candidate.told(lines, local, near)) is not None:
            yield known, told


NAMED = frozenset({"json", "labelled", "csv", "w3c"} | {one.name.lower() for one in FRAMEWORKS if one.asks})
"""Forms whose durations may be of a unit that only the user can say."""


class RailsParser:
    """Requests of Rails, which are written over several lines: those that have ended are counted."""

    name = "Rails"
    fields: Sequence[str] = ("time", "status", "request_method", "request_uri", "remote_addr", "request_time")
    guessed: frozenset[str] = frozenset()
    asked: str | None = None
    queries = True

    def __init__(self, wanted: Wanted | None = None) -> None:
        self._wanted = wanted
        self._requests = rails.Requests()
        self._records: dict[bytes, Record] = {}
        """By their first lines, those that ended lately."""

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return b" POST "

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        if len(self._records) > _HELD:
            self._records.clear()
        return self._counted(self._requests.feed(chunk))

    def join(self, chunk: bytes) -> None:
        """See LineParser."""
        self.columns(chunk)

    def rest(self) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        return self._counted(self._requests.rest())

    def _counted(
        self, requests: Iterable[tuple[rails.Began, rails.Ended | None]]
    ) -> tuple[Sequence[bytes], Sequence[Key]]:
        found: list[tuple[bytes, Key]] = []
        for began, ended in requests:
            record = self._records[began.line] = self._record(began, ended)
            if self._wanted is None or fits(record, self._wanted):
                found.append((record["time"].encode(), tuple(record.get(name, "-").encode() for name in TALLIED)))
        return [time for time, _ in found], [key for _, key in found]

    def _record(self, began: rails.Began, ended: rails.Ended | None) -> Record:
        took = ended.took if ended is not None else None
        at = times.dated(re.sub(_ZONED, b"", began.time)) or 0.0
        record = {
            "time": f"{at if began.ends else at + (took or 0.0):.3f}",
            "status": ended.status if ended is not None else "-",
            "request_method": began.method,
            "request_uri": began.uri,
            "remote_addr": began.ip,
            "by": "application",
        }
        return record if took is None else {**record, "request_time": f"{took:g}"}

    def values(self, key: Key) -> Sequence[bytes]:
        """See LineParser."""
        return key

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        return [event.time for _, event in rails.events(chunk) if isinstance(event, rails.Began)]

    def seconds(self, time: bytes) -> float | None:
        """See LineParser."""
        return times.dated(re.sub(_ZONED, b"", time)) if b":" in time else times.epoch(time)

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return rails.is_one(line)

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        return self._records.get(line)


class Several:
    """Lines of more than one format in one log."""

    def __init__(self, parsers: Sequence[LineParser]) -> None:
        self._parsers = parsers
        self.name = ", ".join(parser.name for parser in parsers)
        self.fields = tuple(dict.fromkeys(name for parser in parsers for name in parser.fields))
        self.queries = any(parser.queries for parser in parsers)
        self.guessed = frozenset[str]().union(*(parser.guessed for parser in parsers))
        self.asked = next((parser.asked for parser in parsers if parser.asked), None)

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

    def rest(self) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        found = [(number, *parser.rest()) for number, parser in enumerate(self._parsers)]
        keys = [(b"%d" % number, *key) for number, _, keys in found for key in keys]
        return [time for _, times, _ in found for time in times], keys

    def join(self, chunk: bytes) -> None:
        """See LineParser."""
        for parser in self._parsers:
            parser.join(chunk)

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


class Within:
    """Lines behind what a container, a shipper or a journal put around them."""

    guessed: frozenset[str]
    asked: str | None

    def __init__(self, parser: LineParser, inner: Callable[[bytes], bytes]) -> None:
        self._parser, self._inner = parser, inner
        self.name, self.fields, self.queries = parser.name, parser.fields, parser.queries
        self.guessed, self.asked = parser.guessed, parser.asked
        self.needle, self.values, self.rest, self.seconds = parser.needle, parser.values, parser.rest, parser.seconds

    def _chunk(self, chunk: bytes) -> bytes:
        return b"\n".join(self._inner(line) if line else line for line in chunk.split(b"\n"))

    def columns(self, chunk: bytes) -> tuple[Sequence[bytes], Sequence[Key]]:
        """See LineParser."""
        return self._parser.columns(self._chunk(chunk))

    def join(self, chunk: bytes) -> None:
        """See LineParser."""
        self._parser.join(self._chunk(chunk))

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """See LineParser."""
        return self._parser.times(self._chunk(chunk))

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return self._parser.matches(self._inner(line))

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        return self._parser.record(self._inner(line))


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
        return _HOST.sub("", words[1].replace("&amp;", "&")) if len(words) > 1 else None
    target = next((record[name] for name in PATHS if name in record), None)
    arguments = record.get("args") or record.get("query_string")
    if target and arguments and "?" not in target:
        target = f"{target}?{arguments}"
    return target and _HOST.sub("", target.replace("&amp;", "&"))


def fits(record: Record, wanted: Wanted) -> bool:
    """Whether a line is of a request that counts; what it does not say is taken as right."""
    method = record["request"].partition(" ")[0] if "request" in record else record.get("request_method", "POST")
    if method != "POST":
        return False
    if wanted.path is not None:
        return path_of(record) in (wanted.path, None)
    return not wanted.signed or "signature=" in (target_of(record) or "signature=")


def detect(
    lines: Sequence[bytes],
    formats: Sequence[LineFormat] = (),
    wanted: Wanted | None = None,
    *,
    local: int | None = None,
    units: Mapping[str, str] | None = None,
    near: float | None = None,
) -> LineParser | None:
    """The parser of a sample of lines: the one of `formats`, then of KNOWN, then documents, labelled lines, columns
    and the request lines of frameworks, that most lines fit.

    None when fewer than half of the lines fit any; of a framework's request lines any share will do, as they stand
    among what else an application logs. local: this machine's zone, for times that nothing else dates. units: of the
    durations behind these keys, as the user named them. near: Unix seconds of the alarm, whose day is taken for times
    without a date.
    """
    lines = [line for line in lines if line.strip()]
    if not lines:
        return None
    if any(map(shipped.is_docked, lines)):
        inner = detect(list(map(shipped.undocked, lines)), formats, wanted, local=local, units=units, near=near)
        return Within(inner, shipped.undocked) if inner is not None else None
    given, lines = lines, [line for line in lines if not line.startswith(b"#")]
    best: tuple[int, LineParser] | None = None
    for candidate in (*formats, *KNOWN):
        parser: LineParser = _text_parser(candidate, wanted)
        known = sum(map(parser.matches if candidate in formats else partial(_guessed, parser), lines))
        if best is None or known > best[0]:
            best = (known, parser)
        if known == len(lines):
            break
    if (best is None or best[0] < len(lines)) and any(shipped.bare(line) != line for line in lines):
        for candidate in (*formats, *KNOWN[:-1]):
            behind = Within(_text_parser(candidate, wanted), shipped.bare)
            fits_it = behind.matches if candidate in formats else partial(_guessed, behind)
            known = sum(map(fits_it, lines))
            # Of the plain forms others have their own, which say whose they are.
            if known and (best is None or known > best[0]) and set(candidate.fields) & {"request_time", *UPSTREAM}:
                best = (known, behind)
    alone = isinstance(best[1], Within) if best is not None and best[0] else False
    if best is None or best[0] < len(lines) or best[1].name == KNOWN[-1].name:
        for known, parser in _records(given, wanted, local, units or {}, near):
            more = best is not None and known == best[0] and best[1].name == KNOWN[-1].name
            if best is None or known > best[0] or (more and ("request_time" in parser.fields or parser.asked)):
                best, alone = (known, parser), parser.name in _STRICT or parser.name == RailsParser.name
    parsers = (
        (best[1], *(_others(best[1], lines, formats, wanted) if best and 0 < best[0] < len(lines) else ()))
        if best
        else ()
    )
    if not parsers or best is None or not best[0]:
        return _last_resort(lines, wanted, local, units or {}, near)
    found = Several(parsers) if len(parsers) > 1 else best[1]
    return found if alone or sum(map(found.matches, lines)) * 2 >= len(lines) else None


def _last_resort(
    lines: Sequence[bytes], wanted: Wanted | None, local: int | None, units: Mapping[str, str], near: float | None
) -> LineParser | None:
    """The parser of request lines, among others, of a program that nobody has listed."""
    for name, read in (("json", _message_read), ("labelled", _plain_read)):
        told = RecordParser(name, read, wanted, units=units).told(lines, local, near)
        if told is not None:
            return told
    return None


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
    return [*found, *(told for told in (_JSON.told(rest, None),) if told is not None and rest)]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
