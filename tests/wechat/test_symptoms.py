"""What a follower sees, however it is wrapped."""

from __future__ import annotations

import pytest

from wxalarm.wechat.symptoms import is_notice


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("该公众号提供的服务出现故障，请稍后再试", True),
        ("该公众号暂时无法提供服务，请稍后再试", True),
        ("用户截图：\n该服务号提供的服务\n出现故障", True),
        ("公众号的服务正常", False),
        ("", False),
    ],
)
def test_a_notice_is_known(text: str, notice: bool) -> None:
    assert is_notice(text) is notice
