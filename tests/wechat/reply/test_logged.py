"""A reply in the log of an application: which document is the answer, and which text is no log."""

from __future__ import annotations

import json

import pytest

from wxalarm.wechat.reply.logged import logged

PUSH = (
    "<xml><ToUserName><![CDATA[gh_000000000001]]></ToUserName><FromUserName><![CDATA[oEXAMPLEopenid00000000000001]]>"
    "</FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[hi]]></Content><MsgId>1</MsgId></xml>"
)
REPLY = (
    "<xml>\n<ToUserName><![CDATA[oEXAMPLEopenid00000000000001]]></ToUserName>\n<FromUserName><![CDATA[gh_000000000001]]>"
    "</FromUserName>\n<CreateTime>1700000000</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n"
    '<Content><![CDATA["ok"]]></Content>\n</xml>'
)
_ENCRYPTED = "<Encrypt><![CDATA[YWJj]]></Encrypt>"
SEALED = f"<xml>{_ENCRYPTED}<MsgSignature>a</MsgSignature><TimeStamp>1</TimeStamp><Nonce>1</Nonce></xml>"
ASKED = f"<xml><ToUserName><![CDATA[gh_000000000001]]></ToUserName>{_ENCRYPTED}</xml>"


def log(*messages: str) -> bytes:
    return "\n".join(
        f"2026-03-12 21:14:03.{398 + n} DEBUG 1 --- c.e.Wx : {one}" for n, one in enumerate(messages)
    ).encode()


@pytest.mark.parametrize(
    ("reply", "printed"),
    [
        (REPLY, f"reply:\n{REPLY}"),
        (REPLY, f"reply {REPLY!r}"),
        (REPLY, f"reply {json.dumps(REPLY)}, ok"),
        (SEALED, f"encrypted {SEALED}"),
    ],
)
@pytest.mark.parametrize("push", [PUSH, ASKED])
def test_the_document_that_wechat_did_not_send_is_the_answer(reply: str, printed: str, push: str) -> None:
    found = logged(log("began", f"got {push}", printed, "done"))
    assert found is not None
    assert found[1].decode() == reply
    assert found[0] == (4 if "reply:\n" in printed else 3)
    assert logged(log(printed, f"got {push}")) == (2 if "reply:\n" in printed else 1, reply.encode())


@pytest.mark.parametrize(
    "text",
    [
        REPLY.encode(),
        log(f"got {PUSH}", "done"),
        log(f"got {ASKED}", "done"),
        log("began", "done"),
        f"2026-03-12 21:14:03 debug\n{REPLY}".encode(),  # a handler may print that before its answer
        f'string(9) "{REPLY}"'.encode(),
        b"<br />" + log("began", REPLY),
        b"",
    ],
)
def test_anything_else_is_no_log_with_an_answer(text: bytes) -> None:
    assert logged(text) is None


def test_what_is_no_string_after_all_stays_as_it_stands() -> None:
    broken = REPLY.replace('"ok"', "it's").replace("\n", "\\x1")
    found = logged(log("began", f"reply '{broken}'"))
    assert found == (2, broken.encode())


@pytest.mark.parametrize("line", ["HTTP/1.1 500 Internal Server Error", "< HTTP/1.1 500", "HTTP/2 500 "])
def test_a_response_with_its_head_is_no_log(line: str) -> None:
    assert logged(log("began", "done") + f"\n{line}\n\n{REPLY}\n".encode()) is None
    said = log("began", f"answered {line}", REPLY)
    assert logged(said) is not None
