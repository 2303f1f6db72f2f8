"""What is passed on holds no personal data: files and machine formats are redacted, --reveal is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wxalarm.cli import app

APPID, OPENID, IP = "wx00000000000000ab", "oAAAA0000000000000000000001x", "203.0.113.77"
ALARM = (
    f"Appid: {APPID}\n昵称: 示例\n时间: 2026-01-01 12:00:00\n"
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 33次\n"
    f"错误样例: [OpenID={OPENID}][Stamp=1767240000][OuterIP=198.51.100.7]"
    f"[3rdUrl=https://wx.example.com/cb/{APPID}?signature=0123456789abcdef0123456789abcdef01234567]"
    f"[IP={IP}][MsgType=20000][Event=Location Report][http code=404]\n"
)
SECRET = (APPID, OPENID, IP, "198.51.100.7", "0123456789abcdef0123456789abcdef01234567")


def run(tmp_path: Path, *arguments: str) -> str:
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    done = CliRunner().invoke(app, ["diagnose", "--offline", *arguments, str(tmp_path / "alarm.txt")])
    assert done.exit_code == 1, done.output
    return done.stdout


@pytest.mark.parametrize("name", ["json", "html", "markdown"])
def test_machine_formats_are_redacted(tmp_path: Path, name: str) -> None:
    shown = run(tmp_path, "-f", name)
    assert not [secret for secret in SECRET if secret in shown]
    assert all(secret in run(tmp_path, "-f", name, "--reveal") for secret in (APPID, IP))


def test_the_screen_shows_and_a_file_does_not(tmp_path: Path) -> None:
    out = tmp_path / "report.txt"
    assert APPID in run(tmp_path, "-f", "text")
    run(tmp_path, "-f", f"text={out}")
    written = out.read_text("utf-8")
    assert not [secret for secret in SECRET if secret in written]
    assert "404" in written


def test_joins_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    page = run(tmp_path, "-f", "markdown", "-f", f"json={out}")
    record = json.loads(out.read_text("utf-8"))["reports"][0]
    token = record["alarm"]["sample"]["ip"]
    assert re.fullmatch(r"ip-[0-9a-f]{10}", token)
    assert record["target"]["alarm_ip"] == token
    assert token in record["cause"]["text"]
    assert token in page.replace("\\", "")
    assert record["alarm"]["appid"] in record["target"]["url"]
