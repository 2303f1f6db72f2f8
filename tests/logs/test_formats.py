"""A log_format as users write it; one that dates nothing is refused."""

from __future__ import annotations

import pytest

from wxalarm.logs import formats
from wxalarm.logs.text_parser import TextParser


@pytest.mark.parametrize(
    ("text", "escape", "name"),
    [
        ("log_format main '$remote_addr [$time_iso8601] ' '\"$request\" $status';", "default", "given"),
        ('log_format j escape=json \'{"t":"$time_iso8601","r":"$request","s":$status}\';', "json", "given"),
        ('$remote_addr [$time_local] "$request" ${status} $body_bytes_sent', "default", "given"),
    ],
)
def test_a_format_as_users_write_it(text: str, escape: str, name: str) -> None:
    found = formats.given(text)
    assert (found.escape, found.name) == (escape, name)
    assert {"request", "status"} <= set(found.fields)


@pytest.mark.parametrize("text", ["", "$remote_addr $status", "$time_local", "no variable at all"])
def test_a_format_that_dates_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\$time_local"):
        formats.given(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("$time_iso8601 " + "".join(f"$a{number}" for number in range(6)) + "x$status;", b"a" * 4000),
        ("$time_iso8601 $a$status$b$status$c$status$d$status;", b"200" * 1300),
        ("$time_iso8601 " + " ".join(f"$h{number}" for number in range(8)) + ' $status "$request"', b" " * 4000),
        ("$time_iso8601 $http_user_agent $http_referer $request $status;", b"a 200 " * 700),
    ],
    ids=["adjacent", "adjacent, shaped", "blanks", "free"],
)
def test_a_line_that_does_not_fit_a_format_is_given_up_at_once(text: str, line: bytes) -> None:
    """Patterns whose places try each other's characters took minutes for a hundred of them; there are thousands."""
    parser = TextParser(formats.given(text), formats.Wanted("/callback"))
    whole = b"2026-01-01T12:00:00+08:00 " + line
    assert not parser.matches(whole)
    assert parser.columns(b"\n" + whole + b"\n") == ((), ())


def test_adjacent_variables_are_read() -> None:
    read = TextParser(formats.given("$time_iso8601 $scheme://$host$request_uri$status;"))
    record = read.record(b"2026-01-01T12:00:00+08:00 http://wx.example.com/callback200;")
    assert record is not None
    assert (record["host"], record["request_uri"], record["status"]) == ("wx.example.com", "/callback", "200")
