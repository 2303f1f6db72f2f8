"""The commands: one module each, imported when it runs; what a command imports stands at the top of its module."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.cli import COMMANDS

CLI = ROOT / "wxalarm/cli"
RUN = """
import json, sys
from wxalarm.cli import app
try:
    app(sys.argv[1:])
finally:
    sys.stderr.write("\\n" + json.dumps([name for name in sys.modules if name.startswith("wxalarm.")]))
"""


def imported(*args: str) -> set[str]:
    """The modules of ours that are loaded when `wxalarm ARGS` has run."""
    done = subprocess.run([sys.executable, "-c", RUN, *args], capture_output=True, cwd=ROOT)
    return set(json.loads(done.stderr.decode().splitlines()[-1]))


def commands_in(modules: set[str]) -> set[str]:
    return {name for name in COMMANDS if f"wxalarm.cli.{name}" in modules}


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("nosuch",), (), ("--lang", "zh", "--help")], ids=str)
def test_no_command_is_imported_when_none_runs(args: tuple[str, ...]) -> None:
    modules = imported(*args)
    assert not commands_in(modules)
    assert not {name for name in modules if name.startswith(("wxalarm.checks", "wxalarm.probes", "wxalarm.parser"))}


@pytest.mark.parametrize("name", COMMANDS)
def test_only_the_command_that_runs_is_imported(name: str) -> None:
    assert commands_in(imported(name, "--help")) == {name}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_the_function_of_its_name(name: str) -> None:
    function = getattr(import_module(f"wxalarm.cli.{name}"), name)
    assert function.__module__ == f"wxalarm.cli.{name}"
    assert function.__doc__


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_an_import_inside_a_function_says_why(path: Path) -> None:
    """A comment stands above the import, or above the one that it follows."""
    lines = path.read_text("utf-8").splitlines()
    inside = {
        node.lineno
        for function in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    for number in sorted(inside):
        first = number
        while first - 1 in inside:
            first -= 1
        assert lines[first - 2].lstrip().startswith("#"), f"{path.name}:{number}: say why, or move it to the top"
