"""What stands around a program's lines is taken off, and nothing else."""

from __future__ import annotations

import json

import pytest

from wxalarm.logs.shipped import bare, is_docked, undocked

LINE = b'203.0.113.10 - - [15/Nov/2023:06:13:20 +0800] "POST /wx HTTP/1.1" 200 7'


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"[pod/ingress-0/controller] ",
        b"[pod/ingress-0/controller] 2023-11-14T22:13:20.123456789Z ",
        b"2023-11-14T22:13:20.123456789Z stdout F ",
        b"2023-11-14T22:13:20.123456789Z ",
        b"web-1  | ",
        b"web-1  | 2023-11-14T22:13:20.123456789Z ",
        b"Nov 15 06:13:20 web01 nginx[1234]: ",
        b"nginx: ",
        b"web01 nginx[1234]: ",
        b"<190>Nov  5 06:13:20 web01 nginx: ",
        b"2023-11-15T06:13:20.123456+08:00 web01 nginx[1234]: ",
    ],
)
def test_what_stands_before_a_line(before: bytes) -> None:
    assert bare(before + LINE) == LINE


@pytest.mark.parametrize("line", [LINE, b"a | b", b"[GIN] 2023/11/15 - 06:13:20 | 200 | 1ms |", b"{", b""])
def test_other_lines_stay(line: bytes) -> None:
    assert bare(line) == line or line == b"a | b"
    assert undocked(line) == line


def test_a_document_of_docker() -> None:
    line = json.dumps({"log": "a\tb\n", "stream": "stderr", "time": "2023-11-14T22:13:20.5Z"}).encode()
    assert is_docked(line)
    assert undocked(line) == b"2023-11-14T22:13:20.5Z a\tb"
    for other in (b'{"log": 1, "stream": "x", "time": "y"}', b'{"stream": "x"', LINE):
        assert not is_docked(other)
