"""A made-up night: many alarms of a few causes, as they stand in a chat's export, and what is to come out of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wxalarm.model import BEIJING

CAUSES = 12
GUIDE = "报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg"
PUSH = "微信服务器向公众号推送消息或事件后，"
TIMEOUT = PUSH + "开发者5秒内没有返回"
INVALID = PUSH + "得到的回应不合法"
CONNECT = "微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒"
DNS = "微信服务器向公众号推送消息或事件，解析DNS失败"
BLOCK = PUSH.removesuffix("后，") + "发生多次失败后，暂时不推送消息，一分钟后解除屏蔽"
PAY = "推送“支付完成事件”给开发者后，得到的回应不合法"
EVENTS = ("Template Send Job Finish", "Click Menu Url", "Subscribe", "Scan QRCode", "Location Report")
BEGIN = datetime(2026, 1, 10, 20, 0, tzinfo=BEIJING)
REPLY = (
    "<xml><ToUserName><![CDATA[oAAAA{id:024x}]]></ToUserName><FromUserName><![CDATA[gh_{id:012x}]]></FromUserName>"
    "<CreateTime>{time}000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[第{id}位]]></Content></xml>"
)


@dataclass
class Night:
    """Its text, and how many alarms and failures each cause has by (place, what tells it apart)."""

    text: str = ""
    alarms: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()


def host(cause: int, port: int | None = None) -> str:
    return f"h{cause:02}.example.com" + (f":{port}" if port else "")


def night(
    alarms: int = 100_000,
    *,
    accounts: int = 40_000,
    seed: int = 1,
    order: int = 0,
    ports: list[int] | None = None,
    network: str = "192.0.2.",
) -> Night:
    """The same alarms for a seed, in another order for each `order`. ports: of the hosts. network: of the addresses
    that WeChat connected to; "" when it does not say."""
    made, pieces = Night(), []
    draw = random.Random(seed)
    for number in range(alarms):
        cause = min(int(draw.paretovariate(0.9)) - 1, CAUSES - 1) if number >= CAUSES else number
        account = draw.randrange(accounts // CAUSES) * CAUSES + cause
        at = BEGIN + timedelta(seconds=number * 36_000 // alarms)
        count = draw.randrange(1, 900)
        place = host(cause, ports[cause] if ports else None) if cause != 11 else "wx000000000000aaaa"
        ip = f"{network}{cause}" if network else ""
        text = _alarm(cause, place, ip, account, at, count, draw.getrandbits(64), number)
        made.alarms[place] = made.alarms.get(place, 0) + 1
        made.failures[place] = made.failures.get(place, 0) + count
        pieces.append(text)
        if draw.random() < 0.05:
            pieces.append(text)  # somebody quoted it
        if draw.random() < 0.2:
            pieces.append(f"运维小李 {at:%H:%M:%S}\n收到，在看 {draw.randrange(1000)}")
    made.blocked = tuple(f"wx{0xB10C << 8 | number:016x}" for number in range(3))
    for number, appid in enumerate(made.blocked):
        for cycle in range(3):
            at = BEGIN + timedelta(hours=1 + number, minutes=2 * cycle)
            pieces.append(
                _timeout(
                    appid, at - timedelta(seconds=50), host(1, ports[1] if ports else None), network and f"{network}1"
                )
            )
            made.alarms[place := host(1, ports[1] if ports else None)] += 1
            made.failures[place] += 600
            pieces.append(_text(appid, at, BLOCK, 300, ""))
    random.Random(order).shuffle(pieces)
    made.text = "\n\n".join(pieces) + "\n"
    return made


def _timeout(appid: str, at: datetime, place: str, ip: str) -> str:
    second = int(at.timestamp())
    groups = f"[OpenID=oBBBB{second:023x}][Stamp={second}][OuterIP=203.0.113.{second % 250}]"
    url = f"http://{place}/wx/{appid}/callback"
    return _text(appid, at, TIMEOUT, 600, f"{groups}[3rdUrl={url}][IP={ip}][Event=Subscribe]")


def _text(appid: str, at: datetime, said: str, count: int, groups: str) -> str:
    sample = f"错误样例: {groups}\n" if groups else ""
    return (
        f"Appid: {appid}\n昵称: 示例账号{appid[-5:]}\n时间: {at:%Y-%m-%d %H:%M:%S}\n内容: {said}\n"
        f"次数: 5分钟 {count}次\n{sample}{GUIDE}"
    )


def _alarm(cause: int, place: str, ip: str, account: int, at: datetime, count: int, bits: int, number: int) -> str:
    appid = f"wx{account:016x}"
    url = f"http://{place}/wx/{appid}/callback"
    outer = f"203.0.113.{bits % 250}"
    head = f"[OpenID=oAAAA{bits:023x}][Stamp={1768046400 + number}][OuterIP={outer}][3rdUrl={url}]"
    event = EVENTS[bits % len(EVENTS)]
    plain = f"{head}[IP={ip}][MsgType=20000][Event={event}]"
    body = f"{head}[Event={event}][ip={ip}]"
    match cause:
        case 0:
            return _text(appid, at, CONNECT, count, f"{head}[IP={ip}][Event={event}]")
        case 1:
            return _text(appid, at, TIMEOUT, count, f"{head}[IP={ip}][Event={event}]")
        case 2 | 3:
            return _text(appid, at, INVALID, count, f"{plain}[http code={502 if cause == 2 else 404}]")
        case 4 | 5:
            return _text(appid, at, INVALID, count, f"{plain}[cURL Error={7 if cause == 4 else 56}]")
        case 6:
            shown = '"success"'
        case 7:
            shown = f"<html><head><title>500</title></head><body>request {bits:032x} at {at} failed</body></html>"
        case 8:
            shown = REPLY.format(id=bits, time=1768046400 + number)
        case 9:
            return _text(appid, at, DNS, count, f"{head}[Host={place.partition(':')[0]}]")
        case 10:
            shown = f'{{"code":500,"requestId":"{bits:x}-{number}"}}'
        case _:
            shown = f"<html><body>Bad gateway, ray id {bits:016x}</body></html>"
            sample = f"[transaction_id={42 * 10**26 + number}][resp={shown}]"
            return _text(place, at, PAY, count, sample)
    return _text(appid, at, INVALID, count, f"{body}[response_length={len(shown.encode())}][response_content={shown}]")
