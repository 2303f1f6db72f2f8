"""The programs that are run: one home, taken from the system's folders only, with a fixed environment."""

from __future__ import annotations

import ast
import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.checks import CHECKS
from wxalarm.probes import command
from wxalarm.probes.command import CALLS, Call

STARTERS = {
    "subprocess": (),
    "pty": (),
    "multiprocessing": (),
    "ctypes": ("util",),
    "ctypes.util": (),
    "webbrowser": (),
    "concurrent.futures.process": (),
    "asyncio": ("create_subprocess_exec", "create_subprocess_shell", "subprocess"),
    "os": ("system", "popen", "startfile", "fork", "forkpty"),
    "posix": ("system", "popen", "fork", "forkpty"),
    "shutil": ("which",),
    "loop": ("subprocess_exec", "subprocess_shell"),
    "typer": ("launch",),
    "click": ("launch", "edit", "pager"),
}
"""What starts a program, by module: () is the whole module. ctypes.util looks for libraries by running gcc."""
BEGINNINGS = ("exec", "spawn", "posix_spawn")
"""Of os and posix: execv, spawnlp, …"""


def starters(path: Path) -> Iterator[str]:
    """Whatever in a module could start a program."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if STARTERS.get(alias.name, True) == ())
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield from _named(node.module or "", alias.name)
        elif isinstance(node, ast.Attribute):
            base = node.value.id if isinstance(node.value, ast.Name) else "loop"
            yield from _named(base, node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("exec", "__import__"):
            yield node.func.id


def _named(module: str, name: str) -> Iterator[str]:
    known = STARTERS.get(module)
    begins = module in ("os", "posix") and name.startswith(BEGINNINGS)
    if begins or known == () or (known and name in known) or name in STARTERS["loop"]:
        yield f"{module}.{name}"


WRITES_A_FUNCTION = {"wxalarm/parser/locate.py": {"exec"}}
"""Of the fields of a dataclass, as dataclasses do; nothing of it comes from outside."""


def test_only_one_module_starts_programs() -> None:
    found = {path.relative_to(ROOT).as_posix(): set(starters(path)) for path in (ROOT / "wxalarm").rglob("*.py")}
    home = found.pop("wxalarm/probes/command.py")
    assert {"subprocess", "asyncio.create_subprocess_exec", "subprocess.Popen"} <= home, "the test sees them"
    assert {path: names for path, names in found.items() if names} == WRITES_A_FUNCTION


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from subprocess import run",
        "import os\nos.execvp('a', [])",
        "from os import posix_spawn",
        "import os\nos.system('a')",
        "import asyncio\nasyncio.create_subprocess_shell('a')",
        "asyncio.get_running_loop().subprocess_exec(1)",
        "import multiprocessing",
        "import shutil\nshutil.which('a')",
        "__import__('subprocess')",
    ],
)
def test_the_test_above_can_fail(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text)
    assert list(starters(tmp_path / "a.py"))


def test_every_call_is_some_checks_and_every_checks_is_a_call() -> None:
    declared = {call for check in CHECKS for call in check.runs}
    assert declared == set(CALLS)


def test_a_check_that_opens_sockets_is_the_only_one_to_run_what_does() -> None:
    """--offline skips network checks; what others run then opens no socket, or is asked for the network alone."""
    for check in CHECKS:
        for call in check.runs:
            assert check.network or call.offline or check.id == "nginx-config", (check.id, call)


def test_a_value_is_no_option() -> None:
    assert command.PING.vector("/bin/ping", count="1", interval="1", wait="1", address="192.0.2.1")[-1] == "192.0.2.1"
    for value in ("-f", "--help", "a\0b"):
        with pytest.raises(ValueError, match=value.replace("\0", ".")):
            command.PING.vector("/bin/ping", count="1", interval="1", wait="1", address=value)
    assert asyncio.run(command.run(command.PING, 5, count="1", interval="1", wait="1", address="-V")) is None


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program of this user's, in a folder where nobody else may write."""
    path = tmp_path / "bin" / "tool"
    path.parent.mkdir()
    path.parent.chmod(0o755)
    path.write_text("#!/bin/sh\necho ran\n")
    path.chmod(0o755)
    return path


def test_a_program_that_only_its_user_can_change_is_run(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "FOLDERS", (str(program.parent),))
    assert command.find("tool") == str(program)
    assert asyncio.run(command.run(Call("tool", ()), 10)) == (0, "ran\n", "")


@pytest.mark.parametrize("what", ["program", "folder", "above", "group", "link", "owner"])
def test_a_program_that_others_can_change_is_not_run(
    what: str, program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = program.parent
    if what == "program":
        program.chmod(0o757)
    elif what == "folder":
        folder.chmod(0o757)
    elif what == "above":
        tmp_path.chmod(0o777)
    elif what == "group" and os.geteuid() == 0:
        os.chown(folder, 0, 12345)
        folder.chmod(0o775)
    elif what == "owner" and os.geteuid() == 0:
        os.chown(program, 12345, 0)
    else:  # a link in a good folder to a program in a bad one
        program.rename(tmp_path / "tool")
        (tmp_path / "tool").chmod(0o777)
        program.symlink_to(tmp_path / "tool")
    monkeypatch.setattr(command, "FOLDERS", (str(folder),))
    assert not command.ours(str(program))
    assert command.find("tool") is None
    assert asyncio.run(command.run(Call("tool", ()), 10)) is None
    with pytest.raises(FileNotFoundError):
        next(command.stream(Call("tool", ()), sys.stdin.buffer, 10))
    tmp_path.chmod(0o700)


def test_path_and_the_current_folder_are_not_looked_at(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in CALLS:
        fake = tmp_path / "bin" / call.program
        program.rename(fake) if not fake.exists() else None
        program = fake
        monkeypatch.setenv("PATH", f"{fake.parent}:.:")
        monkeypatch.chdir(fake.parent)
        assert (command.find(call.program) or "/").startswith(command.FOLDERS + command.NGINX_FOLDERS)
    assert not command.ours("tool")
    assert not command.ours("./tool")


def test_a_file_right_in_a_sticky_folder_may_be_a_hard_link(program: Path) -> None:
    program.parent.chmod(0o1777)
    assert not command.ours(str(program))
    (program.parent / "own").mkdir(0o755)
    inner = program.rename(program.parent / "own" / "tool")
    assert command.ours(str(inner))


def test_a_loop_of_links_and_nothing_at_all_are_nobodys(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for path in ("a", "gone", "a\0b"):
        assert not command.ours(str(tmp_path / path))
    assert not command.ours("")
    (tmp_path / "up").symlink_to("./x/../file")
    (tmp_path / "x").mkdir()
    (tmp_path / "file").touch(0o600)
    assert command.ours(str(tmp_path / "up"))


def test_a_program_gets_a_fixed_environment(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of the user's, no LD_PRELOAD, no current folder; the time zone, in which times are read back."""
    program.write_text("#!/bin/sh\npwd\n/usr/bin/env\ncat\n")
    for name in ("LD_PRELOAD", "WXALARM_TOKEN", "AWS_SECRET_ACCESS_KEY", "BASH_ENV", "NGINX"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    monkeypatch.setattr(command, "FOLDERS", (str(program.parent), *command.FOLDERS))
    ended = asyncio.run(command.run(Call("tool", ()), 10))
    assert ended is not None
    folder, *lines = ended[1].splitlines()
    assert folder == "/"
    assert {line.partition("=")[0] for line in lines} <= {"PATH", "LC_ALL", "TZ", "PWD", "_", "SHLVL", "OLDPWD"}
    assert "TZ=Asia/Shanghai" in lines
