"""The text on the clipboard, by whichever program of this machine gives it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from wxalarm.cli.common import fail

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
        if (path := shutil.which(name)) is None or (name == "wl-paste" and not os.environ.get("WAYLAND_DISPLAY")):
            continue
        try:
            done = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT)
        except (OSError, subprocess.TimeoutExpired) as error:
            tried.append(f"{name}: {type(error).__name__}")
            continue
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout
        tried.append(f"{name}: {done.stderr.decode('utf-8', 'replace').strip()[:200] or done.returncode}")
    programs = [name for name, *_ in PROGRAMS]
    return fail(words.ui("clipboard_empty", tried=tried) if tried else words.ui("clipboard_none", programs=programs))
