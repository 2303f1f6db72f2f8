"""An event loop whose time passes only while everybody waits for it: no test of a deadline depends on the machine.

The sockets are real. When no descriptor is ready, no call can be made and no thread or program works, nothing but the
clock can make anything happen, so it goes to the next moment that somebody waits for. What takes no waiting takes no
time: "at once" is 0.0 s, a deadline of 0.5 s ends at 0.5 s, and nobody sleeps. Servers have to be in the same loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
SETTLED = 0.001
"""Seconds that loopback has for what was sent, before a moment of silence is silence."""


class _Selector(selectors.DefaultSelector):
    clock: _Loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout == 0 else SETTLED)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.clock.works():
            return super().select(None if timeout is None else 0.002)
        # What has ended since the silence said so before it ended.
        if ready := super().select(0):
            return ready
        self.clock.now += timeout
        return []


def _children(task: Path) -> bytes:
    """The numbers of the programs that a thread has started; of one that has just ended none."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return (task / "children").read_bytes()
    return b""


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        selector = _Selector()
        self.now = 0.0
        self._calls = 0
        self._served: list[asyncio.WriteTransport] = []
        selector.clock = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def works(self) -> bool:
        """Whether a thread or a program is at something that the loop waits for."""
        threads = any(thread.name == "judgement" for thread in threading.enumerate())
        return self._calls > 0 or threads or any(map(_children, Path("/proc/self/task").glob("*")))

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # its type variables say no more here
        future = super().run_in_executor(executor, func, *args)
        self._calls += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, _: object) -> None:
        self._calls -= 1

    def _make_socket_transport(self, *args: Any, **options: Any) -> Any:
        return self._kept(super()._make_socket_transport(*args, **options), **options)  # type: ignore[misc]  # untyped

    def _make_ssl_transport(self, *args: Any, **options: Any) -> Any:
        return self._kept(super()._make_ssl_transport(*args, **options), **options)  # type: ignore[misc]  # untyped

    def _kept(self, made: asyncio.WriteTransport, *, server: Any = None, **_: Any) -> asyncio.WriteTransport:
        self._served += [made] if server is not None else []
        return made

    async def hang_up(self) -> None:
        """Close what servers have taken at the last moment, which no test waits for."""
        for transport in self._served:
            transport.abort()
        await asyncio.sleep(0)


def timed(main: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """What it gives by such a clock, and the seconds it took."""
    loop = _Loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            return runner.run(main), loop.time()
        finally:
            runner.run(loop.hang_up())


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run by such a clock."""
    return timed(main)[0]
