"""Every form that alarms have been seen in, or may be pasted in, gives the record it should."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from wxalarm.model import Alarm, AlarmKind
from wxalarm.parser import parse

OID = "oAAAAAAAAAAAAAAAAAAAAAAAAA01"
HEAD = f"[OpenID={OID}][Stamp=1767240000]"
LINES = (
    "Appid: wx0000000000000001",
    "昵称: 示例小店",
    "时间: 2026-01-01 12:00:00",
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法",
    "次数: 5分钟 31次",
    f"错误样例: {HEAD}[OuterIP=192.0.2.1][3rdUrl=https://wx.example.com/in][IP=198.51.100.7][MsgType=20000]"
    "[Event=Template Send Job Finish][http code=404]",
    "报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg",
)
WHOLE = "\n".join(LINES)


def one(text: str) -> Alarm:
    found = parse(text).alarms
    assert len(found) == 1, [(alarm.kind, alarm.location) for alarm in found]
    return found[0]


def fields(text: str) -> dict[str, Any]:
    """The fields of the only alarm, those of its sample beside the others, without what is absent."""
    alarm = one(text)
    flat = asdict(replace(alarm, places=None))
    flat |= flat.pop("sample")
    del flat["places"]
    return {name: value for name, value in flat.items() if value not in (None, False) and value != {}}


def sample(text: str, *, content: str = "得到的回应不合法") -> dict[str, Any]:
    """The fields of the sample of an alarm with this 错误样例."""
    alarm = one(
        f"时间: 2026-01-01 12:00:00\n内容: 微信服务器向公众号推送消息或事件后，{content}\n次数: 5分钟 31次\n"
        f"错误样例: {text}\n报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg"
    )
    assert alarm.guide_url == "https://mmbizurl.cn/s/MpkaZb8yg"
    return {name: value for name, value in asdict(alarm.sample).items() if value not in (None, False) and value != {}}


EXPECTED = fields(WHOLE)


def test_the_whole_alarm() -> None:
    assert EXPECTED["kind"] is AlarmKind.INVALID_RESPONSE
    assert {name: EXPECTED[name] for name in ("appid", "nickname", "window_minutes", "count", "guide_url")} == {
        "appid": "wx0000000000000001",
        "nickname": "示例小店",
        "window_minutes": 5,
        "count": 31,
        "guide_url": "https://mmbizurl.cn/s/MpkaZb8yg",
    }
    assert EXPECTED["first_seen"].isoformat() == "2026-01-01T12:00:00+08:00"
    assert (EXPECTED["http_code"], EXPECTED["msg_type"], EXPECTED["event"]) == (404, 20000, "Template Send Job Finish")


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "flattened": WHOLE.replace("\n", " "),
        "blank lines": WHOLE.replace("\n", "\n\n"),
        "many blank lines": WHOLE.replace("\n", "\n \n\t\n"),
        "crlf": WHOLE.replace("\n", "\r\n"),
        "old mac": WHOLE.replace("\n", "\r"),
        "two blanks": WHOLE.replace("\n", "  "),
        "no-break blanks": WHOLE.replace(": ", ":\u00a0"),
        "ideographic blanks": WHOLE.replace(": ", ":\u3000"),
        "tabs": WHOLE.replace(": ", ":\t"),
        "quoted": "\n".join(f"> {line}" for line in LINES),
        "quoted twice": "\n".join(f"> > {line}" for line in LINES),
        "first line quoted": f"> {WHOLE}",
        "indented": "\n".join(f"    {line}" for line in LINES),
        "sender and time": f"微信公众平台报警 5-30 13:04:55\n{WHOLE}",
        "sender and time, flattened": f"微信公众平台报警 5-30 13:04:55 {WHOLE}".replace("\n", " "),
        "caption glued": f"图2{WHOLE}",
        "an unknown label before": f"报警信息: \n{WHOLE}",
        "an unknown label before, same line": f"报警信息: {WHOLE}",
        "chat around": f"小王 10:22\n大家看下[捂脸]\n{WHOLE}\n小李 10:23\n时间: 明天处理 [x=y]\n",
        "chat before on one line": f"收到报警了 {WHOLE}".replace("\n", " "),
        "full-width colons": WHOLE.replace(": ", "："),
        "ascii comma": WHOLE.replace("，", ","),
        "ideographic comma": WHOLE.replace("指引，", "指引、"),
        "no blank after colons": WHOLE.replace(": ", ":"),
        "blank before colons": WHOLE.replace(": ", " : "),
        "blanks between groups": WHOLE.replace("][", "] ["),
        "line breaks between groups": WHOLE.replace("][", "]\n["),
        "groups on the next line": WHOLE.replace("样例: ", "样例:\n"),
        "zero-width everywhere": "\u200b".join(WHOLE.replace("示例小店", "@")).replace("@", "示例小店"),
        "byte order mark": f"\ufeff{WHOLE}",
        "zero-width in labels": WHOLE.replace("时间", "时\u200b间").replace("OpenID", "Open\ufeffID"),
        "upper-case keys": WHOLE.replace("OpenID", "OPENID").replace("http code", "HTTP Code"),
        "full-width brackets": WHOLE.replace("[", "［").replace("]", "］").replace("=", "＝"),
        "lenticular brackets": WHOLE.replace("[", "【").replace("]", "】"),
        "entity blanks": WHOLE.replace(": ", ":&nbsp;"),
        "numeric entities": "".join(f"&#{ord(c)};" if ord(c) > 0x4E00 else c for c in WHOLE),
        "hex entities": "".join(f"&#x{ord(c):X};" if ord(c) > 0x4E00 else c for c in WHOLE),
        "line-break tags": WHOLE.replace("\n", "<br>"),
        "closed line-break tags": WHOLE.replace("\n", "<br />\n"),
        "paragraphs": "".join(f"<p>{line}</p>" for line in LINES),
        "spans": "".join(f'<div class="a"><span>{line}</span></div>' for line in LINES),
        "a line that is not known": WHOLE.replace("\n内容", "\n类型: 回应失败\n内容"),
        "trailing blanks": WHOLE.replace("\n", "   \n") + "   ",
    }.items(),
)
def test_the_same_alarm_in_another_form(name: str, text: str) -> None:
    got = fields(text)
    want = dict(EXPECTED)
    if "full-width" not in name and "ascii" not in name:
        assert got == want
    else:
        got.pop("description")
        want.pop("description")
        assert got == want


def test_traditional_script() -> None:
    text = (
        "Appid: wx0000000000000001\n暱稱: 示例小店\n時間: 2026-01-01 12:00:00\n"
        "內容: 微信伺服器向公眾號推送消息或事件後，開發者5秒內沒有返回\n次數: 5分鐘 31次\n"
        "錯誤樣例: [IP=198.51.100.7][Event=UnSubscribe][第三方平臺:示例]\n報警排查指引，請見: https://mmbizurl.cn/s/x"
    )
    got = fields(text)
    assert got["kind"] is AlarmKind.REQUEST_TIMEOUT
    assert (got["nickname"], got["count"], got["platform"]) == ("示例小店", 31, "示例")
    assert got["guide_url"] == "https://mmbizurl.cn/s/x"


# --- the guide's own examples, word for word ---

GUIDE = [
    (
        "Appid: wxxxxxx\n昵称: WxNickName\n时间: 2014-12-01 20:12:00\n"
        "内容: 微信服务器向公众号推送消息或事件后，开发者5秒内没有返回\n次数: 5分钟 1272次\n"
        "错误样例: [IP=203.205.140.29][Event=UnSubscribe]",
        {
            "kind": AlarmKind.REQUEST_TIMEOUT,
            "appid": "wxxxxxx",
            "nickname": "WxNickName",
            "first_seen": "2014-12-01T20:12:00+08:00",
            "description": "微信服务器向公众号推送消息或事件后，开发者5秒内没有返回",
            "window_minutes": 5,
            "count": 1272,
            "ip": "203.205.140.29",
            "event": "UnSubscribe",
        },
    ),
    (
        "Appid: wxxxx\n昵称: WxNickName\n时间: 2014-12-01 20:12:00\n"
        "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 1320次\n"
        "错误样例: [Event=Click] [ip=58.248.9.218][response_length=10][response_content=Error 500:]",
        {
            "kind": AlarmKind.INVALID_RESPONSE,
            "appid": "wxxxx",
            "nickname": "WxNickName",
            "first_seen": "2014-12-01T20:12:00+08:00",
            "description": "微信服务器向公众号推送消息或事件后，得到的回应不合法",
            "window_minutes": 5,
            "count": 1320,
            "ip": "58.248.9.218",
            "event": "Click",
            "response_length": 10,
            "response_content": "Error 500:",
        },
    ),
    (
        "Appid: wxxxx\n昵称: WxNickName\n时间: 2015-02-04 20:13:09\n"
        "内容: 微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒\n次数: 5分钟 7289次\n"
        "错误样例: [IP=180.150.190.135][Msg=Text]",
        {
            "kind": AlarmKind.CONNECT_TIMEOUT,
            "appid": "wxxxx",
            "nickname": "WxNickName",
            "first_seen": "2015-02-04T20:13:09+08:00",
            "description": "微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒",
            "window_minutes": 5,
            "count": 7289,
            "ip": "180.150.190.135",
            "msg": "Text",
        },
    ),
]


@pytest.mark.parametrize(("text", "want"), GUIDE)
def test_the_three_examples_of_the_guide(text: str, want: dict[str, Any]) -> None:
    for form in (text, text.replace("\n", " "), text.replace("\n", "\n\n"), f"{text}\n"):
        got = fields(form)
        got["first_seen"] = got["first_seen"].isoformat()
        assert got == want
    assert parse(text).problems == ()


def test_the_guide_as_one_page() -> None:
    page = "\n\n".join(f"报警例子{n}：\n{text}\n说明：时间: 见上" for n, (text, _) in enumerate(GUIDE))
    assert [alarm.count for alarm in parse(page).alarms] == [1272, 1320, 7289]


# --- kinds ---

ACCOUNTS = ("公众号", "服务号", "订阅号")
KINDS = [
    ("微信服务器向公众号推送消息或事件时，解析DNS失败", "dns-failure"),
    ("微信服务器向公众号推送消息或事件时，解析DNS超时，超时时间为5秒", "dns-timeout"),
    ("微信服务器向公众号推送消息或事件时，解析DNS时发现是无效域名", "dns-invalid-domain"),
    ("微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒", "connect-timeout"),
    ("微信服务器连接公众号开发者服务器时发生超时，超时时间为3秒", "connect-timeout"),
    ("微信服务器向公众号推送消息或事件后，开发者5秒内没有返回", "request-timeout"),
    ("微信服务器向公众号推送消息或事件后，得到的回应不合法", "invalid-response"),
    ("微信服务器向公众号推送消息或事件发生多次失败后，暂时不推送消息，一分钟后解除屏蔽", "mark-fail"),
    ("微信服务器向公众号服务开发者推送component_verify_ticket时，开发者5秒内没有返回", "ticket-timeout"),
    ("微信服务器向公众号服务开发者推送component_verify_ticket时，得到的回应不合法（应返回success）", "ticket-invalid"),
    ("推送component_verify_ticket时，开发者5S内没有返回", "ticket-timeout"),
    ("推送component_verify_ticket时，开发者没有返回success", "ticket-invalid"),
    ("推送第三方平台消息（如取消授权消息）等，第三方平台5秒内没有返回", "component-timeout"),
    ("推送第三方平台消息（如取消授权消息）等，第三方平台没有返回success", "component-invalid"),
    ("推送“支付完成事件”给开发者后，开发者5秒内没有返回", "pay-notify-timeout"),
    ("推送“支付完成事件”给开发者后，得到的回应不合法", "pay-notify-invalid"),
    ("推送&ldquo;支付完成事件&rdquo;给开发者后，得到的回应不合法", "pay-notify-invalid"),
    ('推送"支付完成事件"给开发者后,得到的回应不合法', "pay-notify-invalid"),
    ("推送支付完成事件给开发者后，得到的回应不合法", "pay-notify-invalid"),
    ("微信服务器向公众号推送消息后，出现了一种新的错误", "unknown"),
    ("DNS失败", "dns-failure"),
    ("DNS超时", "dns-timeout"),
    ("连接超时", "connect-timeout"),
    ("请求超时", "request-timeout"),
    ("回应失败", "invalid-response"),
    ("MarkFail（自动屏蔽）", "mark-fail"),
    ("DNS failure", "dns-failure"),
    ("DNS Failure", "dns-failure"),
    ("DNS timeout", "dns-timeout"),
    ("Connection timeout", "connect-timeout"),
    ("Request timeout", "request-timeout"),
    ("Response failure", "invalid-response"),
    ("The response failed.", "invalid-response"),
    ("MarkFail (Auto blocking)", "mark-fail"),
    ("MarkFail (auto-fencing)", "mark-fail"),
    (
        "DNS failure – DNS resolution failed when the Weixin server pushed a message or event to the Official Account",
        "dns-failure",
    ),
    (
        "Connection timeout – Timeout occurred when the Weixin server connected to the Official Account developer's "
        "server. The timeout time is 5 seconds",
        "connect-timeout",
    ),
    (
        "Request timeout – The developer did not respond within 5 seconds after the Weixin server pushed a message",
        "request-timeout",
    ),
    (
        "Response failure – The response obtained after the Weixin server pushed a message or event to the Official "
        "Account was invalid",
        "invalid-response",
    ),
]


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(("wording", "kind"), KINDS)
def test_kinds(wording: str, kind: str, account: str) -> None:
    text = f"时间: 2026-01-01 12:00:00\n内容: {wording.replace('公众号推', account + '推')}\n次数: 5分钟 31次"
    for form in (text, text.replace("，", ","), text.replace("（", "(").replace("）", ")"), text.replace("\n", " ")):
        assert one(form).kind == kind


@pytest.mark.parametrize(("wording", "kind"), [pair for pair in KINDS if pair[0].startswith(("微信服务器", "推送"))])
def test_the_line_alone_is_an_alarm(wording: str, kind: str) -> None:
    if kind != "unknown":
        assert one(f"内容: {wording}").kind == kind


# --- any subset of the lines ---


@pytest.mark.parametrize("left", range(1, 128))
def test_any_subset_of_lines(left: int) -> None:
    lines = [line for number, line in enumerate(LINES) if left >> number & 1]
    names = ("appid", "nickname", "first_seen", "description", "window_minutes", "openid", "guide_url")
    want = {name for number, name in enumerate(names) if left >> number & 1}
    telling = want & {"description", "openid"} or len(want & {"window_minutes", "first_seen", "appid", "guide_url"}) > 1
    if not telling or not want & {"description", "openid", "window_minutes"}:
        assert parse("\n".join(lines)).alarms == (), "labels that chat uses too are no alarm"
        return
    for separator in ("\n", "\n\n", " "):
        got = fields(separator.join(lines))
        assert {name for name in names if name in got} == want
        assert {name: EXPECTED[name] for name in want} == {name: got[name] for name in want}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        # Fragments as people paste them.
        (
            "推送“支付完成事件”给开发者后,得到的回应不合法\n\n错误样例: [transaction_id=4200000000202601010000000001]"
            '[resp=<html>\n\n<p class="x">border: 1p...',
            {"kind": "pay-notify-invalid", "response_content": '<html>\n\n<p class="x">border: 1p...'},
        ),
        (
            '[transaction_id=4200000000202601010000000001][resp={"code":0,"data":"<xml><a><![CDATA]></a></xml>"}]',
            {"response_content": '{"code":0,"data":"<xml><a><![CDATA]></a></xml>"}', "kind": "unknown"},
        ),
        ("[transaction_id=4200000000202601010000000001]", {"transaction_id": "4200000000202601010000000001"}),
        ("报错：[transaction_id=4200000000202601010000000001] 怎么办", {"kind": "unknown"}),
        (
            "[MsgType=20000][Event=Template Send Job Finish][http code=404]",
            {"msg_type": 20000, "event": "Template Send Job Finish", "http_code": 404},
        ),
        (
            "内容: 微信服务器向公众号服务开发者推送component_verify_ticket时,得到的回应不合法(应返回success)",
            {"kind": "ticket-invalid"},
        ),
        ("次数: 5分钟 51次\n错误样例: [MsgType=20101][Event=Component Info]", {"count": 51, "event": "Component Info"}),
        ("内容： 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数：5分钟3次\n错误样例：……", {"count": 3}),
        (f"{HEAD}[3rdUrl=/in][Event=Click][ip=][response_length=7][response_content=success]", {"ip": ""}),
    ],
)
def test_fragments(text: str, want: dict[str, Any]) -> None:
    got = fields(text)
    assert {name: got[name] for name in want} == want


# --- lines ---


@pytest.mark.parametrize(
    ("line", "name", "want"),
    [
        ("Appid: ", "appid", ""),
        ("Appid:", "appid", ""),
        ("Appid:xxxxxxxxxxxxxxxxx", "appid", "xxxxxxxxxxxxxxxxx"),
        ("Appid: wx*********6d63a", "appid", "wx*********6d63a"),
        ("AppID: wx0000000000000009", "appid", "wx0000000000000009"),
        ("昵称: ", "nickname", ""),
        ("昵称:  *******", "nickname", "*******"),
        ("昵称: a: b [c=d] 时间", "nickname", "a: b [c=d] 时间"),
        ("昵称: Tea Time: best Content: good", "nickname", "Tea Time: best Content: good"),
        ("昵称: 内容: 很多的店", "nickname", "内容: 很多的店"),
        ("昵称: \x1b[31m[bold]红[/]\u202e", "nickname", "\x1b[31m[bold]红[/]\u202e"),
        ("昵称: 👨\u200d👩\u200d👧 家", "nickname", "👨\u200d👩\u200d👧 家"),
        ("昵称: A&amp;B", "nickname", "A&B"),
        ("时间: 2026-01-02 13:41", "first_seen", "2026-01-02T13:41:00+08:00"),
        ("时间:2026-01-02 13:41", "first_seen", "2026-01-02T13:41:00+08:00"),
        ("时间: 2026/1/2 3:41:05", "first_seen", "2026-01-02T03:41:05+08:00"),
        ("时间: 2024-13-45 99:99:99", "first_seen", None),
        ("时间: 2024-0*-** **:**:**", "first_seen", None),
        ("时间: ", "first_seen", None),
        ("次数: 5分钟 17880 次", "count", 17880),
        ("次数: 5分钟33次", "count", 33),
        ("次数: 5分钟 1,234次", "count", 1234),
        ("次数：５分钟 ３次", "count", 3),
        ("次数: 30分钟 9次", "window_minutes", 30),
        ("次数: 5分钟 NaN次", "count", None),
        ("次数: 5分钟 ***次", "window_minutes", 5),
        ("次数: NaN", "count", None),
        ("次数: -1分钟 -3次", "count", None),
        (f"次数: 5分钟 {'9' * 30}次", "count", None),
        (f"次数: {'9' * 5000}分钟 3次", "window_minutes", None),
        ("报警排查指引，请见: http://url.cn/ab0jnP", "guide_url", "http://url.cn/ab0jnP"),
        ("报警排查指引,请见:https://w.url.cn/s/A1dMqXI", "guide_url", "https://w.url.cn/s/A1dMqXI"),
        ("报警排查指引：", "guide_url", ""),
    ],
)
def test_values_of_lines(line: str, name: str, want: object) -> None:
    label = line[:2]
    text = "\n".join(line if old.startswith(label) else old for old in LINES)
    alarm = one(text)
    value = getattr(alarm, name)
    assert (value.isoformat() if name == "first_seen" and value else value) == want
    assert alarm.sample.http_code == 404, "the other lines are still there"
    place = alarm.fields.get(name)
    if isinstance(want, str) and want and name != "first_seen" and "&" not in line:
        assert place is not None
        assert text.split("\n")[place.line - 1][place.column - 1 : place.end_column - 1] == want


# --- groups ---


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("[3rdUrl10=http://wx.example.com/]", {"url": "http://wx.example.com/"}),
        ("[OuterIP=][ip=]", {"outer_ip": "", "ip": ""}),
        ("[Host=wx.example.com][Event=Click Menu Url]", {"host": "wx.example.com", "event": "Click Menu Url"}),
        ("[cURL Error=56]", {"curl_error": 56}),
        ("[Stamp=17672*****]", {"extra": {"Stamp": "17672*****"}}),
        ("[Stamp=]", {}),
        (f"[Stamp={'9' * 5000}]", {"extra": {"Stamp": "9" * 5000}}),
        ("[MsgType=NaN]", {"extra": {"MsgType": "NaN"}}),
        ("[decrypt fail]", {"decrypt_failed": True}),
        ("[第三方平台]", {"platform": ""}),
        ("[第三方平台:]", {"platform": ""}),
        ("[第三方平台:示例 服务商]", {"platform": "示例 服务商"}),
        ("[第三方平台：示例]", {"platform": "示例"}),
        ("[Foo=1][Bar][A b=c d]", {"extra": {"Foo": "1", "Bar": None, "A b": "c d"}}),
        ("[3rdUrl=http://[2001:db8::1]/in?a[0]=1&b=2]", {"url": "http://[2001:db8::1]/in?a[0]=1&b=2"}),
        ("[3rdUrl=http://wx.example.com/?a=1&timestamp=2&nonce=3]",
         {"url": "http://wx.example.com/?a=1&timestamp=2&nonce=3"}),
        ("[3rdUrl=http://wx.example.com/?a=1&amp;timestamp=2]", {"url": "http://wx.example.com/?a=1&timestamp=2"}),
        ("[3rdUrl=http://www************** [IP=*************] [MsgType=20000]",
         {"url": "http://www**************", "ip": "*************", "msg_type": 20000}),
        ("[OpenID=oAA****[Stamp=1767240000]", {"openid": "oAA****", "stamp": 1767240000}),
        ("[Event=Click][ip=198.51.100.7", {"event": "Click", "ip": "198.51.100.7"}),
        ("[Event=Click] [IP=198.51.100.7]\n[http code=404]",
         {"event": "Click", "ip": "198.51.100.7", "http_code": 404}),
        ("[http code=404][Event=Click][Stamp=1767240000][OpenID=o1]",
         {"http_code": 404, "event": "Click", "stamp": 1767240000, "openid": "o1"}),
        ("[transaction_id=4200000000202601010000000001][resp]", {"transaction_id": "4200000000202601010000000001"}),
        ("[transaction_id=4200000000202601010000000001][resp=]",
         {"transaction_id": "4200000000202601010000000001", "response_content": ""}),
        ("[ip=198.51.100.7]此处有误[Event=Click]", {"ip": "198.51.100.7", "event": "Click"}),
    ],
)  # fmt: skip
def test_groups(text: str, want: dict[str, Any]) -> None:
    assert sample(text) == want


XML = "<xml>\n  <ToUserName><![CDATA[o1]]></ToUserName>\n  <Content><![CDATA[[x=y] 时间: 1]]></Content>\n</xml>"


@pytest.mark.parametrize(
    "body",
    [
        "success",
        '"success"',
        "",
        " ",
        "true",
        "a]b",
        "[]",
        "[1]\n[2]",
        "x]] ]",
        XML,
        f" {XML}",
        f'"{XML}"',
        XML.replace("\n", "\r\n"),
        XML.replace("\n", "\n\n"),
        XML.replace("<![CDATA[", "<![CDATA]>"),
        '{"a": [1, 2],\n"b": ["]"]\n}',
        "[\n1,\n2\n]",
        "\\u003Cxml\\u003E\\u003C/xml\\u003E",
        "<!DOCTYPE html>\n\n<html>\n<head><title>302 Found</title></head>\n<body>[a=b]\n</body>\n</html>",
        "时间: 明天\n内容: 没有\n次数: 很多",
        "a=1&b=2 &lt;not decoded when a raw < stands beside&gt;",
        "\ufeffsuccess",
        "\x00\x1b[31m\u202e",
        "错误: 系统错误 报错了",
    ],
)
@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("behind", ["", "[第三方平台:示例]", "[第三方平台]"])
def test_bodies_with_the_guide_line_behind(body: str, declared: bool, behind: str) -> None:
    length = f"[response_length={len(body.encode())}]" if declared else ""
    got = sample(f"[Event=Click][ip=198.51.100.7]{length}[response_content={body}]{behind}")
    assert got["response_content"] == body
    assert "response_truncated" not in got
    assert got.get("platform") == ({"": None, "[第三方平台]": ""}.get(behind, "示例"))


@pytest.mark.parametrize("body", ["success", '"success"', "", XML, XML.replace("\n", "\n\n"), "[1]", '{"a": ["]"]}'])
@pytest.mark.parametrize("behind", ["", "[第三方平台:示例]"])
@pytest.mark.parametrize("chat", ["", "\n小王: 怎么回事 [疑问]\n[捂脸]\n\n", f"\n\n{WHOLE}", "\n收到[OK]\n\n" + WHOLE])
def test_bodies_without_the_guide_line(body: str, behind: str, chat: str) -> None:
    text = f"{LINES[3]}\n{LINES[4]}\n错误样例: {HEAD}[ip=198.51.100.7][response_content={body}]{behind}{chat}"
    found = parse(text).alarms
    assert len(found) == 1 + (WHOLE in chat)
    assert found[0].sample.response_content == body
    assert found[0].sample.platform == ((behind and "示例") or None)
    if WHOLE in chat:
        assert found[1].appid == "wx0000000000000001"


def test_the_declared_length_tells_where_a_body_ends() -> None:
    body = "line [1]\nline [2]"
    text = f"{LINES[4]}\n错误样例: {HEAD}[response_length={len(body)}][response_content={body}]\n小王: 看 [图片]\n"
    assert one(text).sample.response_content == body


@pytest.mark.parametrize(
    "behind", ["\n报警排查指引，请见: http://url.cn/x", " 报警排查指引,请见: http://url.cn/x", "", "\n"]
)
@pytest.mark.parametrize("platform", ["", "[第三方平台:示例]"])
def test_cut_bodies(behind: str, platform: str) -> None:
    body = "<!DOCTYPE html>\n\n<html>\n <style>\n  .a {b: [c]}\n  te..."
    got = one(f"{LINES[4]}\n错误样例: {HEAD}[response_length=3365][response_content={body}{platform}{behind}")
    assert got.sample.response_content == body
    assert got.sample.response_truncated
    assert got.sample.platform == ("示例" if platform else None)
    assert got.guide_url == ((behind.strip() and "http://url.cn/x") or None)


def test_a_cut_body_does_not_swallow_the_next_alarm() -> None:
    text = f"{LINES[4]}\n错误样例: {HEAD}[response_content=<html>\n te...\n\n{WHOLE}\n"
    assert [alarm.count for alarm in parse(text).alarms] == [31, 31]
    assert parse(text).alarms[0].sample.response_content == "<html>\n te..."


def test_entities_in_a_body_are_the_pages_unless_the_length_says_otherwise() -> None:
    shown = "&lt;xml&gt;&lt;a&gt;1&lt;/a&gt;&lt;/xml&gt;"
    real = "<xml><a>1</a></xml>"
    for length, want in ((len(real), real), (len(shown), shown)):
        assert sample(f"[Event=Click][response_length={length}][response_content={shown}]")["response_content"] == want
    assert sample(f"[transaction_id=4200000000202601010000000001][resp={shown}]")["response_content"] == real


def test_entities_keep_the_places_of_the_given_text() -> None:
    text = f"看:&nbsp;{WHOLE}".replace("示例小店", "A&amp;B 店").replace(
        "wx.example.com/in", "wx.example.com/?a=1&amp;b=2"
    )
    alarm = one(text)
    place = alarm.fields["nickname"]
    assert alarm.nickname == "A&B 店"
    assert text.split("\n")[place.line - 1][place.column - 1 : place.end_column - 1] == "A&amp;B 店"
    place = alarm.fields["sample.url"]
    assert text.split("\n")[place.line - 1][place.column - 1 : place.end_column - 1].endswith("?a=1&amp;b=2")


# --- neighbours ---


@pytest.mark.parametrize("separator", ["\n", "\n\n", " ", "\r\n", "\n---\n", "\n\n小王 10:22\n", "\n> "])
@pytest.mark.parametrize("first", [WHOLE, WHOLE.replace("\n", " "), "\n".join(LINES[:-1]), "\n".join(LINES[:5])])
@pytest.mark.parametrize("second", [WHOLE, WHOLE.replace("\n", " "), "\n".join(LINES[2:]), "\n".join(LINES[3:6])])
def test_neighbours_never_run_into_one_another(first: str, second: str, separator: str) -> None:
    text = first + separator + second.replace("31次", "77次")
    found = parse(text).alarms
    assert [alarm.count for alarm in found] == [31, 77]
    assert list(found) == [one(first), one(second.replace("31次", "77次"))]


def test_bare_groups_twice_are_two_alarms() -> None:
    bare = f"{HEAD}[IP=198.51.100.7][http code=404]"
    for separator in ("", " ", "\n", "\n\n"):
        assert len(parse(bare + separator + bare).alarms) == 2


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (WHOLE, []),
        (WHOLE.replace("https://wx.example.com/in]", "https://wx****"), ["bracket-missing"]),
        (WHOLE.replace("31次", "NaN次"), ["bad-value"]),
        (WHOLE.replace("2026-01-01", "2024-13-45"), ["bad-value"]),
        (WHOLE.replace("[IP=", "[IP=192.0.2.9][IP="), ["key-repeated"]),
        (WHOLE.replace("[IP=", "[Foo=1][Foo=2][IP="), ["key-repeated"]),
        (WHOLE.replace("[IP=", "此处有误[IP="), ["stray-text"]),
        (WHOLE.replace("[http code=404]", "[response_content=<html> te..."), ["body-cut"]),
    ],
)
def test_problems(text: str, codes: list[str]) -> None:
    assert [problem.code.id for problem in parse(text).problems] == codes


@pytest.mark.parametrize("text", [WHOLE, WHOLE.replace("昵称", "暱稱"), WHOLE.replace("[http code=404]", "[Foo=1]")])
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda alarm: pickle.loads(pickle.dumps(alarm))])
def test_an_alarm_passes_from_process_to_process(text: str, again: Callable[[Alarm], Alarm]) -> None:
    alarm = one(f"早上好\n{text}\n")
    passed = again(alarm)
    assert passed == alarm
    assert (passed.location, dict(passed.fields)) == (alarm.location, dict(alarm.fields))


@pytest.mark.parametrize(
    "prefix", ["- ", "* ", "# ", "1. ", "+", "12  ", "> - ", "2026-01-01 12:00:07 [INFO] ", "│ 09:10:11 "]
)
def test_lines_of_a_list_or_a_log(prefix: str) -> None:
    text = "".join(f"{prefix}{line}\n" for line in LINES)
    assert one(text) == one(WHOLE)
    assert one(f"早上好\n{text}- 收到\n") == one(WHOLE)
    assert not parse(text).problems
    numbered = "\n".join(f"{number}. {line}" for number, line in enumerate(LINES, 7))
    assert one(numbered) == one(WHOLE)
    few = "".join(f"{prefix}{line}\n" for line in LINES[2:5])
    assert one(few) == one("\n".join(LINES[2:5]))


def test_other_lines_are_no_part_of_a_list() -> None:
    assert one(f"- {LINES[4]}\n* {LINES[5]}").count is None
    assert one("\n".join(("小王 " + LINES[3], "小李 " + LINES[4], LINES[5]))).description is None


@pytest.mark.parametrize("escape", [True, False])
@pytest.mark.parametrize(
    "text", [WHOLE, "\n".join(LINES[:5]), WHOLE.replace("[http code=404]", '[resp={"a": "\\n"}]'), WHOLE + "\n收到"]
)
def test_a_json_string(text: str, escape: bool) -> None:
    for value in ({"text": text, "at": 1}, [{"a": "b\n"}, text], text):
        assert parse(json.dumps(value, ensure_ascii=escape)).alarms == parse(text).alarms
    rows = "\n".join(json.dumps({"msg": text, "n": n}, ensure_ascii=escape) for n in range(3))
    assert parse(rows).alarms == parse(text).alarms * 3
    (at,) = {alarm.location and alarm.location.line for alarm in parse(rows).alarms[1:2]}
    assert at == 2
    assert one("INFO got " + LINES[2] + "\\n" + LINES[3] + "\\n" + LINES[4]) == one("\n".join(LINES[2:5]))


def test_a_body_that_quotes_an_escaped_label_stays_as_it_is() -> None:
    body = r'{"tip":"a\n时间: now"}'
    assert one(WHOLE.replace("[http code=404]", f"[response_content={body}]")).sample.response_content == body


def test_inline_tags_of_a_page() -> None:
    page = "<br>\n".join(LINES)
    for url in ("https://wx.example.com/in", "https://mmbizurl.cn/s/MpkaZb8yg"):
        page = page.replace(url, f'<a href="{url}" target="_blank">{url}</a>')
    for label in ("Appid:", "内容:", "次数:"):
        page = page.replace(label, f"<b>{label}</b>")
    assert one(page) == one(WHOLE)


def test_a_line_break_in_the_source_behind_a_tag_is_one_line_break() -> None:
    sample = "错误样例: [response_length=7][response_content=&lt;a&gt;<br>\n&lt;b&gt;]"
    assert one("<br>\n".join((*LINES[2:5], sample, LINES[6]))).sample.response_content == "<a>\n<b>"


@pytest.mark.parametrize("broken", ["得到\n的", "得到 \n  的", "事件\n后，", "得到\n> 的"])
def test_a_content_that_was_broken_into_two_lines(broken: str) -> None:
    text = WHOLE.replace(broken.replace(" ", "").replace("\n", "").replace(">", ""), broken)
    assert text != WHOLE
    assert one(text) == one(WHOLE)
    assert one("\n".join(text.split("\n")[3:6])).kind is AlarmKind.INVALID_RESPONSE


@pytest.mark.parametrize("between", ["\n\n", "; ", ", ", "、 "])
def test_groups_apart(between: str) -> None:
    whole = WHOLE.replace("[OuterIP=192.0.2.1]", "")
    groups = whole.split("\n")[5].removeprefix("错误样例: ").replace("][", f"]{between}[")
    for key in ("[Stamp", "[3rdUrl"):
        groups = groups.replace(between + key, key)
    text = whole.replace(whole.split("\n")[5], f"错误样例: {groups}")
    assert one(text) == one(whole)


@pytest.mark.parametrize(
    "behind",
    [
        "\n\n[IP=203.0.113.9][Event=Login] user 7 logged in",
        "\n\n[IP=203.0.113.9][MsgType=20002][Event=Subscribe]",
        "\n\n[Stamp=1767240000]\n",
        "\n\n[OuterIP=203.0.113.9]",
        ", [resp=ok] GET /a",
        "; [IP=1] x",
    ],
)
def test_what_stands_behind_a_sample_is_not_its_own(behind: str) -> None:
    text = "\n".join(LINES[2:5]) + f"\n错误样例: {HEAD}[Event=Click]"
    assert parse(text + behind).alarms[0] == one(text)


@pytest.mark.parametrize(
    "body",
    [
        "got [MsgType=text] x",
        "page [Stamp=1] 次数: 5分钟 3次\n",
        '{"msg":"' + LINES[3] + '"}',
        "错误样例: [OpenID=o] a",
        "a &amp; b",
    ],
)
def test_a_declared_length_tells_where_a_body_ends(body: str) -> None:
    for behind in ("", "[第三方平台:示例]", "\n[捂脸] 收到]"):
        group = f"[response_length={len(body.encode())}][response_content={body}]{behind}"
        text = WHOLE.replace("[http code=404]", group)
        assert one(text).sample.response_content == body
        assert not one(text).sample.response_truncated


def test_alarms_glued_behind_the_guide_line() -> None:
    assert parse(WHOLE + WHOLE).alarms == (one(WHOLE), one(WHOLE))


@pytest.mark.parametrize("label", ["Appid", "AppID", "appid", "APPID", "App ID", "App Id"])
def test_spellings_of_appid(label: str) -> None:
    assert one(WHOLE.replace("Appid", label)) == one(WHOLE)


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\t", "  "])
def test_odd_blanks_inside_values(blank: str) -> None:
    text = WHOLE.replace("01-01 12", f"01-01{blank}12").replace("5分钟 31次", f"5分钟{blank}31次")
    assert one(text) == one(WHOLE)


def test_two_accounts_in_one_log_stay_apart() -> None:
    lines = [
        f"wx000000000000000{n}| {line}" for n, line in ((1, LINES[0]), (1, LINES[1]), (2, LINES[3]), (2, LINES[4]))
    ]
    (found,) = parse("\n".join(lines)).alarms
    assert (found.appid, found.nickname, found.count) == (None, None, 31)
    lines = [f"[pid {n}] {line}" for n, line in ((11, LINES[3]), (22, LINES[4].replace("31", "99")), (11, LINES[5]))]
    assert not [alarm for alarm in parse("\n".join(lines)).alarms if alarm.description or alarm.count]
    lines = [f"192.0.2.{n} {line}" for n, line in ((1, LINES[3]), (2, LINES[4]))]
    assert not parse("\n".join(lines)).alarms


def test_a_bracketed_prefix_is_no_group() -> None:
    text = "".join(f"[2026-01-01 12:00:0{n}] [INFO] {line}\n" for n, line in enumerate(LINES))
    assert one(text) == one(WHOLE)
    assert one(text + "[2026-01-01 12:00:09] [INFO] [IP=1] done\n") == one(WHOLE)


def test_a_body_in_a_list_ends_with_its_line() -> None:
    text = WHOLE.replace("[http code=404]", "[response_content=fail]")
    assert one("".join(f"- {line}\n" for line in text.split("\n"))) == one(text)


def test_two_lines_of_chat_are_no_sample() -> None:
    assert not parse("错误样例: [x=y]\n[ip=10.0.0.1][host=web1][event=deploy] 部署完成").alarms


def test_strings_of_json_stay_apart() -> None:
    def rows(*texts: str) -> str:
        return "\n".join(json.dumps({"m": text}, ensure_ascii=False) for text in texts)

    (found,) = parse(rows("\n".join(LINES[:2]), "\n".join(LINES[2:5]))).alarms
    assert (found.appid, found.nickname, found.count) == (None, None, 31)
    found, *_ = parse(rows("\n".join((LINES[0], LINES[3])), "\n".join(LINES[4:]))).alarms
    assert (found.appid, found.count, found.sample.openid) == ("wx0000000000000001", None, None)
    cut = WHOLE.replace("[http code=404]", "[response_length=3000][response_content=<html>abc...").replace(LINES[6], "")
    found = one(rows(cut.strip(), "hello") + "\n[end]")
    assert (found.sample.response_content, found.sample.response_truncated) == ("<html>abc...", True)


@pytest.mark.parametrize(
    "body",
    [r'{"m":"x\n次数: 5分钟 3次"}', r"C:\www\n内容: 微信服务器向 a\new", json.dumps({"a": WHOLE}, ensure_ascii=False)],
)
def test_a_body_with_escapes_stays_as_it_is(body: str) -> None:
    group = f"[response_length={len(body.encode())}][response_content={body}]"
    found = one(WHOLE.replace("[http code=404]", group))
    assert (found.sample.response_content, found.guide_url) == (body, "https://mmbizurl.cn/s/MpkaZb8yg")


def test_source_code_is_no_alarm() -> None:
    assert not parse(f"text = '{LINES[3]}\\n次数: %d分钟 %d次'").alarms
    assert not parse(repr({"m": "\n".join(LINES[:4]), "n": "[5]"})).alarms
    # A message that a program printed is one: no source has a wording and numbers.
    assert [alarm.count for alarm in parse(repr({"m": "\n".join(LINES[:5]), "n": "[5]"})).alarms] == [31]


@pytest.mark.parametrize(
    "text",
    [
        "内容: 微信服务器向公众号推送消息的文档在这里\n昨天看了，说5秒内没有返回success",
        "内容: 微信服务器向公众号推送消息或事件后，\n我看服务器根本没有返回",
    ],
)
def test_chat_behind_an_unfinished_content_is_no_part_of_it(text: str) -> None:
    assert all(alarm.kind is AlarmKind.UNKNOWN for alarm in parse(text + "\n次数: 5分钟 31次").alarms)
    assert not [alarm for alarm in parse(text).alarms if alarm.kind is not AlarmKind.UNKNOWN]


@pytest.mark.parametrize("nickname", ["a<b>c", "1<a 2>1", "x<i>"])
def test_half_a_tag_in_a_nickname_is_the_nickname(nickname: str) -> None:
    assert one(WHOLE.replace("示例小店", nickname)).nickname == nickname


def test_long_json_strings_are_not_cut_inside_an_escape() -> None:
    text = json.dumps(("\n".join(LINES[2:5]) + "\n") * 3001)
    assert all(alarm == one("\n".join(LINES[2:5])) for alarm in parse(text).alarms)
    assert [alarm.count for alarm in parse(text).alarms] == [31] * 3001


def test_an_alarm_glued_to_the_guide_line_of_another_keeps_its_appid() -> None:
    first, second = parse(WHOLE + WHOLE.replace("0001", "0002")).alarms
    assert first.guide_url == "https://mmbizurl.cn/s/MpkaZb8yg"
    assert second.appid == "wx0000000000000002"


@pytest.mark.parametrize("platform", ["", "[第三方平台:示例]", "[第三方平台]"])
@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2028", "\u2029", "\v", "\f", "\x85", "\u200b", "\ufeff"])
def test_a_blank_of_any_kind_behind_a_body_is_not_a_part_of_it(blank: str, platform: str) -> None:
    for behind in (blank + platform, platform + blank):
        text = WHOLE.replace("[http code=404]", f"[response_content=success]{behind}")
        for form in (text, text.replace("\n", " ")):
            for shown in (form, form[: form.index("报警排查")].rstrip("\n")):
                assert one(shown).sample.response_content == "success"
                assert one(shown).sample.platform == (platform and platform[7:-1] if platform else None)


def test_a_body_that_quotes_the_words_of_the_guide_line_goes_on() -> None:
    text = WHOLE.replace("[http code=404]", '[resp={"msg": "报警排查指引，请见: 下文"}]')
    assert one(text).sample.response_content == '{"msg": "报警排查指引，请见: 下文"}'
    assert one(text).guide_url == "https://mmbizurl.cn/s/MpkaZb8yg"


def test_a_body_that_was_cut_ends_before_the_platform() -> None:
    alarm = one(f"{LINES[3]}\n{LINES[4]}\n错误样例: {HEAD}[response_content=<html>te...[第三方平台:示例] {LINES[3]}")
    assert (alarm.sample.response_content, alarm.sample.response_truncated) == ("<html>te...", True)
    assert alarm.sample.platform == "示例"


def test_what_stands_behind_a_value_far_too_long_is_read() -> None:
    text = WHOLE.replace("\n", " ").replace("错误样例: [OpenID=", "错误样例: ]OpenID=" + "x" * 400)
    assert one(text).guide_url == "https://mmbizurl.cn/s/MpkaZb8yg"
