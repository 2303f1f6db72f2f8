"""What people do to a command at 3 a.m.: closed streams, full disks, devices as files, broken cases, odd flags."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli_support import wxalarm
from tests.paths import ROOT
from wxalarm.cli import judged, lint, report
from wxalarm.cli.common import BEGINNINGS, UNTOLD
from wxalarm.render import alarms

ALARM = """\
Appid: wx0000000000000001
昵称: 示例 · 😀
时间: 2026-01-01 12:00:00
内容: 微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒
次数: 5分钟 33次
错误样例: [OpenID=oAAAA0000000000000000000001][Stamp=1767240000][3rdUrl=https://wx.example.com/cb][IP=198.51.100.7]
"""
SLOW = """\
时间: 2026-01-01 12:00:00
内容: 微信服务器向公众号推送消息或事件后，开发者5s内没有返回
次数: 5分钟 33次
"""
COMMANDS = {
    "diagnose": ("diagnose", "--offline", "--only", "sample"),
    "parse": ("parse",),
    "lint": ("lint",),
    "reply": ("reply",),
    "plan": ("plan",),
}


@pytest.fixture
def alarm(tmp_path: Path) -> Path:
    path = tmp_path / "alarm.txt"
    path.write_text(ALARM, "utf-8")
    return path


def shell(line: str, *args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a line of sh, in which "$@" is the command with these arguments."""
    return subprocess.run(
        ["sh", "-c", line, "sh", sys.executable, "-m", "wxalarm", *map(str, args)],
        capture_output=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_stdin_is_an_empty_one(command: str) -> None:
    done = shell('"$@" <&-', *COMMANDS[command])
    assert done.returncode == wxalarm(*COMMANDS[command]).returncode, done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_closed_outputs_leave_the_exit_code(command: str, alarm: Path) -> None:
    done = shell('"$@" >&- 2>&-', *COMMANDS[command], alarm)
    assert done.returncode == wxalarm(*COMMANDS[command], alarm).returncode


@pytest.mark.parametrize("command", [*COMMANDS, "explain", "checks", "demo"])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said(command: str, alarm: Path) -> None:
    args = {"demo": ("demo", "--list"), "explain": ("explain",), "checks": ("checks",)}.get(command)
    done = shell('"$@" >/dev/full', *(args or (*COMMANDS[command], str(alarm))))
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1].startswith("stdout: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["diagnose", "parse"])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_written_and_not_replaced(command: str, alarm: Path, tmp_path: Path) -> None:
    """-f json=/dev/null as root must not put a file in the place of the device."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    done = wxalarm(*COMMANDS[command], alarm, "-f", f"json={pipe}")
    reader.join(10)
    assert done.returncode == (UNTOLD if command == "diagnose" else 0), done.stderr
    assert pipe.is_fifo()
    assert json.loads(got[0])["schema"].startswith("wxalarm.")


@pytest.mark.parametrize("command", ["diagnose", "parse"])
def test_a_link_is_replaced_and_not_followed(command: str, alarm: Path, tmp_path: Path) -> None:
    """Whoever may write to /tmp may have made it, and have it point to what is the user's alone."""
    link, real, nowhere = tmp_path / "link", tmp_path / "real", tmp_path / "nowhere"
    real.write_text("mine", "utf-8")
    for target in (real, nowhere):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        wxalarm(*COMMANDS[command], alarm, "-f", f"json={link}")
        assert json.loads(link.read_text("utf-8"))
        assert (link.is_symlink(), real.read_text("utf-8"), nowhere.exists()) == (False, "mine", False)


@pytest.mark.parametrize(
    "args",
    [
        ("diagnose", "-f", "json=."),
        ("diagnose", "-f", "json=/"),
        ("diagnose", "--save", "."),
        ("diagnose", "--save", "-"),
        ("parse", "-f", "json=."),
        ("parse", "-f", "json=/nonexistent/folder/x"),
        ("diagnose", "-f", "json=/nonexistent/folder/x"),
        ("diagnose", "-f", "json=a", "-f", "html=./a"),
        ("parse", "-f", "json=a", "-f", "csv=./a"),
        ("diagnose", "--only", ""),
        ("diagnose", "--timeout", "inf"),
        ("diagnose", "--url", "http://127.0.0.1:99999/"),
        ("diagnose", "--url", "http://127.0.0.1:0/"),
        ("diagnose", "--url", "http://127.0.0.1:x/"),
        ("diagnose", "--url", "ftp://127.0.0.1/"),
    ],
)
def test_wrong_usage(args: tuple[str, ...], alarm: Path, tmp_path: Path) -> None:
    command, *rest = args
    offline = ["--offline"] if command == "diagnose" else []
    done = shell('"$@"', command, *offline, *rest, alarm, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b""), done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["alarm.txt"]


def test_init_into_a_folder(tmp_path: Path) -> None:
    done = shell('"$@"', "init", ".", "--force", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.decode().strip() == ".: Is a directory"


# --- saved cases ---


@pytest.fixture
def case(alarm: Path, tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    assert wxalarm("diagnose", "--offline", alarm, "--save", path).returncode == UNTOLD
    return path


def test_a_case_from_stdin(case: Path) -> None:
    one, other = wxalarm("diagnose", "--from", case), wxalarm("diagnose", "--from", "-", stdin=case.read_bytes())
    assert one.returncode == other.returncode == UNTOLD
    assert one.stdout == other.stdout


def test_a_case_stands_alone(case: Path, alarm: Path, tmp_path: Path) -> None:
    assert wxalarm("diagnose", "--from", case, alarm).returncode == 2
    assert wxalarm("diagnose", "--from", case, "--save", tmp_path / "again").returncode == 2


def _set(*keys: Any, to: Any) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("schema", to="wxalarm.case/0"),
        _set("cases", to=[]),
        _set("cases", to=[[]]),
        _set("cases", 0, "accounts_here", to=float("inf")),
        _set("cases", 0, "now", to=5),
        _set("cases", 0, "results", to=[]),
        _set("cases", 0, "results", "sample", to=5),
        _set("cases", 0, "results", "sample", "observation", to={"x": 1}),
        _set("cases", 0, "results", "sample", "started", to=10**400),
    ],
)
def test_a_spoilt_case_is_refused(case: Path, change: Callable[[Any], None]) -> None:
    data = json.loads(case.read_text("utf-8"))
    change(data)
    case.write_text(json.dumps(data), "utf-8")
    done = wxalarm("diagnose", "--from", case)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr.decode()


def test_a_deep_case_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 200_000, "utf-8")
    done = wxalarm("diagnose", "--from", deep)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_checks_that_came_and_went(case: Path) -> None:
    data = json.loads(case.read_text("utf-8"))
    results = data["cases"][0]["results"]
    results["gone-since"] = results.pop("callback-url")
    case.write_text(json.dumps(data), "utf-8")
    done = wxalarm("diagnose", "--from", case, "-f", "json")
    assert done.returncode == UNTOLD
    (report,) = json.loads(done.stdout)["reports"]
    assert next(r["status"] for r in report["results"] if r["check"] == "callback-url") == "skip"


# --- what is said and shown ---


def test_what_could_not_be_read_is_said(alarm: Path, tmp_path: Path) -> None:
    alarm.write_text(ALARM + "\n" + ALARM.replace("2026-01-01 12:00:00", "2026-99-99 12:00:00"), "utf-8")
    done = wxalarm("diagnose", "--offline", alarm, "-f", "text", "-f", f"json={tmp_path / 'r.json'}")
    assert "[bad-value]" in done.stderr.decode()
    assert wxalarm("diagnose", "--offline", alarm, "-f", "json").stderr == b"", "they stand in the document"


def test_a_resolve_that_fits_nothing_is_said(alarm: Path) -> None:
    def said(value: str) -> str:
        return wxalarm("diagnose", "--offline", alarm, "--resolve", value).stderr.decode()

    assert said("other.example.com:443:127.0.0.1").startswith("--resolve other.example.com:443: not used")
    assert said("wx.example.com:0443:127.0.0.1") == ""
    assert said("WX.example.com:443:127.0.0.1") == ""


def test_a_password_in_a_url_is_nowhere(alarm: Path, tmp_path: Path) -> None:
    case = tmp_path / "case.json"
    args = ("diagnose", "--offline", alarm, "--url", "https://someone:s3cret@wx.example.com/cb")
    shown = wxalarm(*args, "--save", case).stdout + wxalarm(*args, "-f", "json", "--reveal").stdout + case.read_bytes()
    assert b"s3cret" not in shown
    alarm.write_text(ALARM.replace("https://", "https://someone:s3cret@"), "utf-8")
    assert b"s3cret" not in wxalarm("diagnose", "--offline", alarm, "-f", "json").stdout


@pytest.mark.parametrize("args", [("diagnose", "--offline", "--reveal", "-f", "json"), ("parse", "-f", "json")])
@pytest.mark.parametrize("encoding", ["gbk", "ascii", "latin-1"])
def test_json_is_utf_8_wherever_it_runs(args: tuple[str, ...], encoding: str, alarm: Path) -> None:
    done = wxalarm(*args, alarm, env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert "示例 · 😀" in json.dumps(json.loads(done.stdout.decode("utf-8")), ensure_ascii=False)


@pytest.mark.parametrize("args", [("diagnose", "--offline"), ("parse", "-f", "csv")])
def test_a_report_is_in_the_encoding_of_the_locale(args: tuple[str, ...], alarm: Path) -> None:
    done = wxalarm(*args, alarm, env={"PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0"})
    assert "示例" in done.stdout.decode("gbk")


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root and unshare")
def test_a_user_without_a_home(alarm: Path, tmp_path: Path) -> None:
    """A container's bare uid: no HOME, no entry in passwd."""
    done = subprocess.run(
        ["unshare", "-U", "--map-user=12345", sys.executable, "-m", "wxalarm", *COMMANDS["diagnose"], str(alarm)],
        capture_output=True,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CONFIG_HOME")} | {"PYTHONPATH": str(ROOT)},
    )
    if b"unshare failed" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == UNTOLD, done.stderr.decode()


def test_ctrl_c_keeps_what_has_finished(alarm: Path, tmp_path: Path) -> None:
    """Against a server that says nothing: exit 130, a report, and a case that replays as "could not be told"."""
    case = tmp_path / "case.json"
    alarm.write_text(SLOW, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        checks = "sample,callback-url,tcp-connect,http-request"
        running = subprocess.Popen(
            [sys.executable, "-m", "wxalarm", "diagnose", alarm, "--url", url, "--only", checks, "--save", case],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        )
        silent.settimeout(30)
        talks = []
        for _ in range(2):  # tcp-connect, then http-request
            talks.append(silent.accept()[0])
        talks[-1].settimeout(30)
        talks[-1].recv(100)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
        for talk in talks:
            talk.close()
    assert running.returncode == 130, err
    assert b"url-port" in out
    assert b"interrupted" in out
    assert wxalarm("diagnose", "--from", case, "--only", checks).returncode == 3


def test_only_brings_the_network_checks_below_it(alarm: Path) -> None:
    """--only http-request of a name is no use without an address, and no address comes without DNS."""
    alarm.write_text(SLOW, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        arguments = ("diagnose", alarm, "--url", url, "--timeout", "2", "-f", "json", "--only", "http-request")
        (report,) = json.loads(wxalarm(*arguments).stdout)["reports"]
    ran = {result["check"]: result for result in report["results"]}
    assert ran["http-request"]["status"] == "fail", "the silent server"
    assert ran["tcp-connect"]["status"] == "pass"
    assert ran["dns-system"]["reason"] != ran["sample"]["reason"], "selected, though an address needs no DNS"


def test_only_of_another_playbook_is_said(alarm: Path) -> None:
    none = wxalarm("diagnose", "--offline", alarm, "--only", "ticket-age")
    assert (none.returncode, none.stdout) == (2, b"")
    assert none.stderr.startswith(b"--only ticket-age: ")
    some = wxalarm("diagnose", "--offline", alarm, "--only", "ticket-age,sample")
    assert some.returncode == UNTOLD
    assert some.stderr.startswith(b"--only ticket-age: ")


def test_the_version_is_the_one_that_is_installed() -> None:
    import tomllib

    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    done = wxalarm("--version")
    assert (done.returncode, done.stdout.decode().split()) == (0, ["wxalarm", version])


@pytest.mark.parametrize("command", ["diagnose", "probe", "plan", "reply"])
def test_help_names_the_tables_of_the_configuration(command: str) -> None:
    shown = wxalarm(command, "--help", env={"COLUMNS": "200"}).stdout.decode()
    assert "A name under [accounts] or [platforms]." in " ".join(shown.replace("│", " ").split())


@pytest.mark.parametrize("where", ["--format=html={}/x.html", "--save={}/c.json"])
def test_a_folder_that_is_not_there_is_told_before_the_run(where: str, tmp_path: Path) -> None:
    case = tmp_path / "gone"
    done = wxalarm("probe", "http://127.0.0.1:9/", "--only", "callback-url", where.format(case))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no file can be written there" in done.stderr


# --- what outputs must not destroy -----------------------------------------------------------------------------------


WRITES = {
    "parse": ("parse", "-f", "table={out}", "{input}"),
    "parse from stdin": ("parse", "-f", "csv={out}"),
    "diagnose": ("diagnose", "--offline", "--only", "sample", "-f", "text={out}", "{input}"),
    "diagnose from stdin": ("diagnose", "--offline", "--only", "sample", "-f", "markdown={out}"),
    "diagnose --save": ("diagnose", "--offline", "--only", "sample", "--save", "{out}", "{input}"),
    "diagnose --from": ("diagnose", "--from", "{input}", "-f", "text={out}"),
    "diagnose --config": ("diagnose", "--offline", "--config", "{input}", "-f", "text={out}", "alarm.txt"),
    "a log": ("diagnose", "--offline", "--access-log", "{input}", "-f", "text={out}", "alarm.txt"),
    "logs": ("diagnose", "--offline", "--error-log", "{input}*", "-f", "text={out}", "alarm.txt"),
    "nginx": ("diagnose", "--offline", "--nginx-conf", "{input}", "-f", "text={out}", "alarm.txt"),
    "callback/check": ("diagnose", "--offline", "--callback-check", "{input}", "-f", "text={out}", "alarm.txt"),
    "a secret": ("diagnose", "--offline", "--config", "secret.toml", "-f", "text={out}", "alarm.txt"),
    "probe --save": ("probe", "http://127.0.0.1:9/", "--config", "{input}", "--save", "{out}"),
    "reply": ("reply", "-f", "text={out}", "{input}"),
    "reply from stdin": ("reply", "-f", "text={out}"),
    "lint": ("lint", "-f", "text={out}", "{input}"),
    "a lint's record": ("lint", "-f", "json={out}", "fixture.txt"),
    "a lint's folder": ("lint", "-f", "text={out}", "."),
}
READS = {
    "diagnose --config": "",
    "probe --save": "",
    "a secret": "token",
    "a lint's record": "{}",
    "diagnose --from": "{}",
    "diagnose --save": "{\n" + ALARM,
}
NAMES = {"a lint's record": "fixture.json", "a lint's folder": "fixture.txt", "a secret": "token"}


@pytest.mark.parametrize(
    ("case", "how"),
    [
        *((case, "same") for case in WRITES),
        *((case, how) for case in ("parse", "diagnose from stdin") for how in ("another name", "hard link", "link")),
    ],
)
def test_no_output_takes_the_place_of_an_input(case: str, how: str, alarm: Path, tmp_path: Path) -> None:
    """The same file, by whatever name it is read and written."""
    (tmp_path / "secret.toml").write_text('[accounts.a]\ntoken_file = "token"\n', "utf-8")
    (tmp_path / "fixture.txt").write_text(ALARM, "utf-8")
    read = tmp_path / NAMES.get(case, "input")
    read.write_text(READS.get(case, ALARM), "utf-8")
    before = read.read_bytes()
    out = tmp_path / "out"
    match how:
        case "same":
            out = read
        case "another name":
            out = tmp_path / ".." / tmp_path.name / read.name
        case "hard link":
            os.link(read, out)
        case "link":
            out.symlink_to(read)
    args = [arg.format(out=out, input=read) for arg in WRITES[case]]
    done = shell(f'"$@" <{read.name}', *args, cwd=tmp_path)
    assert done.returncode == 2, done.stderr.decode()
    assert b"is read too" in done.stderr
    assert read.read_bytes() == before
    assert out.is_symlink() is (how == "link")
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".wxalarm")]


FORMATS = [
    *(("parse", name) for name in ("table", "json", "jsonl", "csv")),
    *(("diagnose", name) for name in ("text", "json", "markdown", "html", "handoff", "chat")),
    *(("lint", name) for name in ("text", "json", "sarif", "github", "junit")),
    *(("reply", name) for name in ("text", "json")),
]


@pytest.mark.parametrize(("command", "name"), FORMATS)
def test_an_earlier_output_is_replaced_and_a_file_of_another_kind_is_not(
    command: str, name: str, alarm: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args: tuple[str | Path, ...] = (*COMMANDS[command], alarm, "-f", f"{name}={out}")
    assert wxalarm(*args).returncode != 2
    first = out.read_bytes()
    out.write_bytes(first + b"left of the earlier one\n")
    assert wxalarm(*args).returncode != 2
    assert b"left of the earlier one" not in out.read_bytes()  # no size: the seconds in it have more or fewer digits
    assert out.read_bytes()[:20] == first[:20]
    for other in (b"\x7fELF\0\0", b"[accounts.shop]\n" if name in BEGINNINGS else b"SQLite format 3\0"):
        out.write_bytes(other)
        done = wxalarm(*args)
        assert (done.returncode, out.read_bytes()) == (2, other)
        assert f"holds something else than {name}".encode() in done.stderr
    out.write_bytes(b"")  # as mktemp makes it
    assert wxalarm(*args).returncode != 2
    assert out.read_bytes()


def test_every_format_is_looked_at() -> None:
    offered = {"parse": alarms.FORMATS, "diagnose": report.FORMATS, "lint": lint.FORMATS, "reply": judged.FORMATS}
    assert {(command, name) for command, names in offered.items() for name in names} == set(FORMATS)


def test_a_saved_case_takes_no_output_s_place(alarm: Path, tmp_path: Path) -> None:
    done = wxalarm(*COMMANDS["diagnose"], alarm, "-f", f"json={tmp_path / 'x'}", "--save", tmp_path / "." / "x")
    assert done.returncode == 2
    assert not (tmp_path / "x").exists()


def test_init_writes_over_no_link(tmp_path: Path) -> None:
    (tmp_path / "wxalarm.toml").symlink_to(tmp_path / "elsewhere")
    assert wxalarm("init", tmp_path / "wxalarm.toml").returncode == 2
    assert wxalarm("init", "--force", tmp_path / "wxalarm.toml").returncode == 0
    assert not (tmp_path / "wxalarm.toml").is_symlink()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT], [signal.SIGINT] * 3])
def test_a_run_that_is_ended_leaves_nothing_half_written(numbers: list[signal.Signals], tmp_path: Path) -> None:
    """At random times in a run of `parse` that would go on for ever."""
    chance = random.Random(len(numbers) * 100 + numbers[0])  # no secret: when a signal comes
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-m", "wxalarm", "parse", "-f", "json=a.json", "-f", "csv=b.csv", str(pipe)],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ) as process:
            with open(pipe, "wb") as feed:
                feed.write(ALARM.encode() * 50)
                feed.flush()
                assert _appears(tmp_path, ".wxalarm-"), "it writes beside"
                time.sleep(chance.random() / 20)
                for number in numbers:
                    process.send_signal(number)
                    time.sleep(chance.random() / 200)
                code = process.wait(30)
            assert process.stderr is not None
            said = process.stderr.read()
        if numbers[0] is signal.SIGINT:
            assert code in (130, -signal.SIGINT)
        else:
            assert code == -numbers[0]
            assert said == b""
        assert os.listdir(tmp_path) == ["pipe"]


def _appears(folder: Path, beginning: str) -> bool:
    for _ in range(3000):
        if any(name.startswith(beginning) for name in os.listdir(folder)):
            return True
        time.sleep(0.01)
    return False
