"""What docs/testing-mutants.md says of single mutants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

DOCUMENT = Path(__file__).parent.parent / "docs" / "testing-mutants.md"


class Mutation(NamedTuple):
    """A change in words."""

    scope: str
    """The function, class or name at the top of the module that holds it."""
    old: str
    new: str


class Listed(NamedTuple):
    """A made-up change, and the test that fails on it."""

    old: str
    new: str
    test: str


_CODE = r"`` ?(.*?) ?``"
_LISTED = re.compile(rf"^\| {_CODE} \| {_CODE} \| `(.+?)` \|$", re.M)
_EXPLAINED = re.compile(rf"^- `(wxalarm/[\w/]+\.py)` `(.*?)`: {_CODE} → {_CODE}$", re.M)


@cache
def listed() -> list[Listed]:
    """The changes of the table, each with the test that must fail."""
    return [Listed(*(cell.replace("\\|", "|") for cell in row)) for row in _LISTED.findall(DOCUMENT.read_text("utf-8"))]


def explained() -> Iterator[tuple[str, Mutation]]:
    """(file, change) of each survivor that is explained."""
    for file, *words in _EXPLAINED.findall(DOCUMENT.read_text("utf-8")):
        yield file, Mutation(*words)
