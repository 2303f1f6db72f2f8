"""Lines by display width: Chinese breaks anywhere but around its punctuation, Latin words stay whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wxalarm.render.text import styled, wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 8, ["one two", "three"]),
        ("abcdefghijkl mn", 5, ["abcde", "fghij", "kl mn"]),
        ("微信服务器推送", 6, ["微信服", "务器推", "送"]),
        ("微信。服务器", 4, ["微", "信。", "服务", "器"]),
        ("见（服务器）吧", 6, ["见（服", "务器）", "吧"]),
        ("见到（服务器）", 6, ["见到", "（服务", "器）"]),
        ("出现 cURL 错误 56。回包", 12, ["出现 cURL 错", "误 56。回包"]),
    ],
)
def test_wrap(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


@given(st.text(st.sampled_from("ab 1中文。（）“”…，:/"), max_size=80), st.integers(8, 40))
def test_wrap_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("style", "codes"), [("green", "32"), ("bold red", "1;31"), ("dim bold red", "1;2;31"), ("dim dim", "2")]
)
def test_a_style_is_its_parameters_in_order_and_ends_with_the_text(style: str, codes: str) -> None:
    assert styled("a b", style) == f"\x1b[{codes}ma b\x1b[0m"
    assert styled("a b", style, color=False) == "a b"
    assert styled("", style) == ""
    assert styled("a b", "") == "a b"
