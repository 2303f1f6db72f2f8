"""Access tokens on disk, so that a run asks for none that still holds. One file an appid, with mode 600.

Only tokens of stable_token stand here; they and the tokens of the running service do not void each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from pathlib import Path

from wxalarm.probes import files

LARGEST = 16 << 10
EARLY = 60
"""Seconds before its end from which a token is no longer used."""


def path_of(base_url: str, appid: str) -> Path | None:
    """The file for an appid; tokens of stand-ins are kept apart from WeChat's. None for a user without a home."""
    folder = files.cache_folder()
    name = hashlib.sha256(f"{base_url}\n{appid}".encode()).hexdigest()[:32]
    return folder and folder / f"token-{name}.json"


def load(base_url: str, appid: str) -> str | None:
    """The token, if there is one that still holds and nobody else can read the file."""
    path = path_of(base_url, appid)
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            mine = os.name != "posix" or (status.st_uid == os.getuid() and not status.st_mode & 0o077)
            if not stat.S_ISREG(status.st_mode) or not mine:
                return None
            kept = json.loads(file.read(LARGEST))
        token, until = kept["access_token"], float(kept["until"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return token if isinstance(token, str) and token and time.time() < until - EARLY else None


def store(base_url: str, appid: str, token: str, expires_in: float) -> None:
    """Keep a token. A disk that cannot be written is no error: the next run asks again."""
    kept = {"access_token": token, "until": time.time() + expires_in}
    if path := path_of(base_url, appid):
        files.keep(path, json.dumps(kept).encode())


def drop(base_url: str, appid: str) -> None:
    """Forget a token that WeChat no longer takes."""
    if path := path_of(base_url, appid):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
