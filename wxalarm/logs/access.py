"""Counts over the access-log lines of a window, and the line of one push among them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from wxalarm.bounds import whole
from wxalarm.logs import answered
from wxalarm.logs.formats import Key
from wxalarm.logs.line_parser import LineParser
from wxalarm.logs.records import Record, target_of
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

GAVE_UP = (4.0, 6.5)
"""WeChat's own limit by a server's clock: it counts from its connect, the server from the first byte read. Nobody is
waited for any more after the second, but a server that notices a client's leaving only as it writes logs more."""
CLOSED = 1.0
"""A 499 within so many seconds came at once."""
BUCKETS = (0.01, 0.1, 0.5, 1.0, SLOW_AFTER, WAIT)
"""Upper limits in seconds of the latency histogram; the last bucket is open."""
TRIES = 60
"""Seconds within which lines of one user may be about one push."""
MOST_UPSTREAMS = 50
MOST_DISTINCT = 100_000
_LIST = re.compile(answered.LIST.encode())


class Upstream(Struct, frozen=True):
    """What one upstream answered."""

    addr: str
    requests: int = 0
    errors: int = 0
    """502, 503, 504 and no answer at all."""
    slow: int = 0
    """Answers after SLOW_AFTER and more."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Of the others those with a status from 400 on, by that."""
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None
    """Seconds."""


class Counts(Struct, frozen=True):
    """The requests of a window, counted. Times in seconds; None where the format does not log them."""

    requests: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    minutes: tuple[tuple[int, int], ...] = ()
    """(Unix seconds of the minute, requests)."""
    peak: int = 0
    """Most requests in one second."""
    peak_at: int | None = None
    timed: bool = False
    """The format has $request_time."""
    upstream_timed: bool = False
    """The format has $upstream_response_time."""
    histogram: tuple[int, ...] = ()
    """Requests by BUCKETS, one more for the rest."""
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None
    gave_up: int = 0
    """499 at WeChat's limit or after it: whatever was not answered by then is slow."""
    closed: int = 0
    """499 near 0."""
    other_499: int = 0
    """499 in between."""
    untimed_499: int = 0
    """499 of unknown length."""
    slow: int = 0
    """Answered after SLOW_AFTER, but within WAIT."""
    too_slow: int = 0
    """Answered after WAIT."""
    upstream_slow: int = 0
    """Of slow and too_slow: those in which the upstream took most of the time."""
    bodies: Mapping[str, int] = field(default_factory=dict)
    """$body_bytes_sent of answers with 200, the most frequent."""
    upstreams: tuple[Upstream, ...] = ()


class Tally:
    """Adds up chunks. Only lines from `low` to `high` (Unix seconds) count."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.lines = 0
        self.backwards = 0.0
        self.zone_time: bytes | None = None
        """A time of the window as the log writes it."""
        self._fields: set[str] = set()
        self._known: dict[bytes, float | None] = {}
        self._seconds: Counter[int] = Counter()
        self._outcomes: dict[LineParser, _Outcomes] = {}
        self._parsers: dict[LineParser, None] = {}
        self._latest = float("-inf")
        self._folded = _Folded()

    def begin(self) -> None:
        """Another file comes: its lines may be older."""
        self._latest = float("-inf")

    def add(self, parser: LineParser, chunk: bytes) -> set[bytes]:
        """Count a chunk's lines; the statuses among them but for 200."""
        self._parsers.setdefault(parser)
        return self._add(parser, *parser.columns(chunk))

    def _add(self, parser: LineParser, times: Sequence[bytes], keys: Sequence[Key]) -> set[bytes]:
        counted = Counter(times)
        inside = self._inside(parser, counted)
        if not inside:
            return set()
        if len(inside) < len(counted):
            keys = [key for time, key in zip(times, keys, strict=True) if time in inside]
        self.lines += len(keys)
        for time in inside:
            self._seconds[int(self._known[time] or 0)] += counted[time]
        outcomes = self._outcomes.get(parser)
        if outcomes is None:
            outcomes = self._outcomes[parser] = _Outcomes(parser)
            self._fields.update(parser.fields)
        statuses = outcomes.add(keys)
        if len(outcomes.counts) > MOST_DISTINCT:
            self._fold()
        return statuses

    def _inside(self, parser: LineParser, times: Iterable[bytes]) -> set[bytes]:
        inside = set()
        for time in times:
            if time not in self._known:
                if len(self._known) > MOST_DISTINCT:
                    self._known.clear()
                self._known[time] = parser.seconds(time)
            at = self._known[time]
            if at is None:
                continue
            self.backwards = max(self.backwards, self._latest - at)
            self._latest = max(self._latest, at)
            if self.low <= at <= self.high:
                inside.add(time)
                self.zone_time = time
        return inside

    def _fold(self) -> None:
        for outcomes in self._outcomes.values():
            for key, count in outcomes.counts.items():
                self._folded.add(outcomes.values[key], count)
        self._outcomes.clear()

    def counts(self) -> Counts:
        """What has been counted."""
        for parser in self._parsers:
            self._add(parser, *parser.rest())
        self._fold()
        return self._folded.counts(self._seconds, self._fields)


class _Outcomes:
    """How often a parser's keys came: only distinct ones are taken apart."""

    def __init__(self, parser: LineParser) -> None:
        self.parser = parser
        self.counts: Counter[Key] = Counter()
        self.values: dict[Key, Sequence[bytes]] = {}
        self._answered: set[Key] = set()

    def add(self, keys: Sequence[Key]) -> set[bytes]:
        """Count keys; the statuses among them but for 200."""
        self.counts.update(keys)
        statuses = set()
        for key in set(keys) - self._answered:
            values = self.values.get(key)
            if values is None:
                values = self.values[key] = self.parser.values(key)
            if values[0] == b"200":
                self._answered.add(key)
            else:
                statuses.add(values[0])
        return statuses


class _Folded(Struct):
    """The counters with their texts read as numbers: bounded, however many lines there were."""

    statuses: Counter[str] = field(default_factory=Counter)
    latency: Counter[float] = field(default_factory=Counter)
    cut: Counter[str] = field(default_factory=Counter)
    sizes: Counter[bytes] = field(default_factory=Counter)
    addresses: dict[str, tuple[Counter[float], Counter[str]]] = field(default_factory=dict)

    def add(self, values: Sequence[bytes], count: int) -> None:
        """So many lines with these TALLIED fields."""
        status, size, took_text, addr_text, answered, upstream_text = values
        self.statuses[status.decode("ascii", "replace")] += count
        if status == b"200" and size.isdigit() and (size in self.sizes or len(self.sizes) < MOST_DISTINCT):
            self.sizes[size] += count
        took = number(took_text)
        if took is not None:
            self.latency[round(took, 3)] += count
        if status == b"499":
            self.cut[split_499(took)] += count
        elif took is not None and took >= SLOW_AFTER:
            upstream = total(upstream_text)
            self.cut["slow" if took < WAIT else "too_slow"] += count
            self.cut["upstream_slow"] += count if upstream is not None and upstream * 2 > took else 0
        if addr_text not in (b"", b"-"):
            # A balancer that only says which server it was: the answer is that one's, or is for want of its.
            answer = answered if answered or b"," in addr_text else status
            self._upstreams(addr_text, answer, upstream_text, count)

    def _upstreams(self, addr_text: bytes, status_text: bytes, time_text: bytes, count: int) -> None:
        addresses, statuses, seconds = (_LIST.split(text) for text in (addr_text, status_text, time_text))
        for place, raw in enumerate(addresses):
            name = raw.decode("utf-8", "replace")
            if name in ("", "-") or (name not in self.addresses and len(self.addresses) >= MOST_UPSTREAMS):
                continue
            took, notes = self.addresses.setdefault(name, (Counter(), Counter()))
            status = statuses[place] if place < len(statuses) else b"-"
            length = number(seconds[place]) if place < len(seconds) else None
            notes["requests"] += count
            failed = status in (b"502", b"503", b"504", b"-") and status_text != b""
            notes["errors"] += count if failed else 0
            if length is not None:
                took[round(length, 3)] += count
                notes["slow"] += count if length >= SLOW_AFTER and not failed else 0
            if status[:1] in (b"4", b"5") and not failed and (length is None or length < SLOW_AFTER):
                notes[status.decode("ascii", "replace")] += count

    def counts(self, seconds: Counter[int], fields: set[str]) -> Counts:
        minutes: Counter[int] = Counter()
        for second, count in seconds.items():
            minutes[second - second % 60] += count
        peak_at = max(seconds, key=lambda second: (seconds[second], -second), default=None)
        timed = "request_time" in fields
        return Counts(
            requests=seconds.total(),
            statuses=dict(sorted(self.statuses.items())),
            minutes=tuple(sorted(minutes.items())),
            peak=seconds[peak_at] if peak_at is not None else 0,
            peak_at=peak_at,
            timed=timed,
            upstream_timed="upstream_response_time" in fields,
            histogram=tuple(_histogram(self.latency)) if timed else (),
            p50=quantile(self.latency, 0.5),
            p95=quantile(self.latency, 0.95),
            longest=max(self.latency, default=None),
            gave_up=self.cut["gave_up"],
            closed=self.cut["closed"],
            other_499=self.cut["other_499"],
            untimed_499=self.cut["untimed_499"],
            slow=self.cut["slow"],
            too_slow=self.cut["too_slow"],
            upstream_slow=self.cut["upstream_slow"],
            bodies={size.decode(): count for size, count in self.sizes.most_common(8)},
            upstreams=tuple(self._upstream(name) for name in sorted(self.addresses)),
        )

    def _upstream(self, name: str) -> Upstream:
        took, notes = self.addresses[name]
        return Upstream(
            name,
            notes["requests"],
            notes["errors"],
            notes["slow"],
            {name: count for name, count in sorted(notes.items()) if name.isdigit()},
            quantile(took, 0.5),
            quantile(took, 0.95),
            max(took, default=None),
        )


def split_499(took: float | None) -> str:
    """gave_up (at WeChat's limit or after it), closed (near 0), other_499 in between, or untimed_499: by the seconds
    until the server knew that its client had left."""
    if took is None:
        return "untimed_499"
    if took >= GAVE_UP[0]:
        return "gave_up"
    return "closed" if took < CLOSED else "other_499"


def number(text: bytes) -> float | None:
    """A time in seconds as nginx logs it; None for "-" and whatever else is none."""
    try:
        return float(text)
    except ValueError:
        return None


def total(text: bytes) -> float | None:
    """The sum of the times of all upstreams tried ("0.001, 4.002"); None when none was."""
    parts = [found for part in _LIST.split(text) if (found := number(part)) is not None]
    return sum(parts) if parts else None


def quantile(counter: Mapping[float, int], share: float) -> float | None:
    """The value below which `share` of all counted lie."""
    wanted = sum(counter.values()) * share
    reached = 0
    for value in sorted(counter):
        reached += counter[value]
        if reached >= wanted:
            return value
    return None


def _histogram(latency: Mapping[float, int]) -> list[int]:
    bars = [0] * (len(BUCKETS) + 1)
    for value, count in latency.items():
        bars[sum(value >= limit for limit in BUCKETS)] += count
    return bars


class Push(Struct, frozen=True):
    """What identifies the alarm's push in a log."""

    openid: str | None = None
    stamp: int | None = None
    """Unix seconds."""
    path: str | None = None

    @property
    def user(self) -> str | None:
        """The OpenID, when it is not masked."""
        return self.openid if self.openid and "*" not in self.openid else None

    @property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes that a line about it holds."""
        found = [self.user] if self.user else []
        if not found and self.stamp is not None:
            found = [f"timestamp={self.stamp + apart}" for apart in (0, 1, -1)]
        return tuple(needle.encode("utf-8", "surrogateescape") for needle in found)

    def match(self, record: Record) -> str | None:
        """How a line fits: "exact" (OpenID and timestamp), "openid", "timestamp", or None."""
        target = target_of(record) or ""
        if self.path is not None and re.split(r"[?#]", target, maxsplit=1)[0] != self.path:
            return None
        values = dict(part.partition("=")[::2] for part in target.partition("?")[2].split("&"))
        same_user = self.user is not None and values.get("openid") == self.user
        at = whole(values.get("timestamp", ""))
        same_time = self.stamp is not None and at is not None and abs(at - self.stamp) <= 1
        if same_user and same_time:
            return "exact"
        if same_user:  # WeChat tries a push three times within seconds; what is further apart is another message
            apart = 0 if self.stamp is None or at is None else abs(at - self.stamp)
            return "openid" if apart <= TRIES else None
        return "timestamp" if same_time and not (self.user and values.get("openid")) else None


def lines_with(chunk: bytes, needles: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(offset in the chunk, line) of every line that holds one of the needles, each once per needle."""
    for needle in needles:
        at = chunk.find(needle)
        while at >= 0:
            start = chunk.rfind(b"\n", 0, at) + 1
            end = chunk.find(b"\n", at)
            end = len(chunk) if end < 0 else end
            yield start, chunk[start:end]
            at = chunk.find(needle, end)
