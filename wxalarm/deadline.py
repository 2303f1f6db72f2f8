"""A call that cannot wait (a judgement, a rendering: no I/O) in a thread that is ended when it is late."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")
SLICE = 0.5
"""Seconds of a wait, after which signals are looked for."""


async def in_thread(call: Callable[[], T]) -> T:
    """What the call gives or raises. When this is cancelled, by asyncio.timeout or Ctrl-C, the call ends at its next
    step of Python; asyncio.to_thread would go on, and the program would wait for it at its end."""
    thread = _Call(call)
    thread.start()
    try:
        return await asyncio.wrap_future(thread.made)
    except asyncio.CancelledError:
        thread.end()
        raise


def within(call: Callable[[], T], limit: float, grace: float) -> T:
    """The same where there is no event loop: TimeoutError after `limit` seconds, or `grace` seconds behind a
    KeyboardInterrupt; a second one is raised."""
    thread = _Call(call)
    try:
        try:
            thread.start()
            return thread.within(limit)
        except KeyboardInterrupt:
            return thread.within(grace)
    finally:
        thread.end()


class _Call(threading.Thread, Generic[T]):
    """The thread of a call."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(name="judgement", daemon=True)
        self.made: Future[T] = Future()
        self._call = call
        self._over = False
        """Whether the call has ended; what follows must not be broken off."""

    def run(self) -> None:
        """Make it, in this thread."""
        # Nobody waits any more: `end` raised SystemExit here, or in_thread was cancelled.
        with suppress(SystemExit, InvalidStateError):
            try:
                value = self._call()
            except SystemExit:
                raise
            except BaseException as error:  # noqa: BLE001  # it is the caller's, raised where that waits
                self._over = True
                self.made.set_exception(error)
            else:
                self._over = True
                self.made.set_result(value)

    def within(self, limit: float) -> T:
        """What it gives or raises; TimeoutError after so many seconds. A signal that comes just before a wait begins
        does not end it, so no wait is long."""
        until = time.monotonic() + limit
        while not self.made.done() and (left := until - time.monotonic()) > 0:
            wait([self.made], min(left, SLICE))
        return self.made.result(0)

    def end(self) -> None:
        """Raise SystemExit in it, which threads pass over in silence, wherever it is by now."""
        import ctypes

        if self.is_alive() and self.ident is not None and not self._over:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(SystemExit))
