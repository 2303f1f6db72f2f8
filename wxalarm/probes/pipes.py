"""Logs that come through a pipe: `-`, a FIFO, `<(kubectl logs …)`. A window is found by bisection, so what comes is
kept in a temporary file, once for all who read it.
"""

from __future__ import annotations

import os
import select
import stat
import tempfile
import threading
import time
from typing import IO

STDIN = "-"
SPOOLED = 1 << 30
"""Bytes that are kept; what comes behind them is not read."""
FIRST, PATIENCE = 8.0, 60.0
"""Seconds until something has to come, and until it has to end: a client may first have to ask its server."""
_BLOCK = 1 << 16
_kept: dict[str, Spool] = {}
_lock = threading.Lock()


class Spool:
    """What came through a pipe."""

    def __init__(self, file: IO[bytes], *, whole: bool) -> None:
        self._file = file
        """Deleted with the process."""
        self.path = file.name
        self.whole = whole
        """It came to its end."""


def is_pipe(path: str) -> bool:
    """Whether a name stands for a pipe. Raises OSError, ValueError."""
    if path == STDIN:
        return True
    mode = os.stat(path).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def spooled(path: str) -> Spool:
    """What comes through a pipe, as a file. Raises OSError."""
    with _lock:
        found = _kept.get(path)
        if found is None:
            found = _kept[path] = _read(path)
        return found


def _read(path: str) -> Spool:
    pipe = os.dup(0) if path == STDIN else os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    file = tempfile.NamedTemporaryFile(prefix="wxalarm-")  # noqa: SIM115  # it lives as long as the process
    until, size, whole = time.monotonic() + PATIENCE, 0, False
    try:
        while size < SPOOLED and (left := until - time.monotonic()) > 0:
            if not select.select([pipe], [], [], left if size else FIRST)[0]:
                break
            try:
                block = os.read(pipe, _BLOCK)
            except BlockingIOError:
                continue
            if not block:
                whole = True
                break
            file.write(block)
            size += len(block)
    finally:
        os.close(pipe)
    file.flush()
    return Spool(file, whole=whole)
