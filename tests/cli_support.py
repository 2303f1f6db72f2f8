"""Runs the command as a user does, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT


def wxalarm(
    *args: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `wxalarm ARGS` in English, UTF-8 and without colours; 60 s are the deadline."""
    clean = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "WXALARM_LANG", "NO_COLOR"}}
    return subprocess.run(
        [sys.executable, "-m", "wxalarm", *map(str, args)],
        input=stdin,
        capture_output=True,
        env=clean | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **(env or {})},
    )


def on_terminal(*args: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None, errors: bool = False) -> str:
    """What `wxalarm ARGS` sends to a terminal of 80 x 24 that is its stdout, or its stderr with `errors`."""
    import fcntl
    import pty
    import struct
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "WXALARM_LANG", "NO_COLOR"}}
    clean |= {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm-256color", **(env or {})}
    process = subprocess.Popen(
        [sys.executable, "-m", "wxalarm", *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL if errors else child,
        stderr=child if errors else subprocess.DEVNULL,
        env=clean,
    )
    os.close(child)
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    shown = b""
    while data := _shown(parent):
        shown += data
    os.close(parent)
    process.wait(60)
    return shown.decode()


def _shown(parent: int) -> bytes:
    """What came; nothing once nobody writes to the terminal any more."""
    try:
        return os.read(parent, 1 << 16)
    except OSError:
        return b""
