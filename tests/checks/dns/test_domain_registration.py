"""The check of a domain's registration: asked once a day, and not at all where nothing can be known."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests import clock
from tests.probes.test_registration import DOMAIN
from wxalarm.checks.check import Context
from wxalarm.config import Dns, Registration, Settings
from wxalarm.diagnosis import split_url
from wxalarm.lab.registry import serve_rdap
from wxalarm.model import Alarm, AlarmKind, CheckResult, Status
from wxalarm.runner import Run


def checked(base: str | None, cache: Path, host: str = "wx.shop.example.com", **options: Any) -> CheckResult:
    dns = Dns(servers=(), system=())
    setting = Settings(dns=dns, registration=Registration(base, None, str(cache)), **options)
    ctx = Context(Alarm(kind=AlarmKind.DNS_FAILURE), split_url(f"http://{host}/cb"), setting)
    reports = clock.run(Run([ctx], only=("domain-registration",)).reports())
    return next(result for result in reports[0].results if result.check == "domain-registration")


def test_the_check_asks_once_a_day_and_not_at_all_offline(tmp_path: Path) -> None:
    async def main() -> tuple[list[CheckResult], list[str]]:
        asked: list[str] = []
        async with AsyncExitStack() as stack:
            base = await stack.enter_async_context(serve_rdap({**DOMAIN, "ldhName": "example.com"}, asked=asked))
            offline = await asyncio.to_thread(checked, base, tmp_path, offline=True)
            first = await asyncio.to_thread(checked, base, tmp_path)
            second = await asyncio.to_thread(checked, base, tmp_path)
            return [offline, first, second], asked

    (offline, first, second), asked = clock.run(main())
    assert offline.status is Status.SKIP
    assert [finding.code.id for finding in first.findings] == ["domain-on-hold"]
    assert [finding.code.id for finding in second.findings] == ["domain-on-hold"]
    assert second.observation.cached
    assert len(asked) == 1


def test_names_that_no_registry_holds_are_not_asked_about(tmp_path: Path) -> None:
    for host in ("wx.example.com", "wx.shop.test", "192.0.2.1", "shop"):
        result = checked(None, tmp_path, host)
        assert result.status is Status.SKIP
    assert list(tmp_path.iterdir()) == []


def test_failure_is_a_skip_with_its_reason(tmp_path: Path) -> None:
    result = checked("http://127.0.0.1:1/", tmp_path)
    assert result.status is Status.SKIP
    assert result.reason is not None
    assert result.reason.values == {"domain": "example.com", "error": "127.0.0.1: refused"}
