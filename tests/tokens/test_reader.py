"""What a worker gets of the store: a value for a minute, never beyond its end, by threads and forks alike."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import multiprocessing
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tokens.world import memory_store
from wxalarm import tokens
from wxalarm.tokens import row as rows
from wxalarm.tokens.reader import NoToken, Reader
from wxalarm.tokens.row import Row
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import StoreError, make

NAME = "wx0000000000000001/access_token"
START = 1_800_000_000.0


class Stage:
    """A store that may be away, and counts what is read of it."""

    def __init__(self) -> None:
        self.now, self.away = START, False
        self.behind = memory_store(lambda: self.now)
        self.counted: Counter[str] = Counter()
        self.reader = Reader(self, lambda: self.now - START + 77.0)

    def read(self, name: str) -> tuple[Row, int, float]:
        self.counted["reads"] += 1
        if self.away:
            raise StoreError("away")
        return self.behind.read(name)

    def swap(self, row: Row, version: int) -> bool:
        return self.behind.swap(row, version)

    def names(self) -> list[str]:
        return self.behind.names()

    def forgets(self) -> bool:
        return False

    def close(self) -> None: ...


@pytest.fixture
def stage() -> Stage:
    return Stage()


def refused(reader: Reader) -> str:
    with pytest.raises(NoToken) as caught:
        reader.get(NAME)
    return caught.value.reason.id


def test_a_value_is_read_once_a_minute(stage: Stage) -> None:
    make(stage.behind, NAME, rows.given("first", 7200.0))
    assert stage.reader.get(NAME) == "first"
    make(stage.behind, NAME, rows.given("second", 7200.0))
    stage.now += 59.9
    assert [stage.reader.get(NAME) for _ in range(100)] == ["first"] * 100
    assert stage.counted["reads"] == 1
    stage.now += 0.2
    assert stage.reader.get(NAME) == "second"


def test_it_is_never_given_beyond_its_end(stage: Stage) -> None:
    make(stage.behind, NAME, rows.given("first", 30.0))
    assert stage.reader.get(NAME) == "first"
    stage.now += 29.9
    assert stage.reader.get(NAME) == "first"
    stage.now += 0.2
    assert refused(stage.reader) == "token-ended"


def test_while_the_store_is_away_it_is_kept_to_its_end_and_that_is_said(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    make(stage.behind, NAME, rows.given("first", 600.0))
    assert stage.reader.get(NAME) == "first"
    stage.away = True
    stage.now += 61.0
    with caplog.at_level(logging.WARNING, "wxalarm.tokens"):
        assert [stage.reader.get(NAME) for _ in range(50)] == ["first"] * 50
    assert stage.counted["reads"] == 2, "it is not asked at every call"
    assert len(caplog.records) == stage.reader.errors == 1
    stage.now += 6.0
    assert stage.reader.get(NAME) == "first"
    assert stage.counted["reads"] == 3
    stage.now = START + 600.5
    assert refused(stage.reader) == "token-store-down"
    stage.away = False
    assert refused(stage.reader) == "token-ended"


def test_of_a_classic_token_it_is_sure_until_five_minutes_behind_the_next_refresh(stage: Stage) -> None:
    make(stage.behind, NAME, rows.given("first", 7200.0))
    make(stage.behind, NAME, lambda row, now: dataclasses.replace(row, classic=1, due_at=now + 1000.0))
    assert stage.reader.get(NAME) == "first"
    stage.away = True
    stage.now += 1299.0
    assert stage.reader.get(NAME) == "first"
    stage.now += 2.0
    assert refused(stage.reader) == "token-store-down"


def test_what_wechat_refused_is_not_given_again_and_others_learn_of_it(stage: Stage) -> None:
    make(stage.behind, NAME, rows.given("first", 7200.0))
    other = Reader(stage, lambda: stage.now)
    stage.now += 100.0
    assert stage.reader.get(NAME) == other.get(NAME) == "first"
    stage.reader.rejected(NAME, "first")
    assert refused(stage.reader) == "token-refused"
    stage.now += 60.1
    assert refused(other) == "token-refused"
    make(stage.behind, NAME, rows.given("second", 7200.0))
    assert stage.reader.get(NAME) == other.get(NAME) == "second"


def test_a_report_that_did_not_get_through_is_made_again(stage: Stage) -> None:
    make(stage.behind, NAME, rows.given("first", 7200.0))
    stage.now += 100.0
    assert stage.reader.get(NAME) == "first"
    stage.away = True
    stage.reader.rejected(NAME, "first")
    assert refused(stage.reader) == "token-store-down"
    stage.away = False
    assert refused(stage.reader) == "token-refused"
    assert stage.behind.read(NAME)[0].rejected_at == stage.now


def test_many_threads_read_once(stage: Stage) -> None:
    make(stage.behind, NAME, rows.given("first", 7200.0))
    ready = threading.Barrier(16)

    def read(_: int) -> str:
        ready.wait()
        return stage.reader.get(NAME)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(read, range(16))) == {"first"}
    assert stage.counted["reads"] == 1


def _in_child(reader: Reader) -> None:
    reader.forget()
    os._exit(0 if reader.get(NAME) == "first" else 1)


def test_a_fork_while_another_thread_reads_holds_nobody_up(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/tokens.db")
    make(store, NAME, rows.given("first", 7200.0))
    reader = Reader(store)
    with reader._lock:  # as the other thread has it
        child = multiprocessing.get_context("fork").Process(target=_in_child, args=(reader,))
        child.start()
        child.join(30)
    assert child.exitcode == 0
    assert reader.get(NAME) == "first"
    store.close()


def test_the_functions_of_the_module_use_the_configuration_that_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "wxalarm"
    folder.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    text = f'[accounts.shop]\nappid = "wx0000000000000001"\n[store]\nurl = "sqlite:///{tmp_path}/tokens.db"\n'
    (folder / "wxalarm.toml").write_text(text)
    monkeypatch.setattr(tokens, "_FOUND", [])
    with pytest.raises(NoToken):
        tokens.get("shop")
    store = open_store(f"sqlite:///{tmp_path}/tokens.db")
    make(store, NAME, rows.given("first", 7200.0))
    assert tokens.get("shop") == "first"
    assert asyncio.run(tokens.aget("shop")) == "first"
    make(store, NAME, lambda row, now: dataclasses.replace(row, refreshed_at=now - 100.0))
    tokens.rejected("shop", "first")
    with pytest.raises(NoToken):
        tokens.get("shop")
    tokens._tokens().store.close()
    store.close()
