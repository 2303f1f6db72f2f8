"""The last word: an error that nobody foresaw is one line and exit code 3."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from tests.paths import ROOT
from wxalarm.cli.last import line
from wxalarm.probes.local import CannotAskError

BREAK = """
import sys
from wxalarm.cli import common, main
import wxalarm.render.explain as explain
def broken(*_): raise {error}
explain.check_list = broken
sys.argv = ["wxalarm", "checks"]
main()
"""


def broken(error: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`wxalarm checks` with a fault in it."""
    return subprocess.run(
        [sys.executable, "-c", BREAK.format(error=error)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "C.UTF-8"} | env,
        check=False,
    )


def test_a_fault_of_this_program_is_one_line_with_where_to_report_it() -> None:
    done = broken("KeyError('x')")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "KeyError: 'x'" in done.stderr
    assert "SECURITY.md" in done.stderr
    assert (ROOT / "SECURITY.md").exists()


def test_the_traceback_is_shown_on_demand() -> None:
    done = broken("KeyError('x')", WXALARM_TRACEBACK="1")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "in broken" in done.stderr


@pytest.mark.parametrize("error", ["OSError(24, 'x')", "MemoryError()", 'RuntimeError("can\'t start new thread")'])
def test_trouble_of_this_machine_is_no_fault_of_the_program(error: str) -> None:
    done = broken(error)
    assert done.returncode == 3
    assert "this machine is in trouble" in done.stderr
    assert "report" not in done.stderr


def test_ctrl_c_is_130() -> None:
    done = broken("KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "")


def test_both_languages_and_hostile_text() -> None:
    assert "本机" in line(OSError(errno.ENFILE, "x"), ["--lang", "zh"])
    assert "本机" in line(CannotAskError("cannot-ask", error="x"), ["--lang", "zh"])
    assert "\x1b" not in line(ValueError("\x1b[2J"), [])
