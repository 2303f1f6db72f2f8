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
