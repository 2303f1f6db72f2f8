"""Made-up alarms for the scenarios: the texts that WeChat posts, about a callback of the laboratory."""

from __future__ import annotations

from datetime import datetime, timedelta

from wxalarm.config import Settings
from wxalarm.lab import tcp
from wxalarm.lab.scenario import Staged
from wxalarm.model import BEIJING

HOST = "lab.example.com"
"""A name that no nginx on this machine serves: then nothing of this machine is blamed."""
CONNECT_TIMEOUT = "微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒"
REQUEST_TIMEOUT = "微信服务器向公众号推送消息或事件后，开发者5秒内没有返回"
IMPATIENT = Settings(timeout=1.5)
"""For silence: nobody learns more from 5 s of it than from one."""
TICKET_INVALID = "微信服务器向公众号服务开发者推送component_verify_ticket时，得到的回应不合法（应返回success）"
INVALID_RESPONSE = "微信服务器向公众号推送消息或事件后，得到的回应不合法"


def staged(
    description: str,
    port: int,
    *,
    scheme: str = "http",
    path: str = "/wechat/callback",
    what: str = "[MsgType=1][Msg=Text]",
    reason: str = "",
    ip: str = "",
    addresses: tuple[str, ...] = (tcp.LOOPBACK,),
    count: int = 37,
    settings: Settings | None = None,
) -> Staged:
    """A stage whose alarm names HOST and a port of the laboratory, which --resolve leads to loopback.

    what: the groups that say what was pushed. reason: what WeChat printed of the failure, such as "[cURL Error=7]".
    ip: the address that it connected to.
    """
    seen = (datetime.now(BEIJING) - timedelta(minutes=6)).replace(microsecond=0)
    url = f"{scheme}://{HOST}:{port}{path}"
    text = f"""\
Appid: wx0000000000000001
昵称: 示例公众号
时间: {seen:%Y-%m-%d %H:%M:%S}
内容: {description}
次数: 5分钟 {count}次
错误样例: [OpenID=oAAAAAAAAAAAAAAAAAAAAAAAAAA1][Stamp={seen.timestamp():.0f}][OuterIP=][3rdUrl={url}]\
[IP={ip}]{what}{reason}
报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg
"""
    return Staged(text, settings or Settings(), resolve={f"{HOST}:{port}": addresses})
