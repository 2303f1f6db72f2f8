"""What containers, shippers and journals write around a program's lines, taken off."""

from __future__ import annotations

import msgspec

from wxalarm.patterns import later

_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)"
BEFORE = (
    rb"(?:\[pod/[^\]\s]{1,200}\] |[\w.-]{1,80} {0,60}\| (?!\|)|"
    + _ISO
    + rb" (?:std(?:out|err) [FP] )?(?![\w.-]+ [\w./-]+(?:\[\d+\])?: )"
    rb"|(?:<\d{1,3}>)?(?:[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d|"
    + _ISO
    + rb") [\w.-]{1,80} [\w./-]{1,80}(?:\[\d+\])?: |(?:[\w.-]{1,80} )?nginx(?:\[\d{1,9}\])?: )++"
)
"""The pattern of one or more of them: kubectl logs --prefix --timestamps, docker compose logs, the CRI's files, the
journal and syslog."""
_BEFORE = later(BEFORE)
PREFIX = later(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{4}/\d\d/\d\d(?: -)? \d\d:\d\d:\d\d(?:[.,]\d+)?|\d\d?/\d\d?/\d{4},? \d\d?:\d\d:\d\d [AP]M"
    r"|\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
)
"""The time that a logger, a container or the journal puts before a line."""
OF_DAY = r"\d\d:\d\d:\d\d(?:[.,]\d+)?\Z"
"""A time without a date."""
PREFIXED = 120
"""Characters in which it stands."""


class _Docked(msgspec.Struct):
    """A line of Docker's json-file."""

    log: str
    stream: str
    time: str


_DECODE = msgspec.json.Decoder(_Docked).decode


def is_docked(line: bytes) -> bool:
    """Whether a line is a document of Docker's json-file."""
    return line[:1] == b"{" and undocked(line) is not line


def undocked(line: bytes) -> bytes:
    """What a program wrote, behind the time at which Docker read it; any other line as it is."""
    if line[:1] != b"{" or b'"stream"' not in line:
        return line
    try:
        found = _DECODE(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return line
    return f"{found.time} {found.log.rstrip()}".replace("\n", " ").encode("utf-8", "replace")


def bare(line: bytes) -> bytes:
    """A line without what stands before it."""
    before = _BEFORE.match(line)
    return line[before.end() :] if before is not None else line
