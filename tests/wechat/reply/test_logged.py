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
    assert found.reply.decode() == reply
    assert found.line == (4 if "reply:\n" in printed else 3)
    other = logged(log(printed, f"got {push}"))
    assert other is not None
    assert (other.line, other.reply) == (2 if "reply:\n" in printed else 1, reply.encode())


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
    assert found is not None
    assert (found.line, found.reply) == (2, broken.encode())


REQUEST = '127.0.0.1 - - [12/Mar/2026 21:14:03] "POST /wx?timestamp=1700000000{} HTTP/1.1" 200 -'


@pytest.mark.parametrize("printed", [f"got {PUSH}", f"got {PUSH.encode()!r}"])
def test_a_console_with_one_request_is_a_log(printed: str) -> None:
    console = f" * Running on http://127.0.0.1:80\n{printed}\nsent: {REPLY}\n"
    found = logged((console + REQUEST.format("")).encode())
    assert found is not None
    assert (found.line, found.reply, found.unsealed) == (3, REPLY.encode(), False)
    without_push = console.replace("got ", "", 1).replace(PUSH, "")
    assert logged(without_push.encode()) is None


def test_a_console_that_prints_the_push_and_the_answer_needs_no_times() -> None:
    console = (
        f"> node index.js\n\nlistening on 3000\nincoming: {PUSH}\nreplying with:\n    {REPLY}\nPOST /wx 200 - 4.8 ms\n"
    )
    found = logged(console.encode())
    assert found is not None
    assert (found.line, found.reply) == (6, REPLY.encode())
    # A handler that prints what came before its answer: WeChat gets that, too.
    assert logged(f"got {PUSH}\n{REPLY}".encode()) is None
    assert logged(f"listening\nreply: {REPLY}\nPOST /wx 200 - 4.8 ms\ndone\n".encode()) is None
    notices = "Notice: Undefined index: a in /srv/wx.php on line 12\n" * 3
    assert logged(f"{notices}{PUSH}\n{REPLY}".encode()) is None


def records(*lines: dict[str, object]) -> bytes:
    """Lines as loggers write them that escape what a page could take for a tag."""
    return "\n".join(json.dumps(line).replace("<", "\\u003c").replace(">", "\\u003e") for line in lines).encode()


@pytest.mark.parametrize("extra", ["", "&encrypt_type=aes&msg_signature=a"])
def test_a_reply_in_a_log_of_json(extra: str) -> None:
    lines = records(
        {"msg": "in", "uri": REQUEST.format(extra)}, {"body": PUSH}, {"msg": "out", "resp": f"{REPLY}\n", "n": 1}
    )
    found = logged(lines)
    assert found is not None
    assert (found.line, found.reply, found.unsealed) == (3, REPLY.encode(), bool(extra))
    sealed = logged(records({"uri": REQUEST.format(extra)}, {"resp": SEALED}))
    assert sealed is not None
    assert (sealed.reply, sealed.unsealed) == (SEALED.encode(), False)


@pytest.mark.parametrize(
    ("said", "unsealed"),
    [
        ("encType=[aes], msgSignature=[a]", True),
        ('{"encrypt_type":"aes"}', True),
        (r"{\"encryptType\": \"aes\"}", True),
        ("encType=[null], msgSignature=[null]", False),
        ("encrypt_type=raw", False),
        ("licence_type=aes", False),
    ],
)
def test_how_a_log_says_that_a_push_was_encrypted(said: str, unsealed: bool) -> None:
    found = logged(log(said, "answered:", REPLY))
    assert found is not None
    assert (found.reply, found.unsealed) == (REPLY.encode(), unsealed)


@pytest.mark.parametrize(
    "lines", [({"resp": REPLY},), ({"a": 1}, {"resp": PUSH}), ({"a": 1}, {"resp": f"sent {REPLY}"})]
)
def test_json_that_is_no_log_of_a_reply(lines: tuple[dict[str, object], ...]) -> None:
    assert logged(records(*lines)) is None
    assert logged(b"{\n{}\n{\n" + records(*lines)) is None


@pytest.mark.parametrize("line", ["HTTP/1.1 500 Internal Server Error", "< HTTP/1.1 500", "HTTP/2 500 "])
def test_a_response_with_its_head_is_no_log(line: str) -> None:
    assert logged(log("began", "done") + f"\n{line}\n\n{REPLY}\n".encode()) is None
    said = log("began", f"answered {line}", REPLY)
    assert logged(said) is not None


def test_a_document_with_a_declaration_and_namespaces() -> None:
    declared = '<?xml version="1.0" encoding="utf-16"?>\n' + REPLY.replace(
        "<xml>", '<xml xmlns:x="http://x.example.com/">'
    )
    found = logged(log("began", f"sent\n{declared}", "done"))
    assert found is not None
    assert (found.line, found.reply) == (3, declared.encode())
