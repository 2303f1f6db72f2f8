"""Histograms: aligned, in proportion, within 80 columns, and nothing out of odd data."""

from __future__ import annotations

from typing import Any

import pytest

from wxalarm.messages import catalogue
from wxalarm.model import Alarm, Basis, CheckResult, Code, Report, Severity, Status, Target
from wxalarm.render import html, markdown, terminal
from wxalarm.render.bars import WIDTH, bars

PAIRS = [["< 0.01 s", 1000], ["0.01-0.1 s", 500], ["> 5 s", 1], ["none", 0]]


def test_bars_are_aligned_and_in_proportion() -> None:
    first, second, third, fourth = bars(PAIRS)
    assert first == "< 0.01 s    1000  " + "#" * WIDTH
    assert second == "0.01-0.1 s   500  " + "#" * (WIDTH // 2)
    assert third == "> 5 s          1  #"
    assert fourth == "none           0"


@pytest.mark.parametrize(
    "odd", [[], None, "text", [["a"]], [["a", "b"]], [["a", -1]], [["a", 0]], [["a", 1]] * 99, [7]]
)
def test_odd_data_gives_no_chart(odd: Any) -> None:
    assert bars(odd) == ()


def test_every_report_shows_them() -> None:
    code = Code("log-latency", Severity.NOTE, Basis.RECORDED)
    result = CheckResult("access-log", Status.PASS, (code(None, bars=PAIRS),))
    report = Report(Alarm(), Target(), (result,), None, 0.1)
    words = catalogue("en")
    text = terminal.render([report], words, verbose=True)
    assert "      0.01-0.1 s   500  " + "#" * (WIDTH // 2) + "\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "        0.01-0.1 s   500" in markdown.render([report], words)
    assert "<span>&lt; 0.01 s · 1000</span><svg" in html.render([report], words)
