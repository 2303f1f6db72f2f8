"""What is kept of one run for the next, in the user's state folder: the key of redaction."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from wxalarm.probes import files

KEY = 32
"""Bytes."""


def folder() -> Path | None:
    """The user's folder for wxalarm's state; None for a user without a home."""
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "wxalarm"
    try:
        return Path.home() / ".local" / "state" / "wxalarm"
    except RuntimeError:
        return None


def redaction_key() -> bytes:
    """The key that makes tokens the same in every report of this user, so that two nights can be compared. One that is
    not there is made, readable by the user alone; where none can be kept, this run has its own."""
    kept = folder()
    if kept is not None:
        path = kept / "redaction.key"
        with contextlib.suppress(OSError):
            if key := _read(path):
                return key
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = secrets.token_bytes(KEY)
            files.replace(path, made, 0o600, own=True)
            return _read(path) or made
    return secrets.token_bytes(KEY)


def _read(path: Path) -> bytes | None:
    """The key, if nobody else can have read or written it."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            own = os.name != "posix" or (status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077)
            key = file.read(KEY + 1)
    except FileNotFoundError:
        return None
    return key if own and len(key) == KEY else None
