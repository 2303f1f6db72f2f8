"""What is passed on holds no personal data: files and machine formats are redacted, --reveal is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wxalarm.cli import app
from wxalarm.render.redact import Redactor

APPID, OPENID, IP = "wx00000000000000ab", "oAAAA0000000000000000000001x", "203.0.113.77"
ALARM = (
    f"Appid: {APPID}\n昵称: 示例\n时间: 2026-01-01 12:00:00\n"
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 33次\n"
    f"错误样例: [OpenID={OPENID}][Stamp=1767240000][OuterIP=198.51.100.7]"
    f"[3rdUrl=https://wx.example.com/cb/{APPID}?signature=0123456789abcdef0123456789abcdef01234567]"
    f"[IP={IP}][MsgType=20000][Event=Location Report][http code=404]\n"
)
SECRET = (APPID, OPENID, IP, "198.51.100.7", "0123456789abcdef0123456789abcdef01234567")

ALONE = ("--only", "sample,reply-format,callback-url")
"""The alarm alone: a web server of this machine that serves the same name has nothing to do with it."""


def run(tmp_path: Path, *arguments: str) -> str:
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    done = CliRunner().invoke(
        app,
        [
            "diagnose",
            "--offline",
            "--only",
            "sample,reply-format,callback-url",
            *arguments,
            str(tmp_path / "alarm.txt"),
        ],
    )
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


KEY, TOKEN = "kQ7wZx2Rf9TnVb4Hm1Lc8Yd5Ju3Gs6Pa0EoIiNt7XqW", "57_" + "aZ3kQ7-wZx2R_f9TnVb4Hm1Lc8Yd5" * 4


@pytest.mark.parametrize("arguments", [(), ("--reveal",), ("-f", "json", "--reveal"), ("-f", "html", "--reveal")])
def test_a_key_or_an_access_token_is_shown_to_nobody(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """On the screen, with --reveal, in a saved case: wherever it stands, a nickname too."""
    text = ALARM.replace("昵称: 示例", f"昵称: 示例 {KEY}").replace("?signature", f"?access_token={TOKEN}&signature")
    (tmp_path / "alarm.txt").write_text(text, "utf-8")
    case = tmp_path / "case.json"
    done = CliRunner().invoke(
        app,
        [
            "diagnose",
            "--offline",
            "--only",
            "sample,reply-format,callback-url",
            *arguments,
            "--save",
            str(case),
            str(tmp_path / "alarm.txt"),
        ],
    )
    assert done.exit_code == 1, done.output
    saved = case.read_text("utf-8")
    for shown in (done.output, saved):
        assert KEY not in shown
        assert "wZx2R_f9TnVb4Hm1Lc8Yd5" not in shown
    assert APPID in saved, "a replay needs it"
    again = CliRunner().invoke(app, ["diagnose", "--from", str(case), *arguments])
    assert again.exit_code == 1
    assert KEY not in again.output


def test_what_still_looks_like_a_secret_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last pass, for a renderer or a field that went around redaction: it says where, and no file is left."""
    monkeypatch.setattr(Redactor, "reports", lambda self, reports: list(reports))
    out = tmp_path / "report.json"
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    done = CliRunner().invoke(
        app, ["diagnose", "--offline", "--lang", "en", "-f", "text", "-f", f"json={out}", str(tmp_path / "alarm.txt")]
    )
    assert list(tmp_path.iterdir()) == [tmp_path / "alarm.txt"]
    assert done.exit_code == 1
    assert "404" in done.stdout, "the others are written"
    assert re.search(
        rf"{re.escape(str(out))}: not written: line \d+, column \d+ still looks like a secret \(", done.stderr
    )


def test_no_record_goes_around_redaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Redactor, "alarm", lambda self, alarm: alarm)
    out = tmp_path / "out.jsonl"
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    done = CliRunner().invoke(
        app, ["parse", "--redact", "--lang", "en", "-f", f"jsonl={out}", str(tmp_path / "alarm.txt")]
    )
    assert done.exit_code == 3
    assert not out.exists()
    assert "still looks like a secret (signature)" in done.stderr


def test_the_name_of_the_input_tells_nothing(tmp_path: Path) -> None:
    named = tmp_path / f"{APPID}.txt"
    named.write_text(ALARM, "utf-8")
    for command in (["parse", "--redact", "-f", "json"], ["diagnose", "--offline", "-f", "json"]):
        done = CliRunner().invoke(app, [*command, str(named)])
        assert done.exit_code in (0, 1), done.output
        assert APPID not in done.stdout


def test_a_mistake_in_a_url_does_not_quote_its_password(tmp_path: Path) -> None:
    config = tmp_path / "wxalarm.toml"
    config.write_text('[api]\nbase_url = "htps://wxuser:hunter2-Kq@api.example.com"\n')
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    done = CliRunner().invoke(app, ["diagnose", "--offline", "--config", str(config), str(tmp_path / "alarm.txt")])
    assert done.exit_code == 2
    assert "base_url" in done.stderr
    assert "hunter2" not in done.output


def test_the_plan_shows_no_password(tmp_path: Path) -> None:
    config = tmp_path / "wxalarm.toml"
    config.write_text(
        f'[api]\nbase_url = "https://wxuser:hunter2-Kq@api.example.com"\n'
        f'[accounts.a]\nappid = "{APPID}"\napp_secret_env = "S"\n'
    )
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    done = CliRunner().invoke(app, ["plan", "--config", str(config), str(tmp_path / "alarm.txt")])
    assert done.exit_code == 0, done.output
    assert "https://api.example.com" in done.stdout
    assert "hunter2" not in done.output


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_other_command_passes_a_secret_on(form: str, tmp_path: Path) -> None:
    """Of a reply and a fixture all is shown as it is, but for what looks like a secret in what is passed on."""
    token = "access_token=" + "7_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5mN7pQ9"
    body, target = tmp_path / "reply.txt", tmp_path / "out"
    body.write_text(f"<xml><Content>{token}</Content></xml>", "utf-8")
    done = CliRunner().invoke(app, ["reply", "-f", f"{form}={target}", str(body)])
    assert not target.exists() or token[13:] not in target.read_text("utf-8")
    fixture = tmp_path / "alarm.txt"
    fixture.write_text(ALARM.replace("https://", f"https://u:p@x/?{token}&u=https://", 1), "utf-8")
    done = CliRunner().invoke(app, ["lint", "-f", f"{form}={target}", str(fixture)])
    assert token[13:] not in done.output
    assert not target.exists() or token[13:] not in target.read_text("utf-8")
