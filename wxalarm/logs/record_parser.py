"""Lines that give keys and values: documents, labelled lines, columns, request lines of frameworks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from wxalarm.logs import durations, moments
from wxalarm.logs.answered import UPSTREAM, by_itself
from wxalarm.logs.firewalls import blocked
from wxalarm.logs.formats import PATHS, TALLIED, Key, Wanted
from wxalarm.logs.frameworks import FRAMEWORKS
from wxalarm.logs.learned import Learner, Quick
from wxalarm.logs.line_parser import Lines
from wxalarm.logs.reads import Read, json_read, message_read
from wxalarm.logs.records import NAMES, STARTS, Record, first, fits, target_of
from wxalarm.logs.shipped import OF_DAY, PREFIX, PREFIXED
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
_CLOCK = later(r"\W{0,3}(\d\d:\d\d:\d\d(?:[.,]\d+)?)(?![\d:])")


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
        self._quick: Quick | None = None
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
        if found.get("time") and not re.match(OF_DAY, found["time"]):
            if next(key for key in NAMES["time"] if key in flat) in STARTS:
                found["starts"] = ""
        elif (prefix := PREFIX.search(line[:PREFIXED].decode("utf-8", "replace"))) is not None:
            found["time"] = prefix[0]
        elif (stamp := moments.STAMP.search(line)) is not None:
            found |= {"time": stamp[1].decode(), "starts": ""}  # WeChat's own time of the push
        elif not found.get("time"):
            if (of_day := _CLOCK.match(line[:PREFIXED].decode("utf-8", "replace"))) is None:
                return None
            found["time"] = of_day[1]
        if (took := self.took(flat)) is not None and took.seconds is not None:
            found["request_time"] = f"{round(took.seconds, 6):g}"
        if (rule := blocked(flat)) is not None:
            found |= {"by": "firewall", "rule": rule}
        elif by_itself(flat):
            found["by"] = "nginx"
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
        dayless = any(re.match(OF_DAY, record["time"]) for _, record in records)
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
        if unsaid == {"took"} and (unit := made._likely_unit(flats)) is not None:
            likely = self._of_unit(unit).told(lines, local, near)
            if likely is not None:
                likely.guessed, likely.asked = made.guessed, made.asked
            return likely
        made.queries = any("?" in (target_of(record) or "") for _, record in records)
        if self.wanted is not None:
            learner = Learner(self.wanted, made.fields, made._absent, self._units, made.took)
            framework = next((one for one in FRAMEWORKS if one.name == self.name), None)
            if framework is not None:
                made._quick = learner.form(framework)
            elif self._read in _LEARNED:
                made._quick = _LEARNED[self._read](learner, lines)
        return made if any(made.seconds(record["time"].encode()) is not None for _, record in records) else None

    def _of_unit(self, unit: str) -> RecordParser:
        """The same form, whose durations without a unit are of this one."""
        return RecordParser(
            self.name,
            self._read,
            self.wanted,
            zone=self._zone,
            fraction=self._fraction,
            units={"took": unit, **self._units},
            left=self._left,
            more=self._more,
        )

    def _likely_unit(self, flats: Sequence[tuple[bytes, Mapping[str, str]]]) -> str | None:
        """The unit that the durations of a sample most likely have."""
        numbers: list[tuple[int, float | None]] = []
        for line, flat in flats:
            if flat.get("took", "").isdecimal():
                at, stamp = self.seconds(flat.get("time", "").encode()), moments.STAMP.search(line)
                numbers.append((int(flat["took"]), at - float(stamp[1]) if at is not None and stamp else None))
        return durations.likely_unit(numbers)


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
_LEARNED: Mapping[Read, Callable[[Learner, Sequence[bytes]], Quick | None]] = {
    json_read: Learner.documents,
    message_read: Learner.messages,
}
