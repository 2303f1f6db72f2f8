"""Logs through pipes: kept once for all who read them; one that says nothing, or does not end, is no evidence."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.cli_support import wxalarm
from wxalarm.logs.frameworks import FRAMEWORKS
from wxalarm.probes import pipes
from wxalarm.probes.logsource import LogFile, Source, opened

TEXT = b"2026-01-05 10:00:00 one\n2026-01-05 10:00:01 two\n"


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    os.mkfifo(path)
    return path


def written(path: Path, data: bytes) -> threading.Thread:
    thread = threading.Thread(target=path.write_bytes, args=(data,))
    thread.start()
    return thread


def test_a_fifo_is_read_once_and_opened_often(fifo: Path) -> None:
    writer = written(fifo, TEXT)
    for _ in range(2):
        source = opened(str(fifo))
        assert isinstance(source, Source)
        with source:
            assert source.read(0, 100) == TEXT
            assert (source.size, source.written) == (len(TEXT), 0.0)
    writer.join()


def test_one_that_says_nothing_is_late(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "FIRST", 0.05)
    found = opened(str(fifo))
    assert isinstance(found, LogFile)
    assert (found.problem, found.whole) == ("late", False)


def test_one_that_does_not_end_is_late(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "PATIENCE", 0.2)
    end = os.open(fifo, os.O_RDWR)
    os.write(end, TEXT)
    found = opened(str(fifo))
    os.close(end)
    assert isinstance(found, LogFile)
    assert (found.problem, found.size) == ("late", len(TEXT))


def test_more_than_is_kept_is_late(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "SPOOLED", 10)
    writer = written(fifo, TEXT)
    found = opened(str(fifo))
    writer.join()
    assert isinstance(found, LogFile)
    assert found.problem == "late"


ALARM = """\
时间: 2023-11-15 06:13:20
内容: 微信服务器向公众号推送消息或事件后，开发者5秒内没有返回
次数: 5分钟 33次
错误样例: [OpenID=oEXAMPLEopenid00000000000001][Stamp=1700000000][3rdUrl=http://example.com/wx]
"""


def test_the_log_of_a_framework_through_standard_input(tmp_path: Path) -> None:
    alarm = tmp_path / "alarm.txt"
    alarm.write_text(ALARM, "utf-8")
    late = FRAMEWORKS[0].sample.replace("1.234567ms", "6.234567s")
    arguments = ("diagnose", "--offline", "--lang", "en", "-f", "json", "--access-log", "-")
    done = wxalarm(*arguments, alarm, stdin=late.encode() + b"\n")
    assert b"log-slow" in done.stdout
    alone = wxalarm(*arguments, stdin=late.encode())
    assert alone.returncode == 2
    assert b"one thing only" in alone.stderr
