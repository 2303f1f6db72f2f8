"""`wxalarm plan` is truthful: what opens files or sockets says so, what has nothing to work with says that."""

from __future__ import annotations

import asyncio
import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from wxalarm.checks import CHECKS
from wxalarm.checks.check import Check, Context, Known, Skip
from wxalarm.cli.plan import shown, text_of
from wxalarm.config import Account, Api, Dns, Host, Settings
from wxalarm.diagnosis import contexts
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import BEIJING, Alarm, AlarmKind, Sample, Target
from wxalarm.probes.command import CALLS, NGINX_BUILT, SADF, ZSTD
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
def test_what_a_check_says_of_itself_is_true(check: Check[Any], settings: Settings) -> None:
    """It opens something when it says so, and only then; sar's files are only where sar runs."""
    ready = contexts([alarm_of(check.id)], settings)
    with watched() as seen:
        asyncio.run(Run(ready, only=[check.id]).reports())
    assert bool(seen) == check.sends or (check.id == "host-history" and not seen), seen


def test_what_opens_sockets_says_that_it_sends() -> None:
    assert [check.id for check in CHECKS if check.network and not check.sends] == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("check", [pytest.param(check, id=check.id) for check in CHECKS])
def test_what_a_check_says_of_itself_is_put_in_words(check: Check[Any], lang: str) -> None:
    """There is a sentence when it sends or reads, and it names what the check must know."""
    sentence = str(catalogue(lang).data["check"][check.id].get("sends", ""))
    assert bool(sentence) == check.sends
    named = {name for _, name, _, _ in string.Formatter().parse(sentence)}
    assert set(check.wants) <= named
    assert set(check.wants) <= set(get_args(Known))


WANTED = [(check, name) for check in CHECKS for name in check.wants]


@pytest.mark.parametrize(("check", "name"), [pytest.param(*each, id=f"{each[0].id}-{each[1]}") for each in WANTED])
def test_without_what_it_wants_a_check_opens_nothing(check: Check[Any], name: str, settings: Settings) -> None:
    settings = replace(settings, push=True)
    if name == "app_log":
        settings = replace(settings, host=replace(settings.host, app_log=()))
    if name == "callback_check":
        settings = replace(settings, api=replace(settings.api, callback_check=None))
    secrets = {"token_env": "PATH", "app_secret_env": "PATH", "access_token_env": "PATH"}
    account = Account("shop", url="http://127.0.0.1:9/", secrets=secrets) if name != "account" else None
    target = Target("http://127.0.0.1:9/", host="127.0.0.1", port=9, named_by_user=True)
    if name in ("host", "url"):
        target = replace(target, url=None, host=None if name == "host" else target.host)
    ctx = Context(alarm_of(check.id), target, settings, account)

    async def probe() -> None:
        await check.probe(ctx)

    with watched() as seen, pytest.raises(Skip):
        asyncio.run(probe())
    assert seen == []


def test_the_watch_sees_files(settings: Settings) -> None:
    """That the test above can fail."""
    with watched() as seen:
        asyncio.run(Run(contexts([alarm_of("app-log")], settings), only=["app-log"]).reports())
    assert any("app.log" in one for one in seen)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_servers_that_are_asked_are_named(lang: str) -> None:
    said = catalogue(lang).check("dns-delegation", "sends", servers=["192.0.2.53"])
    assert said.count("192.0.2.53") == 1, "it asks them too"


def test_what_an_alarm_does_not_name_leaves_no_gap() -> None:
    (ctx,) = contexts([Alarm(AlarmKind.CONNECT_TIMEOUT, sample=Sample(host="wx.example.com"))], Settings())
    assert "OuterIP）" in text_of(ctx, catalogue("zh"))
    assert "OuterIP 192.0.2.1）" in catalogue("zh").check("ping", "sends", outer_ip="192.0.2.1")


def everything() -> Alarm:
    """An alarm whose playbook has every program."""
    return replace(alarm_of("tcp-connect"), kind=AlarmKind.CONNECT_TIMEOUT)


def test_every_program_is_announced_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wxalarm.cli.plan.find", lambda program: f"/usr/bin/{program}")
    ctx, offline = (
        replace(contexts([everything()], Settings())[0], settings=Settings(offline=offline))
        for offline in (False, True)
    )
    text = text_of(ctx, catalogue("en"))
    assert "may run: /usr/bin/ping -n -c COUNT -i INTERVAL -W WAIT ADDRESS\n" in text
    assert "may run: /usr/bin/nginx -t -c CONF -p PREFIX\n" in text
    assert "may run: /usr/bin/sadf -j FILE -- -u -q -r -W -d\n" in text
    planned = {call for check in plan(ctx) for call in check.runs}
    assert planned == set(CALLS), "this kind of alarm has them all"
    assert {line.strip() for line in text.splitlines() if "may run: " in line} == {
        f"may run: {shown(call)}" for call in CALLS
    }
    text = text_of(offline, catalogue("en"))
    assert {line.strip() for line in text.splitlines() if "may run: " in line} == {
        f"may run: {shown(call)}" for call in (NGINX_BUILT, SADF, ZSTD)
    }
    chosen = text_of(ctx, catalogue("en"), only=["tcp-connect"])
    assert "may run" not in chosen


def test_a_program_that_is_not_here_is_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wxalarm.cli.plan.find", lambda program: None)
    (ctx,) = contexts([everything()], Settings())
    said = [line.strip() for line in text_of(ctx, catalogue("zh")).splitlines() if "可能运行" in line]
    assert said == [
        "可能运行：nginx -V",
        "可能运行：nginx -T -c CONF -p PREFIX",
        "可能运行：nginx -t -c CONF -p PREFIX",
    ], "a running nginx may stand anywhere"


def lines(settings: Settings, alarm: Alarm, **options: list[str]) -> dict[str, str]:
    (ctx,) = contexts([alarm], settings)
    text = text_of(ctx, catalogue("en"), **options)
    return dict(line.strip().split(maxsplit=1) for line in text.splitlines()[1:])


def test_what_is_absent_is_not_announced() -> None:
    alarm = Alarm(AlarmKind.REQUEST_TIMEOUT)
    bare = lines(Settings(), alarm)
    assert "no host is known" in bare["tcp-connect"]
    assert "no host is known" in bare["http-request"]
    assert "no application log was named" in bare["app-log"]
    (ctx,) = contexts([Alarm(AlarmKind.UNKNOWN, sample=Sample(host="wx.example.com"))], Settings())
    assert "http://wx.example.com/" in text_of(ctx, catalogue("en")), "a host without a URL is asked for its root"
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
