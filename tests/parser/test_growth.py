"""No input makes the parser slow: four times the input takes about four times the time, never sixteen."""

from __future__ import annotations

import time

import pytest

from tests.parser.hostile import INPUTS
from wxalarm.parser import parse
from wxalarm.parser.locate import Source
from wxalarm.parser.scan import Scan
from wxalarm.parser.stream import SETTLED, stream

SMALL = 16 * 1024
FACTOR = 4
LIMIT = 8.0
"""What is linear grows by 4, what is quadratic by 16."""
CHUNK = 8192


def best(text: str) -> float:
    """The least processor time of two parses."""
    times = []
    for _ in range(2):
        start = time.process_time()
        parse(text)
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


@pytest.mark.parametrize("size", [40 * 1024, SETTLED + 40 * 1024])
@pytest.mark.parametrize("name", INPUTS)
def test_a_stream_looks_at_no_text_more_than_twice(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the window, where all is kept, and above it. Counts characters, not seconds."""
    looked = 0

    class Counting(Scan):
        def __init__(self, source: Source, start: int = 0) -> None:
            nonlocal looked
            looked += len(source.text) - start
            super().__init__(source, start)

    monkeypatch.setattr("wxalarm.parser.stream.Scan", Counting)
    text = INPUTS[name](size)
    for _ in stream(text[at : at + CHUNK] for at in range(0, len(text), CHUNK)):
        pass
    assert looked <= 3 * len(text)


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
