"""What a stranger wrote is no word of the logger's: no duration, no error, no reason."""

from __future__ import annotations

import pytest

from wxalarm.logs.app import cause, errcode, request, spent, trouble, troubled, uncaught, waited
from wxalarm.logs.senders import cut

SAID = "FATAL java.net.SocketTimeoutException: Read timed out after 9 s, errcode: 40001, took 30s"
"""What reads as an error, a reason and a duration."""
SENT = {
    "XML": "oX <MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{}]]></Content>",
    "XML with quotes and dots in it": '<MsgType>text</MsgType><Content><![CDATA[so... "a" {}]]></Content>',
    "XML that is cut": "oX <Content><![CDATA[{}",
    "JSON": '{{"FromUserName":"oX","MsgType":"text","Content":"{}","MsgId":1}}',
    "JSON with quotes in it": '{{"Content":"a \\"b\\", {}","MsgType":"text","MsgId":1}}',
    "JSON that is cut": 'push {{"MsgType":"text","Content":"{}',
    "JSON in JSON": 'body={{\\"MsgType\\":\\"text\\",\\"Content\\":\\"a \\\\\\"b\\\\\\" {}\\",\\"MsgId\\":1}}',
    "Python": "push {{'MsgType': 'text', 'Content': '{}'}}",
    "Python, in order": "OrderedDict([('MsgType', 'text'), ('Content', '{}'), ('MsgId', '1')])",
    "PHP": "array ('MsgType' => 'text', 'Content' => '{}')",
    "voice": '{{"MsgType":"voice","Recognition":"{}"}}',
    "printed, JSON": '  "content": "{}",',
    "printed, Node.js": "  Content: '{}',",
    "printed, PHP": "    [Content] => {}",
    "agent": '203.0.113.7 - - "GET /wx HTTP/1.1" - 7 "POST /wx HTTP/1.0" 200 7 "-" "{}"',
    "referrer": '{{"referrer":"{}"}}',
}


@pytest.mark.parametrize("how", SENT)
def test_what_a_user_wrote(how: str) -> None:
    line = SENT[how].format(SAID).encode()
    found = spent(line), trouble(line), cause(line), errcode(line), uncaught(line), waited(line)
    assert found == (None, False, None, None, False, None), cut(line)
    assert len(cut(line)) == len(line)


def test_what_a_visitor_asked_for() -> None:
    line = b"GET /wx?took=30s&x=FATAL&errcode=40001&y=Deadlock 200"
    assert (spent(line), trouble(line), errcode(line), request(line)) == (None, False, None, True)
    assert request(b"GET /wx?a,502 waits") is False
    assert request(b'POST /wx {"MsgType":"text","Content":"502"}') is False


@pytest.mark.parametrize("how", [how for how in SENT if "cut" not in how and "printed" not in how])
def test_what_the_logger_says_behind_it(how: str) -> None:
    own = " failed, took 1.5s: OutOfMemoryError: Java heap space"
    line = (SENT[how].format("hello (1)") + own).encode()
    assert (spent(line), trouble(line), cause(line)) == (1.5, True, "memory")


@pytest.mark.parametrize(
    "line",
    [
        "failed msgType=text content=hello err=MemoryError",
        '{"MsgType":"text","Content":"hello","error":"MemoryError"}',
        'push {"MsgType":"text","Content":"cut here\n\tat a.b(C.java:1)\nCaused by: MemoryError',
        "<Content><![CDATA[cut here\n  File x\nMemoryError",
        '{"body":"<MsgType>text</MsgType><Content><![CDATA[cut","error":"MemoryError"}',
        'push {"MsgType":"text","Content":"cut here...(truncated) MemoryError',
        '{"message":"failed, msgType=text, content=hello","stack":"MemoryError: x"}',
        '{"MsgType":"event","Content":null,"error":"MemoryError"}',
        "msgType=text，content=你好，异常：MemoryError",
        "WxMessage(msgType=text, content=hello) failed: MemoryError (total=10)",
        "[POST /wx]:MemoryError",
        "POST /wx，MemoryError",
        "POST https://api.example.com/x,MemoryError",
    ],
)
def test_what_the_logger_says_beside_it(line: str) -> None:
    assert (trouble(line.encode()), cause(line.encode())) == ("MemoryError" in line, "memory")


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"error","content":"MemoryError: took 30s"}',
        '{"content":"ERROR push msgType=text failed: MemoryError, took 30s"}',
        '{"msgType":"text","description":"MemoryError, took 30s"}',
        '  "title":"x", "error":"MemoryError", "took":"30s"',
        '"POST /wx HTTP/1.1" 500 7 "MemoryError" "took 30s"',
        "[ERROR] content=MemoryError took 30s",
        '"GET https://api.example.com/x?a=1" 500 {"errcode":40001} MemoryError took 30s',
        "title: MemoryError took 30s",
    ],
)
def test_a_logger_may_use_those_names_itself(line: str) -> None:
    assert (spent(line.encode()), cause(line.encode())) == (30.0, "memory")


def test_that_a_user_hung_up_is_no_users_word() -> None:
    line = b'ERROR push failed {"MsgType":"text","Content":"broken pipe"}'
    assert trouble(line)
    assert troubled([line], 0, 0, 1)
