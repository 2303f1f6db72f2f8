"""A call that cannot wait (a judgement: Python alone, no I/O) in a thread that is ended when it is late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """What the call gives or raises. When this is cancelled, by asyncio.timeout or Ctrl-C, the call ends at its next
    step of Python; asyncio.to_thread would go on, and the program would wait for it at its end."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[T] = loop.create_future()

    def tell(value: T | None, error: BaseException | None) -> None:
        if made.done():
            return
        if error is not None:
            made.set_exception(error)
        else:
            made.set_result(value)  # type: ignore[arg-type]  # None only where T holds it

    def work() -> None:
        value, failed = None, None
        try:
            value = call()
        except SystemExit:  # what `_end` raises: nobody waits any more
            return
        except BaseException as error:  # noqa: BLE001  # it is the caller's, raised where that waits
            failed = error
        loop.call_soon_threadsafe(tell, value, failed)

    thread = threading.Thread(target=work, name="judgement", daemon=True)
    thread.start()
    try:
        return await made
    except asyncio.CancelledError:
        _end(thread)
        raise


def _end(thread: threading.Thread) -> None:
    """Raise SystemExit in a thread, which threads pass over in silence, wherever it is by now."""
    import ctypes

    if thread.is_alive() and thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
