"""The text on the clipboard, by whichever program of this machine gives it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wxalarm.cli.common import fail
from wxalarm.probes.command import asked_for, on_path

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

PROGRAMS = (
    ("wl-paste", "--no-newline"),
    ("xclip", "-selection", "clipboard", "-out"),
    ("xsel", "--clipboard", "--output"),
    ("pbpaste",),
    ("powershell.exe", "-NoProfile", "-Command", "[Console]::OutputEncoding=[Text.Encoding]::UTF8; Get-Clipboard -Raw"),
)
"""The first that is here and gives something. wl-paste needs Wayland, xclip and xsel an X server."""
WAIT = 5.0
"""Seconds that a program may take: an X server that is gone never answers."""


def clipboard(words: Catalogue) -> bytes:
    """What is on the clipboard; the command ends when nothing is, or no program gives it."""
    tried = []
    for name, *arguments in PROGRAMS:
        if (path := on_path(name)) is None or (name == "wl-paste" and not os.environ.get("WAYLAND_DISPLAY")):
            continue
        try:
            code, text, errors = asked_for([path, *arguments], WAIT)
        except OSError as error:
            tried.append(f"{name}: {type(error).__name__}")
            continue
        if code == 0 and text.strip():
            return text
        tried.append(f"{name}: {errors[:200] or code}")
    programs = [name for name, *_ in PROGRAMS]
    return fail(words.ui("clipboard_empty", tried=tried) if tried else words.ui("clipboard_none", programs=programs))
