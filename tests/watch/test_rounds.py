"""Rounds against real servers: what is remembered, what drips, what changes, and a machine without network."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import clock
from tests.lab.worlds import missing
from tests.paths import ROOT
from wxalarm.config import Account, Settings
from wxalarm.lab import http, web
from wxalarm.model import CheckResult, Status
from wxalarm.probes import tcp
from wxalarm.watch.rounds import AT_ONCE, SELDOM, Memory, look
from wxalarm.watch.states import Level
from wxalarm.watch.targets import Watched

ALONE = """
import asyncio
from wxalarm.config import Dns, Settings
from wxalarm.watch.rounds import Memory, look
from wxalarm.watch.targets import Watched
settings = Settings(dns=Dns(system=("192.0.2.53",), servers=("192.0.2.54",)), timeout=6.0)
for url in ("http://203.0.113.5/callback", "http://wx.example.com/callback"):
    print(asyncio.run(look(Watched("shop", url), settings, Memory(), 0.0)).numbers.level)
"""


@pytest.mark.netns
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.parametrize("up", ["true", "ip link set lo up"])
def test_without_a_network_nobody_is_blamed(up: str) -> None:
    command = ["unshare", "--net", "sh", "-c", f'{up} && exec "$0" -c "$1"', sys.executable, ALONE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["None", "None"], done.stderr


def test_a_server_that_drips_for_ever_is_down_and_ends_in_time() -> None:
    async def main() -> tuple[Level | None, str | None]:
        async with http.serve(http.drip(1.0)) as port:
            settings = Settings(timeout=10.0)
            made = await look(Watched("shop", f"http://127.0.0.1:{port}/"), settings, Memory(), 0.0)
            return made.numbers.level, made.numbers.code

    (level, code), seconds = clock.timed(main())
    assert (level, code) == (Level.DOWN, "http-timeout")
    assert seconds < 10.0


@pytest.mark.parametrize("push", [False, True])
def test_a_push_is_sent_only_when_it_is_wanted(push: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "a1b2c3")
    heard: list[str] = []

    def answer(one: web.Heard) -> web.Said:
        heard.append(one.method)
        echo = parse_qs(urlsplit(one.target).query).get("echostr", ["success"])
        return web.Said(echo[0].encode())

    async def main() -> None:
        async with web.serve(answer) as site:
            url = f"http://127.0.0.1:{site.port}/"
            shop = Account("shop", "wx0000000000000001", url=url, secrets={"token_env": "SHOP_TOKEN"})
            settings = Settings(accounts=(shop,), push=push, timeout=5.0)
            await look(Watched("shop", url, "shop"), settings, Memory(), 0.0)

    asyncio.run(main())
    assert "GET" in heard
    assert ("POST" in heard) is push


def test_answers_that_change_each_time_leave_nothing_behind() -> None:
    async def main() -> int:
        async with web.serve(lambda _: web.Said(b"success")) as site:
            for number in range(1, 60):
                await look(
                    Watched("shop", f"http://127.0.3.{number}:{site.port}/"), Settings(timeout=1.0), Memory(), 0.0
                )
        return len(tcp._ROOMS[asyncio.get_running_loop()].each)

    assert asyncio.run(main()) == 0


def test_what_is_asked_seldom_is_remembered_and_what_may_have_changed_is_asked_again_when_it_is_down() -> None:
    memory = Memory()
    for check in SELDOM:
        memory.keep(CheckResult(check, Status.PASS, observation=check), 0.0)
    assert set(memory.holds(599.0)) == set(SELDOM)
    assert set(memory.holds(601.0)) == set(SELDOM) - {"dns-delegation", "token-store"}
    assert set(memory.holds(3601.0)) == {"callback-ips"}
    memory.down = True
    assert set(memory.holds(1.0)) == set(SELDOM) - AT_ONCE


def test_the_files_of_this_package_are_in_the_wheel() -> None:
    for name in ("alarm.json", "web/api.json", "web/static/page.css", "web/templates/base.html.j2"):
        assert (Path(ROOT) / "wxalarm" / "watch" / name).is_file()
