"""How much is read, expanded and judged at most, with units. WeChat's own numbers are in wechat/limits.py; what a probe
takes off a wire is bounded beside its protocol. docs/security.md names the test of each."""

from __future__ import annotations

import errno
import os
import stat

ALARMS = 16 * 1024 * 1024
"""Bytes of a fixture, a reply or a text to explain. `parse` and `diagnose` stream alarms of any size."""
EXPANDED = 8 * 1024 * 1024 * 1024
"""Bytes out of one compressed file of alarms (.gz, an entry of a .zip), which may have a thousandth of them."""
CASE = 256 * 1024 * 1024
"""Bytes of a saved case: a storm of alarms with their observations."""
CASE_VALUES = 2_000_000
"""Values (objects, lists, texts, numbers) of a saved case: each takes up to 200 bytes of memory, however short."""
CONFIG = 1024 * 1024
"""Bytes of a wxalarm.toml."""
SECRET = 64 * 1024
"""Bytes of a file that holds a secret."""
PASTED = 1024 * 1024
"""Bytes of a pasted answer (--callback-check)."""

NGINX_FILE = 1024 * 1024
"""Bytes of one file of an nginx configuration."""
NGINX_TOTAL = 8 * 1024 * 1024
"""Bytes of all files of one nginx configuration, each as often as it is included."""
NGINX_FILES = 2000
"""Files of one nginx configuration, each as often as it is included."""
NGINX_INCLUDES = 32
"""Files that include each other in a row."""
NGINX_NESTING = 64
"""Blocks inside each other."""
NGINX_EDITS = 1000
"""Changes that are shown as a diff; nobody reads more, and a diff takes longer the more lines differ."""

VALUE = 64 * 1024
"""Characters of a variable's value after its own variables were put in."""
EXPANSIONS = 20_000
"""Variables that are worked out for one request."""
MAPS = 100
"""Maps that are worked out for one another in a row."""
PATTERN = 1000
"""Steps that a foreign pattern is made of: `x{500}` has 500."""
PATTERN_NESTING = 50
"""Groups inside each other in a foreign pattern."""
PATTERN_WORK = 2_000_000
"""Steps that are taken to match one foreign pattern: a second or two."""

JUDGEMENT = 5.0
"""Seconds for one check to judge what its probe saw; also for all of them together behind the end of the run."""
RENDERING = 30.0
"""Seconds to write the reports of a run in one format, to hide what is secret in them, and to look them over: an nginx
configuration of 8 MiB takes eight."""
RENDERING_EACH = 0.1
"""Seconds more for each report."""
DIGITS = 20
"""Digits of a whole number from outside: 2^64 has as many. Python raises for more than 4300, and is slow before."""


class Beyond(Exception):
    """Something from outside is more than a bound lets pass: nothing is claimed about it. `name` says which bound."""

    def __init__(self, name: str, limit: float) -> None:
        super().__init__(f"{name} > {limit}")
        self.name, self.limit = name, limit


def whole(text: str | bytes, digits: int = DIGITS) -> int | None:
    """A whole number without a sign, in ASCII digits, of at most so many; None for anything else."""
    return int(text) if len(text) <= digits and text.isascii() and text.isdigit() else None


def read_file(path: str | os.PathLike[str], limit: int) -> bytes:
    """All bytes of a regular file. Raises OSError: EFBIG when there are more than `limit`, EINVAL for what is none (a
    pipe would be waited for, a device has no end)."""
    # To open a pipe would wait for its other end.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data
