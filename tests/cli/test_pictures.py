"""A picture in place of text is named as one, and read only when that was asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_clipboard import program
from tests.cli.test_reading import ALARM, QUICK
from tests.cli_support import wxalarm
from tests.tokens.servers import missing
from wxalarm.cli.magic import picture
from wxalarm.cli.pictures import both

SCREEN = """<meta charset="utf-8"><body style="margin: 16px; background: #ededed">
<div style="width: 520px; padding: 14px; background: #fff; font: 24px/1.5 'WenQuanYi Zen Hei';
white-space: pre-wrap; word-break: break-all">"""
SHOWN = """Appid: wx0000000000000001
昵称: 示例账号
时间: 2026-01-10 20:00:01
内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法
次数: 5分钟 100次
错误样例: [OpenID=oAAAA][Stamp=1768046400][OuterIP=][3rdUrl=http://wx.example.com/cb][IP=192.0.2.1][HTTP Code=502]
报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg"""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG[:12], "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1", "JPEG"),
        (b"RIFF\x24\0\0\0WEBP", "WebP"),
        (b"RIFF\x24\0\0\0WAVE", None),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0", "BMP"),
        (b"BM is a company", None),
        (b"Appid: wx", None),
        (b"", None),
    ],
)
def test_how_one_begins(head: bytes, kind: str | None) -> None:
    assert picture(head) == kind


def test_it_is_named_and_tesseract_reads_it_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "screen.png"
    path.write_bytes(PNG)
    said = wxalarm("diagnose", *QUICK, path)
    assert said.returncode == 2
    assert b"screen.png is a picture (PNG)" in said.stderr
    assert b"PNG" in wxalarm("diagnose", *QUICK, stdin=PNG).stderr
    missing = wxalarm("diagnose", *QUICK, "--ocr", path, env={"PATH": str(tmp_path)})
    assert b"chi_sim" in missing.stderr
    (tmp_path / "text").write_text(ALARM.format(n=1), "utf-8")
    one = "case $OMP_THREAD_LIMIT in 1) ;; *) exit 1 ;; esac"  # its threads wait for each other in loops
    read = f"case $4 in chi_sim*) ;; *) exit 1 ;; esac; {one}; exec /bin/cat {tmp_path / 'text'}"
    program(tmp_path, "tesseract", read)
    done = wxalarm("diagnose", *QUICK, "--ocr", "-f", "json", path, env={"PATH": str(tmp_path)})
    assert json.loads(done.stdout)["reports"][0]["alarm"]["appid"] == "wx0000000000000001", done.stderr


@pytest.mark.parametrize("command", ["parse", "init"])
def test_every_command_that_reads_alarms_names_it(command: str, tmp_path: Path) -> None:
    path = tmp_path / "screen.png"
    path.write_bytes(PNG)
    args = [path] if command == "parse" else [tmp_path / "wxalarm.toml"]
    done = wxalarm(command, *args, stdin=b"" if command == "parse" else PNG)
    assert done.returncode == 2
    assert b"is a picture (PNG), not text" in done.stderr
    assert not (tmp_path / "wxalarm.toml").exists()


def test_of_two_readings_each_line_is_the_one_with_more_chinese() -> None:
    mixed, chinese = "AB: 微信服务器\n\n[3rdUrl=http://wx.example.com/cb]\n", "内容: 微信服务器\n[3rdun=http;//wx]\n"
    assert both(mixed, chinese) == "内容: 微信服务器\n[3rdUrl=http://wx.example.com/cb]\n"
    assert both("one\ntwo", "内容") == "one\ntwo", "lines that do not stand beside each other"


def needed() -> str | None:
    """What the real test lacks."""
    if shutil.which("tesseract") is None or shutil.which("chromium") is None:
        return "needs tesseract and Chromium"
    known = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True).stdout
    fonts = subprocess.run(["fc-list"], capture_output=True, text=True).stdout if shutil.which("fc-list") else ""
    return (
        None if "chi_sim" in known and "WenQuanYi Zen Hei" in fonts else "needs tesseract-ocr-chi-sim, fonts-wqy-zenhei"
    )


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.oracle
def test_tesseract_itself_reads_a_screenshot(tmp_path: Path) -> None:
    """Five seconds: a browser draws what a chat shows, and tesseract reads it twice."""
    if lacking := needed():
        missing(lacking)
    page, screen = tmp_path / "page.html", tmp_path / "screen.png"
    page.write_text(SCREEN + SHOWN, "utf-8")
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    drawn = ["chromium", *quiet, f"--screenshot={screen}", "--window-size=600,700", page.as_uri()]
    subprocess.run(drawn, capture_output=True, check=True)
    done = wxalarm("diagnose", *QUICK, "--ocr", "-f", "json", screen, env={"PATH": os.environ["PATH"]})
    (report,) = json.loads(done.stdout)["reports"]
    alarm = report["alarm"]
    assert (alarm["kind"], alarm["count"], alarm["window_minutes"]) == ("invalid-response", 100, 5), done.stderr
    assert (alarm["sample"]["http_code"], alarm["sample"]["ip"]) == (502, "192.0.2.1")
    assert report["cause"]["code"] == "http-status"
    assert b"screen.png was read by tesseract" in done.stderr
