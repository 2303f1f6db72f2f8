"""A call in a thread of its own: it gives what it gives, and is ended when nobody waits any more."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from wxalarm.deadline import in_thread, within

T = TypeVar("T")
Endless = tuple[Callable[[], None], list[threading.Thread]]


@pytest.fixture
def endless() -> Endless:
    """A call that never returns, and the thread that it runs in."""
    running: list[threading.Thread] = []

    def call() -> None:
        running.append(threading.current_thread())
        while True:
            pass

    return call, running


def test_it_gives_what_the_call_gives_or_raises() -> None:
    assert asyncio.run(in_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))


def test_without_a_loop_too() -> None:
    assert within(lambda: 7, 60, 60) == 7
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0, 60, 60)


def test_a_late_call_is_ended_in_silence(endless: Endless, capfd: pytest.CaptureFixture[str]) -> None:
    async def late() -> None:
        async with asyncio.timeout(0.2):
            await in_thread(endless[0])

    with pytest.raises(TimeoutError):
        asyncio.run(late())
    with pytest.raises(TimeoutError):
        within(endless[0], 0.2, 60)
    for thread in endless[1]:
        thread.join(30)
    assert [thread.is_alive() for thread in endless[1]] == [False, False]
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_leaves_it_a_little_time(endless: Endless) -> None:
    call, running = endless
    told = threading.Event()

    def first(*_: object) -> None:
        told.set()
        raise KeyboardInterrupt

    def press(call: Callable[[], T]) -> Callable[[], T]:
        def pressed() -> T:
            os.kill(os.getpid(), signal.SIGINT)
            told.wait(60)
            return call()

        return pressed

    before = signal.signal(signal.SIGINT, first)
    try:
        assert within(press(lambda: 7), 600, 60) == 7
        told.clear()
        with pytest.raises(TimeoutError):
            within(press(call), 600, 0.2)
    finally:
        signal.signal(signal.SIGINT, before)
    running[0].join(30)
    assert not running[0].is_alive()


def test_a_ctrl_c_that_does_not_end_the_wait_is_heard_all_the_same(endless: Endless) -> None:
    """One that comes just before the wait begins does not; nor does one that another thread of the process is given,
    which a test can have at will."""
    call, running = endless

    def press() -> None:
        time.sleep(0.3)  # it waits by now; if not, this test shows nothing
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        os.kill(os.getpid(), signal.SIGINT)
        call()

    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        with pytest.raises(TimeoutError):
            within(press, 60, 0.2)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    running[0].join(30)
    assert not running[0].is_alive()
