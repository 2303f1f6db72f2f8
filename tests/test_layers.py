"""Imports go down the layers, never in a circle; few rooms open sockets; only cli prints or exits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.imports import graph_of, imported, rings, rooms_of
from tests.paths import ROOT

PACKAGE = ROOT / "wxalarm"
MODULES = sorted(PACKAGE.rglob("*.py"))
GRAPH = graph_of(PACKAGE)
PACKAGES = sorted(name for name in GRAPH if (ROOT / name.replace(".", "/")).is_dir())
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def layers() -> list[list[str]]:
    """The table of docs/architecture.md: a layer a line, the rooms of a layer in order; "wxalarm" is its __init__."""
    table = ARCHITECTURE.partition("## The layers\n")[2].partition("\n## ")[0]
    return [line.split() for line in table.splitlines() if line.startswith("    ")]


def room(path: Path) -> str:
    """The first folder or file name below the package: "checks", "model"; "wxalarm" for the package itself."""
    name = path.relative_to(PACKAGE).with_suffix("").parts[0]
    return "wxalarm" if name == "__init__" else name


def calls(path: Path) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_no_import_leads_in_a_circle() -> None:
    assert rings(GRAPH) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_rooms_need_each_other(package: str) -> None:
    """What two rooms need of each other belongs into a room below both."""
    assert rings(rooms_of(GRAPH, package)) == []


def test_every_room_has_its_place_among_the_layers_and_its_row_in_the_table_of_rooms() -> None:
    rooms = {room(path) for path in MODULES}
    placed = [name for layer in layers() for name in layer]
    assert len(layers()) > 4
    assert sorted(placed) == sorted(rooms)
    rows = {line.split("|")[1] for line in ARCHITECTURE.splitlines() if line.startswith("| ")}
    told = {name.removesuffix(".py").rstrip("/") for row in rows for name in row.replace("`", " ").split()}
    assert rooms - told == {"__main__", "wxalarm"}


def test_an_import_goes_to_a_room_behind_its_own() -> None:
    """Down the layers, and within one to the right: read as one line, the table is an order of all rooms."""
    places = {name: place for place, name in enumerate(name for layer in layers() for name in layer)}
    wrong = {
        f"{name} needs {other}"
        for name, needed in rooms_of(GRAPH, "wxalarm").items()
        for other in needed
        if places[other] <= places[name]
    }
    assert wrong == set()


MADE = {
    "__init__": "from made.low.deep import value",
    "high": "def f():\n    from made.low import deep",
    "low.__init__": "from made.low.deep import value as value",
    "low.deep": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import made.ring",
    "low.back": "from made.low import value",
    "ring": "def f():\n    import made.round.end",
    "round.__init__": "",
    "round.end": "from made.ring import f",
    "self": "from made import self",
    "outside": "import json, madeup.ring",
}


def test_circles_are_found_wherever_the_import_stands(tmp_path: Path) -> None:
    for name, text in MADE.items():
        path = tmp_path / "made" / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    graph = graph_of(tmp_path / "made")
    assert graph["made.high"] == {"made.low", "made.low.deep"}
    assert graph["made.low"] == {"made.low.deep"}, "a package that gathers its own modules"
    assert graph["made.low.back"] == {"made.low"}
    assert graph["made.outside"] == set()
    assert rings(graph) == [["made.ring", "made.round.end"], ["made.self"]]
    assert rings(rooms_of(graph, "made")) == [["ring", "round"]]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_some_open_sockets(path: Path) -> None:
    if room(path) not in {"probes", "lab", "watch", "tokens"}:
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & {"socket", "ssl", "dns", "icmplib", "h11", "http", "urllib3", "psutil"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    if room(path) not in {"cli", "docgen", "__main__"}:
        assert not calls(path) & {"print", "exit", "quit", "input"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_some_open_files(path: Path) -> None:
    if room(path) not in {"probes", "lab", "cli", "config", "messages", "docgen", "watch"}:
        assert "open" not in calls(path)
