"""No input makes the parser slow: four times the input takes about four times the time, never sixteen."""

from __future__ import annotations

import time

import pytest

from tests.parser.hostile import INPUTS
from wxalarm.parser import parse
from wxalarm.parser.stream import stream

SMALL = 10 * 1024
FACTOR = 4
LIMIT = 7.0
"""What is linear grows by 4, what is quadratic by 16."""


def best(text: str) -> float:
    """The least processor time of two parses, whole and streamed."""
    times = []
    for _ in range(2):
        start = time.process_time()
        parse(text)
        for _ in stream(text[at : at + 8192] for at in range(0, len(text), 8192)):
            pass
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("name", INPUTS)
def test_time_grows_with_the_size(name: str) -> None:
    for attempt in range(3):
        small, large = best(INPUTS[name](SMALL)), best(INPUTS[name](SMALL * FACTOR))
        # Below some milliseconds the clock is what is measured.
        if large < max(small, 0.005) * LIMIT:
            return
        assert attempt < 2, f"{name}: {small:.4f} s, then {large:.4f} s for {FACTOR} times the input"


@pytest.mark.parametrize("name", INPUTS)
def test_nothing_raises(name: str) -> None:
    text = INPUTS[name](5000)
    whole = parse(text)
    streamed = list(stream([text[:777], text[777:]]))
    assert [alarm for alarm, _ in streamed] == list(whole.alarms)


@pytest.mark.slow
def test_ten_million_brackets() -> None:
    for char in "[]":
        start = time.process_time()
        assert parse(char * 10_000_000).alarms == ()
        assert time.process_time() - start < 60
