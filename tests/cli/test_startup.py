"""A command loads and makes nothing that it does not use: start-up is what a user waits for first.

By work, not by time: modules loaded, patterns compiled, dataclasses defined.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_parse import ALARM
from tests.paths import ROOT
from wxalarm.checks import CHECKS

HEAVY = {"dns", "icmplib", "cryptography", "jinja2", "psutil", "pydantic", "h11", "pyparsing", "tomllib"}
RUN = """
import contextlib, io, json, sys
sys.argv = json.loads(sys.argv[1])
with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.suppress(SystemExit):
    {run}
sys.stderr.write(json.dumps(sorted(sys.modules)))
"""
WXALARM = "import wxalarm.cli; wxalarm.cli.main()"
BARE = "import typer; app = typer.Typer(); app.command()(lambda name='x': None); app()"


COUNT = """
import atexit, collections, dataclasses, gc, json, re, runpy, sys
made = collections.Counter()
def counted(call):
    def counting(*args, **options):
        made[call.__name__, sys._getframe(1).f_globals["__name__"].split(".")[0]] += 1
        return call(*args, **options)
    return counting
re.compile, dataclasses.dataclass = counted(re.compile), counted(dataclasses.dataclass)
def tell():
    counts = [made["compile", "wxalarm"], made["dataclass", "wxalarm"], gc.get_freeze_count()]
    sys.stderr.write("\\n" + json.dumps(counts))
atexit.register(tell)
sys.argv = json.loads(sys.argv[1])
runpy.run_module("wxalarm", run_name="__main__")
"""


def told(program: str, args: tuple[str, ...]) -> Any:
    """What a program that runs wxalarm says of it on the last line of stderr."""
    command = [sys.executable, "-c", program, json.dumps(["wxalarm", *args])]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    return json.loads(done.stderr.decode().splitlines()[-1])


def loaded(run: str, *args: str, whole: bool = False) -> set[str]:
    """The packages, or with `whole` the modules, that are loaded when a program has run."""
    return {name if whole else name.split(".")[0] for name in told(RUN.format(run=run), args)}


def test_help_loads_nothing_heavy() -> None:
    # Its sentences are in the catalogue; rich only counts their columns.
    assert not loaded(WXALARM, "--help") & HEAVY - {"tomllib"}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a.txt"
    path.write_text(ALARM, "utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["json", "jsonl", "csv"])
def test_parse_loads_nothing_heavy(name: str, file: str) -> None:
    found = loaded(WXALARM, "parse", "-f", name, file)
    assert not found & HEAVY
    assert "rich" not in found - loaded(BARE)


@pytest.mark.parametrize("name", ["text", "json", "markdown"])
def test_diagnose_offline_loads_nothing_that_connects(name: str, file: str) -> None:
    ours = loaded(WXALARM, "diagnose", "--offline", "-f", name, file) - loaded(BARE)
    # The addresses of this machine come from psutil; the catalogue is TOML.
    assert ours & HEAVY <= {"psutil", "tomllib"}


def test_diagnose_renders_without_the_console_of_rich(file: str) -> None:
    assert "rich.console" not in loaded(WXALARM, "diagnose", "--offline", file, whole=True)


# A pattern costs 0.15 ms to compile and a frozen dataclass 0.3 ms to define (a struct of msgspec 0.01).
# Of diagnose's patterns 60 are those of redaction, which every report passes: 19 ms, 7 more than one pattern took.
# What another test's nginx or a busy machine would add is not start-up's.
MACHINE = ",".join(
    check.id for check in CHECKS if check.id.startswith("host-") or check.id in ("nginx-config", "error-log")
)


@pytest.mark.parametrize(
    ("command", "patterns", "dataclasses"),
    [
        (["diagnose", "--offline", "--skip", MACHINE], 220, 50),
        (["parse", "-f", "json"], 40, 25),
        (["parse", "-f", "jsonl"], 40, 25),
    ],
    ids=["diagnose", "json", "jsonl"],
)
def test_little_is_made_at_start(command: list[str], patterns: int, dataclasses: int, file: str) -> None:
    compiled, defined, _ = told(COUNT, (*command, file))
    assert 0 < compiled <= patterns
    assert 0 < defined <= dataclasses


def test_the_exit_does_not_look_for_garbage_among_what_start_up_made(file: str) -> None:
    *_, frozen = told(COUNT, ("parse", "-f", "json", file))
    assert frozen > 10_000


def test_the_measure_sees_what_is_loaded_and_no_alarm_needs_the_grammar(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(ALARM.replace("[Stamp=", "[Foo=1]\u200b此处有误[Stamp="), "utf-8")
    modules = loaded(WXALARM, "parse", "-f", "json", str(file))
    assert {"wxalarm", "re"} <= modules
    assert "pyparsing" not in modules
