"""Lessons about the host name: a little Internet of a root, two name servers, two resolvers, and what goes wrong in it.

Names lead to documentation addresses, so only the DNS checks run.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from wxalarm.config import Dns, Registration, Settings
from wxalarm.lab.dns import Fault, Running, serve
from wxalarm.lab.registry import serve_rdap
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.model import BEIJING

DNS_CHECKS = (
    "sample",
    "callback-url",
    "domain-registration",
    "dns-system",
    "dns-delegation",
    "dns-resolve",
    "self-check",
    "moved-address",
)
HOST = "wx.example.com"
# macOS has one IPv4 loopback address only; name servers share a port, so each needs an address of its own.
FIRST, SECOND = ("127.0.0.1", "::1") if sys.platform == "darwin" else ("127.0.1.1", "127.0.1.2")
_SERVERS = f"""
example.com. 300 IN NS ns1.example.com.
example.com. 300 IN NS ns2.example.com.
ns1.example.com. 300 IN A {FIRST}
ns2.example.com. 300 IN {"AAAA" if ":" in SECOND else "A"} {SECOND}
"""
_ROOT = f"""
. 300 IN SOA ns.root.example. hostmaster.root.example. 1 3600 600 86400 300
{_SERVERS}"""
_ZONE = f"""
example.com. 300 IN SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 300
{_SERVERS}
www.example.com. 300 IN A 203.0.113.10
"""
HELD = {
    "objectClassName": "domain",
    "ldhName": "example.com",
    "status": ["client hold", "client transfer prohibited"],
    "events": [{"eventAction": "expiration", "eventDate": "2036-01-01T00:00:00Z"}],
    "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", "示例注册商"]]]}],
}
GOOD = _ZONE + f"{HOST}. 300 IN A 203.0.113.10\n"
_OLD = _ZONE + f"{HOST}. 300 IN A 203.0.113.9\n"
CONTROL = "api.weixin.qq.com"
"""The name that tells whether a resolver works: the default of dns.control."""


SEEN, STAMP = "{seen}", "{stamp}"
"""Stand for the moment of the alarm until the stage is set: one of today, for what fails now is of today."""


def _alarm(kind: str, url: str, sample: str = "") -> str:
    return f"""Appid: wx0000000000000001
昵称: 示例商城
时间: {SEEN}
内容: {kind}
次数: 5分钟 214次
错误样例: [OpenID=oAAAA0000000000000000000000][Stamp={STAMP}][3rdUrl={url}]{sample}[MsgType=Text]
"""


_FAILURE = _alarm("微信服务器向公众号推送消息或事件时，解析DNS失败", f"http://{HOST}/wechat")
_INVALID = "微信服务器向公众号推送消息或事件时，解析DNS发现为无效域名"
_CONNECT = "微信服务器向公众号推送消息或事件时，与开发者服务器连接发生超时"


def _at(ip: str) -> str:
    """An alarm of a connection to this address."""
    return _alarm(_CONNECT, f"http://{HOST}/wechat", f"[IP={ip}][Event=CLICK]")


@asynccontextmanager
async def _stage(
    text: str = _FAILURE,
    *,
    zone: str = GOOD,
    second: str | None = None,
    system: str | None = None,
    public: str | None = None,
    second_fault: Fault | None = None,
    faults: Mapping[str, Fault] | None = None,
    public_faults: Mapping[str, Fault] | None = None,
    slow: float = 0.0,
    everywhere: Fault | None = None,
    held: Mapping[str, Any] | None = None,
    timeout: float = 20.0,
) -> AsyncIterator[Staged]:
    """Starts the little Internet.

    zone: what both name servers hold (second: what the second one holds); system, public: what this machine's resolver
    and the compared one know, the same when not given. faults: of both resolvers; public_faults: of the compared one.
    held: what the registry says.
    """
    every = {"*": everywhere} if everywhere else {}
    async with AsyncExitStack() as stack:

        async def name_server(records: str, address: str, port: int, wrong: Mapping[str, Fault]) -> Running:
            server = serve(records, recursive=False, address=address, port=port, faults=wrong)
            return await stack.enter_async_context(server)

        async def resolver(records: str, wrong: Mapping[str, Fault] | None = None) -> Running:
            known = f"{records}{CONTROL}. 300 IN A 198.51.100.80\n"
            wrongs = {**every, **(faults or {}), **(wrong or {})}
            return await stack.enter_async_context(serve(known, faults=wrongs, delays={"*": slow}))

        root = await name_server(_ROOT, "127.0.0.1", 0, every)
        first = await name_server(zone, FIRST, 0, every)
        await name_server(second or zone, SECOND, first.port, {"*": second_fault} if second_fault else every)
        here = await resolver(zone if system is None else system)
        compared = await resolver(zone if public is None else public, public_faults)
        dns = Dns((compared.label,), (here.label,), (root.label,), first.port)
        registry = Registration(cache="")
        if held:
            registry = Registration(await stack.enter_async_context(serve_rdap(held)), cache="")
        moment = (datetime.now(BEIJING) - timedelta(minutes=6)).replace(microsecond=0)
        fresh = text.replace(SEEN, f"{moment:%Y-%m-%d %H:%M:%S}").replace(STAMP, f"{moment.timestamp():.0f}")
        yield Staged(fresh, Settings(dns=dns, registration=registry, timeout=timeout))


def _scenario(name: str, code: str, *args: str, **stage: object) -> Scenario:
    return Scenario(name, code, partial(_stage, *args, **stage), DNS_CHECKS)  # type: ignore[arg-type]  # as _stage takes them


SCENARIOS: tuple[Scenario, ...] = (
    _scenario("dns-nxdomain", "dns-nxdomain", zone=_ZONE),
    _scenario("domain-on-hold", "domain-on-hold", zone=_ZONE, held=HELD),
    _scenario("dns-nodata", "dns-nodata", zone=f'{_ZONE}{HOST}. 300 IN TXT "moving"\n'),
    _scenario("dns-servfail", "dns-servfail", faults={HOST: Fault.SERVFAIL}),
    _scenario("dns-silent", "dns-timeout", faults={HOST: Fault.SILENT}, timeout=2.0),
    _scenario("dns-lame", "dns-delegation-broken", second_fault=Fault.REFUSED),
    _scenario("dns-view-differs", "dns-view-differs", public=_ZONE),
    _scenario("dns-secondary-stale", "dns-view-differs", second=_ZONE),
    _scenario("dns-garbage", "dns-malformed", faults={HOST: Fault.GARBAGE}),
    _scenario("dns-slow", "dns-slow", slow=2.2),
    _scenario("dns-private", "private-address", zone=f"{_ZONE}{HOST}. 300 IN A 10.0.0.5\n"),
    _scenario("dns-resolver-fails", "dns-refused", public_faults={HOST: Fault.REFUSED}),
    _scenario("dns-ipv6-only", "dns-no-ipv4", zone=f"{_ZONE}{HOST}. 300 IN AAAA 2001:db8::10\n"),
    _scenario("dns-moved", "dns-ip-moved", _at("198.51.100.200")),
    _scenario("dns-moved-neighbour", "dns-ip-moved", _at("203.0.113.9")),
    _scenario("dns-resolver-stale", "dns-ip-moved", _at("203.0.113.9"), public=_OLD),
    _scenario("dns-name-invalid", "dns-name-invalid", _alarm(_INVALID, "http://wx_callback..example.com/wechat")),
    _scenario("offline", "offline", everywhere=Fault.SILENT, timeout=2.0),
)
