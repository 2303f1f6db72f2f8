"""The history: whole or not at all, found damaged, bounded."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from wxalarm.config import ConfigError
from wxalarm.watch.states import Change, Level, State
from wxalarm.watch.store import DAY, Message, Row, Store, folder_of, packed

UP, DEGRADED, DOWN = Level
KEY = "shop"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history" / "watch.db"


def row(time: float, level: Level | None = UP, state: State | None = None, **values: object) -> Row:
    return Row(KEY, time, time, level, "tcp-timeout", "likely", 0.1, [], state or State(), **values)  # type: ignore[arg-type]  # by name


def opened(path: Path) -> Store:
    store = Store(path, busy=0.05)
    store.know([(KEY, "shop", "https://wx.example.com/", None)])
    return store


def test_what_was_written_is_there_again(path: Path) -> None:
    state = State(DOWN, 7.0, (UP, DOWN), 6.0, 2, (7.0,), True, 7.5, 3)
    message = Message("shop-1", "webhook", 10.0, "worse", {"title": "…"})
    change = Change(2, UP, DOWN, 10.0, 8.0)
    store = opened(path)
    store.write([row(10.0, DOWN, state, change=change, saved=packed("a case"), messages=(message,))])
    store.close()
    again = Store(path)
    assert again.know([(KEY, "shop", "https://wx.example.com/", None)]) == {KEY: (state, 10.0)}
    assert again.waiting("webhook") == [message]
    (kept,) = again.changes(KEY)
    assert (kept["number"], kept["before"], kept["after"], kept["began"]) == (2, 0, 2, 8.0)
    assert again.saved(kept["id"]) == "a case"
    again.write([], [(message, 11.0)])
    assert again.waiting("webhook") == []
    assert again.last(KEY, 0.0) == [(10.0, DOWN, "tcp-timeout", [])]
    again.close()


def test_the_folder_and_the_file_are_the_users_alone(path: Path) -> None:
    opened(path).close()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_in_which_others_write_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="others may write there"):
        Store(path)


def test_two_cannot_keep_one_history(path: Path) -> None:
    store = opened(path)
    with pytest.raises(ConfigError, match="another wxalarm watch"):
        Store(path)
    store.close()
    Store(path).close()


@pytest.mark.parametrize("harm", ["text", "torn", "zero"])
def test_a_damaged_file_is_put_aside(path: Path, harm: str) -> None:
    store = opened(path)
    store.write([row(float(time), saved=bytes(3000), change=Change(time, UP, DOWN, 0, 0)) for time in range(1, 50)])
    store.close()
    data = path.read_bytes()
    path.write_bytes({"text": b"no database " * 500, "torn": data[:40_000], "zero": data[:100] + bytes(8000)}[harm])
    again = opened(path)
    assert again.aside is not None
    assert again.aside.exists()
    again.write([row(1.0)])
    assert len(again.last(KEY, 0.0)) == 1
    again.close()


def test_what_cannot_be_written_whole_is_not_written(path: Path) -> None:
    store = opened(path)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store.write([row(1.0)])
        other.execute("ROLLBACK")
    with pytest.raises(KeyError):
        store.write([row(1.0), Row("stranger", 1.0, 1.0, UP, None, None, None, [], State())])
    assert store.last(KEY, 0.0) == []
    store.write([row(1.0)])
    store.close()


def test_states_are_read_while_nothing_can_be_written(path: Path) -> None:
    store = opened(path)
    state = State(DOWN, 7.0, (DOWN,), None, 3)
    store.write([row(1.0, DOWN, state)])
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store.know([(KEY, "shop", "https://wx.example.com/", None)])
        assert store.states() == {KEY: (state, 1.0)}
    store.close()


def test_old_rounds_go_and_days_stay(path: Path) -> None:
    store = opened(path)
    now = 1000 * DAY
    store.write([row(now - age * DAY) for age in (0, 1, 6, 8, 100, 500)])
    store.prune(now, 7, 400, 1024)
    assert [round((now - time) / DAY) for time, *_ in store.last(KEY, 0.0)] == [6, 1, 0]
    assert len(store.days(KEY)) == 5
    store.close()


def test_the_file_stays_as_small_as_it_has_to_be(path: Path) -> None:
    store = opened(path)
    phases = [{"address": "192.0.2.1", "total": 0.1}] * 20
    now = 1000 * DAY
    for block in range(6):
        rows = [row(now + block * 1000 + n) for n in range(1000)]
        store.write([Row(**{name: getattr(one, name) for name in one.__slots__} | {"phases": phases}) for one in rows])
    assert store.size > 2 << 20
    store.prune(now, 7, 400, 2)
    assert store.size <= 2 << 20
    kept = store.last(KEY, 0.0)
    assert kept[-1][0] == now + 5999, "the newest stay"
    store.close()


def test_days_add_up(path: Path) -> None:
    store = opened(path)
    store.write([row(1e9 + n, DOWN if n % 4 == 0 else UP, late=1) for n in range(100)])
    ((_, day),) = store.days(KEY)
    assert (day.rounds, day.late, day.available) == ({"up": 75, "down": 25}, 100, 0.75)
    store.close()


def test_pasted_alarms_are_found_again(path: Path) -> None:
    store = opened(path)
    for place, code in enumerate(["tcp-timeout", "tcp-refused"]):
        store.paste(f"id{place}", 10.0 + place, "connect-timeout", "shop", code, packed(json.dumps(place)))
    assert store.like("connect-timeout", "shop", 0.0) == [(11.0, "tcp-refused"), (10.0, "tcp-timeout")]
    assert store.like("connect-timeout", None, 0.0) == []
    assert store.pasted("id1") == "1"
    assert store.pasted("no") is None
    store.close()


def test_where_the_history_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert folder_of(None) == tmp_path / "wxalarm"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/wxalarm:/var/lib/other")
    assert folder_of(None) == Path("/var/lib/wxalarm")
    assert folder_of("/srv/x") == Path("/srv/x")
