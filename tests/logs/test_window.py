"""Bisection finds what a linear filter finds, in logs that are only nearly in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wxalarm.logs import window
from wxalarm.logs.formats import MAX_LINE

SLACK = 5.0


def times(chunk: bytes) -> Iterator[float]:
    for line in chunk.split(b"\n"):
        head = line.split(b" ", 1)[0]
        if head.isdigit():
            yield float(head)


def found(data: bytes, low: float, high: float, slack: float = SLACK) -> tuple[list[bytes], window.Window]:
    """The lines of the window by bisection."""
    ranges = window.find(lambda offset, size: data[offset : offset + size], len(data), times, low, high, slack)
    lines = []
    for start, end in ranges.ranges:
        begin = data.rfind(b"\n", 0, start) + 1
        stop = data.find(b"\n", end)
        lines += data[begin : len(data) if stop < 0 else stop].split(b"\n")
    return [line for line in lines if any(low <= time <= high for time in times(line))], ranges


def linear(data: bytes, low: float, high: float) -> list[bytes]:
    return [line for line in data.split(b"\n") if any(low <= time <= high for time in times(line))]


@st.composite
def nearly_sorted(draw: st.DrawFn) -> bytes:
    """Lines whose time is at most SLACK behind the latest before, of odd lengths, some without a time."""
    count = draw(st.integers(0, 400))
    random = draw(st.randoms(use_true_random=False))
    pad = draw(st.sampled_from([10, 300, 3000]))
    now, lines = 1000.0, []
    for _ in range(count):
        now += random.choice([0, 0, 0, 1, 1, 2, 30])
        if random.random() < 0.05:
            lines.append(b"#" * random.randrange(pad))
        behind = random.choice([0, 0, random.randrange(int(SLACK))])
        lines.append(b"%d %s" % (now - behind, b"x" * random.randrange(pad)))
    return b"\n".join(lines) + draw(st.sampled_from([b"\n", b""]))


@settings(max_examples=150, deadline=None)
@given(nearly_sorted(), st.integers(900, 4000), st.integers(0, 600))
def test_bisection_equals_a_linear_filter(data: bytes, low: int, length: int) -> None:
    lines, _ = found(data, low, low + length)
    assert lines == linear(data, low, low + length)


@pytest.mark.parametrize(("every", "share"), [(1, 0.1), (2000, 3.0)], ids=["dated", "one line in 2,000 is dated"])
def test_bisection_reads_little(every: int, share: float) -> None:
    data = b"".join(
        b"%s %s\n" % (b"-" if index % every else b"%d" % (1000 + index // 10), b"x" * 80) for index in range(200_000)
    )
    read = 0

    def reader(offset: int, size: int) -> bytes:
        nonlocal read
        part = data[offset : offset + size]
        read += len(part)
        return part

    ranges = window.find(reader, len(data), times, 9000, 9010, SLACK)
    assert [time for line in linear(data, 9000, 9010) for time in times(line)]
    assert sum(end - start for start, end in ranges.ranges) < 100_000 * (every // 100 or 1)
    assert read < len(data) * share


def test_a_clock_set_back_gives_both_parts_and_is_said() -> None:
    before = [b"%d %s" % (time, b"a" * 500) for time in range(1000, 5000)]
    after = [b"%d %s" % (time, b"b" * 500) for time in range(2000, 6000)]
    data = b"\n".join(before + after)
    lines, ranges = found(data, 3000, 3100)
    assert lines == linear(data, 3000, 3100)
    assert len(lines) == 202
    assert 2900 < ranges.backwards < 3100


def test_a_step_back_too_small_to_be_seen_is_read_by_the_margin() -> None:
    order = [*range(1000, 10000), *range(9400, 20000)]
    data = b"\n".join(b"%d %s" % (time, b"x" * 300) for time in order)
    for low in range(9350, 10100, 150):
        lines, ranges = found(data, low, low + 20)
        assert lines == linear(data, low, low + 20)
        assert ranges.backwards == 0


def test_workers_that_write_whole_buffers_in_turn() -> None:
    """Buffers of 300 KB, each behind the one before: more than the margin, within the slack."""
    lines = []
    for start in range(1000, 5000, 100):
        for behind in (0, 90):
            lines += [b"%d %s" % (start - behind + index // 10, b"x" * 300) for index in range(1000)]
    data = b"\n".join(lines)
    for low in range(2000, 2400, 37):
        assert found(data, low, low + 9, slack=200.0)[0] == linear(data, low, low + 9)


def test_a_line_of_100_mb_is_walked_over_once() -> None:
    data = b"".join(b"%d x\n" % time for time in range(1000, 2000))
    data += b"1999 " + b"y" * 100_000_000 + b"\n" + b"".join(b"%d x\n" % time for time in range(2000, 3000))
    read = 0

    def reader(offset: int, size: int) -> bytes:
        nonlocal read
        part = data[offset : offset + size]
        assert len(part) <= 4 * MAX_LINE
        read += len(part)
        return part

    ranges = window.find(reader, len(data), times, 2500, 2510, SLACK)
    start, end = ranges.ranges[-1]
    assert b"\n2500 x\n" in data[start:end]
    assert read < 3 * len(data)


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=20), st.data())
def test_lines_come_out_whole_however_the_blocks_are_cut(lines: list[bytes], cuts: st.DataObject) -> None:
    data = b"\n".join(lines)
    splitter, out, place = window.Lines(), [], 0
    while place < len(data):
        size = cuts.draw(st.integers(1, 40))
        out += list(splitter.feed(data[place : place + size]))
        place += size
    out += list(splitter.end())
    assert all(chunk.startswith(b"\n") for _, chunk in out)
    out = [(offset, chunk[1:]) for offset, chunk in out]
    assert b"".join(chunk for _, chunk in out) == (data if data.endswith(b"\n") or not data else data + b"\n")
    assert all(data[offset : offset + len(chunk)] == chunk[: len(data) - offset] for offset, chunk in out)
    assert all(chunk.endswith(b"\n") for _, chunk in out)


def test_lines_too_long_are_dropped_and_counted() -> None:
    long = b"z" * (MAX_LINE + 1)
    for data in (b"a\n" + long + b"\nb\n", b"a\n" + long * 5 + b"\nb\n", long + b"\na\n" + long + b"\nb"):
        for block in (1000, 70_000, len(data)):
            splitter = window.Lines()
            out = []
            for place in range(0, len(data), block):
                out += list(splitter.feed(data[place : place + block]))
            out += list(splitter.end())
            out = [(offset, chunk[1:]) for offset, chunk in out]
            assert b"".join(chunk for _, chunk in out) == b"a\nb\n"
            assert splitter.dropped == data.count(long + b"\n")
            assert all(data[offset : offset + 1] == chunk[:1] for offset, chunk in out)
