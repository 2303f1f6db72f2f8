"""What a worker has of the store: the token, kept for a minute, while it holds."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from wxalarm.messages import ReasonError
from wxalarm.tokens import row as rows
from wxalarm.tokens.stores.base import Store, StoreError, look, make
from wxalarm.tokens.turn import usable

MINUTE = 60.0
"""Seconds for which a value is kept: the guide's minute."""
AGAIN = 5.0
"""Seconds after which a store that did not answer is asked again, while the value that is kept holds."""
LOG = logging.getLogger("wxalarm.tokens")


class NoToken(ReasonError):
    """There is no token that holds: none was stored, it has ended, it was refused, or the store is down."""


@dataclass(slots=True)
class _Kept:
    value: str
    read: float
    """By the reader's own monotonic clock, as the next two."""
    until: float
    again: float


class Reader:
    """Reads tokens of a store; safe for threads, and for processes that fork. Nothing is read on the way of a call
    more than once a minute."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._refused: dict[str, str] = {}
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self.errors = 0
        """Reads of the store that failed."""

    def get(self, name: str) -> str:
        """The value of a row. Raises NoToken."""
        kept = self._kept.get(name)
        if kept is not None and self._clock() < kept.again:
            return kept.value
        if self._pid != os.getpid():  # a lock that another thread held when the process forked is never given back
            self._lock, self._pid = threading.Lock(), os.getpid()
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and self._clock() < kept.again:
                return kept.value
            return self._read(name, kept)

    def _read(self, name: str, kept: _Kept | None) -> str:
        before = self._clock()
        try:
            seen = look(self._store, name)
        except StoreError as error:
            self.errors += 1
            if kept is not None and before < kept.until:
                LOG.warning("store-down %s: %s", name, error)
                kept.again = min(before + AGAIN, kept.until)
                return kept.value
            self._kept.pop(name, None)
            raise NoToken("token-store-down", name=name, error=str(error)) from None
        value = usable(seen)
        if value is not None and value == self._refused.get(name):
            self._report(name, value)  # it did not get through, or came too early
        if value is None or value == self._refused.get(name):
            self._kept.pop(name, None)
            raise NoToken(_why(seen.row, seen.now, value), name=name)
        self._refused.pop(name, None)
        until = before + rows.sure_until(seen.row, seen.now) - seen.now
        self._kept[name] = _Kept(value, before, until, min(before + MINUTE, until))
        return value

    def rejected(self, name: str, value: str) -> None:
        """WeChat answered 40001, 40014 or 42001 to this value: it is not given again, the keeper gets a new one, and
        the other readers learn of it within their minute. However many say so, it is one refresh."""
        with self._lock:
            self._refused[name] = value
            kept = self._kept.get(name)
            if kept is not None and kept.value == value:
                del self._kept[name]
            self._report(name, value)

    def _report(self, name: str, value: str) -> None:
        try:
            make(self._store, name, rows.rejected(value))
        except StoreError as error:
            self.errors += 1
            LOG.warning("store-down %s: %s", name, error)

    def forget(self) -> None:
        """Read everything anew at the next call."""
        self._kept.clear()


def _why(row: rows.Row, now: float, value: str | None) -> str:
    if row.value is None:
        return "token-none"
    return "token-refused" if row.rejected_at or value else "token-ended"
