"""Where a line of a log stands: what whoever opened the log knows, and a search asks for."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class Place(Struct, frozen=True):
    """Where a line stands, and the command that shows it."""

    text: str
    """FILE:LINE, or FILE@OFFSET (bytes) far inside a large file."""
    show: str


class Log(Protocol):
    """What searching needs of an opened log."""

    path: str

    def place(self, offset: int) -> Place:
        """Where the line at an offset stands."""
        ...
