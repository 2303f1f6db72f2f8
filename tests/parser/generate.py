"""Hypothesis strategies: alarms in every layout with what they say and where, noise between them, damage."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

from wxalarm.parser.words import EDGES

CHAT = (Path(__file__).parent / "chat.txt").read_text("utf-8").splitlines()
WORDINGS = {
    "微信服务器向公众号推送消息或事件后，得到的回应不合法": "invalid-response",
    "微信服务器向公众号推送消息或事件后,得到的回应不合法": "invalid-response",
    "微信服务器向服务号推送消息或事件后，开发者5秒内没有返回": "request-timeout",
    "微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒": "connect-timeout",
    "微信服务器向公众号推送消息或事件时，解析DNS时发现是无效域名": "dns-invalid-domain",
    "微信服务器向公众号服务开发者推送component_verify_ticket时，开发者5秒内没有返回": "ticket-timeout",
    "微信服务器向公众号服务开发者推送component_verify_ticket时,得到的回应不合法(应返回success)": "ticket-invalid",
    "推送“支付完成事件”给开发者后，得到的回应不合法": "pay-notify-invalid",
    "推送“支付完成事件”给开发者后,开发者5秒内没有返回": "pay-notify-timeout",
    "微信服务器向订阅号推送消息或事件发生多次失败后，暂时不推送消息，一分钟后解除屏蔽": "mark-fail",
}


@dataclass
class Made:
    """A text with what stands where: dotted field name → offsets."""

    text: str = ""
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    kind: str = "unknown"

    def add(self, text: str, name: str | None = None) -> None:
        if name is not None:
            self.spans[name] = (len(self.text), len(self.text) + len(text))
        self.text += text

    def values(self) -> dict[str, str]:
        return {name: self.text[start:end] for name, (start, end) in self.spans.items()}


def _trimmed(text: str) -> bool:
    return text == text.strip(EDGES)


PLAIN = st.text(
    st.characters(exclude_characters="\n\r[]［］【】&<:：=＝\u200b\u2060\u00ad\ufeff", codec="utf-8"), max_size=20
)
VALUE = PLAIN.filter(_trimmed)
BODY = st.text(st.sampled_from("ab]\n[]<>\"'= 错中\t{}/x时:"), max_size=60)
OPENID = st.text("abcXYZ019_-", min_size=28, max_size=28)
NUMBER = st.integers(0, 10**18 - 1).map(str)
URL = VALUE.map(lambda text: "https://wx.example.com/" + text.replace(" ", "")).filter(_trimmed)
GROUPS = {
    "OpenID": ("openid", OPENID),
    "Stamp": ("stamp", NUMBER),
    "OuterIP": ("outer_ip", st.sampled_from(["", "192.0.2.1", "*.*.*.*"])),
    "3rdUrl": ("url", URL),
    "Host": ("host", VALUE),
    "IP": ("ip", st.sampled_from(["198.51.100.7", "***", ""])),
    "MsgType": ("msg_type", NUMBER),
    "Msg": ("msg", st.sampled_from(["Subscribe", "Text"])),
    "Event": ("event", st.sampled_from(["Click", "Template Send Job Finish", "Scan QRCode"])),
    "http code": ("http_code", NUMBER),
    "cURL Error": ("curl_error", NUMBER),
    "transaction_id": ("transaction_id", st.text("0123456789", min_size=28, max_size=28)),
    "Foo bar": ("extra.Foo bar", VALUE),
}


@st.composite
def made(draw: st.DrawFn, *, whole: bool = False) -> Made:
    """An alarm: any subset of the lines that tells what it is, in any layout; `whole`: with all seven lines."""
    out = Made()
    separator = draw(st.sampled_from(["\n", "\n", "\n\n", "\r\n", " ", "\n> "]))
    colon = draw(st.sampled_from([": ", ": ", ":", "：", ": \u00a0"]))
    absent = set() if whole else draw(st.sets(st.sampled_from(["appid", "nickname", "first_seen", "guide_url"])))
    for name, label, value in (
        ("appid", "Appid", draw(st.sampled_from(["wx0123456789abcdef", "wx****cdef", "", "xxxx"]))),
        ("nickname", "昵称", draw(VALUE)),
        (
            "first_seen",
            "时间",
            draw(st.sampled_from(["2026-01-01 12:00:00", "2019-12-31 23:59:59", "2026-01-01 12:00"])),
        ),
    ):
        if name not in absent:
            out.add(f"{label}{colon}")
            out.add(value, name)
            out.add(separator)
    wording = draw(st.sampled_from(sorted(WORDINGS)))
    out.kind = WORDINGS[wording]
    out.add(f"内容{colon}")
    out.add(wording, "description")
    out.add(f"{separator}次数{colon}")
    out.add(draw(st.integers(1, 99).map(str)), "window_minutes")
    out.add("分钟" + draw(st.sampled_from([" ", ""])))
    out.add(draw(st.integers(0, 10**12).map(str)), "count")
    out.add(draw(st.sampled_from(["次", " 次"])))
    if whole or draw(st.booleans()):
        out.add(f"{separator}错误样例{colon}")
        draw(sample(out, guide="guide_url" not in absent))
    if "guide_url" not in absent:
        out.add(separator + draw(st.sampled_from(["报警排查指引，请见", "报警排查指引,请见"])) + colon)
        out.add("https://mmbizurl.cn/s/x", "guide_url")
    return out


@st.composite
def sample(draw: st.DrawFn, out: Made, guide: bool) -> None:
    """Groups in the order in which WeChat prints them, or in any other."""
    keys = draw(st.lists(st.sampled_from(sorted(GROUPS)), unique=True, min_size=1, max_size=9))
    if draw(st.booleans()):
        keys = [key for key in GROUPS if key in keys]
    between = draw(st.sampled_from(["", "", "", " "]))
    for number, key in enumerate(keys):
        name, values = GROUPS[key]
        out.add(f"{between if number else ''}[{key}=")
        out.add(draw(values), f"sample.{name}")
        out.add("]")
    if draw(st.booleans()) and guide:
        body = draw(BODY.filter(lambda text: "时:" not in text))
        if draw(st.booleans()):
            out.add("[response_length=")
            out.add(str(len(body.encode())), "sample.response_length")
            out.add("]")
        out.add(draw(st.sampled_from(["[response_content=", "[resp="])))
        out.add(body, "sample.response_content")
        out.add("]")
    if draw(st.booleans()):
        out.add("[第三方平台:")
        out.add(draw(VALUE), "sample.platform")
        out.add("]")


NOISE = st.lists(st.sampled_from(CHAT), max_size=4).map("\n".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """An alarm with some of its characters deleted, doubled, moved or replaced by hostile ones."""
    text = draw(made()).text
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 12)))
        new = draw(
            st.sampled_from(
                ["", "]", "[", "\n", " ", ":", "=", "*", "\x00", "\u200b", "&lt;", "[resp=", "时间: ", "内容: "]
            )
        )
        text = text[:at] + new + text[draw(st.sampled_from([at, end])) :]
    return text


def listed(text: str) -> str:
    """The text as a list or a log shows it."""
    return "".join(f"- {line}\n" for line in text.split("\n"))


def exported(texts: list[str]) -> str:
    """Texts as lines of JSON."""
    return "\n".join(json.dumps({"a": text}, ensure_ascii=False) for text in texts)


PASTED = st.one_of(mutated(), st.sampled_from(CHAT), made().map(lambda each: each.text))
ANY = st.one_of(
    mutated(),
    st.text(max_size=200),
    PASTED.map(listed),
    st.lists(PASTED, max_size=3).map(
        lambda texts: "\n".join(json.dumps({"a": text}, ensure_ascii=False) for text in texts)
    ),
    st.lists(PASTED, max_size=4).flatmap(
        lambda parts: st.sampled_from(["\n", "\n\n", " ", ""]).map(lambda separator: separator.join(parts))
    ),
)
