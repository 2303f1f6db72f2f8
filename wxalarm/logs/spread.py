"""Requests that a program logs over several lines: Rails writes when one began, and further down how it ended; ThinkPHP
what was asked, and below it how long that took, all when the request has ended, and no status; Fastify and others that
write documents say what was asked in one, and how it ended in another with the same id.

The lines of one request have in common what stands before their words, but for the time: the request's id, a tag, the
process. Sans-IO.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from wxalarm.logs import durations, moments
from wxalarm.logs.documents import document, flat_of
from wxalarm.logs.formats import TALLIED, Key, Wanted
from wxalarm.logs.records import NAMES, Record, first, fits
from wxalarm.logs.times import ISO
from wxalarm.patterns import later

_LINE = later(
    rb"(?<=\n)(?P<head>[^\n]{0,200}?)(?:"
    rb"Started (?P<method>[A-Z]{3,9}) \"(?P<uri>[^\"\n]*+)\" for (?P<ip>[^\s]++) at "
    rb"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4})[^\n]*+|"
    rb"Completed (?P<status>\d{3}) [^\n]{0,60}? in (?P<took>\d+)ms|"
    rb"(?P<unrouted>ActionController::RoutingError \(No route matches)|"
    rb"\[ ?(?P<at>" + ISO + rb") ?\] (?:[^\s]{1,80} )?(?P<from>[0-9A-Fa-f.:]{3,45}) (?P<asked>[A-Z]{3,9}) "
    rb"(?P<target>[^\s]{1,4000})[ \t\r]*(?=\n|\Z)|"
    rb"\[" + "运行时间：".encode() + rb"(?P<ran>\d+(?:\.\d+)?)s\][^\n]*+)"
)
_VARIES = later(ISO + rb"|[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d|\b(?:DEBUG|INFO|WARN|ERROR|FATAL)\b|\b[DIWEF], ")
"""What differs between the lines of one request: their times and levels."""


_THINKPHP = b"ThinkPHP"
"""Its lines of one request stand together."""
_IDS = ("reqid", "req_id", "requestid", "request_id", "x-request-id", "traceid", "trace_id")
"""Keys, in lower case, of what the documents of one request have in common."""
_SPREAD = later(
    rb"\"(?i:incoming request|request (?:received|started|completed|finished|errored|aborted))\"|\"responseTime\":"
)
"""What stands in a document that begins or ends a request: Fastify's words, and those of others."""
_HELD = 10_000
"""Requests kept to be looked at by their lines."""
_ZONED = rb" (?=[+-])"
_CLIENTS = (*NAMES["remote_addr"], "remoteaddress")


class Began(NamedTuple):
    """The first line of a request."""

    line: bytes
    method: str
    uri: str
    ip: str
    time: bytes
    """As Rails prints it, with its zone."""
    ends: bool = False
    """The time is that of the end."""


class Ended(NamedTuple):
    """How a request ended."""

    status: str
    took: float | None
    """Seconds."""


def is_one(line: bytes) -> bool:
    """Whether a line is the first or the last of a request."""
    return next(events(b"\n" + line + b"\n"), None) is not None


def events(chunk: bytes) -> Iterator[tuple[bytes, Began | Ended]]:
    """(what the lines of the request have in common, event) of all first and last lines of requests, those of one
    program in order."""
    yield from _documents(chunk)
    yield from _lines(chunk)


def _documents(chunk: bytes) -> Iterator[tuple[bytes, Began | Ended]]:
    end = 0
    for found in _SPREAD.finditer(chunk):
        if found.start() < end:
            continue
        end = chunk.find(b"\n", found.end())
        end = end if end >= 0 else len(chunk)
        line = chunk[chunk.rfind(b"\n", 0, found.start()) + 1 : end]
        flat = flat_of(document(line) or {})
        key = first(flat, _IDS)
        if key is None:
            continue
        uri, status, time = first(flat, NAMES["request_uri"]), first(flat, NAMES["status"]), first(flat, NAMES["time"])
        if status is None and uri is not None and uri.startswith("/") and time is not None:
            method, ip = first(flat, NAMES["request_method"]) or "-", first(flat, _CLIENTS) or "-"
            yield key.encode(), Began(line, method, uri, ip, time.encode())
        elif status is not None and uri is None:
            took = durations.took(flat, {})
            yield key.encode(), Ended(status, took.seconds if took is not None and not took.guessed else None)


def _lines(chunk: bytes) -> Iterator[tuple[bytes, Began | Ended]]:
    for found in _LINE.finditer(chunk):
        key = b" ".join(_VARIES.sub(b"", found["head"]).split())
        if found["at"]:
            asked, target, ip = (found[name].decode("utf-8", "replace") for name in ("asked", "target", "from"))
            yield _THINKPHP, Began(found[0], asked, target[target.find("/") :], ip, found["at"], ends=True)
        elif found["ran"]:
            yield _THINKPHP, Ended("", float(found["ran"]))
        elif found["time"]:
            method, uri, ip = (found[name].decode("utf-8", "replace") for name in ("method", "uri", "ip"))
            yield key, Began(found[0], method, uri, ip, found["time"])
        else:
            took = float(found["took"]) / 1000 if found["took"] else None
            yield key, Ended((found["status"] or b"404").decode(), took)


class Requests:
    """Pairs first and last lines, chunk after chunk."""

    def __init__(self) -> None:
        self._open: dict[bytes, list[Began]] = {}

    def feed(self, chunk: bytes) -> Iterator[tuple[Began, Ended | None]]:
        """The requests that ended in a chunk. None for the end where several with nothing to tell them apart were open:
        whose it is cannot be told."""
        for key, event in events(chunk):
            if isinstance(event, Began):
                self._open.setdefault(key, []).append(event)
            elif (began := self._open.pop(key, None)) is not None:
                yield from ((one, event if len(began) == 1 else None) for one in began)

    def rest(self) -> list[tuple[Began, None]]:
        """The requests whose end never came."""
        left = [(one, None) for began in self._open.values() for one in began]
        self._open.clear()
        return left


class SpreadParser:
    """Requests that are written over several lines: those that have ended are counted."""

    name = "spread"
    fields: Sequence[str] = ("time", "status", "request_method", "request_uri", "remote_addr", "request_time")
    guessed: frozenset[str] = frozenset()
    asked: str | None = None
    queries = True

    def __init__(self, wanted: Wanted | None = None) -> None:
        self._wanted = wanted
        self._requests = Requests()
        self._records: dict[bytes, Record] = {}
        """By their first lines, those that ended lately."""

    def needle(self, status: bytes) -> bytes:
        """See LineParser."""
        return b"POST"

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

    def _counted(self, requests: Iterable[tuple[Began, Ended | None]]) -> tuple[Sequence[bytes], Sequence[Key]]:
        found: list[tuple[bytes, Key]] = []
        for began, ended in requests:
            record = self._records[began.line] = self._record(began, ended)
            if self._wanted is None or fits(record, self._wanted):
                found.append((record["time"].encode(), tuple(record.get(name, "-").encode() for name in TALLIED)))
        return [time for time, _ in found], [key for _, key in found]

    def _record(self, began: Began, ended: Ended | None) -> Record:
        took = ended.took if ended is not None else None
        at = self.seconds(began.time) or 0.0
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
        return [event.time for _, event in events(chunk) if isinstance(event, Began)]

    def seconds(self, time: bytes) -> float | None:
        """See LineParser."""
        return moments.with_zone(re.sub(_ZONED, b"", time))

    def matches(self, line: bytes) -> bool:
        """See LineParser."""
        return is_one(line)

    def record(self, line: bytes) -> Record | None:
        """See LineParser."""
        return self._records.get(line)
