"""What the page and /api show, as plain data: of targets, changes, pasted alarms."""

from __future__ import annotations

import time as clock
from datetime import UTC, datetime
from typing import Any

from wxalarm.watch.service import Service, Subject
from wxalarm.watch.states import Level
from wxalarm.watch.store import DAY

SCHEMA = "wxalarm.watch/1"
ORDER = (Level.DOWN, Level.DEGRADED, None, Level.UP)
"""In which the page shows targets."""


def word(level: Level | None) -> str:
    """A state by its name; "blind" where none is known."""
    return "blind" if level is None else level.word


def iso(time: float | None) -> str | None:
    """A moment of the wall clock."""
    return None if time is None else datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")


def since(subject: Subject, service: Service) -> float | None:
    """Since when its state is so, by the wall clock."""
    if subject.state.level is None:
        return None
    return clock.time() - (service.steady() - subject.state.since)


def ordered(service: Service) -> list[Subject]:
    """The targets, the worst first."""
    return sorted(
        service.subjects.values(), key=lambda one: (ORDER.index(one.state.level), one.target.name, one.target.url)
    )


def target_record(subject: Subject, service: Service) -> dict[str, Any]:
    """A target as /api gives it."""
    numbers = subject.numbers
    return {
        "key": subject.target.key,
        "name": subject.target.name,
        "url": subject.target.url,
        "account": subject.target.account,
        "state": word(subject.state.level),
        "since": iso(since(subject, service)),
        "flapping": subject.state.flapping,
        "time": iso(subject.time or None),
        "last": None
        if numbers is None
        else {
            "state": word(numbers.level),
            "code": numbers.code,
            "seconds": numbers.total,
            "dns": numbers.dns,
            "verified": numbers.verified,
            "addresses": [one.record() for one in numbers.phases],
            "certificate": numbers.certificate and iso(numbers.certificate.timestamp()),
            "registration": numbers.registration and iso(numbers.registration.timestamp()),
            "views": None if numbers.views is None else {"agreeing": numbers.views[0], "asked": numbers.views[1]},
        },
    }


def overview_record(service: Service) -> dict[str, Any]:
    """/api/targets."""
    return {
        "schema": SCHEMA,
        "time": iso(clock.time()),
        "every": service.plan.every,
        "late": service.late,
        "targets": [target_record(subject, service) for subject in ordered(service)],
        "ways": [
            {"way": label, "sent": one.sent, "failed": one.failed, "waiting": len(one.queue), "error": one.error}
            for label, one in service.outlets.by_label.items()
        ],
    }


def change_record(change: dict[str, Any]) -> dict[str, Any]:
    """A state change as /api gives it."""
    before = None if change["before"] is None else Level(change["before"])
    return {
        "id": change["id"],
        "key": change["key"],
        "target": change["name"],
        "number": change["number"],
        "time": iso(change["time"]),
        "began": iso(change["began"]),
        "before": word(before),
        "after": Level(change["after"]).word,
        "code": change["code"],
        "certainty": change["certainty"],
    }


def round_record(row: tuple[float, Level | None, str | None, Any]) -> dict[str, Any]:
    """A round as /api gives it."""
    time, level, code, phases = row
    return {"time": iso(time), "state": word(level), "code": code, "addresses": phases}


def paste_record(paste: dict[str, Any]) -> dict[str, Any]:
    """A pasted alarm as /api gives it."""
    return {**paste, "time": iso(paste["time"])}


def days_left(end: datetime) -> int:
    """Until then; negative when it has passed."""
    return int((end.timestamp() - clock.time()) // DAY)
