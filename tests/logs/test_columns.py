"""Names of columns: what they mean, and which lines are none."""

from __future__ import annotations

import pytest

from wxalarm.logs.columns import header, key, reader


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("状态码", "status"),
        ("HTTP状态码", "status"),
        ("耗时（毫秒）", "duration_ms"),
        ("耗时ms", "duration_ms"),
        ("响应时间(s)", "duration_s"),
        ("耗时", "duration"),
        ("latency (ms)", "latency_ms"),
        ("request_time", "request_time"),
        ("requests", "requests"),
        ('"Status"', "status"),
    ],
)
def test_what_a_name_means(name: str, meaning: str) -> None:
    assert key(name) == meaning


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("time,status,uri", ","),
        ("\ufeff时间,状态码,路径", ","),
        ("时间\t状态码\t请求路径", "\t"),
        ("2023-11-15 06:13:20,POST,/wx,200", None),
        ('{"time":1,"status":200,"uri":"/wx"}', None),
        ("time,status", None),
        ("in time, the status, as said", None),
    ],
)
def test_a_line_of_names(line: str, mark: str | None) -> None:
    found = header(line.encode())
    assert (found and found[0]) == mark


def test_values_by_their_names() -> None:
    read = reader(["time", "status", "request_uri"], ",")
    assert read(b'"2023-11-15 06:13:20",200,"/wx?a=1,2"\r') == {
        "time": "2023-11-15 06:13:20", "status": "200", "request_uri": "/wx?a=1,2",
    }  # fmt: skip
    assert read("时间,状态码,请求路径".encode()) is None
    assert read(b"only,two") is None
