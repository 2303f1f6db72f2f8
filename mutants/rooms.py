"""What is mutated, by which operators, and which tests look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.imports import graph_of

MEMBERS = ("Member",)
JUDGEMENT = ("Argument", "Compare", "UnaryOp", "BinOp", "AugAssign", "Number", "String", "Keyword", "Return")
WORDS = ("Alternative", *JUDGEMENT[1:])

REGISTRY = "tests/checks/test_registry.py"
JUDGE = "tests/wechat/reply/test_judge.py"
DOCS = "tests/test_docgen.py"
PURE = (
    *("tests/checks/test_check.py", "tests/checks/test_urls.py", "tests/checks/dns/test_addresses.py"),
    *(
        "tests/checks/logs/test_app_log.py",
        "tests/checks/logs/test_error_log.py",
        "tests/checks/host/test_host_history.py",
    ),
    *("tests/checks/logs/test_facts.py", "tests/checks/nginx/test_limit_rules.py", "tests/checks/nginx/test_names.py"),
    *("tests/checks/alarm/test_reply_format.py", "tests/checks/alarm/test_sample.py"),
    *("tests/checks/test_is_this_server.py", "tests/checks/dns/test_host_name.py"),
)
"""Tests of judgement beside the cases: no server, no waiting."""
LEFT_OUT = (
    "tests/parser/test_growth.py",
    "tests/wechat/reply/test_bounds.py",
    "tests/checks/host/test_this_machine.py",
)
"""They promise time and memory, or look at this very machine: slow, and no test of a judgement."""


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the code, and what must notice its changes."""

    code: tuple[str, ...]
    """Files and folders, below wxalarm/. One of several names may be missing: a module that became a package."""
    operators: tuple[str, ...]
    tests: tuple[str, ...]
    """Besides those that stand where the mirror says."""
    share: float = 1.0
    """How much of it is tried unless --share says otherwise: all, or a sample."""
    goal: int = 0
    """Percent of the mutants that must be killed."""
    mirrored: bool = True
    """Also by the tests of its own modules, wherever tests/test_mirror.py wants them."""
    network: bool = False
    """It decides where packets go, or its tests use sockets: only where nothing leaves this machine."""

    def files(self, root: Path) -> Iterator[Path]:
        """Its modules, relative to `root`."""
        for name in self.code:
            path = root / "wxalarm" / name
            for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
                yield file.relative_to(root)


ROOMS = {
    "verdict": Room(("verdict.py", "verdict"), (*MEMBERS, *JUDGEMENT), (), goal=90),
    "codes": Room(("checks",), MEMBERS, (REGISTRY, DOCS), goal=90, mirrored=False),
    "reply-codes": Room(("wechat/reply",), MEMBERS, (JUDGE, DOCS), goal=90, mirrored=False),
    "checks": Room(("checks",), JUDGEMENT, (REGISTRY, *PURE), share=0.05, mirrored=False, network=True),
    "reply": Room(("wechat/reply",), JUDGEMENT, (REGISTRY,), share=0.05),
    "words": Room(("parser/words.py",), WORDS, ("tests/parser",)),
    "listed": Room(("checks",), ("Listed",), (REGISTRY,), goal=100, mirrored=False),
}


def dotted(file: Path) -> str:
    """The module that is in a file below the root."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def mirror(file: Path) -> Iterator[str]:
    """Where tests/test_mirror.py wants the tests of a module: its own first, then those of its room."""
    folder = Path("tests", *file.parts[1:-1])
    yield str(folder / f"test_{file.stem}.py")
    if folder != Path("tests"):
        yield str(folder)
    if file.name == "__init__.py":
        yield str(folder.parent / f"test_{folder.name}.py")


def watched_by(room: Room, file: Path, root: Path) -> list[str]:
    """The test files and folders that look at a file."""
    names = dict.fromkeys((*(mirror(file) if room.mirrored else ()), *room.tests))
    return [name for name in names if (root / name).exists()]


class Needs:
    """Who needs whom, from the imports of the source."""

    def __init__(self, root: Path) -> None:
        self._graph = graph_of(root / "wxalarm")

    def users(self, module: str) -> dict[str, int]:
        """A module, and all that import it, each with its distance. The root package loads nothing by itself."""
        found = {module: 0}
        new = {module}
        while new:
            new = {name for name, needed in self._graph.items() if needed & new} - {*found, "wxalarm"}
            found |= dict.fromkeys(new, max(found.values()) + 1)
        return found
