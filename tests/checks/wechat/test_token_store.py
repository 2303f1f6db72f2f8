"""The probe: a store, WeChat's stand-in, a proxy's log. What it finds: tests/fixtures/observations/token-store."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import datetime
from pathlib import Path

import pytest

from wxalarm.checks.check import Context, Skip
from wxalarm.checks.wechat import token_store
from wxalarm.config import Account, Api, Host, Settings, Store
from wxalarm.lab.api import Api as StandIn
from wxalarm.lab.api import api
from wxalarm.lab.token_rules import TokenRules
from wxalarm.model import Alarm, AlarmKind, Target
from wxalarm.probes.token_seen import StoreStatus
from wxalarm.tokens import row as rows
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import make

APPID, SECRET = "wx0000000000000001", "made-up-app-secret"
NAME = f"{APPID}/access_token"
SHOP = Account("shop", APPID)
NOW = datetime.fromisoformat("2026-01-01T12:00:00+08:00")


def context(folder: Path, base_url: str, log: Path | None = None) -> Context:
    store = Store(url=f"sqlite:///{folder}/tokens.db")
    host = Host(access_log=(str(log),) if log else ())
    settings = Settings(accounts=(SHOP,), store=store, api=Api(base_url), host=host)
    return Context(Alarm(AlarmKind.UNKNOWN), Target(), settings, SHOP, now=NOW)


def observed(folder: Path, token: str | None = None, log: Path | None = None) -> tuple[StoreStatus, list[str]]:
    """What is observed, with the stand-in's stable token in the store unless another one is given."""

    async def run() -> StoreStatus:
        rules = TokenRules(time.time)
        rules.add(APPID, SECRET)
        body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        value = rules.answer("/cgi-bin/stable_token", {}, body)["access_token"]
        with contextlib.closing(open_store(f"sqlite:///{folder}/tokens.db")) as store:
            make(store, NAME, rows.given(token or value, 7200.0))
        async with api(StandIn(rules=rules)) as site:
            return await token_store.probe(context(folder, site.url(""), log))

    seen = asyncio.run(run())
    return seen, [finding.code.id for finding in token_store.judge(seen)]


@pytest.mark.parametrize("kept", [False, True])
def test_a_store_that_nobody_named_counts_for_the_accounts_in_it(
    kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with contextlib.closing(open_store(f"sqlite:///{tmp_path}/wxalarm/tokens.db")) as store:
        make(store, NAME if kept else "wx0000000000000009/access_token", rows.given("A" * 40, -1.0))
    ctx = Context(Alarm(AlarmKind.UNKNOWN), Target(), Settings(accounts=(SHOP,)), SHOP, now=NOW)
    if kept:
        assert [one.name for one in asyncio.run(token_store.probe(ctx)).tokens] == [NAME]
        return
    with pytest.raises(Skip, match="no-token-store"):
        asyncio.run(token_store.probe(ctx))


def test_a_token_that_wechat_takes(tmp_path: Path) -> None:
    seen, found = observed(tmp_path)
    assert found == []
    assert seen.answers[0].worked
    assert seen.quota is not None
    assert (seen.tokens[0].name, seen.place) == (NAME, "sqlite")


def test_a_token_that_wechat_refuses_though_it_should_hold(tmp_path: Path) -> None:
    seen, found = observed(tmp_path, "another-token")
    assert found == ["token-not-held"]
    assert seen.refused == (NAME,)
    assert "another-token" not in repr(seen)


def lines(path: str, client: str, minute: int, count: int) -> str:
    line = f'{client} - - [01/Jan/2026:11:{minute:02}:00 +0800] "GET http://api.weixin.qq.com{path} HTTP/1.1" 200 182\n'
    return line * count


def test_who_else_calls_is_in_a_proxys_log(tmp_path: Path) -> None:
    log = tmp_path / "proxy.log"
    log.write_text(
        lines("/cgi-bin/token?grant_type=client_credential&secret=x", "192.0.2.8", 1, 500).replace(":11:", ":10:")
        + lines("/cgi-bin/token?grant_type=client_credential&secret=x", "192.0.2.30", 10, 2)
        + lines("/cgi-bin/stable_token", "192.0.2.10", 20, 61)
        + lines("/cgi-bin/tokens_of_another_kind", "192.0.2.9", 30, 5)
        + lines("/cgi-bin/message/custom/send?access_token=t", "192.0.2.10", 40, 9)
    )
    seen, found = observed(tmp_path, log=log)
    assert [(one.path, one.client, one.count) for one in seen.callers] == [
        ("/cgi-bin/stable_token", "192.0.2.10", 61),
        ("/cgi-bin/token", "192.0.2.30", 2),
    ]
    assert found == ["token-refreshed-elsewhere", "token-refresh-storm"]


def test_without_a_store_there_is_nothing_to_look_at_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(Skip) as caught:
        asyncio.run(token_store.probe(context(tmp_path, "http://127.0.0.1:1")))
    assert caught.value.reason.id == "no-token-store"
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_away_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "tokens.db").write_text("no database at all, and long enough to be seen as none" * 100)
    (tmp_path / "tokens.db").chmod(0o600)
    seen = asyncio.run(token_store.probe(context(tmp_path, "http://127.0.0.1:1")))
    assert [finding.code.id for finding in token_store.judge(seen)] == ["token-store-down"]
