"""`wxalarm parse` as a user runs it: inputs, encodings, formats, exit codes, a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from rich.cells import cell_len

from tests.cli_support import wxalarm
from tests.paths import ROOT

ALARM = """\
Appid: wx0000000000000001
昵称: 示例小店
时间: 2026-01-01 12:00:00
内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法
次数: 5分钟 31次
错误样例: [OpenID=oAAAAAAAAAAAAAAAAAAAAAAAAA01][Stamp=1767240000][OuterIP=192.0.2.1][3rdUrl=https://wx.example.com/in]\
[Event=Click][ip=198.51.100.7][response_length=9][response_content="success"]
报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg
"""
FRAGMENT = "次数: 5分钟 51次\n错误样例: [transaction_id=4200000000202601010000000001][resp=]\n"
CUT_OFF = ALARM.replace("Stamp=1767240000", "Stamp=17672*****")


def alarms(*args: str | Path, stdin: bytes = b"") -> list[dict[str, object]]:
    run = wxalarm("parse", "-f", "json", *args, stdin=stdin)
    found = json.loads(run.stdout)["alarms"]
    assert isinstance(found, list)
    return found


def test_json_is_what_the_schema_says(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(f"{ALARM}\n大家看一下\n{FRAGMENT}\n{CUT_OFF}", "utf-8")
    run = wxalarm("parse", "--format", "json", file)
    assert (run.returncode, run.stderr) == (0, b"")
    data = json.loads(run.stdout)
    schema = json.loads(resources.files("wxalarm.render").joinpath("schemas/alarms.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(data)
    assert not validator.is_valid(data | {"more": 1}), "the schema forbids what is not promised"
    first, second, third = data["alarms"]
    assert first["kind"] == "invalid-response"
    assert first["first_seen"] == "2026-01-01T12:00:00+08:00"
    assert first["sample"]["response_content"] == '"success"'
    assert first["location"] == {"path": str(file), "line": 1, "column": 1, "end_line": 7, "end_column": 43}
    assert (second["appid"], second["nickname"], second["kind"]) == (None, None, "unknown")
    assert second["sample"]["response_content"] == ""
    assert third["sample"]["stamp"] is None
    assert third["sample"]["extra"] == {"Stamp": "17672*****"}
    assert [problem["code"] for problem in data["problems"]] == ["bad-value"]


def test_an_alarm_without_sample_has_null() -> None:
    text = "\n".join(line for line in ALARM.splitlines() if not line.startswith("错误样例"))
    (one,) = alarms(stdin=text.encode())
    assert one["sample"] is None


def test_jsonl_and_json_have_the_same_records() -> None:
    data = f"{ALARM}\n{FRAGMENT}".encode()
    run = wxalarm("parse", "-f", "jsonl", stdin=data)
    assert [json.loads(line) for line in run.stdout.splitlines()] == alarms(stdin=data)


def test_csv_has_a_row_an_alarm() -> None:
    run = wxalarm("parse", "-f", "csv", stdin=f"{ALARM}\n{FRAGMENT}".encode())
    rows = list(csv.DictReader(io.StringIO(run.stdout.decode())))
    assert [row["kind"] for row in rows] == ["invalid-response", "unknown"]
    assert rows[0]["response_content"] == '"success"'
    assert (rows[0]["stamp"], rows[0]["http_code"], rows[1]["line"]) == ("1767240000", "", "9")


def test_several_formats_in_one_run(tmp_path: Path) -> None:
    names = {"json": tmp_path / "a.json", "csv": tmp_path / "a.csv", "jsonl": tmp_path / "a.jsonl"}
    run = wxalarm("parse", "-f", "table", *(f"-f{name}={path}" for name, path in names.items()), stdin=ALARM.encode())
    assert run.returncode == 0
    assert b"invalid-response" in run.stdout
    assert json.loads(names["json"].read_bytes())["alarms"] == [json.loads(names["jsonl"].read_bytes())]
    assert sorted(tmp_path.iterdir()) == sorted(names.values()), "nothing is left beside"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_encodings_are_detected(codec: str, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(ALARM.encode(codec))
    (one,) = alarms(file)
    assert (one["nickname"], one["count"]) == ("示例小店", 31)
    location = one["location"]
    assert isinstance(location, dict)
    assert location["column"] == 1, "a byte order mark is no character"


def test_files_globs_and_stdin_come_in_order(tmp_path: Path) -> None:
    for number, name in enumerate(("a.txt", "b.txt", "c.log")):
        (tmp_path / name).write_text(ALARM.replace("31次", f"{100 + number}次"), "utf-8")
    assert [one["count"] for one in alarms(tmp_path / "*.txt", "-", stdin=ALARM.encode())] == [100, 101, 31]


def test_severity_error_is_exit_1_in_every_format(tmp_path: Path) -> None:
    text = f"{ALARM}错误样例: [3rdUrl=http://wx.example.com/][response_content=<x>" + "y" * (1 << 20) * 3
    file = tmp_path / "long.txt"
    file.write_text(text, "utf-8")
    assert {wxalarm("parse", "-f", name, file).returncode for name in ("table", "json", "jsonl", "csv")} == {1}


@pytest.mark.parametrize("name", ["table", "json", "jsonl", "csv"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", b"is empty"),
        (b" \r\n\t\n", b"is empty"),
        ("大家早上好，时间: 明天".encode(), b"no alarm found"),
        ("今天又是 Token 的事\n".encode(), b"no alarm found"),
        ("Token验证失败".encode(), b"what the console said"),
        ("该公众号提供的服务出现故障，请稍后再试".encode(), b"What the follower sees"),
        ('接口调试工具\n{"errcode":40164,"errmsg":"invalid ip"}'.encode(), b"It has errcode 40164"),
        ('接口调试工具\n{"errcode":0}'.encode(), b"not an alarm of the group.\n"),
    ],
)
def test_no_alarm_is_exit_2(name: str, content: bytes, says: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    run = wxalarm("parse", "-f", name, file)
    assert run.returncode == 2
    assert says in run.stderr
    assert b"Traceback" not in run.stderr
    if name == "json":
        assert json.loads(run.stdout)["alarms"] == []


def test_one_bad_input_hides_no_other(tmp_path: Path) -> None:
    good = tmp_path / "good.txt"
    good.write_text(ALARM, "utf-8")
    run = wxalarm("parse", "-f", "json", tmp_path / "absent.txt", tmp_path, good)
    assert run.returncode == 2
    assert b"absent.txt cannot be read" in run.stderr
    assert len(json.loads(run.stdout)["alarms"]) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["-f", "jsn"], b"did you mean json"),
        (["-f", "json", "-f", "csv"], b"only one format can go to stdout"),
        (["*.nothing"], b"matches no file"),
        (["--lang", "fr"], b"--lang fr"),
        (["-f", "json=/absent/folder/a.json"], b"/absent/folder/a.json"),
    ],
)
def test_wrong_usage_is_exit_2(args: list[str], says: bytes) -> None:
    run = wxalarm("parse", *args, stdin=ALARM.encode())
    assert run.returncode == 2
    assert says in run.stderr
    assert run.stdout == b""


def test_redact_keeps_joins_and_hides_values() -> None:
    other = ALARM.replace("12:00:00", "12:10:00")
    run = wxalarm("parse", "-f", "jsonl", "--redact", stdin=f"{ALARM}\n{other}\n{CUT_OFF}".encode())
    assert not re.search(rb"wx0000000000000001|oAAAA|198\.51\.100|192\.0\.2", run.stdout + run.stderr)
    one, two, _ = (json.loads(line) for line in run.stdout.splitlines())
    assert one["appid"] == two["appid"] != "wx0000000000000001"
    assert one["sample"]["ip"] == two["sample"]["ip"]


HOSTILE = "\x1b]0;title\x07\x1b[31m[bold red]x[/]\u202e\x9b2J\x7f\udcff\x00"


@pytest.mark.parametrize("name", ["table", "json", "jsonl"])
def test_control_characters_are_never_sent(name: str) -> None:
    text = ALARM.replace("示例小店", HOSTILE).replace("wx0000000000000001", "")
    run = wxalarm("parse", "-f", name, stdin=text.encode("utf-8", "surrogateescape"))
    shown = run.stdout.decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "bold red" in shown or name == "table"


def test_the_table_fits_80_columns_with_double_width_text() -> None:
    text = ALARM.replace("wx0000000000000001", "").replace("示例小店", "很长很长的公众号名字还要更长更长" * 3)
    run = wxalarm("parse", "--lang", "zh", stdin=f"{text}\n{ALARM}".encode())
    head, first, second = run.stdout.decode().splitlines()
    assert all(cell_len(line) <= 80 for line in (head, first, second))
    places = [cell_len(line[: line.index(word)]) for line, word in ((head, "类型"), (first, "inv"), (second, "inv"))]
    assert len(set(places)) == 1, "columns stand under one another"
    assert "…" in first


def test_a_terminal_without_input_says_what_to_paste() -> None:
    main, child = pty.openpty()
    try:
        command = [sys.executable, "-m", "wxalarm", "parse", "-f", "csv"]
        env = os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        run = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=env)
        seen = _read_until(main, "Ctrl-D", run)
        assert "wxalarm parse alarm.txt" in seen
        # A pasted alarm, then Ctrl-D on a line of its own; the nickname's escapes are shown, not sent.
        os.write(main, ALARM.replace("示例小店", "a\u009b31m").encode() + b"\x04")
        seen = _read_until(main, "\ninvalid-response,", run)
        seen += _read_until(main, "MpkaZb8yg", run) if "MpkaZb8yg" not in seen.split("\ninvalid-response,")[1] else ""
        assert run.wait(30) == 0
        assert "a\\x9b31m" in seen.split("\ninvalid-response,")[1]
        assert "\u009b" not in seen.split("\ninvalid-response,")[1]
    finally:
        os.close(main)
        os.close(child)


def _read_until(terminal: int, word: str, run: subprocess.Popen[bytes]) -> str:
    """What a program writes to a terminal up to the line with a word; 30 s are the deadline."""
    seen, deadline = b"", time.monotonic() + 30
    while word not in seen.decode("utf-8", "replace"):
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            seen += os.read(terminal, 65536)
        elif run.poll() is not None or time.monotonic() > deadline:
            run.kill()
            raise AssertionError(f"{word!r} did not come: {seen!r}")
    return seen.decode("utf-8", "replace")


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "many.txt"
    file.write_text(f"{ALARM}\n" * 20_000, "utf-8")
    command = [sys.executable, "-m", "wxalarm", "parse", "-f", "jsonl", str(file)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline().startswith(b'{"kind"')
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait(60) == 0


@pytest.mark.parametrize(
    "junk", [b"\x00" * 9999, bytes(range(256)) * 99, b"\xff\xfe", "\ufeff".encode(), b"\xff\xfe\x00"]
)
def test_binary_junk_is_no_traceback(junk: bytes) -> None:
    run = wxalarm("parse", "-f", "json", stdin=junk)
    assert run.returncode == 2
    assert b"Traceback" not in run.stderr
    (one,) = alarms(stdin=ALARM.encode() + b"\n" + junk.replace(b"\xff\xfe", b""))
    assert one["count"] == 31


def test_behind_tail_an_alarm_comes_out_after_a_silence() -> None:
    """`tail -F alarms.txt | wxalarm parse -f jsonl`: the end of stdin never comes."""
    alarm = min((ROOT / "tests" / "fixtures" / "alarms" / "mark-fail").glob("*.txt")).read_bytes()
    command = [sys.executable, "-m", "wxalarm", "parse", "-f", "jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(alarm)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["kind"] == "mark-fail"
        process.stdin.close()
        assert process.stdout.read() == b""


def test_what_is_near_an_alarm_is_said_by_name() -> None:
    text = "运维中心\nCURL错误码：52\n"
    done = wxalarm("parse", "--lang", "en", stdin=text.encode())
    assert done.returncode == 2
    said = done.stderr.decode()
    assert "this is what a tool of the console shows" in said
    assert "cURL error 52" in said
