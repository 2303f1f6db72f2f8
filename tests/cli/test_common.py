"""What every command shares: the rule of colour."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.cli.common import in_color, on_screen


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "colour"),
    [({"TERM": "xterm"}, True), ({}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, False)],
)
def test_colour_is_for_a_terminal_that_wants_it(
    variables: dict[str, str], colour: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Screen())
    assert on_screen(None)
    assert in_color(None) is colour
    assert not in_color(tmp_path / "report.txt")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not on_screen(None)
    assert not in_color(None)


def test_the_rule_has_one_home() -> None:
    found = [path.name for path in (ROOT / "wxalarm").rglob("*.py") if '"NO_COLOR"' in path.read_text("utf-8")]
    assert found == ["common.py"]
