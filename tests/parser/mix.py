"""Made-up alarms in the mix of shapes that real ones have (docs: the layouts counted over posted alarms), seeded.

`alarms(n)` gives texts; `archive(n)` joins them with blank lines and chat, as a saved group chat looks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

GENERAL = "微信服务器向公众号推送消息或事件后{comma}得到的回应不合法"
TIMEOUT = "微信服务器向公众号推送消息或事件后{comma}开发者5秒内没有返回"
CONNECT = "微信服务器连接公众号开发者服务器时发生超时{comma}超时时间为5秒"
DNS = "微信服务器向公众号推送消息或事件时{comma}解析DNS时发现是无效域名"
TICKET_LATE = "微信服务器向公众号服务开发者推送component_verify_ticket时{comma}开发者5秒内没有返回"
TICKET_BAD = "微信服务器向公众号服务开发者推送component_verify_ticket时{comma}得到的回应不合法(应返回success)"
PAY_LATE = "推送“支付完成事件”给开发者后{comma}开发者5秒内没有返回"
PAY_BAD = "推送“支付完成事件”给开发者后{comma}得到的回应不合法"
GUIDES = ("http://url.cn/ab0jnP", "https://w.url.cn/s/A1dMqXI", *("https://mmbizurl.cn/s/MpkaZb8yg",) * 8)
CST = timezone(timedelta(hours=8))
XML = """\
<xml>
  <ToUserName><![CDATA[{openid}]]></ToUserName>
  <FromUserName><![CDATA[gh_000000000001]]></FromUserName>
  <CreateTime>{stamp}</CreateTime>
  <MsgType><![CDATA[text]]></MsgType>
  <Content><![CDATA[hi]]></Content>
</xml>"""
ENCRYPTED = "<xml>\n<Encrypt><![CDATA[{blob}]]></Encrypt>\n<TimeStamp>{stamp}</TimeStamp>\n</xml>"
PAGE = (
    "<!DOCTYPE html>\n\n<html>\n<head>\n<title>error</title>\n<style>\n p {{font-family:Verdana;color:black}}\n"
    + " .marker {{font-weight: bold; color: black;}}\n" * 14
    + " td {{te"
)
ERROR_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<p>The server returned &quot;502&quot;.</p>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>"
)
CHAT = (
    "小王 10:22\n大家看一下这个报警",
    "在处理了，时间: 大概半小时",
    "[捂脸] 又是模板消息",
    "https://example.com/doc?id=1 先看这个",
    "收到",
)


class Mix:
    """Draws alarms. The weights are how many of 65 posted alarms had the shape."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        shapes: list[tuple[int, Callable[[], tuple[str, str]]]] = [
            (11, lambda: (GENERAL, self.transport())),
            (7, lambda: (GENERAL, self.transport("[http code=404]"))),
            (7, lambda: (GENERAL, self.transport("[cURL Error=56]"))),
            (5, lambda: (GENERAL, self.head() + f"[Event=Subscribe][ip={self.ip()}]" + self.body(self.xml()))),
            (2, lambda: (GENERAL, self.transport("[decrypt fail]" + self.body(self.encrypted())))),
            (1, lambda: (GENERAL, self.head() + f"[Msg=Subscribe][Event=Subscribe][ip={self.ip()}]" + self.cut())),
            (6, lambda: (TIMEOUT, self.head() + f"[IP={self.ip()}][Event=Template Send Job Finish]")),
            (3, lambda: (CONNECT, self.head() + f"[IP={self.ip()}][Event=Scan QRCode]")),
            (1, lambda: (DNS, self.head() + "[Host=wx.example.com][Event=Click Menu Url]")),
            (2, lambda: (TICKET_LATE, "")),
            (6, lambda: (TICKET_BAD, "")),
            (2, lambda: (TICKET_BAD, f"[3rdUrl={self.url()}]" + self.body('"success"'))),
            (4, lambda: (PAY_LATE, f"[transaction_id={self.digits(28)}]")),
            (4, lambda: (PAY_BAD, f"[transaction_id={self.digits(28)}][resp=]")),
            (4, lambda: (PAY_BAD, f"[transaction_id={self.digits(28)}][resp={self.pay()}]")),
        ]
        self.weights, self.shapes = zip(*shapes, strict=True)

    def alarm(self) -> str:
        """One alarm as posted: whole or with lines missing, flattened, with blank lines, or clean."""
        (shape,) = self.random.choices(self.shapes, self.weights)
        content, sample = shape()
        comma = "，" if self.random.random() < 0.5 else ","
        window = self.random.choice((10, 30)) if "ticket" in content else 5
        lines = {
            "Appid": f"Appid: wx{self.hex(16)}",
            "昵称": f"昵称: {self.random.choice(('示例小店', '城市服务', 'Example', '', '*****'))}",
            "时间": f"时间: {datetime.fromtimestamp(self.stamp, CST):%Y-%m-%d %H:%M:%S}",
            "内容": "内容: " + content.format(comma=comma),
            "次数": f"次数: {window}分钟 {self.random.randint(2, 20000)}次",
            "样例": f"错误样例: {sample}" if sample else "",
            "指引": f"报警排查指引{comma}请见: {self.random.choice(GUIDES)}",
        }
        for name, share in (("Appid", 0.35), ("昵称", 0.41), ("时间", 0.2), ("指引", 0.38)):
            if self.random.random() < share and not (name == "指引" and sample.endswith("te...")):
                lines[name] = ""
        self.damage(lines)
        form = self.random.random()
        separator = " " if form < 27 / 65 else "\n\n" if form < 41 / 65 else "\n"
        text = separator.join(line for line in lines.values() if line)
        return text.replace("\n", " ") if separator == " " else text

    def damage(self, lines: dict[str, str]) -> None:
        """What posters do to one alarm in ten: cut it down to a fragment, retype it, mask a bracket away."""
        draw = self.random.random() * 65
        sample = lines["样例"].removeprefix("错误样例: ")
        if draw < 2 and len(sample) > 99:  # only the groups
            lines.update(dict.fromkeys(lines, ""), 样例=sample)
        elif draw < 3:  # the wording without its label
            lines.update(Appid="", 昵称="", 时间="", 内容=lines["内容"].removeprefix("内容: "))
        elif draw < 4 and sample:  # from 次数 on
            lines.update(Appid="", 昵称="", 时间="", 内容="")
        elif draw < 5:  # retyped
            lines["时间"] = lines["时间"][:-3].replace(": ", ":")
        elif draw < 6:  # a mask ate a bracket
            lines["样例"] = lines["样例"].replace("][Stamp=", "****[Stamp=")

    def clean(self, *, with_body: bool) -> str:
        """A whole alarm as WeChat prints it, a label a line: with a reply's body, as long as declared, or without."""
        if with_body:
            body = self.random.choice((self.xml(), ERROR_PAGE, '"success"', '{"code":0,"msg":"ok"}', self.encrypted()))
            sample = f"{self.head()}[Event=Subscribe][ip={self.ip()}]{self.body(body)}"
        else:
            sample = self.transport(self.random.choice(("", "[http code=404]", "[cURL Error=56]")))
        comma = self.random.choice("，,")
        return (
            f"Appid: wx{self.hex(16)}\n昵称: {self.random.choice(('示例小店', '城市服务', 'Example'))}\n"
            f"时间: {datetime.fromtimestamp(self.stamp, CST):%Y-%m-%d %H:%M:%S}\n内容: {GENERAL.format(comma=comma)}\n"
            f"次数: 5分钟 {self.random.randint(2, 20000)}次\n错误样例: {sample}\n"
            f"报警排查指引{comma}请见: {GUIDES[-1]}"
        )

    # --- parts ---

    @property
    def stamp(self) -> int:
        if self.random.random() < 0.5:
            self._stamp = self.random.randint(1_577_808_000, 1_761_000_000)
        return getattr(self, "_stamp", 1_600_000_000)

    def hex(self, size: int) -> str:
        return f"{self.random.getrandbits(4 * size):0{size}x}"

    def digits(self, size: int) -> str:
        return "42" + f"{self.random.randrange(10 ** (size - 2)):0{size - 2}d}"

    def openid(self) -> str:
        return "o" + "".join(self.random.choices("ABCDEFGHabcdefgh0123456789_-", k=27))

    def ip(self) -> str:
        return f"198.51.100.{self.random.randint(1, 254)}"

    def url(self) -> str:
        return f"https://wx{self.random.randint(1, 99)}.example.com/api/callback?id={self.random.randint(1, 9999)}"

    def head(self) -> str:
        outer = self.random.choice(("", "[OuterIP=]", f"[OuterIP={self.ip()}]", f"[OuterIP={self.ip()}]"))
        return f"[OpenID={self.openid()}][Stamp={self.stamp}]{outer}[3rdUrl={self.url()}]"

    def transport(self, end: str = "") -> str:
        event = self.random.choice(("[Event=Template Send Job Finish]", "[Event=Click Menu Url]", "[Msg=Text]"))
        platform = self.random.choice(("", "", "", "[第三方平台:示例服务商]", "[第三方平台]"))
        return f"{self.head()}[IP={self.ip()}][MsgType=20000]{event}{end}{platform}"

    def body(self, text: str) -> str:
        return f"[response_length={len(text.encode())}][response_content={text}]"

    def xml(self) -> str:
        return XML.format(openid=self.openid(), stamp=self.stamp)

    def encrypted(self) -> str:
        return ENCRYPTED.format(blob="".join(self.random.choices("ABCDabcd0123+/", k=400)) + "=", stamp=self.stamp)

    def cut(self) -> str:
        return f"[response_length=3365][response_content={PAGE.format()}..."

    def pay(self) -> str:
        return "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"


def alarms(count: int, seed: int = 1) -> Iterator[str]:
    """Alarms of the mix."""
    mix = Mix(seed)
    return (mix.alarm() for _ in range(count))


def archive(count: int, seed: int = 1, chat: float = 0.0) -> Iterator[str]:
    """Alarms with a blank line behind each, and chat between some of them (`chat`: the share)."""
    draw = random.Random(seed)
    for text in alarms(count, seed):
        yield text + "\n\n"
        if draw.random() < chat:
            yield draw.choice(CHAT) + "\n\n"
