"""Imports only go down the layers; only probes/ and lab/ open sockets; only cli prints or exits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGE = ROOT / "wxalarm"
LAYERS = (
    {"cli", "docgen", "__init__", "__main__", "testing"},
    {"render", "runner", "playbooks", "verdict", "lint", "lab", "diagnosis", "cases"},
    {"checks"},
    {"probes"},
    {"parser", "wechat", "nginx", "logs", "messages", "config", "masking"},
    {"model"},
)
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The first folder or file name below the package: "checks", "model"."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def level(name: str) -> int:
    found = [index for index, rooms in enumerate(LAYERS) if name in rooms]
    assert found, f"{name}: give it a place in LAYERS"
    return found[0]


def imported(path: Path) -> set[str]:
    """Every module that a file imports, dotted, whether at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def calls(path: Path) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    mine = level(room(path))
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "wxalarm" and len(parts) > 1 and parts[1] in {r for rooms in LAYERS for r in rooms}:
            other = parts[1]
            assert other == room(path) or level(other) > mine or (level(other) == mine and mine in {0, 1, 4}), (
                f"{path.name} imports {name}: that goes up"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_probes_and_lab_open_sockets(path: Path) -> None:
    if room(path) not in {"probes", "lab"}:
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & {"socket", "ssl", "dns", "icmplib", "h11", "http", "urllib3", "psutil"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    if room(path) not in {"cli", "docgen", "__main__"}:
        assert not calls(path) & {"print", "exit", "quit", "input"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_some_open_files(path: Path) -> None:
    if room(path) not in {"probes", "lab", "cli", "config", "messages", "docgen"}:
        assert "open" not in calls(path)
