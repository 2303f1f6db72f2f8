"""Sends the alarms that stand in the store, each on every way, until it takes them: `alarms` says how."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from wxalarm.tokens import alarms
from wxalarm.tokens.alarms import Alarm
from wxalarm.tokens.stores.base import Store, StoreError, look, make
from wxalarm.tokens.turn import Need

LEAST = 1.0
"""Seconds between two looks at what waits."""
FIRST, LONGEST = 5.0, 300.0
"""Seconds until a way that failed is tried again: at first, and at most."""
PARTING = 10.0
"""Seconds that the end of a keeper waits for what has not gone out; the rest stays in the store."""

Send = Callable[[Need, Alarm], None]
"""Sends one alarm; raises when it is not taken. It must not wait longer than alarms.CLAIM."""


class Outbox:
    """A thread that sends what the store holds for the tokens that it was woken for."""

    def __init__(
        self, store: Store, me: str, ways: Mapping[str, Send], refused: Callable[[str, str], None] = lambda *_: None
    ) -> None:
        self._store, self._me, self._ways, self._refused = store, me, ways, refused
        self._waiting: dict[str, Need] = {}
        self._pauses = dict.fromkeys(ways, 0.0)
        self._again = dict.fromkeys(ways, 0.0)
        self._change = threading.Condition()
        self._ends = float("inf")
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def wake(self, need: Need) -> None:
        """Alarms stand in its row."""
        with self._change:
            if need.name not in self._waiting:
                self._waiting[need.name] = need
                self._change.notify()

    def close(self) -> None:
        """Send what waits, for a few seconds."""
        with self._change:
            self._ends = time.monotonic() + PARTING
            self._change.notify()
        self._thread.join(PARTING)

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and self._ends == float("inf"):
                    self._change.wait()
                waiting, self._waiting = self._waiting, {}
            left = {name: need for name, need in waiting.items() if not self._sent(need)}
            with self._change:
                self._waiting = left | self._waiting
                if not self._waiting and self._ends < float("inf"):
                    return
                if left:
                    pause = max(self._again.values()) - time.monotonic()
                    self._change.wait(min(max(pause, LEAST), PARTING))
                if time.monotonic() > self._ends:
                    return

    def _sent(self, need: Need) -> bool:
        """Send what may be sent now; whether nothing is left of it."""
        try:
            seen = look(self._store, need.name)
            left = [
                (alarm, way)
                for alarm in alarms.read(seen.row.alarms)
                for way in self._ways
                if way not in alarm.sent and not self._passed(need, alarm, way, seen.now)
            ]
        except StoreError:
            return False  # the keeper tells that the store is away
        return not left

    def _passed(self, need: Need, alarm: Alarm, way: str, now: float) -> bool:
        """Whether a way has taken it, or it is no news any more."""
        if now - alarm.time < alarms.STALE:
            if time.monotonic() < self._again[way]:
                return False
            if make(self._store, need.name, alarms.claimed(alarm.id, self._me)) is None:
                return False  # another keeper sends it, or has just done so
            if not self._on(way, self._ways[way], need, alarm):
                return False
        make(self._store, need.name, alarms.taken(alarm.id, way, self._ways))
        return True

    def _on(self, way: str, send: Send, need: Need, alarm: Alarm) -> bool:
        try:
            send(need, alarm)
        except Exception as error:  # noqa: BLE001  # of whatever kind the way is, the alarm stays
            if not self._pauses[way]:
                self._refused(way, str(error))
            self._pauses[way] = min(LONGEST, self._pauses[way] * 2 or FIRST)
            self._again[way] = time.monotonic() + self._pauses[way]
            return False
        self._pauses[way] = self._again[way] = 0.0
        return True
