"""Times as logs write them."""

from __future__ import annotations

import pytest

from tests.logs.test_parsers import AT
from wxalarm.logs import times


def test_times_of_every_kind() -> None:
    assert times.local(b"25/Dec/2024:10:04:57 +0800") == AT
    assert times.local(b"25/Dec/2024:02:04:57 +0000") == AT
    assert times.local(b"24/Dec/2024:21:04:57 -0500") == AT
    assert times.dated(b"2024-12-25T10:04:57.500+08:00") == AT + 0.5
    assert times.dated(b"2024-12-25 02:04:57Z") == AT
    assert times.dated(b"2024-12-25 10:04:57.500 +08:00") == AT + 0.5
    assert times.dated(b"2024-12-25 02:04:57 +0000", 8 * 3600) == AT
    assert times.dated(b"2024/12/25 10:04:57", 8 * 3600) == AT
    assert times.epoch(b"1735092297.123") == 1735092297.123
    assert times.epoch(b"1735092297123") == 1735092297.123
    for bad in (b"32/Dec/2024:10:04:57 +0800", b"25/Foo/2024:10:04:57 +0800", b"25/Dec/2024:25:04:57 +0800", b"-"):
        assert times.local(bad) is None


@pytest.mark.parametrize("text", [b"inf", b"-inf", b"Infinity", b"1e999", b"nan"])
def test_no_number_is_no_time_and_holds_nobody_up(text: bytes) -> None:
    """A log comes from outside: JSON of Python has Infinity."""
    assert times.epoch(text) is None
