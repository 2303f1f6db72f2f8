"""Ports for programs that cannot choose one themselves, such as nginx."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket

_BLOCK = 2000
_BLOCKS = 11
_FIRST = 10_000
"""Below the ports that the system gives away by itself (32768 and up)."""


def _own() -> range:
    """A block for this process. Two workers that asked the system for ports could get the same one after the other, and
    two servers of theirs can both listen on it, at different addresses."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + (os.getppid() + worker) % _BLOCKS * _BLOCK
    return range(first, first + _BLOCK)


_NEXT = itertools.cycle(_own())


def free_ports(count: int) -> list[int]:
    """Different ports that nothing listens on now, and that no other worker is given."""
    found: list[int] = []
    for port in itertools.islice(_NEXT, _BLOCK):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError(f"no {count} free ports")
