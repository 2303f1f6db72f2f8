"""Messages on their way: each way has a queue, and is tried again with growing pauses when it fails.

Before a message is sent and after it was, that is noted (`note`: `journal` keeps it), and in the store when it has gone
out (`marked`). So the next start after a kill knows what it need not send again, and what it cannot know.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wxalarm import deadline
from wxalarm.watch.store import Message
from wxalarm.watch.ways import Way, WayError, ready, report_states

FIRST, LONGEST = 5.0, 900.0
"""Seconds until a way that failed is tried again: at first, and at most."""
MOST = 1000
"""Messages of one way that are kept in memory; the store has the others."""
PARTING = 0.5
"""Seconds that the end waits for a message that is being sent."""
GAP = 60.0
"""Seconds between two reports of all states to Alertmanager."""


@dataclass(slots=True)
class Outlet:
    """A way out, and how it does."""

    way: Way
    queue: dict[str, Message] = field(default_factory=dict)
    """By id, the oldest first."""
    done: dict[str, None] = field(default_factory=dict)
    """Ids of the last that went out, which the store may not know yet."""
    sent: int = 0
    failed: int = 0
    error: str | None = None
    """Of the last try; None when that went well."""
    again: float = 0.0
    """Event-loop time before which it is not tried."""
    pause: float = 0.0

    def well(self) -> None:
        """It took something."""
        self.sent, self.error, self.pause, self.again = self.sent + 1, None, 0.0, 0.0

    def badly(self, error: str, now: float) -> None:
        """It did not."""
        self.failed, self.error = self.failed + 1, error
        self.pause = min(LONGEST, self.pause * 2 or FIRST)
        self.again = now + self.pause


class Outlets:
    """All ways of a plan. alerts: gives what Alertmanager is told."""

    def __init__(
        self,
        say: Callable[..., None],
        alerts: Callable[[], Sequence[Mapping[str, Any]]],
        marked: Callable[[Message], None],
        note: Callable[[Message, str], None] = lambda message, state: None,
    ) -> None:
        """note: called in a thread with "sending", then with "sent" or "refused"."""
        self.by_label: dict[str, Outlet] = {}
        self._say, self._alerts, self._marked, self._note = say, alerts, marked, note
        self._wake = asyncio.Event()

    def set(self, ways: Iterable[Way]) -> None:
        """Send by these ways from now on; those that stay keep their queues."""
        before = self.by_label
        self.by_label = {}
        for way in ways:
            outlet = before.get(way.label) or Outlet(way)
            outlet.way = way
            self.by_label[way.label] = outlet
        self._wake.set()

    def take(self, messages: Iterable[Message]) -> None:
        """Send these."""
        for message in messages:
            outlet = self.by_label.get(message.way)
            if outlet is not None and len(outlet.queue) < MOST and message.id not in outlet.done:
                outlet.queue.setdefault(message.id, message)
                self._wake.set()

    async def run(self) -> None:
        """Send what comes, for ever."""
        running: dict[str, asyncio.Task[None]] = {}
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._wake.clear()
                now = loop.time()
                for label, outlet in self.by_label.items():
                    busy = label in running and not running[label].done()
                    if not busy and outlet.again <= now and (outlet.queue or outlet.way.kind == "alertmanager"):
                        running[label] = asyncio.create_task(self.deliver(outlet))
                        running[label].add_done_callback(lambda _: self._wake.set())
                waits = [
                    max(0.05, outlet.again - now)
                    for label, outlet in self.by_label.items()
                    if (outlet.queue or outlet.way.kind == "alertmanager")
                    and (label not in running or running[label].done())
                ]
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(waits, default=None)):
                        await self._wake.wait()
        finally:
            # What is being sent at this moment is better known to have gone out.
            if running:
                await asyncio.wait(running.values(), timeout=PARTING)
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def deliver(self, outlet: Outlet) -> None:
        """Send what waits, until it fails."""
        loop = asyncio.get_running_loop()
        before = outlet.error
        try:
            if outlet.way.kind == "alertmanager":
                alerts = self._alerts()
                if alerts:
                    await deadline.in_thread(partial(report_states, outlet.way, alerts))
                    outlet.well()
                outlet.again = loop.time() + GAP
            while outlet.queue:
                message = next(iter(outlet.queue.values()))
                await deadline.in_thread(partial(self._send, outlet.way, message))
                outlet.well()
                outlet.queue.pop(message.id, None)
                outlet.done[message.id] = None
                if len(outlet.done) > MOST:
                    outlet.done.pop(next(iter(outlet.done)))
                self._marked(message)
        except WayError as error:
            outlet.badly(str(error), loop.time())
            if before is None:
                self._say("watch_way_failed", way=outlet.way.label, error=error)
        else:
            if before is not None and outlet.error is None:
                self._say("watch_way_back", way=outlet.way.label)

    def _send(self, way: Way, message: Message) -> None:
        call = ready(way, message.body)
        self._note(message, "sending")
        try:
            call()
        except WayError:
            self._note(message, "refused")
            raise
        self._note(message, "sent")

    def hurry(self) -> None:
        """Tell Alertmanager at once: a state has changed. A way that failed keeps its pause."""
        for outlet in self.by_label.values():
            if outlet.way.kind == "alertmanager" and outlet.error is None:
                outlet.again = 0.0
        self._wake.set()
