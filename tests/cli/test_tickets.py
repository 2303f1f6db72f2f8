"""When a platform's tokens die is counted from its last good ticket: as given, as the log has it, or as it can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli_support import wxalarm

ALARM = """Appid: wx0000000000000001
时间: 2026-01-05 03:{minute}:00
内容: 微信服务器向公众号服务开发者推送component_verify_ticket时，得到的回应不合法（应返回success）
次数: 30分钟 9次
错误样例: [3rdUrl=https://open.example.com/ticket][HTTP Code=502]
"""
NIGHT = "\n".join(ALARM.format(minute=minute) for minute in ("00", "30")).encode()
QUICK = ("--offline", "--only", "sample,access-log,ticket-age", "--reveal")
LINE = '192.0.2.9 - - [{time} +0800] "POST /ticket?nonce=1 HTTP/1.1" {status} 7 "-" "Mozilla/4.0"\n'


def run_of(*args: str | Path) -> dict[str, Any]:
    done = wxalarm("diagnose", *QUICK, "-f", "json", *args, stdin=NIGHT)
    (run,) = json.loads(done.stdout)["overview"]["tickets"]
    assert isinstance(run, dict)
    return run


def test_given_else_of_the_log_else_a_guess(tmp_path: Path) -> None:
    guess = run_of()
    assert (guess["source"], guess["good"][11:16], guess["dies"][11:16]) == ("guess", "02:50", "14:50")
    log = tmp_path / "access.log"
    lines = [("05/Jan/2026:02:41:00", 200), ("05/Jan/2026:02:51:00", 502), ("05/Jan/2026:03:01:00", 502)]
    log.write_text("".join(LINE.format(time=time, status=status) for time, status in lines), "utf-8")
    of_log = run_of("--access-log", log)
    assert (of_log["source"], of_log["good"][11:16], of_log["dies"][11:16]) == ("log", "02:41", "14:41")
    given = run_of("--access-log", log, "--last-ticket", "2026-01-05T02:31:00+08:00")
    assert (given["source"], given["dies"][11:16], given["until"][11:16]) == ("given", "14:31", "04:00")


@pytest.mark.parametrize(("lang", "said"), [("en", "came at 2026-01-05 02:31"), ("zh", "收于 2026-01-05 02:31")])
def test_the_page_says_it(lang: str, said: str) -> None:
    asked = ("--last-ticket", "2026-01-05T02:31:00+08:00", "--lang", lang)
    text = wxalarm("diagnose", *QUICK, *asked, stdin=NIGHT).stdout.decode()
    assert said in text
    assert "14:31" in text


def test_a_time_that_is_none_is_named() -> None:
    done = wxalarm("diagnose", *QUICK, "--last-ticket", "yesterday", stdin=NIGHT)
    assert (done.returncode, b"--last-ticket yesterday" in done.stderr) == (2, True)
