"""`wxalarm init`: writes the file to fill in, in the reader's language, and never over another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_reading import ALARM
from tests.cli_support import wxalarm
from wxalarm.config import Source, load
from wxalarm.messages import LANGUAGES, Lang, catalogue
from wxalarm.render import config


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_writes_a_file_that_loads(lang: Lang, tmp_path: Path) -> None:
    path = tmp_path / "wxalarm.toml"
    done = wxalarm("init", path, "--lang", lang)
    assert (done.returncode, done.stdout.decode().strip()) == (0, str(path))
    assert f"wxalarm config trust {path}" in done.stderr.decode()
    assert path.read_text("utf-8") == config.template(catalogue(lang))
    assert load(path).source == Source(str(path), "named")


def test_it_leaves_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "wxalarm.toml"
    path.write_text("mine", "utf-8")
    done = wxalarm("init", path)
    assert (done.returncode, path.read_text("utf-8")) == (2, "mine")
    assert b"--force" in done.stderr
    assert wxalarm("init", path, "--force").returncode == 0
    assert "[accounts.main]" in path.read_text("utf-8")


def test_a_text_without_an_alarm_fills_in_nothing_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "wxalarm.toml"
    done = wxalarm("init", path, stdin="大家好".encode())
    assert (done.returncode, path.exists()) == (2, False)
    assert b"no alarm found" in done.stderr
    assert wxalarm("init", path, stdin=b" \n").returncode == 0


def test_it_is_filled_in_from_alarms(tmp_path: Path) -> None:
    """Two accounts; what a third-party platform receives is not the account's own URL."""
    text = "".join(ALARM.format(n=n) for n in (1, 1, 2)).replace(
        "[Event=Subscribe]\n", "[Event=Subscribe][第三方平台:示例]\n", 2
    )
    path = tmp_path / "wxalarm.toml"
    done = wxalarm("init", path, stdin=text.encode())
    assert done.returncode == 0, done.stderr
    assert b"wx0000000000000001, wx0000000000000002" in done.stderr
    accounts = load(path).accounts
    assert [(account.appid, account.nickname, account.url) for account in accounts] == [
        ("wx0000000000000001", "示例账号", None),
        ("wx0000000000000002", "示例账号", "http://wx.example.com/cb"),
    ]
