"""Worlds made at random: a fault with its alarm, and two others that cannot have made this alarm.

The seed is WORLDS_SEED, the number of worlds WORLDS; the test of them is tests/lab/test_worlds.py -k random.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.lab.faults import (
    BURIED,
    GAVE_UP,
    HTML,
    LIKELY,
    LIMITED,
    POSSIBLE,
    REFUSED,
    SLOW,
    TIMED_OUT,
    UNUSED_LIMIT,
    body,
)
from tests.lab.stage import (
    APPID,
    OPENID,
    PLATFORM_APPID,
    Err,
    Hit,
    Names,
    Said,
    Serve,
    World,
    alarm,
    drops,
    mute,
    nginx,
    others,
    page,
    registered,
)
from wxalarm.lab import http
from wxalarm.lab.api import Api
from wxalarm.lab.dns import Fault

PLAIN = (
    f"<xml><ToUserName><![CDATA[{OPENID}]]></ToUserName><FromUserName><![CDATA[gh_000000000001]]></FromUserName>"
    "<CreateTime>@STAMP</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hi]]></Content></xml>"
)
PAID = "[resp=<xml><return_code><![CDATA[FAIL]]></return_code></xml>]"


def _one(name: str, told: Any, at: Mapping[str, Serve], root: Any, **more: Any) -> World:
    return World(name, f"The alarm is that of {name}.", told, at, root=root, **more)


SINGLE: tuple[World, ...] = (
    _one("a slow answer", alarm("request"), {"A": SLOW}, "http-timeout", most=LIKELY),
    _one("a slow answer over TLS", alarm("request", scheme="https"), {"A": SLOW}, "http-timeout", most=LIKELY),
    _one("dropped packets", alarm("connect"), {"A": drops()}, "tcp-timeout", most=LIKELY, timeout=4.0),
    _one("a closed port", alarm("invalid", tail="[cURL Error=7]"), {}, "tcp-refused", most=LIKELY),
    _one(
        "an expired certificate",
        alarm("invalid", tail="[cURL Error=60]", scheme="https"),
        {"A": page(cert="expired")},
        "tls-expired",
        most=LIKELY,
    ),
    _one(
        "a missing intermediate",
        alarm("invalid", tail="[cURL Error=60]", scheme="https"),
        {"A": page(cert="alone")},
        "tls-chain-incomplete",
        most=LIKELY,
    ),
    _one("a mute TLS", alarm("connect", scheme="https"), {"A": mute()}, "tls-timeout", most=LIKELY, timeout=4.0),
    _one(
        "a move far away",
        alarm("connect"),
        {"A": drops(), "C": page()},
        "dns-ip-moved",
        names=Names(("@C",)),
        most=LIKELY,
        timeout=4.0,
    ),
    _one(
        "a move next door",
        alarm("connect"),
        {"A": drops(), "B": page()},
        "dns-ip-moved",
        names=Names(("@B",)),
        most=LIKELY,
        timeout=4.0,
    ),
    _one("a missing name", alarm("dns", ip=None), {}, "dns-nxdomain", names=Names(()), most=LIKELY),
    _one(
        "a resolver that refuses the name",
        alarm("dns"),
        {"A": page()},
        "dns-refused",
        names=Names(faults={"guide": {"wx.example.com": Fault.REFUSED}}),
        most=LIKELY,
    ),
    _one(
        "an application that is not there",
        alarm("invalid", tail="[http code=502]"),
        {"A": page()},
        "errlog-refused",
        conf=nginx(),
        access=(*others(8), Hit(502, 0.0, 157)),
        error=(Err(REFUSED, upstream="127.0.0.1:8001"),),
    ),
    _one(
        "a limit",
        alarm("invalid", tail="[http code=503]"),
        {"A": page()},
        "nginx-rate-limit",
        conf=LIMITED,
        access=(*others(8), Hit(503, 0.0, 197, None)),
        error=(Err('limiting requests, excess: 0.600 by zone "wx"'),),
    ),
    _one(
        "a return in nginx.conf",
        alarm("invalid", tail="[http code=404]"),
        {"A": page(http.respond(404))},
        "nginx-return",
        conf=nginx("return 404;"),
    ),
    _one(
        "a push that waited",
        alarm("request"),
        {"A": page()},
        ("log-client-gave-up", "log-upstream-slow"),
        conf=nginx(),
        access=(*others(8), GAVE_UP),
    ),
    _one(
        "an exception",
        alarm("invalid", tail="[http code=500]"),
        {"A": page(http.respond(500))},
        "app-log-error",
        conf=nginx(),
        access=(*others(8), Hit(500, 0.3, 5)),
        app=(Said(f"ERROR @OPENID {BURIED}", 0),),
    ),
    _one(
        "nginx's page",
        alarm("invalid", tail=body(HTML.format("502 Bad Gateway"))),
        {"A": page()},
        "errlog-refused",
        conf=nginx(),
        access=(*others(8), Hit(502, 0.0, 157)),
        error=(Err(REFUSED, upstream="127.0.0.1:8001"),),
    ),
    _one("success in quotes", alarm("invalid", tail=body('"success"')), {"A": page()}, "reply-quoted"),
    _one(
        "a redirect",
        alarm("invalid", tail="[http code=301]"),
        {"A": page(http.redirect("https://wx.example.com/wechat"))},
        "nginx-redirect",
        conf=nginx(server="return 301 https://$host$request_uri;"),
    ),
    _one("a block for slow answers", alarm("markfail"), {"A": SLOW}, "http-timeout", most=LIKELY),
    _one(
        "a connection closed without a byte",
        alarm("invalid", tail="[cURL Error=52]"),
        {"A": page(http.empty())},
        "http-empty",
        most=LIKELY,
    ),
    _one(
        "a slow ticket",
        alarm("ticket-timeout", appid=PLATFORM_APPID, window=30, count=9),
        {"A": SLOW},
        "http-timeout",
        most=LIKELY,
    ),
    _one("nothing", alarm("request"), {"A": page()}, None),
    _one("nothing in the name", alarm("dns"), {"A": page()}, None),
    _one("a payment's FAIL", alarm("pay-invalid", tail=PAID), {"A": page()}, "reply-pay-fail"),
    _one(
        "an answer that is not encrypted",
        alarm("invalid", tail="[decrypt fail]" + body(PLAIN)),
        {"A": page()},
        "reply-not-encrypted",
    ),
    _one("a slow answer of today", alarm("request", days=90), {"A": SLOW}, "http-timeout", most=POSSIBLE),
    _one(
        "a push that waited for redis",
        alarm("request"),
        {"A": page()},
        "app-log-error",
        conf=nginx(),
        access=(*others(8), GAVE_UP),
        app=(Said("ERROR @OPENID redis.exceptions.TimeoutError: Timeout reading from socket", 5),),
    ),
)
"""Faults, each with its alarm and its verdict."""

Beside = Callable[[World], World | None]
"""A world with one more fault, which its alarm cannot be of; None where it would contradict the world."""


def _pool(serve: Serve | None, *, secure: bool = False) -> Beside:
    """Another address of the name, and what is wrong there."""

    def added(world: World) -> World | None:
        taken = world.root is None or world.names.zone != ("@A",) or world.alarm.kind == "dns" or "B" in world.at
        if taken or (secure and world.alarm.scheme != "https"):
            return None
        at = {**world.at, **({"B": serve} if serve else {})}
        return replace(world, at=at, names=replace(world.names, zone=("@A", "@B")))

    return added


def _names(**changed: Any) -> Beside:
    """Something else that is said of the name; of a DNS alarm it could be the cause."""

    def added(world: World) -> World | None:
        untouched = all(getattr(world.names, name) == getattr(Names(), name) for name in changed)
        if not untouched or not world.names.zone or world.alarm.kind == "dns":
            return None
        return replace(world, names=replace(world.names, **changed))

    return added


def _server(role: str) -> Beside:
    """A server of the name that fails for every name."""

    def added(world: World) -> World | None:
        free = world.alarm.kind != "dns" and role not in world.names.faults
        wrong = {"*": Fault.REFUSED if role == "second" else Fault.SILENT}
        return replace(world, names=replace(world.names, faults={**world.names.faults, role: wrong})) if free else None

    return added


def _conf(text: str) -> Beside:
    """Something in nginx.conf that does not touch this alarm, where the world has none of its own."""
    return lambda world: replace(world, conf=text) if world.conf is None and world.root is not None else None


def _logged(*hits: Hit) -> Beside:
    return lambda world: replace(world, access=(*world.access, *hits)) if world.access is not None else None


def _wechat(**said: Any) -> Beside:
    def added(world: World) -> World | None:
        mine = world.root is not None and world.wechat is None and world.alarm.appid == APPID and world.names.zone
        if not mine or world.alarm.kind in ("connect", "dns"):  # there it could be the cause
            return None
        seen = tuple((address, "CHINANET") for address in world.names.zone)
        return replace(world, wechat=Api(dns=seen, **said), listed=("203.0.113.0/24",))

    return added


def _machine(world: World) -> World | None:
    return replace(world, facts="overloaded") if world.root is not None and world.alarm.kind != "dns" else None


def _application(world: World) -> World | None:
    lines = (Said("ERROR order 17: card declined", 2), Said("ERROR order 18: card declined", 50))
    return replace(world, app=(*(world.app or ()), *lines)) if world.root is not None else None


def _timeouts(world: World) -> World | None:
    """Other users' pushes to another application server."""
    lines = tuple(
        Err(TIMED_OUT, after=after, upstream="127.0.0.1:9000", openid=f"oBBBBBBBBBBBBBBBBBBBBBBBB00{after // 40}")
        for after in (40, 80)
    )
    return replace(world, error=(*(world.error or ()), *lines)) if world.conf is not None else None


def _burst(world: World) -> World | None:
    return replace(world, alarm=replace(world.alarm, count=6000))


BESIDE: Mapping[str, Beside] = {
    "another address refuses": _pool(None),
    "another address has an expired certificate": _pool(page(cert="expired"), secure=True),
    "another address speaks old TLS": _pool(page(cert="old"), secure=True),
    "another address is slow": _pool(SLOW),
    "another address answers 500": _pool(page(http.respond(500))),
    "another address is mute": _pool(mute()),
    "one name server is lame": _server("second"),
    "the guide's resolver is silent": _server("guide"),
    "one name server is stale": _names(second=()),
    "the domain expires soon": _names(registry=registered(until="@SOON")),
    "this machine's resolver is slow": _names(delays={"system": 2.2}),
    "an IPv6 address is not to be reached": _names(aaaa="2001:db8::10"),
    "other pushes time out at another application server": _timeouts,
    "the application has errors of other things": _application,
    "the machine is overloaded": _machine,
    "a carrier's pings are lost": _wechat(lost=("UNICOM",), callback_ips=("203.0.113.250",)),
    "the allow list is old": _wechat(callback_ips=("198.51.100.0/25",)),
    "others get 404": _logged(*others(3, status=404, upstream=None, every=11.0)),
    "others hang up at once": _logged(*others(3, status=499, took=0.0, every=13.0)),
    "very many fail at once": _burst,
    "nginx.conf has another limit": _conf(UNUSED_LIMIT),
    "nginx.conf waits 3 s": _conf(nginx("proxy_read_timeout 3s; proxy_pass http://app;")),
    "nginx.conf has few connections": _conf(nginx(main="worker_processes 1;", events="worker_connections 64;")),
}
"""Faults that cannot have made the alarm of a world."""


def made(seed: int, count: int, beside: int = 2) -> Sequence[World]:
    """`count` worlds, each of one of SINGLE and `beside` of BESIDE."""
    chance = random.Random(seed)
    found: dict[str, World] = {}
    while len(found) < count:
        world = chance.choice(SINGLE)
        added: list[str] = []
        for name in chance.sample(sorted(BESIDE), len(BESIDE)):
            more = BESIDE[name](world) if len(added) < beside else None
            world, added = (world, added) if more is None else (more, [*added, name])
        name = "; ".join([world.name, *added])
        found[name] = replace(world, name=name)
    return list(found.values())


WORLDS = made(int(os.environ.get("WORLDS_SEED", "1")), int(os.environ.get("WORLDS", "16")))
