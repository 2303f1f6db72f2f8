"""`wxalarm watch` as a user runs it, against servers on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli_support import wxalarm
from tests.paths import ROOT
from tests.ports import free_ports
from tests.watch.hook import hook

CONFIG = """
[accounts.shop]
appid = "wx0000000000000001"
url = "http://127.0.0.1:{port}/callback"

[watch]
folder = "history"
{more}
"""


def config(folder: Path, more: str = "", port: int = 9) -> Path:
    path = folder / "wxalarm.toml"
    path.write_text(CONFIG.format(port=port, more=more))
    return path


def env(folder: Path, **values: str) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(folder / "state"), "WXALARM_WAYS": "", **values}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("evry = 5", "unknown key watch.evry (did you mean every?)"),
        ("every = 1", "watch.every: 1 is impossible; expected 5 to 86400"),
        ("every = 1e300", "watch.every: 1e+300 is impossible"),
        ("for = 0", "watch.for: 0 is impossible; expected 1 to 1000"),
        ("for = 2.5", "watch.for: expected a whole number"),
        ("remind = -1", "watch.remind: -1 is impossible"),
        ('ways = ["wecombot://0000-key"]', "watch.ways [1]: only webhook+"),
        ('ways_file = "nowhere"', "watch.ways_file"),
        ('listen = "127.0.0.1"', "watch.listen: expected ADDRESS:PORT"),
        ('listen = "0.0.0.0:9420"', "set watch.token_env"),
        ('token_env = "NOT_SET_ANYWHERE"', "the variable NOT_SET_ANYWHERE is empty"),
        ('ways_env = ["BAD_WAY"]', "$BAD_WAY [1]: not the URL of a way out"),
    ],
)
def test_a_mistake_is_named_before_it_starts(tmp_path: Path, more: str, said: str) -> None:
    done = wxalarm("watch", "--once", "--config", config(tmp_path, more), env=env(tmp_path, BAD_WAY="0000-key"))
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert b"0000-key" not in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["http://127.0.0.1:9/a", "http://127.0.0.1:9/a"], "127.0.0.1:9/a is there twice"),
        (["ftp://127.0.0.1/"], "ftp://127.0.0.1/"),
        (["http://127.0.0.1:9/a", "--shard", "3/2"], "--shard 3/2: expected K/N"),
        (["http://127.0.0.1:9/a", "--every", "nan"], "--every: nan is impossible"),
        ([], "nothing to watch"),
    ],
)
def test_a_mistake_on_the_command_line_too(tmp_path: Path, args: list[str], said: str) -> None:
    empty = tmp_path / "wxalarm.toml"
    empty.write_text("")
    done = wxalarm("watch", "--once", *args, "--config", empty, env=env(tmp_path))
    assert (done.returncode, said in done.stderr.decode()) == (2, True), done.stderr.decode()


def test_what_is_found_and_not_agreed_to_is_not_watched(tmp_path: Path) -> None:
    config(tmp_path)
    command = [sys.executable, "-m", "wxalarm", "watch", "--once"]
    clean = os.environ | env(tmp_path) | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "HOME": str(tmp_path / "home")}
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True)
    assert done.returncode == 2
    assert b"you have not agreed to it" in done.stderr


def test_once_looks_at_all_and_exits_by_what_it_saw(tmp_path: Path) -> None:
    (closed,) = free_ports(1)
    done = wxalarm("watch", "--once", "--config", config(tmp_path, port=closed), env=env(tmp_path))
    assert done.returncode == 1
    text = done.stdout.decode()
    assert text.startswith(f"DOWN  shop  http://127.0.0.1:{closed}/callback")
    assert "tcp-refused" in text
    assert (tmp_path / "history" / "watch.db").is_file()


def test_shards_are_parts_of_the_whole(tmp_path: Path) -> None:
    (closed,) = free_ports(1)
    urls = [f"http://127.0.0.1:{closed}/{n}" for n in range(6)]
    seen = []
    for number in (1, 2, 3):
        done = wxalarm("watch", "--once", *urls, "--shard", f"{number}/3", env=env(tmp_path))
        seen += [line.split()[2] for line in done.stdout.decode().splitlines() if line.startswith("DOWN")]
    assert sorted(seen) == urls


def test_check_tries_everything(tmp_path: Path) -> None:
    (taken,) = free_ports(1)
    with hook() as server:
        bad = f"alertmanager+http://127.0.0.1:{taken}"
        path = config(tmp_path, f'listen = "127.0.0.1:{server.port}"')
        done = wxalarm("watch", "--check", "--config", path, env=env(tmp_path, WXALARM_WAYS=f"{server.url} {bad}"))
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 1
    assert [line.split()[0] for line in lines] == ["ok", "ok", "FAIL", "ok", "ok", "FAIL"], lines
    assert "cannot listen there: Address already in use" in lines[2]
    assert [body["kind"] for body in server.bodies] == ["test"]
    assert "secret-key" not in done.stdout.decode()


@contextmanager
def running(*args: str | Path, folder: Path, **values: str) -> Iterator[subprocess.Popen[bytes]]:
    clean = {name: value for name, value in os.environ.items() if name not in {"WXALARM_LANG"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "wxalarm", "watch", *map(str, args)],
        stderr=subprocess.PIPE,
        env=clean | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)} | env(folder, **values),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[bytes], text: str) -> str:
    """The line of its log that holds a text."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line.decode():
            return line.decode()
    raise AssertionError(f"ended without {text!r}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_asked_to(tmp_path: Path, number: signal.Signals) -> None:
    (closed,) = free_ports(1)
    with running(f"http://127.0.0.1:{closed}/", folder=tmp_path) as process:
        until(process, "watching 1 callbacks")
        process.send_signal(number)
        until(process, "ended")
        assert process.wait() == (0 if number == signal.SIGTERM else 130)


def test_a_wrong_configuration_is_refused_and_the_old_one_kept(tmp_path: Path) -> None:
    path = config(tmp_path)
    with running("--config", path, folder=tmp_path) as process:
        until(process, "watching 1 callbacks")
        config(tmp_path, "every = 1")
        process.send_signal(signal.SIGHUP)
        assert "watch.every: 1 is impossible" in until(process, "the old one stays")
        config(tmp_path, '[accounts.other]\nurl = "http://127.0.0.1:9/other"')
        process.send_signal(signal.SIGHUP)
        until(process, "read again; watching 2 callbacks")


def test_a_fault_is_told_by_webhook_within_a_round_more_than_it_waits_for(tmp_path: Path) -> None:
    with hook() as server:
        (closed,) = free_ports(1)
        more = "for = 1\nevery = 5"
        path = config(tmp_path, more, closed)
        with running("--config", path, folder=tmp_path, WXALARM_WAYS=server.url) as process:
            until(process, "shop: DOWN (tcp-refused)")
            while not server.bodies:
                time.sleep(0.01)
    (body,) = server.bodies
    assert (body["kind"], body["state"], body["target"]) == ("worse", "down", "shop")
    assert body["report"]["reports"][0]["cause"]["code"] == "tcp-refused"
