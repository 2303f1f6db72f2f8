"""The central refresher: turns of `turn.py` against a real store and WeChat, in a few threads, until it is stopped.

What it did it tells by a plain callable; words and ways out are the caller's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from wxalarm.config import ConfigError, Settings
from wxalarm.tokens import alarms, calls, errors
from wxalarm.tokens import row as rows
from wxalarm.tokens.errors import Failed
from wxalarm.tokens.needs import Kept
from wxalarm.tokens.outbox import Outbox, Send
from wxalarm.tokens.stores.base import Seen, Store, StoreError, look, make
from wxalarm.tokens.turn import Ask, Got, Look, Memory, Need, Plan, Refresher, Told, Turn

THREADS = 8
NEEDS_EVERY = 60.0
"""Seconds between two looks at which tokens are to be kept: an account may have authorized the platform."""
AGAIN = 60.0
"""Seconds after which a turn that broke by a fault of this program is tried again."""


def drive(steps: Turn, store: Store, ask: Callable[[Ask], Got | Failed]) -> float:
    """Do what a turn asks for; gives the seconds until the next."""
    result: Seen | Got | Failed | None = None
    error: StoreError | None = None
    while True:
        try:
            step = steps.send(result) if error is None else steps.throw(error)
        except StopIteration as end:
            return float(end.value)
        result, error = None, None
        try:
            if isinstance(step, Ask):
                result = ask(step)
            elif isinstance(step, Look):
                result = look(store, step.name)
            else:
                result = make(store, step.name, step.change)
        except StoreError as failed:
            error = failed


class Keeper:
    """Keeps tokens fresh. One process may hold it; any number of them share a store."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        needs: Callable[[Sequence[str]], Sequence[Kept]],
        tell: Callable[[Told], None],
        plan: Plan | None = None,
        ways: Mapping[str, Send] | None = None,
        refused: Callable[[str, str], None] = lambda way, error: None,
    ) -> None:
        """ways: ways out for alarms, by their labels; without any, `tell` is all that hears of them.
        refused: told the label of a way that does not take one, and why."""
        self._store, self._settings, self._needs, self._tell = store, settings, needs, tell
        self.plan = plan or Plan(pace=rows.Pace(settings.store.calls_per_hour))
        host = platform.node().encode("ascii", "replace").decode()[:64]
        self.me = f"{host}:{os.getpid()}:{random.SystemRandom().randrange(1 << 32):08x}"
        self._outbox = Outbox(store, self.me, ways, refused) if ways else None
        self._memories: dict[str, Memory] = {}
        self._kept: dict[str, Kept] = {}
        self._due: dict[str, float] = {}
        self._random = random.SystemRandom()

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Until it is stopped; once: one turn for each token. Turns that have begun are ended, so that no lease is
        left behind and nothing that WeChat gave is lost."""
        looked = -NEEDS_EVERY
        with ThreadPoolExecutor(THREADS, "keeper") as pool:
            while not stop.is_set():
                if time.monotonic() - looked >= NEEDS_EVERY:
                    looked = time.monotonic() - (0.0 if self._look_for_needs() else NEEDS_EVERY - self.plan.poll)
                now = time.monotonic()
                for name in [name for name, due in self._due.items() if due <= now]:
                    self._due[name] = float("inf")
                    pool.submit(self._turn, name)
                if once:
                    break
                stop.wait(0.2 if len(self._due) < 100 else 0.05)
        if self._outbox is not None:
            self._outbox.close()

    def held(self, name: str) -> str | None:
        """The value that this process knows and that still holds: for when the store is down."""
        memory = self._memories.get(name)
        return memory.value if memory is not None and time.monotonic() < memory.until else None

    def _look_for_needs(self) -> bool:
        """Whether the store could be asked. When not, those of before go on, or those that the settings know; each
        tells that the store is away."""
        try:
            names = self._store.names()
        except StoreError:
            if self._kept:
                return False
            names = None
        kept = {one.need.name: one for one in self._needs(names or ())}
        for name in kept.keys() - self._due.keys():
            self._memories[name] = Memory()
            self._try_again(name)
            self._due[name] = 0.0
        self._kept.update(kept)
        for name in self._due.keys() - kept.keys():
            del self._due[name]
        return names is not None

    def _try_again(self, name: str) -> None:
        try:
            make(self._store, name, rows.try_again)
        except StoreError:
            return  # its first turn tells

    def _turn(self, name: str) -> None:
        kept, memory = self._kept[name], self._memories[name]
        wait = AGAIN
        try:
            share = self._random.random
            noting = self._outbox is not None
            charge = Refresher(kept.need, self.me, self.plan, memory, time.monotonic, share, self._tell, noting)
            wait = drive(charge.turn(), self._store, lambda step: self._ask(step, kept))
        except Exception as error:  # noqa: BLE001  # whatever broke this turn, the other tokens are kept, and so is this one
            self._stuck(kept.need, Failed(errors.OTHER, failure=type(error).__name__))
        finally:
            if self._outbox is not None and memory.alarms:
                self._outbox.wake(kept.need)
            if name in self._due:
                self._due[name] = time.monotonic() + wait

    def _stuck(self, need: Need, failed: Failed) -> None:
        self._tell(Told(need, "stuck", failed))
        if self._outbox is None:
            return
        with contextlib.suppress(StoreError):
            make(self._store, need.name, lambda row, now: alarms.noted(row, now, self.me, "stuck", failed))
            self._memories[need.name].alarms = True

    def _ask(self, step: Ask, kept: Kept) -> Got | Failed:
        try:
            if not kept.account.secret("app_secret"):
                return Failed(errors.CREDENTIALS, 41004)
            return asyncio.run(calls.ask(step, kept.account, self._settings))
        except ConfigError as error:
            return Failed(errors.CREDENTIALS, failure=error.reason.id)
