"""Whose machine is looked at, and that alarms of one server share the sample."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from tests.support import context_of
from wxalarm.checks import HOST
from wxalarm.runner import Run

ALARM = {"kind": "request-timeout", "first_seen": "2026-01-01T11:57:00+08:00", "window_minutes": 5, "count": 30}


def results(target: dict[str, Any], **case: Any) -> dict[str, Any]:
    ctx = context_of({"alarm": ALARM, "target": target, **case})
    ctx = dataclasses.replace(ctx, settings=dataclasses.replace(ctx.settings, sample=0.1))
    [report] = asyncio.run(Run([ctx], only=[check.id for check in HOST]).reports())
    return {result.check: result for result in report.results if result.check.startswith("host-")}


def test_another_machine_is_not_looked_at() -> None:
    target = {"url": "http://wx.example.com/", "host": "wx.example.com", "alarm_ip": "192.0.2.55"}
    for result in results(target).values():
        assert result.observation is None
        assert result.reason.id == "elsewhere"


def test_this_machine_is_when_it_is_the_server() -> None:
    target = {"url": "http://wx.example.com/", "host": "wx.example.com", "alarm_ip": "192.0.2.55"}
    here = {"host": {"addresses": ["192.0.2.55"]}}
    for check, result in results(target, settings=here).items():
        assert result.observation is not None or (check, result.reason.id) == ("host-history", "no-sar"), check
        assert result.status != "unknown"


def test_alarms_of_one_server_share_the_sample() -> None:
    targets = [
        {
            "url": f"http://127.0.0.1:1/{n}/callback",
            "host": "127.0.0.1",
            "port": 1,
            "path": f"/{n}",
            "named_by_user": True,
        }
        for n in range(20)
    ]
    contexts = [context_of({"alarm": ALARM, "target": target}) for target in targets]
    contexts = [dataclasses.replace(one, settings=dataclasses.replace(one.settings, sample=0.1)) for one in contexts]
    reports = asyncio.run(Run(contexts, only=["host-cpu"]).reports())
    seen = {id(result.observation) for report in reports for result in report.results if result.check == "host-cpu"}
    assert len(seen) == 1
