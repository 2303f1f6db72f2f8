"""The small tables of the judge, word by word: literals, encodings, what only a notification has, one article."""

from __future__ import annotations

import pytest

from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.reply import Pushed, judge
from wxalarm.wechat.reply.pushes import read

TO = "<ToUserName>oAAAA0000000000000000000001</ToUserName><FromUserName>gh_000000000001</FromUserName>"
HEAD = f"{TO}<CreateTime>1700000000</CreateTime>"
TEXT = f"<xml>{HEAD}<MsgType>text</MsgType><Content>ok</Content></xml>"


def codes(body: str, pushed: Pushed | None = None) -> list[str]:
    return [finding.code.id for finding in judge(body.encode(), push=pushed).findings]


@pytest.mark.parametrize("word", ["true", "false", "null", "True", "False", "None", "nil", "undefined", "1", "-1.5"])
def test_what_a_program_prints_for_nothing_is_json_and_no_text(word: str) -> None:
    assert codes(word) == ["reply-json"]


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf8", "us-ascii", "ascii"])
def test_a_declared_encoding_that_says_the_same_is_none_of_wechats_business(encoding: str) -> None:
    assert codes(f'<?xml version="1.0" encoding="{encoding}"?>{TEXT}') == []
    assert codes(f'<?xml version="1.0" encoding="gb2312"?>{TEXT}') == ["reply-charset"]


@pytest.mark.parametrize("name", ["transaction_id", "out_trade_no", "mch_id", "total_fee"])
def test_a_notification_sent_back_is_no_answer(name: str) -> None:
    body = f"<xml><return_code>SUCCESS</return_code><{name}>1</{name}></xml>"
    assert codes(body, Pushed(Form.PAY)) == ["reply-echo"]


@pytest.mark.parametrize("key", ["statusCode", "status_code", "contentType", "reasonPhrase", "isSuccessStatusCode"])
def test_an_object_of_a_framework_is_told_from_json(key: str) -> None:
    assert codes(f'{{"{key}": 200, "headers": {{}}, "body": "success"}}') == ["reply-object"]


ITEM = "<item><Title>a</Title><Description>b</Description><PicUrl>c</PicUrl><Url>d</Url></item>"


@pytest.mark.parametrize("name", ["text", "image", "voice", "video", "shortvideo", "link", "location"])
def test_a_message_of_the_user_is_answered_with_one_article(name: str) -> None:
    two = f"<xml>{HEAD}<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>{ITEM * 2}</Articles></xml>"
    assert codes(two, Pushed(Form.MESSAGE, name)) == ["reply-articles"]
    assert codes(two, Pushed(Form.EVENT, "subscribe")) == []


PUSH = "<ToUserName>gh_000000000001</ToUserName><FromUserName>oAAAA0000000000000000000001</FromUserName>"
SIDES = ("oAAAA0000000000000000000001", "gh_000000000001")


@pytest.mark.parametrize(
    ("body", "pushed"),
    [
        (f"<xml>{PUSH}<MsgType>text</MsgType></xml>", Pushed(Form.MESSAGE, "text", *SIDES)),
        (f"<xml>{PUSH}<MsgType>event</MsgType><Event>CLICK</Event></xml>", Pushed(Form.EVENT, "CLICK", *SIDES)),
        (f"<xml>{PUSH}<MsgType>event</MsgType></xml>", Pushed(Form.EVENT, None, *SIDES)),
        ("<xml><InfoType>authorized</InfoType></xml>", Pushed(Form.NOTICE, "authorized")),
        ("<xml><transaction_id>1</transaction_id></xml>", Pushed(Form.PAY, "v2")),
        ("<xml><return_code>SUCCESS</return_code></xml>", Pushed(Form.PAY, "v2")),
        ("<xml><Foo>1</Foo></xml>", None),
        ("success", None),
        ("{", None),
        ("[]", None),
        ('{"event_type": "TRANSACTION.SUCCESS", "resource": {}}', Pushed(Form.PAY, "v3")),
        (
            '{"ToUserName": "gh_000000000001", "FromUserName": "oAAAA0000000000000000000001", "MsgType": "text"}',
            Pushed(Form.MESSAGE, "text", *SIDES, json=True),
        ),
    ],
)
def test_what_a_push_says_of_itself(body: str, pushed: Pushed | None) -> None:
    assert read(body.encode()) == pushed
