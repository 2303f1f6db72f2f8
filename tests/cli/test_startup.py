"""`--help` and `parse` load nothing that they do not use: start-up is what a user waits for first."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_parse import ALARM
from tests.paths import ROOT

HEAVY = {"dns", "icmplib", "cryptography", "jinja2", "psutil", "pydantic", "msgspec", "h11", "pyparsing", "tomllib"}
RUN = """
import contextlib, io, json, sys
sys.argv = json.loads(sys.argv[1])
with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.suppress(SystemExit):
    {run}
sys.stderr.write(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""
WXALARM = "import wxalarm.cli; wxalarm.cli.main()"
BARE = "import typer; app = typer.Typer(); app.command()(lambda name='x': None); app()"


def loaded(run: str, *args: str) -> set[str]:
    """The packages that are loaded when a program has run."""
    command = [sys.executable, "-c", RUN.format(run=run), json.dumps(["wxalarm", *args])]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True, cwd=ROOT)
    return set(json.loads(done.stderr.decode().splitlines()[-1]))


def test_help_loads_nothing_heavy() -> None:
    # Its sentences are in the catalogue; rich only counts their columns.
    assert not loaded(WXALARM, "--help") & HEAVY - {"tomllib"}


@pytest.mark.parametrize("name", ["json", "jsonl", "csv"])
def test_parse_loads_nothing_heavy(name: str, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(ALARM, "utf-8")
    # Newer typer converts every argument with pydantic: what a typer program of one line loads is not ours.
    ours = loaded(WXALARM, "parse", "-f", name, str(file)) - loaded(BARE)
    assert not ours & (HEAVY | {"rich"})


def test_the_measure_sees_what_is_loaded_and_no_alarm_needs_the_grammar(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(ALARM.replace("[Stamp=", "[Foo=1]\u200b此处有误[Stamp="), "utf-8")
    modules = loaded(WXALARM, "parse", "-f", "json", str(file))
    assert {"wxalarm", "re"} <= modules
    assert "pyparsing" not in modules
