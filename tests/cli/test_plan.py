"""`wxalarm plan` is truthful: what opens files or sockets says so, what has nothing to work with says that."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from wxalarm.checks import CHECKS
from wxalarm.checks.check import Check
from wxalarm.cli.plan import text_of
from wxalarm.config import Account, Api, Dns, Host, Settings
from wxalarm.diagnosis import contexts
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import BEIJING, Alarm, AlarmKind, Sample
from wxalarm.runner import Run, plan

LOCAL = [check for check in CHECKS if not check.network]
_seen: list[str] | None = None


def _hook(event: str, args: tuple[object, ...]) -> None:
    if _seen is None or event not in ("open", "os.listdir", "os.scandir", "subprocess.Popen", "socket.connect"):
        return
    name = str(args[1] if event == "socket.connect" else args[0])
    # Python reads its own modules and the words of the catalogue when they are first wanted.
    own = ("site-packages", "wxalarm/", ".pyc", "zoneinfo", sys.prefix, sys.base_prefix)
    if not any(part in name for part in own) or event == "subprocess.Popen":
        _seen.append(f"{event} {name}")


sys.addaudithook(_hook)  # can never be taken away again: it does nothing outside `watched`


@contextmanager
def watched() -> Iterator[list[str]]:
    """Every file, folder and program that is opened, and every connection."""
    global _seen
    seen: list[str] = []
    _seen = seen
    try:
        yield seen
    finally:
        _seen = None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("nginx.conf", "access.log", "error.log", "app.log", "check.json"):
        (tmp_path / name).write_text("", "utf-8")
    host = Host(
        nginx_conf=str(tmp_path / "nginx.conf"),
        access_log=(str(tmp_path / "access.log"),),
        error_log=(str(tmp_path / "error.log"),),
        app_log=(str(tmp_path / "app.log"),),
        addresses=("192.0.2.1",),
    )
    api = Api("http://127.0.0.1:9", callback_check=str(tmp_path / "check.json"))
    dns = Dns(servers=("127.0.0.1:9",), system=("127.0.0.1:9",), roots=("127.0.0.1:9",))
    return Settings(host=host, api=api, dns=dns, sample=0.05, timeout=5.0)


def alarm_of(check_id: str) -> Alarm:
    """An alarm whose playbook has the check."""
    kind = next(kind for kind in AlarmKind if check_id in {c.id for c in plan(contexts([Alarm(kind)], Settings())[0])})
    sample = Sample(url="http://192.0.2.1/", ip="192.0.2.1", stamp=1767240000)
    return Alarm(kind, first_seen=datetime(2026, 1, 1, 12, tzinfo=BEIJING), sample=sample)


@pytest.mark.parametrize("check", [pytest.param(check, id=check.id) for check in LOCAL])
def test_a_check_that_opens_something_says_what(check: Check[Any], settings: Settings) -> None:
    name = check.id
    ready = contexts([alarm_of(name)], settings)
    with watched() as seen:
        asyncio.run(Run(ready, only=[name]).reports())
    for lang in LANGUAGES:
        assert not seen or catalogue(lang).check(name, "sends"), seen


def test_the_watch_sees_files(settings: Settings) -> None:
    """That the test above can fail."""
    with watched() as seen:
        asyncio.run(Run(contexts([alarm_of("app-log")], settings), only=["app-log"]).reports())
    assert any("app.log" in one for one in seen)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_check_that_opens_sockets_says_what_it_sends(lang: str) -> None:
    words = catalogue(lang)
    assert [check.id for check in CHECKS if check.network and not words.check(check.id, "sends")] == []
    assert words.check("dns-delegation", "sends", servers=["192.0.2.53"]).count("192.0.2.53") == 1, "it asks them too"


def lines(settings: Settings, alarm: Alarm, **options: list[str]) -> dict[str, str]:
    (ctx,) = contexts([alarm], settings)
    text = text_of(ctx, catalogue("en"), **options)
    return dict(line.strip().split(maxsplit=1) for line in text.splitlines()[1:])


def test_what_is_absent_is_not_announced() -> None:
    alarm = Alarm(AlarmKind.REQUEST_TIMEOUT)
    bare = lines(Settings(), alarm)
    assert "no host is known" in bare["tcp-connect"]
    assert "no URL is known" in bare["http-request"] or "no host is known" in bare["http-request"]
    assert "no application log was named" in bare["app-log"]
    assert "no configured account" in bare["callback-ips"]
    assert "--access-log (-), else" in bare["access-log"]
    account = Account("shop", appid="wx0000000000000001", url="https://wx.example.com/cb")
    full = lines(Settings(accounts=(account,)), Alarm(AlarmKind.REQUEST_TIMEOUT, appid="wx0000000000000001"))
    assert "shop" in full["callback-ips"]
    assert "https://wx.example.com/cb" in full["http-request"]


def test_only_and_skip_are_planned_as_they_run() -> None:
    alarm = Alarm(AlarmKind.REQUEST_TIMEOUT, sample=Sample(url="https://wx.example.com/"))
    chosen = lines(Settings(), alarm, only=["tcp-connect", "sample"], skip=["sample"])
    assert {name for name, text in chosen.items() if text != "not selected"} == {"tcp-connect"}
