"""Servers of the lab in an event loop of their own thread, for tests whose client is another program."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """An event loop that runs while entered."""

    def __enter__(self) -> Background:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())

    def _run(self, awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(30)

    @contextmanager
    def serving(self, server: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """A server that is entered there."""
        yield self._run(server.__aenter__())
        self._run(server.__aexit__(None, None, None))
