"""Keepers as processes: three at once, killed again and again, their store killed too; and one whose store is away."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.background import Background
from tests.paths import ROOT
from tests.tokens.servers import Made, Server
from wxalarm.config import Account, Settings
from wxalarm.config import Api as ApiSettings
from wxalarm.lab.api import Api, api
from wxalarm.lab.token_rules import TokenRules
from wxalarm.tokens.keeper import Keeper
from wxalarm.tokens.needs import Kept, needs_of, row_name
from wxalarm.tokens.reader import NoToken, Reader
from wxalarm.tokens.stores.base import StoreError, look
from wxalarm.tokens.turn import Told

APPID, SECRET = "wx0000000000000001", "made-up-app-secret"
SHOP = Account("shop", APPID, secrets={"app_secret_env": "SHOP_SECRET"})
NAME = row_name(SHOP)


class Keepers:
    """`wxalarm token keep`, a few times."""

    def __init__(self, path: Path, count: int) -> None:
        self._command = [sys.executable, "-m", "wxalarm", "token", "keep", "--config", str(path)]
        self._env = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "SHOP_SECRET": SECRET}
        self._log = path.with_name("keepers.log")
        self.running = [self._started() for _ in range(count)]

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, env=self._env, stderr=log)

    def kill_one(self, choose: random.Random) -> None:
        """kill -9, and start it again."""
        number = choose.randrange(len(self.running))
        self.running[number].kill()
        self.running[number].wait()
        self.running[number] = self._started()

    def end(self) -> str:
        for process in self.running:
            process.kill()
            process.wait()
        return self._log.read_text("utf-8")


@pytest.fixture
def rules() -> TokenRules:
    rules = TokenRules(time.time, life=12.0)  # so that much is due in little time
    rules.add(APPID, SECRET)
    return rules


@pytest.fixture
def url(rules: TokenRules) -> Iterator[str]:
    with Background() as background, background.serving(api(Api(rules=rules))) as site:
        yield site.url("")


def configured(folder: Path, server: Server, url: str) -> Path:
    password = folder / "password"
    password.write_text(server.password or "")
    password.chmod(0o600)
    path = folder / "tokens.toml"
    path.write_text(
        f'[accounts.shop]\nappid = "{APPID}"\napp_secret_env = "SHOP_SECRET"\n[api]\nbase_url = "{url}"\n[store]\n'
        f'url = "{server.url}"\ncalls_per_hour = 100000\n'
        + (f'password_file = "{password}"\n' if server.password else "")
    )
    return path


@pytest.mark.slow
def test_three_keepers_are_killed_again_and_again(server: Server, rules: TokenRules, url: str, tmp_path: Path) -> None:
    chosen = random.Random(3)
    keepers = Keepers(configured(tmp_path, server, url), 3)
    store = server.store()
    reader = Reader(store)
    invalid: list[str] = []
    values: set[str] = set()

    def use() -> None:
        time.sleep(0.1)
        reader.forget()
        with contextlib.suppress(NoToken):
            value = reader.get(NAME)
            values.add(value)
            invalid.extend([] if rules.works(value) else [value])

    try:
        until = time.monotonic() + 100
        while not values and time.monotonic() < until:  # a busy machine needs longer to start three than to kill them
            use()
        for step in range(120):
            if step % 15 == 14:
                keepers.kill_one(chosen)
            if step == 75 and server.kind != "sqlite":
                server.restart()
            use()
    finally:
        log = keepers.end()
    row = look(store, NAME).row
    asked = [errcode for _, _, _, errcode in rules.served]
    assert not invalid, log
    assert values, log
    assert "Traceback" not in log
    assert 1 <= len(asked) <= row.fence, "at most one call for each lease"
    assert set(asked) == {0}


def test_with_a_store_that_is_away_it_starts_goes_on_and_writes_when_it_is_back(
    made: Made, rules: TokenRules, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = made("redis")
    server.empty()
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    settings = Settings(accounts=(SHOP,), api=ApiSettings(url))
    store = server.store()
    server.kill()
    told: list[Told] = []
    stop = threading.Event()

    def kept(names: object) -> tuple[Kept, ...]:
        return needs_of(settings)

    keeper = Keeper(store, settings, kept, told.append)
    thread = threading.Thread(target=keeper.run, args=(stop,))
    thread.start()
    try:
        until = time.monotonic() + 60
        while not told and time.monotonic() < until:
            time.sleep(0.05)
        assert [one.event for one in told] == ["store-failed"]
        assert not rules.served, "without the lease nothing is asked"
        server.start()
        while len(told) < 3 and time.monotonic() < until:
            time.sleep(0.05)
        assert [one.event for one in told] == ["store-failed", "refreshed", "store-back"]
        value = keeper.held(NAME)
        assert value is not None
        assert rules.works(value)
        assert look(store, NAME).row.value == value
    finally:
        stop.set()
        thread.join()
        with contextlib.suppress(StoreError):
            store.names()
