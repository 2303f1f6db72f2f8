"""Fixtures of lint as sources, and golden files."""

from __future__ import annotations

import os
from pathlib import Path

from tests.paths import FIXTURES, ROOT
from wxalarm.lint import Linted, Linter, Source

ALARMS = FIXTURES / "alarms"
RULES = FIXTURES / "lint"
GOLDEN = ROOT / "tests" / "golden" / "lint"


def source_of(path: Path, root: Path) -> Source:
    """A fixture, named from `root` so that golden files are the same everywhere."""
    record = path.with_suffix(".json")
    name = path.relative_to(root).as_posix()
    expected = record.relative_to(root).as_posix()
    return Source(name, path.read_bytes(), expected, record.read_bytes() if record.exists() else None)


def lint_folder(folder: Path, root: Path) -> list[Linted]:
    """All fixtures below a folder, by one linter."""
    linter = Linter()
    return [linter.lint(source_of(path, root)) for path in sorted(folder.rglob("*.txt"))]


def found(files: list[Linted]) -> list[str]:
    """The codes of all findings."""
    return [problem.finding.code.id for file in files for problem in file.problems]


def assert_golden(name: str, text: str) -> None:
    """The text is exactly that of the golden file; UPDATE_GOLDEN=1 writes it, for a reader of the diff to judge."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    assert text == path.read_text("utf-8"), f"{name} changed; UPDATE_GOLDEN=1 writes it anew"
