"""Every store does the same: what is read is what was written, a row is changed by one at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from tests.tokens.servers import KINDS, Made, Server
from wxalarm.tokens import row as rows
from wxalarm.tokens.row import Fresh, Pace, Row
from wxalarm.tokens.stores import open_store, schema
from wxalarm.tokens.stores.base import Store, StoreError, look, make
from wxalarm.tokens.stores.sealed import SealedStore

NAME = "wx0000000000000001/access_token"
FULL = Row(
    NAME,
    "token 'quoted' \"twice\" \\ % :name {x}" + "x" * 600,
    1_800_000_000.123456,
    1_800_000_009.5,
    "old",
    1_800_000_000.5,
    "refreshtoken@@@1",
    "refreshtoken@@@0",
    1,
    1_799_999_999.25,
    1_800_000_001.75,
    "host:1:ab",
    3,
    1_800_000_002.0,
    1_800_000_003.0,
    4,
    '{"case": "retry"}',
    5.5,
    6.5,
    "changed",
    '[{"id": "1"}]',
)


@pytest.fixture
def store(server: Server) -> Store:
    return server.store()


def test_a_row_that_is_not_there_is_empty(store: Store) -> None:
    row, version, _ = store.read(NAME)
    assert (row, version) == (Row(NAME), 0)
    assert store.names() == []


def test_what_is_written_is_read(store: Store) -> None:
    assert store.swap(FULL, 0)
    row, version, _ = store.read(NAME)
    assert version == 1
    assert row == FULL
    empty = Row(NAME)
    assert store.swap(empty, 1)
    assert store.read(NAME)[:2] == (empty, 2)
    assert store.names() == [NAME]


@pytest.mark.parametrize("version", [1, 3])
def test_a_row_is_only_written_as_it_was_read(store: Store, version: int) -> None:
    assert not store.swap(FULL, 7), "a row that is not there has version 0"
    assert store.swap(Row(NAME), 0)
    assert not store.swap(FULL, 0)
    assert store.swap(Row(NAME, fence=1), 1)
    assert not store.swap(FULL, version)
    assert store.read(NAME)[0].fence == 1


def test_the_time_is_the_stores_own_and_passes(store: Store) -> None:
    before, first, after = time.time(), store.read(NAME)[2], time.time()
    assert before - 1 <= first <= after + 1, "all of them run on this machine"
    assert store.read(NAME)[2] >= first


def test_the_time_may_be_given(server: Server) -> None:
    assert server.store(lambda: 1_234_567_890.25).read(NAME)[2] == 1_234_567_890.25


def test_of_many_at_once_one_gets_the_lease(server: Server) -> None:
    stores = [server.store() for _ in range(4)]
    ready = threading.Barrier(12)

    def take(number: int) -> int | None:
        ready.wait()
        seen = make(stores[number % 4], NAME, rows.take(f"keeper-{number}", 60.0, Pace()))
        return seen.row.fence if seen else None

    with ThreadPoolExecutor(12) as pool:
        fences = [fence for fence in pool.map(take, range(12)) if fence is not None]
    assert fences == [1]


def test_no_change_is_lost(server: Server) -> None:
    stores = [server.store() for _ in range(4)]

    def one_more(row: Row, now: float) -> Row:
        return dataclasses.replace(row, failures=row.failures + 1)

    def count(number: int) -> None:
        for _ in range(10):
            made = None
            while made is None:
                with contextlib.suppress(StoreError):  # so many at once that it was given up
                    made = make(stores[number], NAME, one_more)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert stores[0].read(NAME)[0].failures == 40


def _in_child(store: Store, value: str) -> None:
    made = make(store, NAME, rows.given(value, 60.0))
    assert made is not None
    os._exit(0)


def test_a_store_works_on_both_sides_of_a_fork(store: Store) -> None:
    make(store, NAME, rows.given("before", 60.0))
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(store, "by the child"))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert look(store, NAME).row.value == "by the child"
    make(store, NAME, rows.given("after", 60.0))
    assert look(store, NAME).row.value == "after"


@pytest.mark.parametrize("server", [kind for kind in KINDS if kind != "sqlite"], indirect=True)
def test_a_server_that_is_gone_is_an_error_and_comes_back(server: Server) -> None:
    store = server.store()
    make(store, NAME, rows.given("kept", 600.0))
    server.kill()
    try:
        with pytest.raises(StoreError) as caught:
            store.read(NAME)
        with pytest.raises(StoreError):
            store.swap(Row(NAME), 1)
        with pytest.raises(StoreError):
            store.names()
        assert server.password not in (None, *str(caught.value).split())
        assert str(server.password) not in str(caught.value)
    finally:
        server.start()
    assert look(store, NAME).row.value == "kept", "what was written is on the disk"


def test_none_of_these_forgets_what_it_has_confirmed(made: Made) -> None:
    for kind in KINDS:
        assert not made(kind).store().forgets()
    store = made("redis").store()
    client = cast("Any", store)._client
    client.config_set("appendfsync", "everysec")
    try:
        assert store.forgets()
    finally:
        client.config_set("appendfsync", "always")


def test_two_may_make_the_table_at_once(server: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: server.store().read(NAME)[1], range(4)))
    assert versions == [0, 0, 0, 0]


@pytest.mark.parametrize("server", [kind for kind in KINDS if kind != "redis"], indirect=True)
def test_a_table_of_an_older_version_is_made_a_new_one_by_whoever_comes_first(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keeper of the version before goes on beside it."""
    with monkeypatch.context() as before:
        now = schema.select
        before.setattr(schema, "VERSION", 1)
        before.setattr(schema, "select", lambda clock: now(clock).replace(", t.alarms", ""))
        before.setattr(schema, "INSERT", schema.INSERT.replace(", alarms", "").replace(", :alarms", ""))
        before.setattr(schema, "UPDATE", schema.UPDATE.replace(", alarms = :alarms", ""))
        old = server.store()
        assert old.swap(dataclasses.replace(FULL, alarms=""), 0)
    stores = [server.store() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda store: store.read(NAME)[:2], stores))
    assert found == [(dataclasses.replace(FULL, alarms=""), 1)] * 4
    assert stores[0].swap(FULL, 1)
    if server.kind == "sqlite":  # the statements of another are made when it is opened
        return
    assert old.swap(dataclasses.replace(FULL, name="by the old one"), 0)
    assert stores[1].read("by the old one")[0].alarms == ""
    assert stores[1].read(NAME)[0] == FULL


def test_values_at_rest_are_encrypted_and_bound_to_their_row(server: Server) -> None:
    from cryptography.fernet import Fernet

    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    plain, sealed = server.store(), server.store(key=old)
    fresh = Fresh("token-in-the-open", 7200.0, 3600.0, "refresh-in-the-open")
    assert sealed.swap(Row(NAME, fence=1), 0)
    assert make(sealed, NAME, rows.done(1, fresh))
    stored = look(plain, NAME).row
    assert "in-the-open" not in repr(stored)
    assert (look(sealed, NAME).row.value, look(sealed, NAME).row.refresh_token) == (fresh.value, fresh.refresh_token)
    both = server.store(key=f"{new},{old}")
    assert look(both, NAME).row.value == fresh.value, "a key can be changed"
    for wrong in (server.store(key=new), sealed):
        name = NAME if wrong is not sealed else "another"
        if wrong is sealed:
            assert plain.swap(dataclasses.replace(stored, name="another"), 0)
        with pytest.raises(StoreError):
            wrong.read(name)
    assert isinstance(sealed, SealedStore)


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "tokens.db"
    store = open_store(f"sqlite:///{path}")
    make(store, NAME, rows.given("value", 60.0))
    found = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert set(found.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()
    path.chmod(0o604)
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{path}").read(NAME)
