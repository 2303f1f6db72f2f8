"""Alarms of `wxalarm token keep` on the ways out of [watch]: each tried again until it takes them."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from wxalarm.tokens.turn import Told
from wxalarm.watch.ways import Way, WayError, report_states, send

SCHEMA = "wxalarm.token.alarm/1"
FIRST, LONGEST = 5.0, 300.0
"""Seconds until a way that failed is tried again: at first, and at most."""
MOST = 1000
"""Messages that wait for one way; more are dropped, the log has them."""
PARTING = 10.0
"""Seconds that the end of the command waits for what is still under way."""


class Ways:
    """Takes what happened and the sentence on it."""

    def __init__(self, ways: Iterable[Way], failed: Callable[[str, str], None]) -> None:
        """failed: told the way's label and why it did not take a message."""
        self._failed = failed
        self._stop = threading.Event()
        self._queues: list[queue.Queue[dict[str, Any] | None]] = []
        self._threads: list[threading.Thread] = []
        for way in ways:
            waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(MOST)
            self._queues.append(waiting)
            self._threads.append(threading.Thread(target=self._run, args=(way, waiting), daemon=True))
            self._threads[-1].start()

    def take(self, told: Told, title: str, text: str) -> None:
        """Send this; it is not waited for."""
        failed = told.failed
        message = {
            "schema": SCHEMA,
            "id": str(uuid.uuid4()),
            "kind": told.event,
            "name": told.need.name,
            "account": told.need.account,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "case": failed.behaviour.case if failed else None,
            "errcode": failed.errcode if failed else None,
            "ip": failed.ip if failed else None,
            "title": title,
            "text": text,
        }
        for waiting in self._queues:
            if not waiting.full():
                waiting.put_nowait(message)

    def close(self) -> None:
        """Send what waits, for a few seconds."""
        for waiting in self._queues:
            if not waiting.full():
                waiting.put_nowait(None)
        until = time.monotonic() + PARTING
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._stop.set()

    def _run(self, way: Way, waiting: queue.Queue[dict[str, Any] | None]) -> None:
        while (message := waiting.get()) is not None:
            pause = FIRST
            while not self._stop.is_set():
                try:
                    report_states(way, [_alert(message)]) if way.kind == "alertmanager" else send(way, message)
                    break
                except WayError as error:
                    self._failed(way.label, str(error))
                    self._stop.wait(pause)
                    pause = min(LONGEST, pause * 2)


def _alert(message: dict[str, Any]) -> dict[str, Any]:
    """The message as Alertmanager takes it; what has gone by ends the alert of that token."""
    made: dict[str, Any] = {
        "labels": {"alertname": "WxalarmToken", "name": message["name"], "account": message["account"]},
        "annotations": {"summary": message["title"], "description": message["text"]},
        "startsAt": message["time"],
    }
    return {**made, "endsAt": message["time"]} if message["kind"] == "recovered" else made
