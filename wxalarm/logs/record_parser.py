"""Lines that give keys and values: documents, labelled lines, columns, request lines of frameworks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

from wxalarm.logs import durations, learned, moments
from wxalarm.logs.answered import UPSTREAM
from wxalarm.logs.formats import PATHS, TALLIED, Key, Wanted
from wxalarm.logs.frameworks import FRAMEWORKS, Framework
from wxalarm.logs.line_parser import Lines
from wxalarm.logs.reads import Read, document, flat_of, json_read
from wxalarm.logs.records import HOST, NAMES, STARTS, Record, first, fits, target_of
from wxalarm.logs.shipped import PREFIXED
from wxalarm.patterns import later

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
_COLOUR = later(rb"\x1b\[[0-9;]*m")
_PREFIX = later(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{4}/\d\d/\d\d(?: -)? \d\d:\d\d:\d\d(?:[.,]\d+)?|\d\d?/\d\d?/\d{4},? \d\d?:\d\d:\d\d [AP]M"
    r"|\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
)
"""The time that a logger, a container or the journal puts before a line."""
_CLOCK = later(r"\W{0,3}(\d\d:\d\d:\d\d(?:[.,]\d+)?)(?![\d:])")
_OF_DAY = r"\d\d:\d\d:\d\d(?:[.,]\d+)?\Z"
"""A time without a date."""
_STOPS = ("", "?", "#")
_TOOK = TALLIED.index("request_time")
_Quick = Callable[[bytes], tuple[bytes, Key] | Literal[False] | None]
"""Time and key of a line; False for one that does not count, None for one that has to be read in full."""


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
        documents = [value for line in lines if (value := document(line)) is not None]
        names = ("time", "status", *("request_method", "request_uri", "request"), *TALLIED[1:])
        found: dict[str, learned.Path] = {}
        units = dict(self._units)
        for value in documents:
            flat = flat_of(value)
            paths, took = learned.paths(value), self.took(flat)
            if took is not None and took.unit is not None:
                units.setdefault(took.key, took.unit)
            for name in names:
                keys = NAMES.get(name, ()) if name != "request_time" else (took.key,) if took is not None else ()
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
            if not target.startswith("/") and not (target := HOST.sub("", target)).startswith("/"):
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
        if self.name not in STRICT or "took" not in flat or self._fraction:
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
        found = {name: text for name, keys in NAMES.items() if (text := first(flat, keys)) is not None}
        if " " not in found.get("request", " "):
            del found["request"]  # a duration or an id under this name
        if (left := _left(flat)) is not None:
            found |= {"left": left} if flat.get(_WIN32) == _UNSENT else {"status": LEFT.decode(), "left": left}
        if "status" not in found or not found["status"].strip("-").isdigit():
            return None
        if found.get("time") and not re.match(_OF_DAY, found["time"]):
            if next(key for key in NAMES["time"] if key in flat) in STARTS:
                found["starts"] = ""
        elif (prefix := _PREFIX.search(line[:PREFIXED].decode("utf-8", "replace"))) is not None:
            found["time"] = prefix[0]
        elif (stamp := moments.STAMP.search(line)) is not None:
            found |= {"time": stamp[1].decode(), "starts": ""}  # WeChat's own time of the push
        elif not found.get("time"):
            if (of_day := _CLOCK.match(line[:PREFIXED].decode("utf-8", "replace"))) is None:
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
        names = (*NAMES, "request_time")
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
        if self._read is json_read:
            made.learn(lines)
        elif (framework := next((one for one in FRAMEWORKS if one.name == self.name), None)) is not None:
            made.learn_form(framework)
        return made if any(made.seconds(record["time"].encode()) is not None for _, record in records) else None


def _uncoloured(line: bytes) -> bytes:
    """A line without what colours it on a terminal."""
    return _COLOUR.sub(b"", line) if b"\x1b" in line else line


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


STRICT = frozenset(one.name for one in FRAMEWORKS)
"""Forms that no other line has by chance."""
