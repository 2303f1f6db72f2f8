"""The parts of the judge by themselves: where a finding begins and ends, how much of a value is kept, and what a dump,
a page or a slip in the markup looks like at its edges."""

from __future__ import annotations

import pytest

from wxalarm.model import Finding
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.reply import Pushed, dump, judge, markup, slips
from wxalarm.wechat.reply.body import Body
from wxalarm.wechat.reply.json_form import root_of
from wxalarm.wechat.reply.pages import WAFS, page_of
from wxalarm.wechat.reply.transport import compressed


def first(body: bytes, push: Pushed | None = None) -> Finding:
    return judge(body, push=push or Pushed()).findings[0]


def text(inside: str) -> bytes:
    return (
        "<xml><ToUserName><![CDATA[oAAAABBBBCCCCDDDDEEEEFFFFGGGG]]></ToUserName>"
        "<FromUserName><![CDATA[gh_000000000001]]></FromUserName><CreateTime>1767240000</CreateTime>"
        f"{inside}</xml>"
    ).encode()


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n"])
def test_the_next_response_of_a_dump_is_found_behind_the_declared_length(between: bytes) -> None:
    data = b"HTTP/1.1 301 Moved\r\nContent-Length: 5\r\n\r\nmoved" + between + b"HTTP/1.1 200 OK\r\n\r\nsuccess"
    response = dump.response_of(data)
    assert (response.status, response.body) == (301, b"moved")


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b"$ curl -i -d @b.xml https://wx.example.com/wx?a=1\n", b""),
        (b"[root@web01 ~]# curl -i 'https://wx.example.com/wx?a=1'\r\n", b"[root@web01 ~]# "),
        (b"ubuntu@web01:/srv/wx$ sudo curl -i https://wx.example.com/wx?a=1 \\\n  -d x\n", b"\nubuntu@web01:/srv/wx$ "),
        (b"C:\\Users\\dev>curl.exe -i https://wx.example.com/wx?a=1\r\n", b"\r\nC:\\Users\\dev>"),
        (
            "➜  bot git:(main) ✗ curl -i https://wx.example.com/wx?a=1\n".encode(),
            "➜  bot git:(main) ✗ ls\na b\n".encode(),
        ),
        (
            b"dev@PC MINGW64 /d/wx (main)\n$ curl -i https://wx.example.com/wx?a=1\n",
            b"\ndev@PC MINGW64 /d/wx (main)\n$ ls\n",
        ),
        (
            "┌──(kali㉿kali)-[~]\n└─$ curl -i https://wx.example.com/wx?a=1\n".encode(),
            "\n┌──(kali㉿kali)-[~]\n└─$ ".encode(),
        ),
        (b"(venv) dev@mbp wx % http --verbose https://wx.example.com/wx?a=1\n", b"\n(venv) dev@mbp wx % "),
    ],
)
def test_the_command_and_the_prompts_of_a_terminal_are_no_part_of_the_answer(before: bytes, behind: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\nsuccess"
    assert dump.unmetered(before + answer + behind) == answer
    assert dump.asked(before + answer) == "/wx?a=1"
    assert dump.asked(answer) is None
    assert dump.unmetered(answer + behind) == answer + behind


WORDS = "老师您好，一直提示 token 验证失败，结果：\n\n".encode()
COPIED = b"[root@web01 ~]# curl -i 'https://wx.example.com/wx?a=1'\n"


@pytest.mark.parametrize("behind", [b"", b"[root@web01 ~]# \n", b"[root@web01 ~]# exit\nlogout\n" + "谢谢".encode()])
def test_words_around_what_was_copied_from_a_terminal_are_no_part_of_the_answer(behind: bytes) -> None:
    answer = b"HTTP/1.1 302 \r\nServer: nginx\r\nLocation: /login\r\n\r\n"
    assert dump.unmetered(WORDS + COPIED + answer + behind).strip() == answer.strip()
    assert dump.asked(WORDS + COPIED + answer) == "/wx?a=1"
    assert dump.unmetered(WORDS + answer).strip() == answer.strip()
    talk = b"*   Trying 192.0.2.1:443...\n> GET /wx?a=1 HTTP/1.1\n>\n< HTTP/1.1 200 OK\n<\nsuccess"
    assert dump.verbose(WORDS + talk) == dump.verbose(talk)
    assert dump.verbose(talk) is not None


@pytest.mark.parametrize(
    ("behind", "body"),
    [
        (b"", b"success"),
        (b"%\n", b"success"),
        (b"%" + b" " * 40, b"success"),  # zsh fills its line
        (b"[root@web01 ~]# \n[root@web01 ~]# ls", b"success"),
        (b"\nPS D:\\code\\wx>", b"success"),
        (b"\nubuntu@web01:~$ exit", b"success"),
        (b"\n[debug] done", b"success\n[debug] done"),
        (b" by user@example.com", b"success by user@example.com"),
    ],
)
def test_only_a_prompt_behind_a_body_of_the_declared_length_is_none_of_it(behind: bytes, body: bytes) -> None:
    assert dump.response_of(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsuccess" + behind).body == body


SENT = b"POST /wx?a=1 HTTP/1.1\nHost: wx.example.com\nContent-Type: text/xml\n\n<xml><Content>HTTP</Content></xml>"
CAME = b"HTTP/1.1 200 \nContent-Type: text/plain\nContent-Length: 7\n\nsuccess"


@pytest.mark.parametrize("above", [b"", "Wireshark 追踪流\n\n".encode(), SENT + CAME + b"\n\n"])
@pytest.mark.parametrize("between", [b"", b"\n\n\n"])
def test_what_was_sent_stands_above_what_came(above: bytes, between: bytes) -> None:
    assert dump.exchange(above + SENT + between + CAME) == ("/wx?a=1", CAME)
    asked = SENT.replace(b"POST /wx", b"POST http://wx.example.com/wx")
    assert dump.exchange(asked + CAME) == ("/wx?a=1", CAME)


@pytest.mark.parametrize("text", [SENT, CAME, b"success", b"POST /wx HTTP/1.1\n\n" + CAME, CAME + SENT])
def test_half_an_exchange_is_none(text: bytes) -> None:
    assert dump.exchange(text) is None


@pytest.mark.parametrize(
    "body",
    [
        b"<xml><Content>curl -i http://a</Content></xml>\nHTTP/1.1 200 OK\r\nServer: a\r\nVia: b\r\n\r\n",
        "{错误：\nHTTP/1.1 200 OK\nServer: a\nVia: b\n\n".encode(),
        "说明：\nHTTP/1.1 200 OK\nsuccess".encode(),  # no head
        b"string(7)\nHTTP/1.0 200 OK\r\nServer: a\r\nVia: b\r\n\r\nsuccess",  # printed by a program
        "看这里：".encode() + b"x" * 5000 + b"\nHTTP/1.1 200 OK\nServer: a\nVia: b\n\n",
    ],
)
def test_a_body_with_a_head_in_it_stays_a_body(body: bytes) -> None:
    assert dump.unmetered(body) == body


@pytest.mark.parametrize(("behind", "unseen"), [(b"{ [7 bytes data]\n", True), (b"success", False), (b"", False)])
def test_a_body_that_curl_did_not_print_is_unseen(behind: bytes, unseen: bool) -> None:
    seen = dump.verbose(b"> GET /cb HTTP/1.1\n>\n< HTTP/1.1 200 OK\n<\n" + behind)
    assert seen is not None
    assert seen.unseen is unseen


FIREWALLS = {
    "Cloudflare": ["cf-browser-verification", "cf_chl_opt", "| cloudflare", "just a moment..."],
    "阿里云 WAF": ["acw_sc__v", "errors.aliyun.com"],
    "腾讯云 WAF": ["waf.tencent-cloud", "waf_uuid", "t-sec-waf"],
    "长亭雷池 SafeLine": ["safeline", "chaitin"],
    "宝塔 WAF": ["btwaf", "宝塔网站防火墙", "宝塔云waf"],
    "安全狗": ["safedog", "安全狗"],
    "云锁": ["yunsuo", "security_session_verify"],
    "创宇盾": ["__jsl_clearance", "创宇盾", "365cyd"],
    "360 网站卫士": ["wangzhan.360", "360wzws", "网站卫士"],
    "百度云加速": ["yunjiasu", "云加速"],
    "Imperva": ["_incapsula_resource", "incapsula incident"],
}


def test_the_marks_of_all_firewalls_stand_here() -> None:
    assert {product: set(marks) for product, marks in WAFS} == {one: set(marks) for one, marks in FIREWALLS.items()}


@pytest.mark.parametrize(("product", "mark"), [(one, mark) for one, marks in FIREWALLS.items() for mark in marks])
def test_every_mark_names_its_firewall(product: str, mark: str) -> None:
    page = page_of(f"<html><body><p>您的访问被阻断</p><p>{mark}</p></body></html>")
    assert page is not None
    assert (page.name, page.who) == ("waf-named", product)


def test_compression_is_told_by_the_bytes() -> None:
    assert compressed(b"\x1f\x8b\x08", "") is True
    assert compressed(b"\xff\xfe\xfd", "br") is True
    assert compressed(b"success", "gzip") is False
    assert compressed(b"\xff\xfe\xfd", "identity") is False
    assert compressed(b"", "gzip") is False


CUT = "好".encode()


@pytest.mark.parametrize(
    ("body", "truncated", "odd"),
    [
        (b"<xml>" + CUT[:2], True, False),
        (b"<xml>" + CUT[:2], False, True),
        (b"<xml>" + CUT[:2] + b"</xml>", True, True),
    ],
)
def test_only_the_cut_of_a_cut_body_may_split_a_character(body: bytes, truncated: bool, odd: bool) -> None:
    codes = {finding.code.id for finding in judge(body, truncated=truncated).findings}
    assert ("reply-charset" in codes) is odd


def test_a_doctype_is_shown_whole() -> None:
    found = first(b"<!DOCTYPE xml>\n<xml></xml>")
    assert found.evidence["shown"] == "<!DOCTYPE xml>"


def test_a_count_of_many_digits_is_shown_in_part() -> None:
    item = "<item><Title>a</Title><Description>b</Description><PicUrl>c</PicUrl><Url>d</Url></item>"
    body = text(f"<MsgType>news</MsgType><ArticleCount>{'1' * 25}</ArticleCount><Articles>{item}</Articles>")
    assert first(body).evidence["declared"] == "1" * 20


@pytest.mark.parametrize("name", ["Msg_Type", "msg-type", "MSGTYPE"])
def test_a_name_that_is_nearly_right_is_named(name: str) -> None:
    assert name in str(dict(first(text(f"<{name}>text</{name}><Content>a</Content>")).evidence))


@pytest.mark.parametrize("length", [99, 100, 150])
def test_a_message_of_payment_is_shown_to_a_bound(length: int) -> None:
    body = f"<xml><return_code>FAIL</return_code><return_msg>{'x' * length}</return_msg></xml>"
    for one in (body, body.replace("</xml>", "<a><![CDATA]></a></xml>")):
        assert first(one.encode(), Pushed(Form.PAY)).evidence["message"] == "x" * min(length, 100)


def test_a_payment_that_failed_without_a_message() -> None:
    assert first(b"<xml><return_code>FAIL</return_code><a></xml>", Pushed(Form.PAY)).evidence["message"] == ""


def test_the_root_of_json_is_named_as_in_xml() -> None:
    root = root_of(Body(b'{"ToUserName": {"a": 1}}'))
    assert root is not None
    assert (root.name, [child.name for child in root]) == ("xml", ["ToUserName"])


@pytest.mark.parametrize(
    "body", [Body(b'{"ToUserName": 1}', truncated=True), Body(b"{"), Body(b"[]"), Body(b'{"a": 1}')]
)
def test_what_is_no_reply_in_json_has_no_root(body: Body) -> None:
    assert root_of(body) is None


def test_a_comment_is_blanked_wherever_it_stands() -> None:
    data = b"<xml>" + b"x" * 50 + b"<!-- <a> -->" + b"</xml>"
    plain = slips.without_cdata(data)
    assert len(plain) == len(data)
    assert b"<a>" not in plain
    assert plain.endswith(b"</xml>")


def test_a_tag_with_an_attribute_is_a_tag_and_an_empty_one_closes_itself() -> None:
    found = first(b'<xml a="1"><ToUserName b="2">x<c/></xml>')
    assert (found.evidence["slip"], found.evidence["element"]) == ("end-missing", "ToUserName")


def test_only_the_end_of_the_root_is_added() -> None:
    assert first(b"<xml><a>1</a>").evidence["corrected"] == "<xml><a>1</a></xml>"
    assert "corrected" not in first(b"<xml><a>1").evidence


def test_what_is_whole_is_read_to_its_end() -> None:
    with pytest.raises(markup.Malformed):
        markup.read(b"<xml><a>")
    assert markup.read(b"<xml><a>", truncated=True)[0] is not None


@pytest.mark.parametrize(
    ("body", "ends"), [(b'"success"', 2), (b"b'success'", 3), ("“success”".encode(), 2), (b'  "success"', 4)]
)
def test_the_quote_is_the_place(body: bytes, ends: int) -> None:
    found = first(body)
    assert found.location is not None
    assert (found.code.id, found.location.end_column) == ("reply-quoted", ends)


def test_quotes_of_json_are_undone() -> None:
    body = b'\\u003cxml a=\\"1\\"\\u003e\\u003c/xml\\u003e'
    assert first(body).evidence["corrected"] == '<xml a="1"></xml>'


@pytest.mark.parametrize("body", [b"<xml>a</xml>", b"<html>\n<body>a</body>\n</html>", b">x", b"*x*"])
def test_a_body_that_begins_as_the_lines_of_a_head_do_is_whole(body: bytes) -> None:
    """curl puts a blank behind its marks."""
    seen = dump.verbose(b"> POST /cb HTTP/1.1\n> \n< HTTP/1.1 200 OK\n< \n" + body)
    assert seen is not None
    assert dump.response_of(seen.response).body == body
