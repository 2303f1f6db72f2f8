"""A report whose writing does not come back is ended and comes out shortened; Ctrl-C works inside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.test_parse import ALARM
from tests.paths import ROOT
from wxalarm.messages import catalogue
from wxalarm.model import REPORT, Reason

ENDLESS = """
import operator, sys
from wxalarm.cli import report

place, limit = sys.argv[1:3]
del sys.argv[1:3]
report.RENDERING = float(limit)
holder, _, name = place.rpartition(".")
holder = operator.attrgetter(holder)(report) if holder else report
usual = getattr(holder, name)

def whole(value):
    return isinstance(value, list) and any(r.observation is not None for each in value for r in each.results)

def endless(*args, **options):
    if any(map(whole, args)):
        print("begun", file=sys.stderr, flush=True)
        while True:
            pass
    return usual(*args, **options)

setattr(holder, name, endless)
from wxalarm.cli import main
main()
"""
"""A function that never returns when it is given a report in which anything was observed."""
PLACES = {
    "text": "terminal.render",
    "json": "json.render",
    "markdown": "markdown.render",
    "html": "html.render",
}
WORDS = catalogue("en")


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `wxalarm diagnose ARGS` with one endless function; ends it with the test."""
    (tmp_path / "alarm.txt").write_text(ALARM, "utf-8")
    with contextlib.ExitStack() as stack:

        def started(place: str, limit: float, *args: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-c", ENDLESS, place, str(limit), "diagnose", "--offline", *args, "alarm.txt"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=tmp_path,
                env=os.environ | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "COLUMNS": "200"},
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield started


@pytest.mark.parametrize("place", ["render", "redact"])
@pytest.mark.parametrize("name", PLACES)
def test_a_report_that_is_not_ready_in_time_is_shortened(name: str, place: str, start: Start, tmp_path: Path) -> None:
    where = PLACES[name] if place == "render" else "Redactor.reports"
    process = start(where, 0.3, "-f", name, "-f", "json=r.json" if name != "json" else "text=r.txt")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err  # a finding of this alarm is an error, and that is still known
    assert b"Traceback" not in err
    late = WORDS.reason(Reason("shortened-late", {"limit": 0.4}))
    assert late in out.decode()
    assert (WORDS.check("sample") if name == "text" else "sample") in out.decode()
    (also,) = tmp_path.glob("r.*")  # what follows is short at once
    assert late in also.read_text("utf-8")
    if name == "json":
        gaps = json.loads(out)["reports"][0]["not_checked"]
        assert (REPORT, late) in [(gap["check"], gap["reason"]) for gap in gaps]


def test_ctrl_c_ends_the_writing_and_the_report_comes_out_shortened(start: Start) -> None:
    process = start("json.render", 600.0, "-f", "json")
    assert process.stderr is not None
    assert process.stderr.readline() == b"begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert WORDS.reason(Reason("shortened-interrupted")) in out.decode()
    assert json.loads(out)["reports"][0]["status"] == "fail"


def test_a_case_that_is_not_ready_in_time_is_not_written(start: Start, tmp_path: Path) -> None:
    process = start("case_of", 0.3, "--save", "case.json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert b"case.json" in err
    assert out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alarm.txt"]
