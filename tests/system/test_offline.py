"""--offline and --from open no socket: Python's own audit events tell of every one, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import FIXTURES
from wxalarm.model import AlarmKind

CORPUS = FIXTURES / "alarms"
TRACED = """
import json, os, sys

opened = []

def watch(event, args):
    # asyncio's event loop wakes itself through a pair of local sockets (AF_UNIX); anything else would be traffic.
    if event == "socket.__new__" and args[1] != 1:
        opened.append(str(args[1:]))
    elif event.startswith(("socket.connect", "socket.send", "socket.getaddrinfo", "socket.gethostby", "socket.bind")):
        opened.append(f"{event} {args[1:]}")

sys.addaudithook(watch)
from wxalarm.cli import main
sys.argv = ["wxalarm", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    with open(os.environ["TRACE"], "w") as file:
        json.dump({"code": end.code, "opened": opened}, file)
"""
CONFIG = """
[accounts.shop]
appid = "wx0000000000000001"
url = "https://wx.example.com/callback"
mode = "secure"
token_env = "T"
encoding_aes_key_env = "K"
app_secret_env = "S"
access_token_env = "A"
[dns]
servers = ["192.0.2.53"]
"""


def traced(tmp_path: Path, *arguments: str, stdin: str = "") -> dict[str, object]:
    """Run the command with every socket watched: its exit code, and what was opened."""
    trace = tmp_path / "trace.json"
    (tmp_path / "wxalarm.toml").write_text(CONFIG, "utf-8")
    secrets = {"T": "token", "K": "a" * 43, "S": "secret", "A": "access"}
    subprocess.run(
        [sys.executable, "-c", TRACED, *arguments],
        input=stdin.encode(),
        cwd=tmp_path,
        env={**os.environ, **secrets, "TRACE": str(trace), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        check=False,
    )
    found: dict[str, object] = json.loads(trace.read_text())
    return found


@pytest.mark.slow
def test_offline_and_replay_open_no_socket(tmp_path: Path) -> None:
    texts = [path for kind in AlarmKind for path in sorted((CORPUS / kind).glob("*.txt"))[:4]]
    assert {path.parent.name for path in texts} == {str(kind) for kind in AlarmKind}
    found = traced(
        tmp_path, "diagnose", "--config", "wxalarm.toml", "--offline", "--push", "--save", "case.json", *map(str, texts)
    )
    assert found["code"] == 1
    assert found["opened"] == []

    again = traced(tmp_path, "diagnose", "--from", "case.json")
    assert again["code"] == found["code"]
    assert again["opened"] == []


@pytest.mark.slow
def test_the_trace_sees_a_socket(tmp_path: Path) -> None:
    """That the test above can fail: without --offline something is opened, here towards a closed loopback port."""
    text = (
        "时间: 2026-01-01 12:00:00\n内容: 微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒\n次数: 5分钟 33次\n"
    )
    found = traced(tmp_path, "diagnose", "--only", "tcp-connect", "--url", "http://127.0.0.1:9/", stdin=text)
    assert found["opened"] != []
