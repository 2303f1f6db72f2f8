"""What is being waited for on the network right now, for whoever shows progress. Nothing is decided by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct


class Wait(Struct, frozen=True, eq=False):
    """One answer that has not come yet."""

    what: str
    """The protocol: "TCP", "DNS"."""
    where: str
    """Address and port."""
    limit: float
    """Seconds after which its silence is the answer."""
    begun: float
    """time.monotonic()."""

    @property
    def waited(self) -> float:
        """Seconds up to now."""
        return time.monotonic() - self.begun


_WAITS: set[Wait] = set()


@contextmanager
def waiting(what: str, where: str, limit: float) -> Iterator[None]:
    """Says, as long as it is entered, that an answer is being waited for."""
    wait = Wait(what, where, limit, time.monotonic())
    _WAITS.add(wait)
    try:
        yield
    finally:
        _WAITS.discard(wait)


def waits() -> list[Wait]:
    """All that is being waited for, what has been longest first. Another thread may call it."""
    now = tuple(_WAITS)  # in one step
    return sorted(now, key=lambda wait: (wait.begun, wait.what, wait.where))


def endpoint(address: str, port: int) -> str:
    """Address and port as URLs have them (RFC 3986)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
