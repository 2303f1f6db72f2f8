"""What varies from push to push is blanked, and nothing else."""

from __future__ import annotations

import time

import pytest

from wxalarm.incidents.shapes import MARK, Shapes, shape_of


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ('{"code":500,"requestId":"3fa85f64-5717-4562"}', '{"code":501,"requestId":"9b2c-11"}'),
        ("<p>ray id 8a1f00 at 10:01</p>", "<p>ray  id 77bd21 at 11:59</p>"),
        ("<xml><A><![CDATA[你好]]></A></xml>", "<xml><A><![CDATA[再见 ]] ]]></A></xml>"),
        ("error deadbeef", "error CAFEBABE"),
        ("<A><![CDATA[cut of", "<A><![CDATA[cut elsewhere"),
    ],
)
def test_the_same(one: str, two: str) -> None:
    assert shape_of(one) == shape_of(two)
    assert MARK in shape_of(one)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("success", '"success"'),
        ("<html>Bad gateway</html>", "<html>Forbidden</html>"),
        ("订单不存在", "用户不存在"),
        ("<A><![CDATA[x]]></A>", "<B><![CDATA[x]]></B>"),
        ("", "0"),
    ],
)
def test_apart(one: str, two: str) -> None:
    assert shape_of(one) != shape_of(two)


def test_no_body_is_another_thing_than_an_empty_one() -> None:
    shapes = Shapes()
    assert shapes.of(None) is None
    assert shapes.of("") == ""
    assert shapes.of("id 12") is shapes.of("id 12")


def test_a_long_word_takes_no_longer_by_letter() -> None:
    def seconds(length: int) -> float:
        begun = time.process_time()
        shape_of("a" * length + "!" + "-" * length)
        return time.process_time() - begun

    assert seconds(200_000) < 50 * seconds(20_000) + 0.5
