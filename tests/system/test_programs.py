"""What the kernel sees: no program runs that `plan` did not name, and with --offline nothing reaches for the network.

strace follows every process, so that what a program does is seen, not only what Python does.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.probes.command import CALLS

ALARM = """\
时间: 2026-01-01 12:00:00
内容: 微信服务器向公众号推送消息或事件后，开发者5秒内没有返回
次数: 5分钟 33次
错误样例: [OpenID=oAAAAAAAAAAAAAAAAAAAAAAAAAA1][Stamp=1767240000][OuterIP=127.0.0.1][3rdUrl=http://127.0.0.1:9/cb][IP=127.0.0.1]
"""
CONFIG = """\
[host]
addresses = ["127.0.0.1"]
access_log = "access.log"
error_log = "error.log"
[dns]
servers = ["127.0.0.1:9"]
system = ["127.0.0.1:9"]
roots = ["127.0.0.1:9"]
[api]
base_url = "http://127.0.0.1:9"
[registration]
rdap = "http://127.0.0.1:9"
whois = "127.0.0.1:9"
cache = ""
"""
NETWORK = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg|bind)\(.*sa_family=AF_INET6?\b.*")
EXEC = re.compile(r"\bexecve(?:at)?\((?:[^\[]*?)\[(.*?)\](?:\.\.\.)?, ")
UNFINISHED = " <unfinished ...>"
RESUMED = re.compile(r"\s*<\.\.\. \w+ resumed>")
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Traced:
    """One run of the command: what it said, which programs were started, who was spoken to."""

    def __init__(self, folder: Path, *arguments: str, stdin: str = "", path: str | None = None) -> None:
        trace = folder / "trace"
        calls = "execve,execveat,connect,sendto,sendmsg,sendmmsg,bind"
        command = ["strace", "-f", "-qq", "-s", "4096", "-e", f"trace={calls}", "-o", str(trace)]
        done = subprocess.run(
            [*command, sys.executable, "-m", "wxalarm", *arguments],
            input=stdin.encode(),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": path or os.environ["PATH"]},
            capture_output=True,
            check=False,
        )
        self.out = done.stdout.decode()
        assert done.returncode in (0, 1, 3), done.stderr.decode()
        lines = list(whole(trace.read_text("utf-8", "replace").splitlines()))
        self.network = [line for line in lines if NETWORK.search(line)]
        programs = [WORD.findall(found[1]) for line in lines if (found := EXEC.search(line)) and " = 0" in line]
        self.programs = programs[1:]  # the first is wxalarm itself


def whole(lines: Iterable[str]) -> Iterator[str]:
    """The calls of a trace. One in whose midst another process made a call stands in two lines (strace(1), -f)."""
    begun: dict[str, str] = {}
    for line in lines:
        process, _, call = line.partition(" ")
        if call.endswith(UNFINISHED):
            begun[process] = call.removesuffix(UNFINISHED)
        elif (resumed := RESUMED.match(call)) is not None:
            yield begun.pop(process, "") + call[resumed.end() :]
        else:
            yield call
    yield from begun.values()


def test_a_call_in_two_lines_is_one() -> None:
    trace = (
        '7 execve("/a", ["/a"], 0x7f <unfinished ...>',
        "8 connect(3, {sa_family=AF_INET}, 16) = 0",
        "7 <... execve resumed>)              = 0",
        '9   execve("/b", ["/b"], 0x7f <unfinished ...>',
    )
    calls = list(whole(trace))
    assert [bool(EXEC.search(call)) and " = 0" in call for call in calls] == [False, True, False]
    assert NETWORK.search(calls[0])
    assert EXEC.search(calls[2])


def call_is(planned: list[str], ran: list[str]) -> bool:
    """Whether a program that ran is one that `plan` named: what is in capitals is filled, by no option."""
    return len(planned) == len(ran) and all(
        (not got.startswith("-") if word.isupper() and word.isalpha() else word == got)
        for word, got in zip(planned[1:], ran[1:], strict=True)
    )


def named(plan: str) -> list[list[str]]:
    return [shlex.split(line.partition("may run: ")[2]) for line in plan.splitlines() if "may run: " in line]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    (tmp_path / "wxalarm.toml").write_text(CONFIG, "utf-8")
    # The logs are packed with zstd, so that a program has to be run for them.
    packed = subprocess.run(["zstd", "-qc"], input=b"x\n" * 9, capture_output=True, check=True).stdout
    for name in ("access.log", "error.log"):
        (tmp_path / name).write_bytes(packed)
    return tmp_path


@pytest.fixture
def trapped(folder: Path) -> str:
    """A PATH in which a program of every name, writable by all, stands first; the current folder has them, too."""
    traps = folder / "traps"
    traps.mkdir()
    traps.chmod(0o777)
    for place in (folder, traps):
        for name in (*{call.program for call in CALLS}, "openresty", "gcc", "ldconfig", "uname", "sh"):
            (place / name).write_text(f"#!/bin/sh\necho {name} >> {folder}/trapped\n")
            (place / name).chmod(0o777)
    return f"{traps}:.::{os.environ['PATH']}"


COMMANDS = {
    "diagnose": ("diagnose", "--lang", "en", "--timeout", "60", "alarm.txt"),
    "probe": ("probe", "--lang", "en", "--timeout", "60", "http://127.0.0.1:9/cb"),
}


@pytest.mark.slow
@pytest.mark.parametrize("offline", [False, True], ids=["online", "offline"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_program_runs_that_plan_did_not_name(name: str, offline: bool, folder: Path, trapped: str) -> None:
    options = ["--offline"] if offline else []
    if name == "probe" and offline:
        options = ["--only", "sample"]  # probe has no --offline: it is all network
    plan = Traced(folder, "plan", "--lang", "en", *options, "alarm.txt", path=trapped)
    assert plan.programs == []
    assert plan.network == []
    planned = named(plan.out)
    ran = Traced(folder, *COMMANDS[name], *options, path=trapped)
    for program in ran.programs:
        assert any(call_is(call, program) for call in planned), program
        assert program[0].startswith("/")
    if offline:
        assert ran.network == []
        assert not any({"-t", "-T"} & set(program) for program in ran.programs)
    else:
        assert ran.network, "the trace sees the network"
    if name == "diagnose":
        seen = {os.path.basename(program[0]) for program in ran.programs}
        assert {"zstd", "nginx"} <= seen, "the trace sees programs"
    assert not (folder / "trapped").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["flag", "configuration"])
def test_a_configuration_from_elsewhere_is_given_to_no_program(how: str, folder: Path) -> None:
    """load_module runs code as nginx -t reads it; a folder of temporary files is made and given away."""
    conf = folder / "evil.conf"
    conf.write_text(
        f"load_module {folder}/evil.so;\nevents {{ }}\nhttp {{ client_body_temp_path {folder}/made; "
        f"upstream a {{ server looked.up.example:80; }} server {{ access_log {folder}/log; }} }}\n"
    )
    if how == "configuration":
        (folder / "wxalarm.toml").write_text(CONFIG.replace("[host]", '[host]\nnginx_conf = "evil.conf"'), "utf-8")
    before = set(folder.iterdir())
    flags = ["--nginx-conf", "evil.conf"] if how == "flag" else ["--config", "wxalarm.toml"]
    ran = Traced(folder, "diagnose", "--lang", "en", "--only", "nginx-config", *flags, "alarm.txt")
    assert "nginx" in ran.out
    assert not any("evil" in word for program in ran.programs for word in program)
    assert not any({"-t", "-T"} & set(program) for program in ran.programs)
    # The key of redaction is kept in the home.
    assert set(folder.iterdir()) - before <= {folder / "trace", folder / ".local"}


def test_a_word_of_the_plan_is_filled_by_no_option() -> None:
    assert call_is(["ping", "-c", "COUNT"], ["/bin/ping", "-c", "4"])
    assert not call_is(["ping", "-c", "COUNT"], ["/bin/ping", "-c", "-f"])
    assert not call_is(["nginx", "-V"], ["nginx", "-t"])
    assert not call_is(["nginx", "-V"], ["nginx", "-V", "-t"])
