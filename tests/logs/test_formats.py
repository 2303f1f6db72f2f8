"""A log_format as users write it; one that dates nothing is refused."""

from __future__ import annotations

import pytest

from wxalarm.logs import formats


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
