"""Reports stay useful: realistic lines with what a person needs marked «so»; it stays, and the whole is as recorded."""

from __future__ import annotations

import re

import pytest

from tests.paths import ROOT
from wxalarm.render.redact import Redactor

FOLDER = ROOT / "tests" / "golden" / "redact"
NAMES = sorted(path.name.removesuffix(".in.txt") for path in FOLDER.glob("*.in.txt"))


def test_there_are_golden_files() -> None:
    assert len(NAMES) > 6


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_needs_stays(name: str) -> None:
    marked = (FOLDER / f"{name}.in.txt").read_text("utf-8")
    made = Redactor(b"k" * 32).text(re.sub("[«»]", "", marked))
    at = 0
    for needed in re.findall("«([^»]*)»", marked):
        found = made.find(needed, at)
        assert found >= 0, f"{needed!r} is lost in {made[at:]!r}"
        at = found + len(needed)
    assert made == (FOLDER / f"{name}.out.txt").read_text("utf-8")
    assert re.search("[a-z]+-[0-9a-f]{10}", made) or name == "programs"
