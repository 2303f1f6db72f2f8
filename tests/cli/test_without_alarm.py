"""`diagnose` and `probe` without an alarm: a URL, logs or a configuration, or only what a follower saw."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_verify import Answer, served
from tests.cli_support import wxalarm

NOTICE = "该公众号提供的服务出现故障，请稍后再试\n".encode()
LINE = '203.0.113.7 - - [{time}] "POST /wx?signature=a&timestamp=1&nonce=2&openid=o{n} HTTP/1.1" {status} 7 "-" "-"\n'


def log(folder: Path, *statuses: int, age: float = 60.0) -> Path:
    """An access log of pushes, the last of them `age` seconds ago."""
    path = folder / "access.log"
    moments = [datetime.fromtimestamp(time.time() - age - n, UTC) for n in reversed(range(len(statuses)))]
    lines = [
        LINE.format(time=f"{moment:%d/%b/%Y:%H:%M:%S %z}", n="A" * 27, status=status)
        for moment, status in zip(moments, statuses, strict=True)
    ]
    path.write_text("".join(lines), "utf-8")
    return path


def report(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, dict[str, Any]]:
    done = wxalarm("diagnose", "--offline", *arguments, "-f", "json", "--lang", "en", stdin=stdin)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["reports"][0]


def codes(found: dict[str, Any]) -> set[str]:
    return {finding["code"] for result in found["results"] for finding in result["findings"]}


@pytest.mark.parametrize("stdin", [b"", NOTICE])
def test_logs_of_the_last_minutes_are_read(stdin: bytes, tmp_path: Path) -> None:
    path = log(tmp_path, 502, 502, 502)
    code, found = report("--url", "http://wx.example.com/wx", "--access-log", path, stdin=stdin)
    assert (code, found["cause"]["code"]) == (1, "log-upstream-error")
    assert found["alarm"]["kind"] == "unknown"
    assert found["alarm"]["window_minutes"] == 15


def test_since_and_at_say_which_minutes(tmp_path: Path) -> None:
    path = log(tmp_path, 502, 502, age=3600)
    os.utime(path, (time.time() - 3600,) * 2)  # it may be growing still
    url = ("--url", "http://wx.example.com/wx", "--access-log", path)
    assert "log-upstream-error" not in codes(report(*url)[1])
    assert "log-upstream-error" in codes(report(*url, "--since", "2h")[1])
    at = datetime.fromtimestamp(time.time() - 3590, UTC)
    assert "log-upstream-error" in codes(report(*url, "--since", "5m", "--at", at.isoformat())[1])
    assert "log-upstream-error" in codes(report(*url, "--since", "5m", "--at", str(int(at.timestamp())))[1])


def test_a_copied_log_that_says_no_zone_is_looked_at_up_to_its_end(tmp_path: Path) -> None:
    """In the zone that WeChat's own seconds tell."""
    path = tmp_path / "production.log"
    for hours in (0, 8):
        stamp = int(time.time()) - 40 * 86400
        plain = f"{datetime.fromtimestamp(stamp, UTC) + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"
        path.write_text(f'{plain} INFO "POST /wx?signature=a&timestamp={stamp}&nonce=2" 500 12ms\n' * 3, "utf-8")
        found = report("--access-log", path)[1]
        begin = datetime.fromisoformat(found["alarm"]["first_seen"]).timestamp()
        assert begin <= stamp <= begin + 15 * 60, hours


@pytest.mark.parametrize("form", ["{:%Y-%m-%d %H:%M}", "{:%Y-%m-%dT%H:%M:%S}"])
def test_at_without_a_zone_is_on_the_clock_of_the_log(form: str, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    moment = datetime.fromtimestamp(time.time() // 60 * 60 - 7200 + 30, timezone(timedelta(hours=5, minutes=45)))
    path.write_text(LINE.format(time=f"{moment:%d/%b/%Y:%H:%M:%S %z}", n="A" * 27, status=502), "utf-8")
    url = ("--url", "http://wx.example.com/wx", "--since", "5m", "--at", form.format(moment))
    assert "log-upstream-error" in codes(report(*url, "--access-log", path)[1])
    # A log that writes no zone says nothing, nor does one that is not there.
    silent = tmp_path / "silent.log"
    silent.write_text("started\n")
    assert "log-upstream-error" in codes(report(*url, "--error-log", silent, "--access-log", path)[1])
    begins = {
        report(*url, "--error-log", other)[1]["alarm"]["first_seen"] for other in (silent, tmp_path / "absent.log")
    }
    assert len(begins) == 1
    assert begins != {report(*url, "--access-log", path)[1]["alarm"]["first_seen"]}


@pytest.mark.parametrize(
    ("age", "behind", "moved"), [(7200, 3600, True), (7200, 0, False), (90_000, 0, True), (60, 0, False)]
)
def test_the_minutes_before_the_end_of_a_copied_log_are_looked_at(
    age: float, behind: float, moved: bool, tmp_path: Path
) -> None:
    """behind: seconds from its last line to when the file was written."""
    path = log(tmp_path, 502, 502, age=age)
    os.utime(path, (time.time() - age + behind,) * 2)
    url = ("--offline", "--lang", "en", "-f", "json", "--url", "http://wx.example.com/wx", "--access-log", str(path))
    done = wxalarm("diagnose", *url)
    found = json.loads(done.stdout)["reports"][0]
    assert ("log-upstream-error" in codes(found)) is (moved or age < 900)
    assert (b"The logs end at " in done.stderr) is moved


def test_a_part_of_nginx_alone_is_enough(tmp_path: Path) -> None:
    conf = tmp_path / "wx.conf"
    conf.write_text("server { listen 80; server_name wx.example.com; return 301 https://$host$request_uri; }\n")
    url = ("--url", "http://wx.example.com/wx")
    assert report(*url, "--nginx-conf", conf)[1]["cause"]["code"] == "nginx-redirect"
    assert report(*url, "--nginx-conf", "-", stdin=conf.read_bytes())[1]["cause"]["code"] == "nginx-redirect"


def test_no_push_in_these_minutes_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    now = datetime.now(UTC)
    path.write_text(f'203.0.113.9 - - [{now:%d/%b/%Y:%H:%M:%S %z}] "GET / HTTP/1.1" 200 5 "-" "-"\n', "utf-8")
    code, found = report("--url", "http://wx.example.com/wx", "--access-log", path, "--only", "access-log")
    assert code != 1
    assert found["cause"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "soon"), "--since soon: expected a duration"),
        (("--since", "0"), "--since 0: expected a duration"),
        (("--at", "noon"), "--at noon: expected a time"),
        (("--at", "2026-13-01 21:03"), "expected a time"),
    ],
)
def test_wrong_windows_are_usage_errors(arguments: tuple[str, ...], said: str) -> None:
    done = wxalarm("diagnose", "--offline", "--url", "http://wx.example.com/wx", *arguments, "--lang", "en")
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()


def test_a_follower_s_notice_alone_needs_something_to_look_at() -> None:
    done = wxalarm("diagnose", "--offline", "--lang", "en", stdin=NOTICE)
    assert done.returncode == 2
    assert b"name what to look at (--url URL" in done.stderr


def test_a_notice_goes_to_the_only_account(tmp_path: Path) -> None:
    config = tmp_path / "wxalarm.toml"
    config.write_text('[accounts.shop]\nappid = "wx0000000000000001"\nurl = "http://wx.example.com/wx"\n', "utf-8")
    path = log(tmp_path, 502, 502)
    _, found = report("--config", config, "--access-log", path, stdin=NOTICE)
    assert found["target"]["url"] == "http://wx.example.com/wx"


def test_the_text_says_that_there_is_no_alarm(tmp_path: Path) -> None:
    path = log(tmp_path, 200, 200)
    done = wxalarm(
        *("diagnose", "--offline", "--url", "http://wx.example.com/wx", "--access-log", path, "--lang", "en"), "-v"
    )
    text = done.stdout.decode()
    assert "No alarm given: what can be seen without one · logs from" in text
    assert "Unknown alarm" not in text
    assert "Paste the whole alarm" not in text


def missing(query: dict[str, str]) -> tuple[int, bytes]:
    return 404, b"<center>nginx</center>"


def fine(query: dict[str, str]) -> tuple[int, bytes]:
    return 200, b"success"


@pytest.mark.parametrize(("answer", "strict", "plain"), [(missing, 1, 0), (fine, 0, 0)])
def test_strict_makes_warnings_exit_1(answer: Answer, strict: int, plain: int) -> None:
    """The URL's own port is a warning too: only the HTTP request is looked at."""
    with served(answer) as url:
        only = ("probe", url, "--only", "http-request", "--lang", "en")
        assert wxalarm(*only).returncode == plain
        assert wxalarm(*only, "--strict").returncode == strict
        done = wxalarm("diagnose", "--url", url, "--only", "http-request", "--strict", "--lang", "en")
        assert done.returncode == (strict or 3), "what else an alarm would have asked for was not looked at"
        assert ("No alarm given" in done.stdout.decode()) or not done.stdout


def test_strict_of_a_saved_case(tmp_path: Path) -> None:
    case = tmp_path / "case.json"
    with served(missing) as url:
        assert wxalarm("diagnose", "--url", url, "--only", "http-request", "--save", case).returncode == 3
    assert wxalarm("diagnose", "--from", case, "--only", "http-request").returncode == 3
    assert wxalarm("diagnose", "--from", case, "--only", "http-request", "--strict").returncode == 1


def test_what_the_console_shows_is_evidence() -> None:
    done = wxalarm("diagnose", "--offline", "-f", "json", "--lang", "en", stdin="CURL错误码：52\n".encode())
    assert b"this is what a tool of the console shows" in done.stderr
    (only,) = json.loads(done.stdout)["reports"]
    codes = [finding["code"] for result in only["results"] for finding in result["findings"]]
    assert "curl-error" in codes


def test_an_alarm_has_its_own_minutes() -> None:
    said = "微信服务器向公众号推送消息或事件后，得到的回应不合法"
    alarm = f"Appid: wx0000000000000001\n时间: 2026-01-05 20:12:00\n内容: {said}\n次数: 5分钟 40次\n"
    done = wxalarm("diagnose", "--offline", "--since", "5m", "--lang", "en", "-f", "json", stdin=alarm.encode())
    assert b"an alarm names its own minutes" in done.stderr
    assert json.loads(done.stdout)["reports"][0]["alarm"]["window_minutes"] == 5


def test_an_alarm_that_is_retold_has_the_minutes_that_are_named() -> None:
    said = "求助！一直报“微信服务器向公众号推送消息或事件后，开发者5秒内没有返回”，公众号 wx0000000000000001\n"
    args = ("diagnose", "--offline", "--at", "2026-01-05T20:17:00+08:00", "--since", "5m", "--lang", "en", "-f", "json")
    done = wxalarm(*args, stdin=said.encode())
    assert b"this retells an alarm (Request timeout)" in done.stderr
    assert b"names its own minutes" not in done.stderr
    alarm = json.loads(done.stdout)["reports"][0]["alarm"]
    assert (alarm["kind"], alarm["first_seen"]) == ("request-timeout", "2026-01-05T20:12:00+08:00")
    assert wxalarm("parse", stdin=said.encode()).returncode == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "<VirtualHost *:80>\n  ServerName wx.example.com\n</VirtualHost>\n",
            "Apache's configuration, which",
        ),
        ("wx.example.com {\n\treverse_proxy localhost:8080\n}\n", "Caddy's configuration, which is not read"),
        ("frontend http\n  bind *:80\n  default_backend app\n", "is no configuration of nginx"),
        ("# server { listen 80; }\n\n", "holds no directive"),
        ("server { listen 80; server_name wx.example.com; location / { proxy_pass http://127.0.0.1:1; } }\n", None),
    ],
)
def test_a_configuration_that_is_not_read_is_called_by_its_name(text: str, said: str | None, tmp_path: Path) -> None:
    conf = tmp_path / "site.conf"
    conf.write_text(text, "utf-8")
    _, found = report("--url", "http://wx.example.com/wx", "--nginx-conf", conf)
    (result,) = (one for one in found["results"] if one["check"] == "nginx-config")
    assert (result["status"] == "skip") is (said is not None)
    assert (said or "") in (result["reason"] or "")


HTTPERR = """\
#Software: Microsoft HTTP API 2.0
#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename
{} 203.0.113.88 41002 198.51.100.88 443 HTTP/1.1 POST /wx?signature=a&timestamp=1&nonce=2 - 503 2 AppOffline WxPool
"""


@pytest.mark.parametrize("flag", ["--error-log", "--app-log", "--access-log"])
def test_a_table_of_requests_is_an_access_log_whatever_it_was_given_as(flag: str, tmp_path: Path) -> None:
    """HTTP.sys writes what it did not pass on to IIS: it answered itself."""
    path = tmp_path / "httperr1.log"
    path.write_text(HTTPERR.format(f"{datetime.now(UTC) - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"), "utf-8")
    url = "http://wx.example.com/wx"
    done = wxalarm("diagnose", "--offline", "--url", url, flag, str(path), "-f", "json", "--lang", "en")
    found = json.loads(done.stdout)["reports"][0]
    (status,) = [
        one for result in found["results"] for one in result["findings"] if one["code"] == "log-upstream-error"
    ]
    assert (status["evidence"]["by"], status["evidence"]["case"]) == ("nginx", "503-server")
    assert (b"read as an access log" in done.stderr) is (flag != "--access-log")


@pytest.mark.parametrize("flag", ["--app-log", "--access-log"])
def test_a_firewalls_log_is_a_table_of_requests(flag: str, tmp_path: Path) -> None:
    path = tmp_path / "waf.log"
    moment = datetime.now(UTC) - timedelta(minutes=1)
    line = {
        "time": moment.isoformat(),
        "host": "wx.example.com",
        "real_client_ip": "203.0.113.7",
        "request_method": "POST",
        "request_path": "/wx",
        "querystring": "signature=a&timestamp=1&nonce=2",
        "status": "405",
        "upstream_status": "-",
        "final_action": "block",
        "final_rule_id": "7",
    }
    path.write_text(json.dumps(line) + "\n")
    found = report("--url", "http://wx.example.com/wx", flag, path)[1]
    (status,) = [one for result in found["results"] for one in result["findings"] if one["code"] == "log-status"]
    assert (status["evidence"]["by"], status["evidence"]["status"]) == ("firewall", "405")


def test_at_is_read_where_the_logs_hold_those_minutes(tmp_path: Path) -> None:
    """A log in UTC, and a time off a clock in Beijing: else the log would be said to end before it."""
    path = tmp_path / "httperr1.log"
    moment = datetime.now(UTC) - timedelta(hours=30)
    path.write_text(HTTPERR.format(f"{moment:%Y-%m-%d %H:%M:%S}"), "utf-8")
    url = ("--url", "http://wx.example.com/wx", "--access-log", path, "--since", "5m")
    for hours, told in ((0, False), (8, True)):
        at = f"{moment + timedelta(hours=hours):%Y-%m-%d %H:%M}"
        done = wxalarm("diagnose", "--offline", *map(str, url), "--at", at, "-f", "json", "--lang", "en")
        assert "log-upstream-error" in codes(json.loads(done.stdout)["reports"][0]), at
        assert (b"is read as" in done.stderr) is told, at
    nowhere = f"{moment + timedelta(hours=20):%Y-%m-%d %H:%M}"
    assert "log-upstream-error" not in codes(report(*url, "--at", nowhere)[1])


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("[25-Apr-2026 21:30:09] WARNING: [pool www] server reached pm.max_children setting (10)\n", True),
        ("2026/04/25 21:30:09 [error] 7#7: *1 upstream timed out (110: Connection timed out)\n", False),
        ("no log at all\n", False),
    ],
)
def test_a_log_of_another_program_given_as_nginxs_error_log(text: str, moved: bool, tmp_path: Path) -> None:
    path = tmp_path / "given.log"
    path.write_text(text * 3)
    done = wxalarm(
        "diagnose", "--offline", "--url", "http://wx.example.com/wx", "--error-log", str(path), "--lang", "en"
    )
    assert (b"read as an application's log" in done.stderr) is moved


@pytest.mark.parametrize(
    "line", ['{"time":"%s","msg":"risk","final_action":"pass"}', '{"time":"%s","body":{"final_action":1}}']
)
def test_a_key_of_a_firewall_alone_makes_no_firewalls_log(line: str, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text(f"{line % datetime.now(UTC).isoformat()}\n" * 3)
    done = wxalarm("diagnose", "--offline", "--url", "http://wx.example.com/wx", "--app-log", str(path), "--lang", "en")
    assert b"read as" not in done.stderr


@pytest.mark.parametrize("other", [None, "error.log", "configured"])
def test_a_containers_log_is_both_of_nginxs(other: str | None, tmp_path: Path) -> None:
    """Unless an error log was named: then that is it."""
    path = log(tmp_path, 200, 502, 502)
    *earlier, last = path.read_text().splitlines()
    moment = datetime.fromtimestamp(time.time() - 60, UTC)
    refused = "[error] 29#29: *5 connect() failed (111: Connection refused) while connecting to upstream, client: "
    refused += '203.0.113.7, server: a, request: "POST /wx?signature=a HTTP/1.1", upstream: "http://192.0.2.4:8080/wx"'
    lines = [*earlier, f"{moment:%Y/%m/%d %H:%M:%S} {refused}", last]
    path.write_text("".join(f"nginx-1  | {line}\n" for line in lines))
    arguments: list[str | Path] = ["--url", "http://wx.example.com/wx", "--access-log", path]
    if other is not None:
        (tmp_path / other).write_text("2024/12/25 10:04:57 [notice] 7#7: start worker processes\n")
        config = tmp_path / "wxalarm.toml"
        config.write_text(f"[host]\nerror_log = [{json.dumps(str(tmp_path / other))}]\n")
        arguments += ["--config", config] if other == "configured" else ["--error-log", tmp_path / other]
    found = codes(report(*arguments)[1])
    assert "log-upstream-error" in found
    assert ("errlog-refused" in found) is (other is None)
