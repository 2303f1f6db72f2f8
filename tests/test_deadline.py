"""A call in a thread of its own: it gives what it gives, and is ended when nobody waits any more."""

from __future__ import annotations

import asyncio
import threading

import pytest

from wxalarm.deadline import in_thread


def test_it_gives_what_the_call_gives_or_raises() -> None:
    assert asyncio.run(in_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))


def test_a_late_call_is_ended_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    running: list[threading.Thread] = []

    def endless() -> None:
        running.append(threading.current_thread())
        while True:
            pass

    async def late() -> None:
        async with asyncio.timeout(0.2):
            await in_thread(endless)

    with pytest.raises(TimeoutError):
        asyncio.run(late())
    running[0].join(30)
    assert not running[0].is_alive()
    assert capfd.readouterr() == ("", "")
