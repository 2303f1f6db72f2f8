"""What `kubectl describe pod` says of how a container ended before, and when."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from wxalarm.patterns import later

_KILLED = later(
    rb"Last State:[ \t]{1,30}Terminated[ \t]*\r?\n(?P<line>[ \t]{1,30}Reason:[ \t]{1,30}OOMKilled)[ \t]*\r?\n"
    rb"(?:[^\n]{0,120}\n){0,3}?[ \t]{1,30}Finished:[ \t]{1,30}"
    rb"(?P<time>[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4})"
)


def killed(text: bytes) -> Iterator[tuple[int, str, float]]:
    """(offset of the line with the reason, what it says with the time, Unix seconds) of each container that the kernel
    ended for want of memory."""
    for found in _KILLED.finditer(text):
        said = " ".join(found["line"].decode().split()), found["time"].decode()
        try:
            yield found.start("line"), f"{said[0]} … Finished: {said[1]}", parsedate_to_datetime(said[1]).timestamp()
        except ValueError:  # no such day
            continue
