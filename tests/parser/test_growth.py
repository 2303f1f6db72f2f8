"""No input makes the parser slow: eight times the input takes about eight times the time, never 64 times."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.growth import assert_linear
from tests.parser.hostile import INPUTS
from wxalarm.parser import parse
from wxalarm.parser import stream as parts
from wxalarm.parser.locate import Source
from wxalarm.parser.scan import Scan
from wxalarm.parser.stream import stream

SIZE = 128 * 1024
SETTLED, CHUNK = 8192, 1024
"""A smaller window than that of whole bodies: the count is the same, and sixteen times as quick."""


@pytest.mark.parametrize("name", INPUTS)
def test_time_grows_with_the_size(name: str) -> None:
    def parsing(size: int) -> Callable[[], object]:
        text = INPUTS[name](size)
        return lambda: parse(text)

    assert_linear(parsing, SIZE)


@pytest.mark.parametrize("size", [SETTLED, 5 * SETTLED])
@pytest.mark.parametrize("name", INPUTS)
def test_a_stream_looks_at_no_text_more_than_twice(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the window, where all is kept, and above it. Counts characters, not seconds."""
    looked = 0

    class Counting(Scan):
        def __init__(self, source: Source, start: int = 0) -> None:
            nonlocal looked
            looked += len(source.text) - start
            super().__init__(source, start)

    monkeypatch.setattr(parts, "Scan", Counting)
    monkeypatch.setattr(parts, "SETTLED", SETTLED)
    monkeypatch.setattr(parts, "TAIL", SETTLED // 8)
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
@pytest.mark.parametrize("char", "[]")
def test_ten_million_brackets(char: str) -> None:
    assert parse(char * 10_000_000).alarms == ()
    assert_linear(lambda size: lambda: parse(char * size), 2_000_000)
