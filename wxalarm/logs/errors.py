"""nginx's error log: its lines, the kinds of trouble that their strings stand for, and counts over a window."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from wxalarm.logs import times
from wxalarm.logs.access import Push
from wxalarm.logs.place import Place
from wxalarm.logs.shipped import BEFORE, bare
from wxalarm.logs.stacks import goes_on
from wxalarm.patterns import later

_BEHIND = rb"\n(?:(?=\d{4}/)|" + BEFORE + rb")"
"""A line, and what a container's log has before it."""
_TIME = later(_BEHIND + rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)(?= \[)")
_BEGINS = later(rb"\n(?=" + _BEHIND[2:] + rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[)")
_LINE = later(rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(\w+)\] \d+#\d+: (\*\d+ )?")
_REQUESTED = later(rb"\n(?:[^\n\"]{0,300}\"[A-Z]{3,8} [^\n\"]{0,4000} HTTP/\d|\{)")
"""A line of an access log, in text or in JSON."""
_CLIENT = later(rb", client: ([^,\s]{1,64})")
_REQUEST = later(rb', request: "([A-Z]{1,20}) ([^ "]*)')
_UPSTREAM = later(rb', upstream: "([^"]{1,2048})"')
_ZONE = rb' by zone "([^"]{1,100})"'
MOST_UPSTREAMS = 20

KINDS: tuple[tuple[str, tuple[tuple[bytes, ...], ...]], ...] = (
    ("connections", ((b"worker_connections are not enough",),)),
    ("open-files", ((b"(24: Too many open files)",), (b"(23: Too many open files in system)",))),
    ("ports", ((b"(99: Cannot assign requested address)",), (b"(99: Address not available)",))),
    ("queue-full", ((b"(11: Resource temporarily unavailable)", b"upstream"),)),
    (
        "refused",
        ((b"(111: Connection refused)",), (b"(61: Connection refused)",), (b"connect() to unix:", b"(2: No such")),
    ),
    ("connect-timeout", ((b"timed out", b"while connecting to upstream"), (b"connect() failed (110:",))),
    ("unreachable", ((b"(113: ", b"upstream"), (b"(101: Network",))),
    ("upstream-timeout", ((b"upstream timed out",),)),
    ("no-live-upstream", ((b"no live upstreams",),)),
    ("upstream-closed", ((b"upstream prematurely closed",),)),
    (
        "upstream-tls",
        (
            (b"SSL handshaking to upstream",),
            (b"SSL_read() failed", b"from upstream"),
            (b"SSL_read() failed", b"while reading upstream"),
        ),
    ),
    (
        "upstream-header",
        ((b"upstream sent too big header",), (b"upstream sent invalid header",), (b"upstream sent no valid",)),
    ),
    ("body-too-large", ((b"client intended to send too large body",),)),
    ("rate-limit", ((b"limiting requests, excess",), (b"limiting connections by zone",))),
    ("delayed", ((b"delaying request, excess",),)),
    (
        "denied",
        (
            (b"access forbidden by rule",),
            (b"no user/password was provided",),
            (b"password mismatch",),
            (b"ModSecurity: Access denied with code",),
        ),
    ),
    ("resolve", ((b"could not be resolved",), (b"host not found in upstream",), (b"no resolver defined",))),
    ("script", ((b"PHP Fatal error",), (b"PHP Parse error",), (b"Uncaught ", b"FastCGI sent in stderr"))),
    (
        "not-found",
        ((b"(2: No such file or directory)", b"open() "), (b"Primary script unknown",), (b"is not found (2:",)),
    ),
    ("permission", ((b"(13: Permission denied)",), (b"(1: Operation not permitted)",))),
    ("cycle", ((b"rewrite or internal redirection cycle",),)),
    ("worker-died", ((b"exited on signal",), (b"exited with fatal code",))),
    ("memory", ((b"(12: Cannot allocate memory)",), (b"(12: Out of memory)",), (b"could not allocate",))),
    ("disk", ((b"(28: No space left on device)",),)),
    ("client-timeout", ((b"client timed out",),)),
    (
        "client-closed",
        (
            (b"client prematurely closed connection",),
            (b"client closed connection",),
            (b" [info] ", b"(32: Broken pipe)"),
        ),
    ),
    (
        "client-reset",
        (
            (b"(104: Connection reset by peer)", b"client request"),
            (b"(104: Connection reset by peer)", b" [info] "),
            (b"(104: Connection reset by peer)", b"while waiting for request"),
            (b"(104: Connection reset by peer)", b"SSL handshak"),
        ),
    ),
    (
        "tls",
        (
            (b"SSL_do_handshake() failed",),
            (b"SSL handshak",),
            (b"SSL_read() failed",),
            (b'no "ssl_certificate" is defined',),
        ),
    ),
    ("reset", ((b"(104: Connection reset by peer)",), (b"(32: Broken pipe)", b"upstream"))),
    ("not-started", ((b"[emerg]",),)),
)
"""Kind → strings; all of one tuple must stand in the line. The first kind that fits is the line's.

nginx writes that a connection broke at [info] when it is the client's, at [error] when it is the backend's; the words
behind "while" only say what the request was at.
"""
IDLE = (b" closed keepalive connection", b"reset by peer) while keepalive")
"""A connection that ended between two requests: no push was lost."""
GRAVE = (b"crit", b"alert", b"emerg")
"""Levels at which also a line of no known kind counts ("other")."""
CLIENT_SIDE = ("tls", "client-timeout", "client-closed", "client-reset")
"""What any visitor's connection may bring about; such lines count when they are WeChat's."""


class ErrorLines:
    """Lines of an error log. offset: seconds east of UTC of its clock, which the lines do not tell."""

    name = "error_log"

    def __init__(self, offset: float) -> None:
        self.offset = offset

    def times(self, chunk: bytes) -> Sequence[bytes]:
        """The times of all lines of a chunk."""
        found: list[bytes] = _TIME.findall(chunk)
        return found

    def seconds(self, time: bytes) -> float | None:
        """One of them as Unix seconds."""
        return times.dated(time, self.offset)


def is_error_log(lines: Sequence[bytes]) -> bool:
    """Whether a sample of lines is from nginx's error log: a message may go on over any number of lines, as the stack
    of a PHP error does."""
    lines = [line for line in lines if line.strip() and not goes_on(line)]
    return sum(map(_is_message, lines)) * 10 >= max(1, len(lines))


def _is_message(line: bytes) -> bool:
    return _LINE.match(bare(line)) is not None


def kind_of(line: bytes) -> str | None:
    """The kind of trouble that a line is about; None when it is of no known kind."""
    if any(needle in line for needle in IDLE):
        return None
    for kind, ways in KINDS:
        if any(all(needle in line for needle in needles) for needles in ways):
            return kind
    return None


class ErrorLine(Struct, frozen=True):
    """One message that is about trouble."""

    kind: str
    level: str
    time: float
    """Unix seconds."""
    client: str | None = None
    path: str | None = None
    """Without its query; None when the line names no request."""
    upstream: str | None = None
    """Its address, as $upstream_addr has it."""
    zone: str | None = None
    """Of the limit that was hit."""
    own: bool = False
    """It is about the alarm's own push: the same user, the same second."""
    cut: bool = False
    """It is about a connection, but ends before it says whose: nginx cuts at 2 KiB, reading at the end of a chunk."""


def parse(line: bytes, lines: ErrorLines, push: Push) -> ErrorLine | None:
    """A message as a record; None when it is none of an error log or about no trouble."""
    line = bare(line)
    head = _LINE.match(line)
    if head is None:
        return None
    kind = kind_of(line) or ("other" if head[2] in GRAVE else None)
    at = lines.seconds(head[1])
    if kind is None or at is None:
        return None
    client, request, upstream = _CLIENT.search(line), _REQUEST.search(line), _UPSTREAM.search(line)
    zone = re.search(_ZONE, line)
    target = request[2].decode("utf-8", "replace") if request else None
    return ErrorLine(
        kind,
        head[2].decode(),
        at,
        client[1].decode("utf-8", "replace") if client else None,
        re.split(r"[?#]", target, maxsplit=1)[0] if target is not None else None,
        _server(upstream[1].decode("utf-8", "replace")) if upstream else None,
        zone[1].decode("utf-8", "replace") if zone else None,
        target is not None and push.match({"request_uri": target}) == "exact",
        head[3] is not None and client is None,
    )


def _server(url: str) -> str:
    """The address of an upstream, without the scheme and the path asked of it: as $upstream_addr has it."""
    rest = url.partition("://")[2]
    if rest.startswith("unix:"):
        return rest.rpartition(":")[0] if rest.count(":") > 1 else rest
    return rest.partition("/")[0]


class Group(Struct, frozen=True):
    """The lines of one kind in the window."""

    kind: str
    count: int
    first: float
    last: float
    """Unix seconds."""
    own: int = 0
    """Lines about the alarm's own push."""
    pushed: int = 0
    """Lines about a push, or about no request at all."""
    level: str = "error"
    place: str = ""
    line: str = ""
    """The most telling line: the alarm's own, else the first."""
    upstreams: Mapping[str, int] = field(default_factory=dict)
    packed: str | None = None
    """How its file is compressed."""
    at: float | None = None
    """Unix seconds of the line shown."""
    zone: str | None = None
    """Of the limit that it names."""


class Gathering(Struct):
    """A group while it grows."""

    shown: ErrorLine
    """The most telling line."""
    count: int = 0
    own: int = 0
    earliest: float = float("inf")
    latest: float = float("-inf")
    place: tuple[Place, str] = (Place(""), "")
    upstreams: Counter[str] = field(default_factory=Counter)

    def add(self, line: ErrorLine) -> bool:
        """Count a line; whether it is the one to show."""
        self.count += 1
        self.earliest, self.latest = min(self.earliest, line.time), max(self.latest, line.time)
        if line.upstream is not None and (line.upstream in self.upstreams or len(self.upstreams) < MOST_UPSTREAMS):
            self.upstreams[line.upstream] += 1
        self.own += line.own
        telling = self.count == 1 or (line.own and self.own == 1)
        if telling:
            self.shown = line
        return telling

    def group(self) -> Group:
        """What has been gathered."""
        return Group(
            self.shown.kind,
            self.count,
            self.earliest,
            self.latest,
            self.own,
            level=self.shown.level,
            place=self.place[0].text,
            line=self.place[1],
            upstreams=dict(self.upstreams.most_common()),
            packed=self.place[0].packed,
            at=self.shown.time,
            zone=self.shown.zone,
        )


def messages_of(chunk: bytes) -> Iterator[tuple[int, bytes]]:
    """(offset in the chunk, message) of all messages: what an application wrote may go on over several lines."""
    place = 1
    for message in _BEGINS.split(chunk[1:]):
        # Behind a container's name each line stands by itself; else a message goes on until a request is logged.
        if bare(message) is not message:
            end = message.find(b"\n")
        else:
            end = found.start() if (found := _REQUESTED.search(message)) is not None else -1
        yield place, message if end < 0 else message[:end]
        place += len(message) + 1
