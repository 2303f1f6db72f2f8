"""A call that cannot wait (a judgement, a rendering: no I/O) in a thread that is ended when it is late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


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
            return thread.made.result(limit)
        except KeyboardInterrupt:
            return thread.made.result(grace)
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

    def end(self) -> None:
        """Raise SystemExit in it, which threads pass over in silence, wherever it is by now."""
        import ctypes

        if self.is_alive() and self.ident is not None and not self._over:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(SystemExit))
