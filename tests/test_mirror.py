"""The test of anything is found by its path: tests/ has the folders of wxalarm/, a check has its tests in its room."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

import wxalarm.checks
from tests.paths import FIXTURES, ROOT
from wxalarm.checks.check import Check

PACKAGE, TESTS = ROOT / "wxalarm", ROOT / "tests"
OTHERS = ("fixtures", "golden", "schemas", "system")
"""Folders of tests/ that stand for no room: data, and tests of the whole program."""
OF_THE_WHOLE = {"layers", "mirror", "mutants"}
"""Modules tests/test_….py that are about no module."""


def folders(root: Path) -> set[str]:
    """All folders below one that hold Python files, as paths."""
    return {path.parent.relative_to(root).as_posix() for path in root.rglob("*.py")}


@pytest.mark.parametrize("folder", sorted(folders(PACKAGE)))
def test_every_room_has_its_tests(folder: str) -> None:
    code = [path.name for path in (PACKAGE / folder).glob("*.py")]
    assert code
    assert list((TESTS / folder).glob("test_*.py")), f"tests/{folder} holds no test"


@pytest.mark.parametrize("folder", sorted(folders(TESTS)))
def test_every_folder_of_tests_is_a_rooms(folder: str) -> None:
    assert folder.partition("/")[0] in OTHERS or (PACKAGE / folder).is_dir(), f"what does tests/{folder} test?"
    assert (TESTS / folder / "__init__.py").is_file(), "two test modules of one name need packages"


@pytest.mark.parametrize("path", sorted(TESTS.glob("test_*.py")), ids=lambda path: path.name)
def test_what_stands_at_the_top_is_the_test_of_a_module_there(path: Path) -> None:
    name = path.stem.removeprefix("test_")
    assert name in OF_THE_WHOLE or (PACKAGE / f"{name}.py").is_file(), "a room's test belongs into its folder"


def test_every_check_has_a_test_in_its_room_or_a_folder_of_observations() -> None:
    rooms = {room.name: room for room in pkgutil.iter_modules(wxalarm.checks.__path__) if room.ispkg}
    assert len(rooms) > 5
    for room in rooms:
        for module in pkgutil.iter_modules([str(PACKAGE / "checks" / room)]):
            loaded = importlib.import_module(f"wxalarm.checks.{room}.{module.name}")
            if isinstance(getattr(loaded, "CHECK", None), Check):
                test = TESTS / "checks" / room / f"test_{module.name}.py"
                observations = FIXTURES / "observations" / loaded.CHECK.id
                assert test.is_file() or any(observations.glob("*.json")), f"{room}/{module.name}"
