"""Formats of nginx that nobody told: combined, and values behind it with their names beside them."""

from __future__ import annotations

import pytest

from wxalarm.logs import spelled
from wxalarm.logs.formats import Wanted
from wxalarm.logs.parsers import detect

HEAD = '203.0.113.10 - - [15/Nov/2023:06:13:25 +0800] "POST /wx?signature=3f1d&timestamp=1700000000 HTTP/1.1" 499 0'
AGENT = ' "-" "Mozilla/4.0"'
READ = {
    f"{AGENT} rt=5.000 urt=4.999": ("5.000", "4.999", None),
    f"{AGENT} rt=0.000 urt=-": ("0.000", "-", None),
    f'{AGENT} "-" rt="5.012" ut="5.011, 0.001" cs=-': ("5.012", "5.011, 0.001", None),
    f"{AGENT} request_time:5.012 upstream:[127.0.0.1:9000]": ("5.012", None, "127.0.0.1:9000"),
    " cost=0.001 host=x": ("0.001", None, None),
    f'{AGENT} "203.0.113.77" up="127.0.0.1:9000" us="504" urt="5.000" rt=5.000': ("5.000", "5.000", "127.0.0.1:9000"),
}


@pytest.mark.parametrize("more", READ)
def test_what_is_named_is_read(more: str) -> None:
    line = f"{HEAD}{more}".encode()
    parser = detect([line, line.replace(b"/wx", b"/other")], wanted=Wanted("/wx"))
    assert parser is not None
    record = parser.record(line)
    assert record is not None
    assert not parser.guessed
    got = tuple(record.get(name) for name in ("request_time", "upstream_response_time", "upstream_addr"))
    assert got == READ[more]
    _, keys = parser.columns(b"\n" + line + b"\n")
    assert [parser.values(key)[2] for key in keys] == [got[0].encode() if got[0] else b""]


@pytest.mark.parametrize(
    "more",
    [
        f"{AGENT} cost=12",
        f"{AGENT} rt=12ms",
        ' "https://example.com/?a=1" "a=b rt=0.001"',
        f'{AGENT} kong_request_id: "abc"',
        f"{AGENT} 0.005",
        "",
    ],
)
def test_what_is_no_duration_of_nginx_has_no_such_name(more: str) -> None:
    assert not list(spelled.formats([f"{HEAD}{more}".encode()]))


def test_only_so_many_formats_are_tried() -> None:
    lines = [f"{HEAD} rt=0.001 {'a' * number}=1".encode() for number in range(1, 50)]
    assert len(list(spelled.formats([*lines, lines[-1]]))) == 4
    assert f" {'a' * 49}=$" in next(spelled.formats([*lines, lines[-1]])).text, "the most frequent one"
