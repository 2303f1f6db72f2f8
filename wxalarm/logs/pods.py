"""What `kubectl describe pod` says of how a container ended before, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime

from wxalarm.patterns import later

_TIME = rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
_KILLED = later(
    rb"(?:\bStarted:[ \t]{1,30}(?P<since>" + _TIME + rb")[ \t]*\r?\n[ \t]{1,30})?"
    rb"Last State:[ \t]{1,30}Terminated[ \t]*\r?\n(?P<line>[ \t]{1,30}Reason:[ \t]{1,30}OOMKilled)[ \t]*\r?\n"
    rb"(?:[^\n]{0,120}\n){0,3}?[ \t]{1,30}Finished:[ \t]{1,30}"
    rb"(?P<time>" + _TIME + rb")"
)


def killed(text: bytes) -> Iterator[tuple[int, str, float, float | None]]:
    """(offset of the line with the reason, what it says with the time, when it ended, when it ran again) of each
    container that the kernel ended for want of memory; Unix seconds."""
    for found in _KILLED.finditer(text):
        said = " ".join(found["line"].decode().split()), found["time"].decode()
        try:
            ended, back = _seconds(found["time"]), _seconds(found["since"]) if found["since"] is not None else None
        except ValueError:  # no such day
            continue
        yield found.start("line"), f"{said[0]} … Finished: {said[1]}", ended, back


def _seconds(text: bytes) -> float:
    at = parsedate_to_datetime(text.decode())
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
