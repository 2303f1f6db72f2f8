"""What is pasted into a terminal, whole: a terminal in its own mode cuts lines at 4,095 bytes, without a word."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

import typer

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

END = b"\x04"
"""Ctrl-D, which ends the input."""


@contextlib.contextmanager
def pasting(command: str, words: Catalogue, hint: str = "paste_hint") -> Iterator[BinaryIO]:
    """Stdin. When it is a terminal, says what to paste, and lets lines of any length through while it is read."""
    if not sys.stdin.isatty():
        yield cast("BinaryIO", sys.stdin.buffer)  # somebody may have looked into it before
        return
    with open(sys.stdin.fileno(), "rb", closefd=False) as file:
        typer.echo(words.ui(hint, command=command), err=True)
        with _unbroken(file.fileno()) as changed:
            yield cast("BinaryIO", _Pasted(file)) if changed else file


@contextlib.contextmanager
def _unbroken(fileno: int) -> Iterator[bool]:
    """The terminal without its longest line, if it has one; whether it was changed."""
    try:
        # Not on Windows, whose terminals take long lines.
        import termios
    except ImportError:
        yield False
        return
    before, changed = termios.tcgetattr(fileno), termios.tcgetattr(fileno)
    changed[3] &= ~termios.ICANON  # echo and signals stay
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    try:
        termios.tcsetattr(fileno, termios.TCSADRAIN, changed)
        yield True
    finally:
        termios.tcsetattr(fileno, termios.TCSADRAIN, before)


class _Pasted:
    """A terminal's bytes up to Ctrl-D."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._ended = file, False

    def read1(self, size: int = -1) -> bytes:
        """What has been typed; b"" at the end."""
        if self._ended:
            return b""
        data, end, _ = os.read(self._file.fileno(), size).partition(END)
        self._ended = bool(end) or not data
        return data
