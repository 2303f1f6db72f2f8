"""Alarms go out at least once: through kill -9 between the write and the sending, and past ways that are down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.background import Background
from tests.paths import ROOT
from tests.tokens.servers import Made
from tests.watch.hook import Hook, hook
from tests.watch.running import until
from wxalarm.lab.api import Api, api
from wxalarm.lab.token_rules import TokenRules
from wxalarm.tokens import alarms, errors
from wxalarm.tokens.alarms import Alarm
from wxalarm.tokens.errors import Failed
from wxalarm.tokens.outbox import Outbox
from wxalarm.tokens.row import Row
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import Store, look, make
from wxalarm.tokens.turn import Need

APPID, SECRET = "wx0000000000000001", "made-up-app-secret"
NEED = Need(f"{APPID}/access_token", "access_token", account="shop")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{tmp_path}/tokens.db")
    yield made
    made.close()


def note(store: Store, event: str = "failed") -> str:
    failed = Failed(errors.ALLOW_LIST, 40164, "192.0.2.77")
    seen = make(store, NEED.name, lambda row, now: alarms.noted(row, now, "me", event, failed, 1))
    assert seen is not None
    return alarms.read(seen.row.alarms)[-1].id


def test_a_way_that_is_down_holds_no_other_up_and_gets_it_when_it_is_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wxalarm.tokens.outbox.FIRST", 0.1)
    monkeypatch.setattr("wxalarm.tokens.outbox.LEAST", 0.05)
    came: list[tuple[str, str]] = []
    said: list[str] = []
    down = True

    def robot(need: Need, alarm: Alarm) -> None:
        if down:
            raise OSError("away")
        came.append(("robot", alarm.id))

    ways = {"robot": robot, "mail": lambda need, alarm: came.append(("mail", alarm.id))}
    outbox = Outbox(store, "me", ways, lambda way, error: said.append(f"{way}: {error}"))
    first, second = note(store), note(store, "recovered")
    outbox.wake(NEED)
    until(lambda: len(came) == 2)
    assert came == [("mail", first), ("mail", second)]
    down = False
    until(lambda: len(came) == 4)
    until(lambda: not look(store, NEED.name).row.alarms)
    assert came[2:] == [("robot", first), ("robot", second)]
    assert said == ["robot: away"]
    outbox.close()
    assert not outbox._thread.is_alive()


def test_an_alarm_that_is_no_news_any_more_is_struck_out(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    store = open_store(f"sqlite:///{tmp_path}/t.db", clock=lambda: now)
    note(store)
    now += alarms.STALE
    came: list[str] = []
    outbox = Outbox(store, "me", {"mail": lambda need, alarm: came.append(alarm.id)})
    outbox.wake(NEED)
    until(lambda: not look(store, NEED.name).row.alarms)
    outbox.close()
    store.close()
    assert not came


def keeper(path: Path, ways: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "SHOP_SECRET": SECRET, "WAYS": ways}
    command = [sys.executable, "-m", "wxalarm", "token", "keep", "--config", str(path)]
    return subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)


def test_a_keeper_that_is_killed_before_it_has_sent_leaves_the_alarm_to_the_next(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = made("sqlite")
    server.empty()
    rules = TokenRules(time.time, allowed=frozenset())
    rules.add(APPID, SECRET)
    with Background() as background, background.serving(api(Api(rules=rules))) as site, hook() as taken:
        path = tmp_path / "tokens.toml"
        path.write_text(
            f'[accounts.shop]\nappid = "{APPID}"\napp_secret_env = "SHOP_SECRET"\n[api]\nbase_url = "{site.url("")}"\n'
            f'[store]\nurl = "{server.url}"\n[watch]\nways_env = ["WAYS"]\n'
        )
        store = server.store()
        first = keeper(path, "webhook+http://127.0.0.1:1/")  # nobody is there
        try:
            found = until(lambda: alarms.read(look(store, NEED.name).row.alarms))
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
        make(store, NEED.name, end_of_claims)  # the minute for which the dead one has it
        second = keeper(path, taken.url)
        try:
            until(lambda: taken.bodies)
            until(lambda: not look(store, NEED.name).row.alarms)
        finally:
            second.kill()
            second.wait()
    assert [(body["id"], body["ip"], body["errcode"]) for body in taken.bodies] == [(found[0].id, rules.ip, 40164)]
    assert shown(taken) == [found[0].id]


def end_of_claims(row: Row, now: float) -> Row | None:
    later = now + alarms.CLAIM
    claimed = alarms.claimed(alarms.read(row.alarms)[0].id, "nobody")(row, later)
    return claimed and alarms.taken(alarms.read(row.alarms)[0].id, "none", ("none", "all"))(claimed, later)


def shown(taken: Hook) -> list[str]:
    """The ids by which a receiver knows what it has had."""
    return [one["Idempotency-Key"] for one in taken.headers]
