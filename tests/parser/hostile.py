"""Hostile inputs of any size: each made to meet a pattern or a loop of the parser where it could lose its way."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

from tests.parser.mix import alarms


def repeated(text: str) -> Callable[[int], str]:
    """An input that is one text again and again."""
    return lambda size: (text * (size // len(text) + 1))[:size]


def junk(size: int) -> str:
    """Random bytes as text."""
    return random.Random(1).randbytes(size).decode("utf-8", "surrogateescape")


def encoded(size: int) -> str:
    """Alarms inside base64."""
    text = "\n".join(alarms(size // 400 + 1)).encode()
    return base64.b64encode(text).decode()[:size]


def one_line(size: int) -> str:
    """A line without an end, with a label far in."""
    return "Appid: wx 内容: 微信服务器向" + "x" * size


UNGUIDED = (
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 3次\n"
    "错误样例: [Event=Click][response_content=<a>]\n\n"
)
INPUTS: dict[str, Callable[[int], str]] = {
    "binary junk": junk,
    "nul bytes": repeated("\0"),
    "one line": one_line,
    "one line of blanks": lambda size: "昵称:" + " " * size + "x",
    "blank lines": lambda size: "次数: 5分钟 3次" + "\n" * size + "x",
    "open brackets": repeated("["),
    "close brackets": repeated("]"),
    "brackets": repeated("[]"),
    "alarms in base64": encoded,
    "labels, nested": repeated("时间: 内容: 次数: 错误样例: "),
    "labels without blanks": repeated("时间:内容:次数:错误样例:"),
    "Appid:": repeated("Appid:"),
    "Appid: ": repeated("Appid: "),
    "昵称:": repeated("昵称:"),
    "时间:": repeated("时间:"),
    "内容: 微信服务器向": repeated("内容: 微信服务器向"),
    "微信服务器向": repeated("微信服务器向"),
    "推送支付": repeated("推送支付"),
    "次数: 5分钟 3次": repeated("次数: 5分钟 3次 "),
    "次数 with digits": lambda size: "次数: 5分钟 " + "9" * size + "次",
    "guide lines": repeated("报警排查指引，请见: http://url.cn/x\n"),
    "guide labels": repeated("报警排查指引"),
    "错误样例:": repeated("错误样例:"),
    "[k=": repeated("[k="),
    "错误样例: [k=": lambda size: "错误样例: " + repeated("[k=")(size),
    "错误样例: [IP=": lambda size: "错误样例: " + repeated("[IP=")(size),
    "[IP=1]": repeated("[IP=1]"),
    "[OpenID=": repeated("[OpenID="),
    "[OpenID= and blanks": repeated("[OpenID=" + " " * 50),
    "[Stamp=1]": repeated("[Stamp=1]"),
    "bodies, open": repeated("错误样例: [resp=<xml>"),
    "bodies, open, on lines": repeated("错误样例: [resp=<xml>\n"),
    "bodies, open, glued": repeated("x错误样例: [resp=<xml>]\nx"),
    "bodies, open, bare": repeated("[MsgType=1][resp=<]\nx"),
    "bodies, lengths wrong": repeated("[transaction_id=4200000000202601010000000001][response_length=9][resp=<]\nx]\n"),
    "bodies of brackets": lambda size: "错误样例: [resp=" + "]\n" * (size // 2),
    "bodies of platforms": lambda size: "错误样例: [resp=" + repeated("][第三方平台:")(size),
    "bodies of guide beginnings": lambda size: "错误样例: [resp=" + repeated("报警排查")(size),
    "bodies, cut": repeated("次数: 5分钟 3次\n错误样例: [IP=1][response_content=<html>te...\n"),
    "platforms, open": repeated("[第三方平台:"),
    "values with brackets": lambda size: "错误样例: [IP=" + "a]" * (size // 2),
    "quotes": repeated("> > "),
    "entities": repeated("&lt;&nbsp;&amp;"),
    "open entities": repeated("&"),
    "tags": repeated("<br><p>"),
    "open tags": repeated("<p "),
    "zero-width": repeated("\u200b"),
    "zero-width in nicknames": repeated("昵称:\u200bx"),
    "lenticular brackets": repeated("【IP="),
    "unknown label lines": repeated("a: b\n"),
    "alarms": lambda size: "\n\n".join(alarms(size // 300 + 1))[:size],
    "alarms on one line": lambda size: " ".join(text.replace("\n", " ") for text in alarms(size // 250))[:size],
    # Whole ones: a last one that is cut has all of them read the slow way, which takes longer, and as long for each.
    "alarms without guide lines": lambda size: UNGUIDED * (size // len(UNGUIDED)),
    "alarms with masks": repeated("次数: 5分钟 3次\n错误样例: [OpenID=o***[Stamp=17***[IP=***\n"),
    "escaped labels": repeated("\\n时间: "),
    "escaped labels, quotes": repeated('\\"\\n次数: 5分钟 3次'),
    "json strings": repeated('{"a":"内容: 微信服务器向\\n次数: 5分钟 3次"}\n'),
    "json strings on one line": repeated('{"a":"内容: 微信服务器向\\n次数: 5分钟 3次"}'),
    "backslashes": repeated("\\\\n时间: "),
    "alarms in a list": repeated("- 时间: 2026-01-01 12:00:00\n- 次数: 5分钟 3次\n"),
    "broken lines": repeated("内容: 微信服务器向\n公众号\n"),
    "bold labels": repeated("**内容**：微信服务器向\n**次数**：5分钟 3次\n"),
    "table rows": repeated("| 次数 | 5分钟 3次 | "),
    "labels without values": repeated("**昵称**：\n"),
    "pairs": repeated('{"次数": "5分钟 3次", "内容": "微信服务器向"}, '),
    "open pairs": repeated('"次数": "5分钟 3次'),
    "escaped pairs": repeated('"\\u6b21\\u6570": "5\\u5206\\u949f 3\\u6b21", '),
    "cut groups": repeated("[IP=1\n2][Ev\nent="),
    "cut labels": repeated("错\n误\n样\n例: [IP=1]\n"),
    "cut counts": repeated("次数: 5分钟\n"),
    "misread keys": repeated("[0penlD=1][lP="),
    "spaced words": repeated("内 容: 微 信 服 务 器 向 "),
    "quoted-printable": repeated("[IP=3D=E5=86=85=\n"),
    "nested strings": repeated('{"a":"{\\"内容: 微信服务器向\\\\n次数: 5分钟 3次\\"}"}\n'),
    "marks": lambda size: "内容: 微信服务器向" + "*" * size,
    "groups apart": repeated("错误样例: [IP=1]\n\n[Event=a]; [Msg=b]\n\n"),
}
