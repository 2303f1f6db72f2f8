"""Text → alarms and problems. Sans-IO: strings in, records out.

scan finds alarms in any text; grammar (pyparsing) parses one alarm and is the authority; vocabulary holds the labels,
keys and wordings that both are made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from wxalarm.model import BEIJING, Alarm, AlarmKind, Code, Finding, Sample

MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parsed:
    """What `parse` found: alarms in the order of the text, and what was wrong with them."""

    alarms: tuple[Alarm, ...]
    problems: tuple[Finding, ...]


_KINDS = (
    ("component_verify_ticket", "没有返回", AlarmKind.TICKET_TIMEOUT),
    ("component_verify_ticket", "回应不合法", AlarmKind.TICKET_INVALID),
    ("支付完成事件", "没有返回", AlarmKind.PAY_NOTIFY_TIMEOUT),
    ("支付完成事件", "回应不合法", AlarmKind.PAY_NOTIFY_INVALID),
    ("", "解析DNS失败", AlarmKind.DNS_FAILURE),
    ("", "解析DNS超时", AlarmKind.DNS_TIMEOUT),
    ("", "无效域名", AlarmKind.DNS_INVALID_DOMAIN),
    ("", "发生超时", AlarmKind.CONNECT_TIMEOUT),
    ("", "没有返回", AlarmKind.REQUEST_TIMEOUT),
    ("", "回应不合法", AlarmKind.INVALID_RESPONSE),
    ("", "暂时不推送", AlarmKind.MARK_FAIL),
)


def parse(text: str, path: str | None = None) -> Parsed:
    """All alarms in a text of any kind."""
    labels = dict(re.findall(r"(?m)^(Appid|昵称|时间|内容|次数|错误样例): ?(.*)$", text))
    if "内容" not in labels:
        return Parsed((), ())
    groups = dict(re.findall(r"\[([^=\]]+)=([^\]]*)\]", labels.get("错误样例", "")))
    kind = next((k for a, b, k in _KINDS if a in labels["内容"] and b in labels["内容"]), AlarmKind.UNKNOWN)
    count = re.match(r"(\d+)\s*分钟\s*(\d+)\s*次", labels.get("次数", ""))
    sample = Sample(
        openid=groups.get("OpenID"),
        stamp=int(groups["Stamp"]) if groups.get("Stamp", "").isdigit() else None,
        url=groups.get("3rdUrl"),
        ip=groups.get("IP", groups.get("ip")),
        event=groups.get("Event"),
        msg=groups.get("Msg"),
        http_code=int(groups["http code"]) if groups.get("http code", "").isdigit() else None,
        curl_error=int(groups["cURL Error"]) if groups.get("cURL Error", "").isdigit() else None,
        response_content=groups.get("response_content", groups.get("resp")),
    )
    alarm = Alarm(
        kind=kind,
        appid=labels.get("Appid"),
        nickname=labels.get("昵称"),
        first_seen=datetime.fromisoformat(labels["时间"]).replace(tzinfo=BEIJING) if labels.get("时间") else None,
        description=labels["内容"],
        window_minutes=int(count[1]) if count else None,
        count=int(count[2]) if count else None,
        sample=sample,
    )
    return Parsed((alarm,), ())


PROBLEMS: tuple[Code, ...] = ()
"""Every problem that `parse` may report."""
