"""Ctrl-C, a hang-up and an end that somebody asks for, at any time: no traceback, no half file, nothing left behind.

The moments are random, the seed is printed with what failed. A command tells by the end of a pipe that it has begun:
before that, Python itself is being started.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.system.test_environments import ALARM, COMMANDS, NOISE, OWN, Command, Lab, prepared, whole
from tests.system.test_environments import lab as lab  # a fixture is found by its name

BEGIN = "import os, sys; os.close(int(sys.argv.pop(1))); from wxalarm.__main__ import main; main()"
ROUNDS = 5
"""Times each signal is sent to each command: 5 × 3 for each of COMMANDS, and a few more."""


def send(number: signal.Signals, delay: float, command: Command, lab: Lab, work: Path) -> tuple[int, bytes, bytes]:
    """The exit code, stdout and stderr of a command that is sent a signal `delay` seconds after it has begun."""
    args, state = prepared(command, lab, work)
    begun, begins = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(begins), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[begins],
        cwd=work,
        env=os.environ | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | state,
    ) as process:
        os.close(begins)
        assert os.read(begun, 1) == b""
        os.close(begun)
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.write(command.stdin)
            process.stdin.close()
        process.stdin = None
        time.sleep(delay)
        process.send_signal(number)
        out, err = process.communicate(timeout=100)
    return process.returncode, out, err


def before_main(err: bytes) -> bool:
    """Whether a traceback is of BEGIN and of Python's finding `main` alone: Ctrl-C came between the end of the pipe and
    the command."""
    return b'File "<string>"' in err and b", in main\n" not in err


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_a_signal_at_any_time(number: signal.Signals, name: str, lab: Lab, tmp_path: Path) -> None:
    command = COMMANDS[name]
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    began = time.monotonic()
    usual, report, _ = send(signal.SIGCONT, 0.0, command, lab, tmp_path / "whole")
    lasts = time.monotonic() - began
    wrong = []
    for turn in range(ROUNDS):
        work = tmp_path / str(turn)
        delay = chance.uniform(0.0, lasts)
        code, out, err = send(number, delay, command, lab, work)
        about = f"{name}, {delay:.3f} s, seed {seed}: exit {code}: {err[-600:].decode('utf-8', 'replace')}"
        if code not in {usual, 128 + number, -number}:
            wrong.append(about)
        if (NOISE.search(err) or b"KeyboardInterrupt" in err) and not before_main(err):
            wrong.append(about)
        if code == usual and len(out) < len(report) / 2:
            wrong.append(f"the report is lost: {about}")
        if left := set(os.listdir(work)) - {*command.writes, *OWN[: command.state]}:
            wrong.append(f"left {left}: {about}")
        wrong += [f"half of {one}: {about}" for one in command.writes if not whole(work / one)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_ctrl_c_keeps_the_report_whenever_the_run_has_begun(lab: Lab, tmp_path: Path) -> None:
    """Against a server that says nothing, so that the run lasts: what has finished is always shown."""
    for turn in range(5):
        with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            args = ["probe", url, "--only", "callback-url,http-request", "--timeout", "30", "--save", "case.json"]
            silent.settimeout(60)
            work = tmp_path / str(turn)
            work.mkdir()
            process = subprocess.Popen(
                [sys.executable, "-m", "wxalarm", *args],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=work,
                env=os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
            )
            with silent.accept()[0]:
                time.sleep(random.uniform(0, 0.2))
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=100)
            assert process.returncode == 130, err
            assert b"interrupted" in out
            assert whole(work / "case.json")
            assert (work / "case.json").exists()


def test_the_alarm_of_these_tests_names_no_address() -> None:
    """Nothing may leave the machine: what is connected to stands in the test."""
    assert "IP=" not in ALARM


WRAPPED = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "{name}":
            class Late:
                def __set_name__(self, owner, name):
                    raise KeyboardInterrupt
            type("Made", (), {{"late": Late()}})
sys.meta_path.insert(0, Interrupting())
sys.argv = ["wxalarm", "reply"]
from wxalarm.__main__ import main
main()
"""


@pytest.mark.parametrize("name", ["typer", "wxalarm.cli.reply"])
def test_ctrl_c_while_a_class_is_made_is_an_interruption(name: str) -> None:
    """While the command line is loaded, and while a command is."""
    done = subprocess.run(
        [sys.executable, "-c", WRAPPED.format(name=name)], input=b"success", capture_output=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stderr) == (130, b"")


BETWEEN = """
import atexit, gc, sys
def interrupted(*_):
    raise KeyboardInterrupt
{place} = interrupted
sys.argv = ["wxalarm", "reply"]
from wxalarm.__main__ import main
main()
"""


@pytest.mark.parametrize("place", ["gc.disable", "gc.freeze", "gc.enable", "gc.set_threshold"])
def test_ctrl_c_between_loading_and_running_is_an_interruption(place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BETWEEN.format(place=place)],
        input=b"success",
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, b"")


FORGOTTEN = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "{name}":
            class Late:
                def __del__(self):
                    raise {error}
            Late()
sys.meta_path.insert(0, Interrupting())
sys.argv = ["wxalarm", "reply"]
from wxalarm.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("name", "error", "code", "said"),
    [
        ("typer", "KeyboardInterrupt", 130, b""),
        ("wxalarm.cli.reply", "KeyboardInterrupt", 0, b""),  # too late: it has ended by itself
        ("typer", "ValueError", 0, b"ValueError"),
    ],
)
def test_ctrl_c_where_python_forgets_it_is_not_printed(name: str, error: str, code: int, said: bytes) -> None:
    """In a callback: while the command line is loaded it ends that, too."""
    done = subprocess.run(
        [sys.executable, "-c", FORGOTTEN.format(name=name, error=error)],
        input=b"success",
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == code
    assert said in done.stderr
    assert bool(done.stderr) == bool(said)
