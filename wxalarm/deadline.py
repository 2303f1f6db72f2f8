"""A call that cannot wait (a judgement, a rendering: no I/O) in a thread that is ended when it is late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """What the call gives or raises. When this is cancelled, by asyncio.timeout or Ctrl-C, the call ends at its next
    step of Python; asyncio.to_thread would go on, and the program would wait for it at its end."""
    made: Future[T] = Future()
    thread = _thread(call, made)
    thread.start()
    try:
        return await asyncio.wrap_future(made)
    except asyncio.CancelledError:
        _end(thread)
        raise


def within(call: Callable[[], T], limit: float, grace: float) -> T:
    """The same where there is no event loop: TimeoutError after `limit` seconds, or `grace` seconds behind a
    KeyboardInterrupt; a second one is raised."""
    made: Future[T] = Future()
    thread = _thread(call, made)
    try:
        try:
            thread.start()
            return made.result(limit)
        except KeyboardInterrupt:
            return made.result(grace)
    finally:
        if not made.done():
            _end(thread)


def _thread(call: Callable[[], T], made: Future[T]) -> threading.Thread:
    def work() -> None:
        # Nobody waits any more: `_end` raised SystemExit here, or in_thread was cancelled.
        with suppress(SystemExit, InvalidStateError):
            try:
                value = call()
            except SystemExit:
                raise
            except BaseException as error:  # noqa: BLE001  # it is the caller's, raised where that waits
                made.set_exception(error)
            else:
                made.set_result(value)

    return threading.Thread(target=work, name="judgement", daemon=True)


def _end(thread: threading.Thread) -> None:
    """Raise SystemExit in a thread, which threads pass over in silence, wherever it is by now."""
    import ctypes

    if thread.is_alive() and thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
