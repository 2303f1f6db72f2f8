"""docs/security.md keeps its word: each promise names its test, and what it names is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest

from tests.paths import ROOT
from wxalarm import bounds

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
CODE = re.compile(r"`([^`]+)`")


class Promise(NamedTuple):
    """A row of a table or an item of a list."""

    line: int
    text: str
    where: str
    """What should name the test: the last cell of a row, all of an item."""
    files: tuple[str, ...]
    """Files of tests that were named before, the last first: names alone are theirs."""


def promises(page: str = PAGE) -> Iterator[Promise]:
    """All of the page, in order."""
    files: tuple[str, ...] = ()
    tested = False
    for number, block in blocks(page):
        if block.startswith("|"):
            cells = [cell.strip() for cell in block.strip("|").split(" | ")]
            last = cells[-1].strip(" |")
            if last == "test":
                tested = True
            elif tested and set(block) - set("|- "):
                yield Promise(number, block, last, files)
        else:
            tested = False
            if block.startswith("- "):
                yield Promise(number, block, block, files)
        files = (*reversed([name for name in CODE.findall(block) if is_file(name)]), *files)


def is_file(name: str) -> bool:
    return name.startswith("tests/") and name.partition("::")[0].endswith(".py")


def blocks(page: str) -> Iterator[tuple[int, str]]:
    """Rows, items with the lines that go on, and what stands between, by their first line."""
    block: list[str] = []
    begun = 0
    for number, line in enumerate([*page.splitlines(), ""], 1):
        if block and not line.startswith("  "):
            yield begun, " ".join(part.strip() for part in block)
            block = []
        if not block:
            begun = number
        block.append(line)


@cache
def defined_in(path: str) -> frozenset[str]:
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", (ROOT / path).read_text("utf-8"), re.MULTILINE))


def wrong(promise: Promise) -> Iterator[str]:
    """What is wrong with a promise: it names no test, or one that is not there."""
    named = 0
    near = promise.files
    for name in CODE.findall(promise.text):
        path, _, test = name.partition("::")
        if is_file(name):
            named += name in promise.where
            near = (path, *near)
            if not (ROOT / path).is_file():
                yield f"line {promise.line}: no such file: {path}"
            elif test and test not in defined_in(path):
                yield f"line {promise.line}: no such test: {name}"
        elif (test or path).startswith("test_"):
            named += name in promise.where
            if not any((test or path) in defined_in(file.partition("::")[0]) for file in near):
                yield f"line {promise.line}: no such test in the files named so far: {name}"
        elif name.startswith("bench/"):
            named += name in promise.where
            if not (ROOT / name).is_file():
                yield f"line {promise.line}: no such file: {name}"
    if not named:
        yield f"line {promise.line}: names no test: {promise.text[:80]}"


def test_each_promise_names_a_test_that_is_there() -> None:
    found = list(promises())
    assert len(found) >= 50
    assert not [fault for promise in found for fault in wrong(promise)]


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("- It is so.\n", "names no test"),
        ("- It is so: `tests/test_nowhere.py`\n", "no such file"),
        ("- It is so: `tests/test_deadline.py::test_nothing`\n", "no such test"),
        ("- It is so: `tests/test_deadline.py`,\n  `test_nothing`\n", "no such test"),
        ("| promise | test |\n|---|---|\n| `tests/test_deadline.py` | so |\n", "names no test"),
    ],
)
def test_the_test_above_can_fail(page: str, says: str) -> None:
    (promise,) = promises(page)
    assert any(says in fault for fault in wrong(promise))


def test_each_bound_that_is_named_is_one() -> None:
    named = {
        name
        for _, block in blocks(PAGE)
        if block.startswith("|") and block.count(" | ") == 2
        for name in CODE.findall(block.split(" | ")[1])
        if name.isupper()
    }
    assert {name for name in named if not hasattr(bounds, name)} == set()
    public = {name for name, value in vars(bounds).items() if name.isupper() and isinstance(value, (int, float))}
    assert public - named - {"NGINX_EDITS"} == set(), "a bound that the page does not tell"
