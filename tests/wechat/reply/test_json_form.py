"""Replies in JSON: corrected as JSON, with their other members as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wxalarm.wechat.reply import Pushed, judge, mended

USER, ACCOUNT = "oEXAMPLEopenid00000000000001", "gh_000000000001"
PUSH = Pushed(json=True, openid=USER, account=ACCOUNT)
RIGHT: dict[str, Any] = {
    "ToUserName": USER,
    "FromUserName": ACCOUNT,
    "CreateTime": 1700000000,
    "MsgType": "text",
    "Content": '<你 & "好">',
}


def renamed(old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in RIGHT.items()}


@pytest.mark.parametrize(
    ("reply", "code", "corrected"),
    [
        (RIGHT | {"CreateTime": 1700000000123}, "reply-createtime-milliseconds", RIGHT),
        (
            RIGHT | {"CreateTime": "1700000000123"},
            "reply-createtime-milliseconds",
            RIGHT | {"CreateTime": "1700000000"},
        ),
        (RIGHT | {"ToUserName": ACCOUNT, "FromUserName": USER}, "reply-not-swapped", RIGHT),
        (RIGHT | {"MsgType": "Text"}, "reply-msgtype", RIGHT),
        (renamed("Content", "content"), "reply-element-missing", RIGHT),
        (RIGHT | {"MsgType": "Text", "a b": 1}, "reply-msgtype", None),
    ],
)
def test_a_correction_is_the_document_without_the_fault(
    reply: dict[str, Any], code: str, corrected: dict[str, Any] | None
) -> None:
    for separators in ((",", ":"), (", ", ": ")):
        body = json.dumps(reply, ensure_ascii=False, separators=separators)
        first = judge(body.encode(), push=PUSH).findings[0]
        assert first.code.id == code
        wanted = corrected and json.dumps(corrected, ensure_ascii=False, separators=separators)
        assert first.evidence.get("corrected") == wanted


def test_one_fault_after_the_other_is_mended() -> None:
    wrong = renamed("Content", "content") | {"ToUserName": ACCOUNT, "FromUserName": USER, "MsgType": "TEXT"}
    found = mended(json.dumps(wrong).encode(), push=PUSH)
    assert found is not None
    assert json.loads(found) == RIGHT
    assert judge(found, push=PUSH).accepted


def test_what_needs_no_message_is_corrected_to_success() -> None:
    body = json.dumps(RIGHT | {"Content": ""}).encode()
    assert judge(body, push=PUSH).findings[0].evidence["corrected"] == "success"
