"""The key of redaction: one for all runs of a user, readable by nobody else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.cli_support import wxalarm
from wxalarm.cli.state import KEY, folder, redaction_key

ALARM = "Appid: wx0000000000000001\n昵称: 示例\n时间: 2026-01-10 20:00:00\n内容: MarkFail\n次数: 5分钟 9次\n".encode()


def test_the_tokens_of_two_runs_are_the_same_and_of_two_users_are_not(tmp_path: Path) -> None:
    def token(user: str) -> bytes:
        done = wxalarm("parse", "--redact", "-f", "json", stdin=ALARM, env={"XDG_STATE_HOME": str(tmp_path / user)})
        return next(line for line in done.stdout.splitlines() if b'"appid"' in line)

    assert b"appid-" in token("one")
    assert token("one") == token("one") != token("two")
    kept = tmp_path / "one" / "wxalarm" / "redaction.key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["redaction.key"]


def test_a_key_that_others_could_read_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = redaction_key()
    assert redaction_key() == first
    path = (folder() or tmp_path) / "redaction.key"
    path.chmod(0o644)
    second = redaction_key()
    assert second != first
    assert redaction_key() == second
    path.write_bytes(b"short")
    assert len(redaction_key()) == KEY


def test_without_a_place_each_run_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", os.devnull)
    assert redaction_key() != redaction_key()
