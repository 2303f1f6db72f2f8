"""Every command on a machine in trouble: what is local stays local, one line says it, and no report is lost.

A row of ENVIRONMENTS is a few words of sh that run before `exec "$@"`, or the tool that starts it, or variables. Each
command runs in each; its exit code is what it is on a healthy machine, or what the row says.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.config import Account
from wxalarm.lab import dns, http
from wxalarm.tokens.needs import row_name
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import make

ALARM = """\
Appid: wx0000000000000001
昵称: 示例 · 😀
时间: 2026-01-01 12:00:00
内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法
次数: 5分钟 33次
错误样例: [OpenID=oAAAA0000000000000000000001][Stamp=1767240000][3rdUrl=http://wx.example.com/cb]
"""
CHECKS = "callback-url,dns-system,dns-resolve,self-check,tcp-connect,http-request,nginx-config,host-cpu"
ROOTED = os.geteuid() == 0
BARE = "exec setpriv --bounding-set=-all --inh-caps=-all " if ROOTED else "exec "
"""As a user whom permissions bind."""
ALONE = str(10**6 + secrets.randbelow(10**9))
"""A user who has no other process on the whole machine: what counts his would take another test's, or another run's."""
STRANGER = (
    "exec setpriv --reuid=54321 --regid=54321 --clear-groups"
    " --inh-caps=+dac_read_search --ambient-caps=+dac_read_search "
)
"""As a user whom /etc/passwd does not know, and whom RLIMIT_NPROC binds; the project may lie in root's home."""
SHELL = re.compile(rb"^sh: \d+: ", re.MULTILINE)
"""What the shell that makes the trouble says when it cannot."""
NOISE = re.compile(rb"Traceback|Exception ignored|Fatal Python error|Error in |Warning:|core dumped")


@dataclass(frozen=True)
class Command:
    """One command and what it writes."""

    args: tuple[str, ...]
    stdin: bytes = b""
    writes: tuple[str, ...] = ()
    """Files in the current folder; whole or not there."""
    state: bool = False
    """The current folder is the user's state folder, with a store of tokens in it."""
    network: bool = False


LOOK = (
    *("diagnose", "--config", "{given}/lab.toml", "--url", "http://wx.example.com:{port}/cb"),
    *("--only", CHECKS, "--timeout", "5", "--nginx-conf", "{given}/nginx.conf"),
)
COMMANDS = {
    "help": Command(("--help",)),
    "parse": Command(("parse", "{given}/alarm.txt", "-f", "jsonl")),
    "parse-file": Command(("parse", "-f", "table", "-f", "json=out.json"), ALARM.encode(), ("out.json",)),
    "reply": Command(("reply",), b"success"),
    "verify": Command(("verify",), b"8641591277801631551"),
    "lint": Command(("lint", "{given}/alarm.txt", "-f", "json")),
    "explain": Command(("explain", "tcp-refused")),
    "checks": Command(("checks",)),
    "plan": Command(("plan", "{given}/alarm.txt")),
    "init": Command(("init", "new.toml"), b"", ("new.toml",)),
    "demo": Command(("demo", "--list")),
    "schema": Command(("schema", "report")),
    "config": Command(("config", "show")),
    "diagnose": Command(
        (*LOOK, "-f", "text", "-f", "html=r.html", "--save", "case.json"),
        ALARM.encode(),
        ("r.html", "case.json"),
        network=True,
    ),
    "offline": Command(
        ("diagnose", "--offline", "{given}/alarm.txt", "-f", "json", "--nginx-conf", "{given}/nginx.conf")
    ),
    "probe": Command(("probe", "http://127.0.0.1:{port}/", "--only", "tcp-connect,http-request"), network=True),
    "watch": Command(
        ("watch", "--once", "--config", "{given}/watch.toml", "http://wx.example.com:{port}/cb"),
        state=True,
        network=True,
    ),
    "watch-check": Command(
        ("watch", "--check", "--config", "{given}/watch.toml", "http://wx.example.com:{port}/cb"),
        state=True,
        network=True,
    ),
    "token": Command(
        ("token", "status", "--offline", "--config", "{given}/token.toml", "-f", "json=status.json", "-f", "text"),
        writes=("status.json",),
        state=True,
    ),
    "token-get": Command(("token", "get", "--config", "{given}/token.toml"), state=True),
}


ALIKE = (
    ("help", "explain", "checks", "plan", "demo", "schema", "config"),
    ("parse", "reply", "verify", "lint"),
)
"""Commands that do the same with the machine: print what the package holds; judge what is given, and print that."""


@dataclass(frozen=True)
class Environment:
    """What is wrong, and what follows."""

    sh: str = ""
    """Runs before the command; "exec PROGRAM …" at its end starts it."""
    via: str = ""
    """unshare …: the namespaces in which `sh` runs."""
    env: Mapping[str, str | bytes | None] = field(default_factory=dict)
    codes: Mapping[str, set[int]] = field(default_factory=dict)
    """Exit codes by command; "*" for all that are not named."""
    silent: bool = False
    """stdout is not read back."""
    keeps_report: bool = False
    """Only files are in trouble: what goes to stdout is whole."""
    root: bool = False

    @property
    def starts(self) -> bool:
        """Whether `sh` ends with the program that starts the command."""
        return self.sh.endswith(" ") and "exec " in self.sh and not self.sh.rstrip().endswith(";")


def _mounted(what: str, over: str) -> str:
    return f"mount -t tmpfs {what} tmpfs {over} || exit 99; "


HISTORY = {"watch": {2}, "watch-check": {1}}
HOMELESS = {**HISTORY, "token": {3}, "token-get": {3}}
FULL = {"parse-file": {2}, "init": {2}, "diagnose": {2}, **HISTORY}
SHORT = {"*": {0, 1, 2, 3}}
NEEDS_FILES = {"parse-file": {2}, "init": {2}, "diagnose": {2}, "token": {2}}
ENVIRONMENTS: dict[str, Environment] = {
    "healthy": Environment(),
    # limits
    **{f"files-{n}": Environment(f"ulimit -n {n}; ", codes=SHORT) for n in (5, 11, 14)},
    "no-threads": Environment(
        f"chown -R {ALONE} .; " + STRANGER.replace("exec ", "exec prlimit --nproc=1 ").replace("54321", ALONE),
        codes={"diagnose": {3}, "offline": {3}, "probe": {3}, "watch": {3}, "token": {3}},
        root=True,
    ),
    "memory": Environment("ulimit -v 300000; ", codes=SHORT),
    "stack": Environment("ulimit -s 256; "),
    "file-size": Environment("ulimit -f 0; ", codes=FULL | {"token": {2}, "token-get": {3}}, keeps_report=True),
    # variables
    "no-variables": Environment("exec env -i PYTHONPATH=$PYTHONPATH XDG_STATE_HOME=$PWD "),
    "no-home": Environment(env={"HOME": None, "XDG_CACHE_HOME": None, "XDG_CONFIG_HOME": None}),
    "home-gone": Environment(env={"HOME": "/proc/gone/home", "XDG_STATE_HOME": None}, codes=HOMELESS),
    "home-unreadable": Environment(
        f"mkdir h && chmod 000 h && unset XDG_STATE_HOME; export HOME=$PWD/h; {BARE}", codes=HOMELESS
    ),
    "home-a-file": Environment(env={"HOME": "/etc/hostname", "XDG_STATE_HOME": None}, codes=HOMELESS),
    "config-unreadable": Environment(f"mkdir c && chmod 000 c && export XDG_CONFIG_HOME=$PWD/c; {BARE}"),
    "cache-a-device": Environment(env={"XDG_CACHE_HOME": "/dev/null/x", "XDG_CONFIG_HOME": "/dev/null"}),
    "zone-impossible": Environment(env={"TZ": "XXX+99:99"}),
    "zone-bytes": Environment(env={"TZ": b"\xff\xfe"}),
    "locale-bytes": Environment(env={"LC_ALL": b"\xff\xfe", "LANG": b"\xff", "PYTHONUTF8": None}),
    "ascii": Environment(env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "utf-16-streams": Environment(env={"PYTHONIOENCODING": "utf-16"}),
    "odd-terminal": Environment(env={"TERM": "nonsense", "COLUMNS": "abc", "LINES": "-1"}),
    "columns-huge": Environment(env={"COLUMNS": "99999999999999999999"}),
    "no-path": Environment("export PATH=; "),
    "development": Environment(env={"PYTHONDEVMODE": "1"}),
    "warnings-fatal": Environment(env={"PYTHONWARNINGS": "error"}),
    "odd-language": Environment(env={"WXALARM_LANG": "xx"}, codes={"*": {0, 2}}),
    "roots-gone": Environment(env={"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}),
    # streams
    # Without an alarm, and with a URL: what can be seen without one.
    "stdin-closed": Environment(
        "exec 0<&-; ", codes={"parse-file": {2}, "reply": {0, 1}, "verify": {1}, "diagnose": {0, 1, 3}}
    ),
    "stdout-closed": Environment("exec 1>&-; ", silent=True),
    "stdout-full": Environment("exec 1>/dev/full; ", codes={"*": {2}}, silent=True),
    "stdout-read-only": Environment("exec 1</dev/null; ", codes={"*": {2}}, silent=True),
    "stderr-closed": Environment("exec 2>&-; "),
    "stderr-full": Environment("exec 2>/dev/full; "),
    "all-closed": Environment(
        "exec 0<&- 1>&- 2>&-; ",
        codes={"parse-file": {2}, "reply": {0, 1}, "verify": {1}, "diagnose": {0, 1, 3}},
        silent=True,
    ),
    "pipe-broken": Environment(silent=True, sh="mkfifo p; (exec 3<p) & exec 1>p; wait; rm p; "),
    # the current folder
    "folder-read-only": Environment(f"chmod 555 .; {BARE}", codes=NEEDS_FILES),
    "folder-unreadable": Environment(f"mkdir u && chmod 000 u && cd u; {BARE}", codes=NEEDS_FILES, root=True),
    "folder-deleted": Environment("mkdir d && cd d && rmdir ../d; ", codes=NEEDS_FILES),
    "folder-of-bytes": Environment("mkdir \"$(printf 'a\\377\\n b')\" && cd a*; "),
    "disk-full": Environment(
        keeps_report=True,
        sh=_mounted("-o size=16k", "$PWD") + "cd $PWD; cat /dev/zero >fill 2>/dev/null; ",
        via="unshare -m",
        codes=FULL | HOMELESS,
        root=True,
    ),
    "no-inodes": Environment(
        _mounted("-o nr_inodes=1", "$PWD") + "cd $PWD; ", via="unshare -m", codes=NEEDS_FILES | HOMELESS, root=True
    ),
    # who and where
    "unknown-user": Environment(f"chmod 777 .; {STRANGER}", env={"HOME": None}, codes=HOMELESS, root=True),
    "unmapped-user": Environment(via="unshare --user", env={"HOME": None}, root=True),
    "no-proc": Environment(_mounted("", "/proc"), "unshare -m", root=True),
    "no-etc": Environment(_mounted("", "/etc"), "unshare -m", root=True),
    "no-resolv-conf": Environment("mount --bind /dev/null /etc/resolv.conf; ", "unshare -m", root=True),
    "no-devices": Environment(_mounted("", "/dev"), "unshare -m", root=True),
    "no-network": Environment(
        via="unshare -n", codes={"diagnose": {1, 3}, "probe": {1, 3}, "watch": {1, 3}, "watch-check": {1}}, root=True
    ),
    # what a parent leaves behind
    "children-ignored": Environment("trap '' CHLD; "),
    "umask": Environment(f"umask 777; {BARE}", codes=HISTORY),
}


def commands_of(name: str) -> list[str]:
    """The commands that run in a row: all that write, ask or keep something; of those that are alike two, in turn, and
    whichever the row says something of. Where nothing is wrong all of them."""
    if name == "healthy":
        return list(COMMANDS)
    turn = list(ENVIRONMENTS).index(name)
    chosen = {alike[(2 * turn + more) % len(alike)] for alike in ALIKE for more in range(2)}
    left_out = {command for alike in ALIKE for command in alike} - chosen - set(ENVIRONMENTS[name].codes)
    return [command for command in COMMANDS if command not in left_out]


@dataclass(frozen=True)
class Lab:
    """What the commands may ask, on loopback, and what they are given."""

    given: Path
    port: int


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    given = tmp_path_factory.mktemp("given")
    given.chmod(0o755)
    given.parent.chmod(0o755)
    (given / "alarm.txt").write_text(ALARM, "utf-8")
    # Else they find the servers of other tests, and a report is longer or shorter than on a healthy machine.
    (given / "nginx.conf").write_text("events {}\nhttp { server { location / { proxy_pass http://127.0.0.1:9; } } }\n")
    store_with_a_token(given)
    ready, done = threading.Event(), asyncio.Event()
    found: list[int] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(dns.serve("wx.example.com. 60 IN A 127.0.0.1"))
            found.append(await stack.enter_async_context(http.serve(http.respond())))
            place = server.label
            names = f"[dns]\nservers = ['{place}']\nsystem = ['{place}']\n"
            (given / "lab.toml").write_text(names, "utf-8")
            way = f"webhook+http://127.0.0.1:{found[0]}/alarm"
            (given / "watch.toml").write_text(f"{names}[watch]\nways = ['{way}']\n", "utf-8")
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    yield Lab(given, found[0])
    loops[0].call_soon_threadsafe(done.set)
    thread.join()


def store_with_a_token(given: Path) -> None:
    """A store that holds one token for an hour, and the configuration that finds it in the current folder."""
    (given / "token.toml").write_text(
        f"[accounts.demo]\nappid = 'wx0000000000000002'\napp_secret_file = '{given}/secret'\n",
        "utf-8",
    )
    (given / "secret").write_text("0" * 32)
    store = open_store(f"sqlite:///{given}/tokens.db")
    name = row_name(Account("demo", "wx0000000000000002"))
    make(store, name, lambda row, now: replace(row, value="A" * 40, valid_until=now + 7200, refreshed_at=now))
    store.close()


def prepared(command: Command, lab: Lab, work: Path) -> tuple[list[str], dict[str, str]]:
    """The arguments and variables of a command in the folder `work`, which is made."""
    work.mkdir()
    args = [arg.format(given=lab.given, port=lab.port) for arg in command.args]
    if not command.state:
        return args, {}
    (work / "wxalarm").mkdir(0o700)
    shutil.copy(lab.given / "tokens.db", work / "wxalarm")
    return args, {"XDG_STATE_HOME": str(work)}


def run(
    environment: Environment, command: Command, lab: Lab, work: Path
) -> tuple[subprocess.CompletedProcess[bytes], set[str]]:
    """The command in the environment, in the new folder `work`; and the names that it left there."""
    args, state = prepared(command, lab, work)
    names = work.parent / f"{work.name}.names"
    before, _, starter = environment.sh.rpartition("exec ") if environment.starts else (environment.sh, "", "")
    line = f'{before} {starter} "$@"; code=$?; (/bin/ls -A >"$NAMES") 2>/dev/null; exit $code'
    variables: dict[str, str | bytes] = {
        **{k: v for k, v in os.environ.items() if k not in ("COLUMNS", "WXALARM_LANG", "NO_COLOR")},
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **state,
        **{name: value for name, value in environment.env.items() if value is not None},
        "NAMES": str(names),
    }
    for name in (name for name, value in environment.env.items() if value is None):
        variables.pop(name, None)
    done = subprocess.run(
        [*environment.via.split(), "sh", "-c", line, "sh", sys.executable, "-m", "wxalarm", *args],
        input=command.stdin,
        capture_output=True,
        cwd=work,
        env=variables,
        check=False,
    )
    left = names.read_text("utf-8", "surrogateescape").splitlines() if names.exists() else os.listdir(work)
    return done, set(left)


@functools.cache
def healthy(name: str, lab: Lab, work: Path) -> tuple[int, bytes]:
    """The exit code and the report of a command where nothing is wrong."""
    done, left = run(Environment(), COMMANDS[name], lab, work)
    assert left == {*COMMANDS[name].writes, *OWN[: COMMANDS[name].state]}, (left, done.stderr)
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.skipif(one.root and not ROOTED, reason="needs root"))
        for name, one in ENVIRONMENTS.items()
    ],
)
def test_trouble_of_this_machine_is_told_and_costs_no_report(
    name: str, lab: Lab, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = ENVIRONMENTS[name]
    tmp_path.chmod(0o755)
    wrong = []
    for command_name in commands_of(name):
        command = COMMANDS[command_name]
        expected, report = healthy(command_name, lab, lab.given.parent / f"healthy-{command_name}")
        codes = environment.codes.get(command_name) or environment.codes.get("*", set()) | {expected}
        work = tmp_path / command_name
        done, left = run(environment, command, lab, work)
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode not in codes:
            wrong.append(f"{command_name}: exit {done.returncode}, expected one of {codes}: {said[-500:]}")
        if SHELL.search(done.stderr):
            wrong.append(f"{command_name}: the row itself: {said[:200]}")
        if NOISE.search(done.stderr):
            wrong.append(f"{command_name}: {said[-800:]}")
        if over := left - {*command.writes, *OWN}:
            wrong.append(f"{command_name}: left {over}")
        wrong += [f"{command_name}: half of {one}" for one in command.writes if not whole(work / one)]
        if not environment.silent and done.returncode in (0, 1) and len(done.stdout) < len(report) / 2:
            wrong.append(f"{command_name}: the report is lost: {done.stdout[-200:]!r} {said[-500:]}")
        if environment.keeps_report and command.network and len(done.stdout) < len(report) / 2:
            wrong.append(f"{command_name}: the report is lost with the file: {said[-500:]}")
        if done.returncode in (2, 3) and not (done.stdout or done.stderr or environment.silent):
            wrong.append(f"{command_name}: exit {done.returncode} without a word")
    assert not wrong, "\n".join(wrong)


OWN = ("wxalarm", "h", "c", "u", "fill", "p")
"""What the state folder holds, and what the rows themselves make."""


def whole(path: Path) -> bool:
    """Whether a file is not there, or there to its end."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return True
    if path.suffix == ".json":
        json.loads(text)
    return text.rstrip().endswith("</html>") if path.suffix == ".html" else text.endswith("\n")


@pytest.mark.skipif(not ROOTED, reason="needs root")
def test_without_a_thread_nothing_is_judged_and_the_report_says_so(lab: Lab, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    done, _ = run(ENVIRONMENTS["no-threads"], COMMANDS["offline"], lab, tmp_path / "work")
    assert done.returncode == 3, done.stderr
    (report,) = json.loads(done.stdout)["reports"]
    why = {gap["check"]: gap["reason"] for gap in report["not_checked"]}
    assert {"verdict", "report"} <= set(why)
    assert not [result for result in report["results"] if result["status"] not in ("unknown", "skip")]
    assert "thread" in why["verdict"]
    assert "thread" in why["report"]


def test_there_are_enough_rows() -> None:
    assert len(ENVIRONMENTS) >= 40
    rows = [commands_of(name) for name in ENVIRONMENTS]
    assert all(sum(command in row for row in rows) >= 12 for command in COMMANDS)
    assert all(len(set(alike) & set(row)) >= 2 for alike in ALIKE for row in rows)


ABOUT_THE_REMOTE = re.compile(r"offline|dns-|tcp-|tls-|http-")


@pytest.mark.slow
@pytest.mark.parametrize("files", [*range(7, 16), 20])
def test_who_cannot_open_a_file_finds_no_fault_elsewhere(files: int, lab: Lab, tmp_path: Path) -> None:
    """The servers work: whatever is found of them with too few file handles would be false."""
    command = Command((*LOOK, "-f", "json"), ALARM.encode())
    done, _ = run(Environment(f"ulimit -n {files}; "), command, lab, tmp_path / "work")
    if not done.stdout:
        assert done.returncode == 3, done.stderr.decode()
        assert b"Too many open files" in done.stderr
        return
    (report,) = json.loads(done.stdout)["reports"]
    found = {one["code"] for result in report["results"] for one in result["findings"] if one["severity"] != "note"}
    assert not {code for code in found if ABOUT_THE_REMOTE.match(code)}, found
    untold = [result for result in report["results"] if result["status"] == "unknown"]
    assert done.returncode == 3, done.stderr.decode()  # the logs were not looked at
    assert all("this machine could not ask" in result["reason"] for result in untold)
