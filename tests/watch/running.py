"""Programs that run while entered, and servers in a thread of their own: real ones, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from tests.paths import ROOT

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds until something that must come is given up; nothing is measured by it."""


@contextmanager
def program(*command: str | Path, log: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program; what it prints is in `log`."""
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [*map(str, command)], stdout=file, stderr=subprocess.STDOUT, env={**os.environ, **env}
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def watching(*args: str | Path, folder: Path, port: int, **env: str) -> Iterator[Callable[..., Any]]:
    """`wxalarm watch` with a page; gives `get`."""
    command = [sys.executable, "-m", "wxalarm", "watch", *args, "--listen", f"127.0.0.1:{port}"]
    own = {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state"), "WXALARM_WAYS": ""}
    with program(*command, log=folder / "watch.log", **(own | env)):
        until(lambda: get(port, "/-/healthy")[0] in (200, 401))
        yield lambda path, **query: get(port, path, **query)


def get(port: int, path: str, *, headers: dict[str, str] | None = None, **query: str) -> tuple[int, str]:
    """(status, body); (0, "") when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path + (f"?{urlencode(query)}" if query else ""), headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def until(call: Callable[[], T]) -> T:
    """What a call gives as soon as it is something."""
    end = time.monotonic() + PATIENCE
    while not (found := call()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


@contextmanager
def served(make: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """A server of the lab in a thread of its own."""
    begun: dict[str, Any] = {}
    ready = threading.Event()

    async def main() -> None:
        begun["loop"], begun["stop"] = asyncio.get_running_loop(), asyncio.Event()
        async with make() as server:
            begun["server"] = server
            ready.set()
            await begun["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield begun["server"]
    finally:
        with contextlib.suppress(RuntimeError):
            begun["loop"].call_soon_threadsafe(begun["stop"].set)
        thread.join()


def prometheus(port: int, question: str) -> list[dict[str, Any]]:
    """What Prometheus answers to a query."""
    status, body = get(port, "/api/v1/query", query=question)
    return list(json.loads(body)["data"]["result"]) if status == 200 else []
