"""Request lines of programs that nobody has listed, and lines that only look like them."""

from __future__ import annotations

import pytest

from wxalarm.logs.plain import read


@pytest.mark.parametrize(
    ("text", "status", "took"),
    [
        ("HTTP POST /wx responded 200 in 12.5 ms", "200", "12.5 ms"),
        ("POST /wx -> 201 (12ms)", "201", "12ms"),
        ('"POST /wx HTTP/1.1" 502 5.01s', "502", "5.01s"),
        ("[HTTP] 200 - POST /wx - 203.0.113.10 - Mozilla/4.0 - 1m2.5s", "200", "1m2.5s"),
        ("handled [POST] /wx status: 499", "499", None),
        ("POST https://wx.example.com/wx | 200 | 6s", "200", "6s"),
    ],
)
def test_a_request_line(text: str, status: str, took: str | None) -> None:
    found = read(text)
    assert found is not None
    assert (found["request_method"], found["status"], found.get("duration_human")) == ("POST", status, took)
    assert found["request_uri"].endswith("/wx")


def test_durations_with_a_name_keep_it() -> None:
    found = read('POST /wx {"status":200,"cost":6123.45,"db_ms":12}')
    assert found is not None
    assert (found["cost"], found["db_ms"]) == ("6123.45", "12")
    assert "duration_human" not in found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "POST",
        "POST /wx",
        "POST /wx 12ms",
        "POST /wx 2000 bytes",
        "COMPOST /wx 200",
        "see /a/POST /wx 200x",
        'x|"POST /wx HTTP/1.1"|200|0.004',  # seconds, or anything else
        "sent 200 messages",
    ],
)
def test_other_lines(text: str) -> None:
    assert read(text) is None
