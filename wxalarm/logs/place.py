"""Where a line of a log stands: what whoever opened the log knows, and a search asks for."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

UNPACK = {"gzip": "zcat", "zstd": "zstdcat", "bzip2": "bzcat", "xz": "xzcat"}
"""The program that prints what a packed file holds."""


class Place(Struct, frozen=True):
    """Where a line stands."""

    text: str
    """FILE:LINE, or FILE@OFFSET (bytes) far inside a large file."""
    packed: str | None = None
    """gzip, zstd, bzip2, xz; of a plain file None."""


class Log(Protocol):
    """What searching needs of an opened log."""

    path: str

    def place(self, offset: int) -> Place:
        """Where the line at an offset stands."""
        ...


def show(place: str, packed: str | None) -> list[list[str]]:
    """The command that shows a line, as argument vectors with a pipe between them; [] for what is no place.

    It follows from the place alone: a saved case can hold a place, but no command.
    """
    path, at, number = place.rpartition("@")
    if not at or not _whole(number):
        path, at, number = place.rpartition(":")
    if not path or not _whole(number):
        return []
    first = [[UNPACK[packed], "--", path]] if packed in UNPACK else []
    file = [] if first else ["--", path]
    if at == "@":
        return [*first, ["tail", "-c", f"+{int(number) + 1}", *file], ["head", "-n", "1"]]
    return [*first, ["sed", "-n", f"{number}{{p;q}}", *file]]


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
