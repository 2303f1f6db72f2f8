"""Worlds in which nothing is wrong, or nothing can be told: no cause, no error, and the right exit code."""

from __future__ import annotations

from typing import Any

from tests.lab.stage import (
    GUIDE,
    PATH,
    PLATFORM_APPID,
    QUICK,
    Err,
    Hit,
    Names,
    Said,
    World,
    alarm,
    drops,
    handler,
    nginx,
    others,
    page,
    registered,
    site,
)
from wxalarm.lab import http, web
from wxalarm.lab.api import OPERATORS, Api
from wxalarm.lab.callback import Callback
from wxalarm.lab.dns import Fault
from wxalarm.lab.scenarios.push import KEYS

HANDLER = Callback(KEYS, path=PATH)
SILENT = {"*": Fault.SILENT}
QUIET = (Err("signal process started", "notice", after=-600, request=False),)


def whole(**changed: Any) -> dict[str, Any]:
    """A world in which everything can be looked at, and all of it is fine."""
    fine = {
        "at": {"A": handler()},
        "conf": nginx(),
        "access": (*others(), Hit()),
        "error": QUIET,
        "app": (Said("INFO push of @OPENID answered", 0), Said("INFO still alive", 200)),
        "facts": "healthy",
        "account": True,
        "wechat": Api(dns=(("@A", "CHINANET"),), callback_ips=("203.0.113.250",)),
        "exit": 0,
    }
    return {**fine, **changed}


def both_ways(status: int) -> Any:
    """A handler that answers an unsigned GET with this status."""

    def application(heard: web.Heard) -> web.Said:
        if heard.method == "GET" and "signature" not in heard.query:
            return web.Said(b"", status)
        return HANDLER(heard)

    return site(application)


WORLDS: tuple[World, ...] = (
    World("a request timeout, and all is well", "Everything that matters was looked at.", alarm("request"), **whole()),
    World("a bad reply, and all is well", "The alarm shows no reason, and none is found.", alarm("invalid"), **whole()),
    World("a connect timeout, and all is well", "Whatever it was is over.", alarm("connect"), **whole()),
    World("a DNS failure, and all is well", "Every view has the address.", alarm("dns"), **whole()),
    World(
        "blocked, and all is well",
        "MarkFail says what WeChat did; nothing here fails.",
        alarm("markfail"),
        **whole(),
    ),
    World(
        "a bad reply over TLS, and all is well",
        "The certificate holds for months.",
        alarm("invalid", scheme="https"),
        **whole(),
    ),
    World(
        "an unsigned GET is answered 405",
        "A handler may refuse what is not signed.",
        alarm("request"),
        **whole(at={"A": both_ways(405)}),
    ),
    World(
        "an unsigned GET is answered 400",
        "A handler may refuse what is not signed.",
        alarm("invalid"),
        **whole(at={"A": both_ways(400)}),
    ),
    World(
        "a living pool behind a CNAME; the alarm's address is not in this answer",
        "A pool answers each time with other members; all of them live.",
        alarm("request"),
        **whole(
            at={"A": handler(), "C": handler(), "D": handler()},
            names=Names(("@C", "@D"), alias="pool.example.com"),
            wechat=Api(dns=(("@C", "CHINANET"),), callback_ips=("203.0.113.250",)),
        ),
        never=("dns-ip-moved", "dns-view-differs"),
    ),
    World(
        "geographic answers: the guide's resolver gives other addresses, and all of them live",
        "That resolvers name different addresses is usual.",
        alarm("request"),
        **whole(at={"A": handler(), "C": handler()}, names=Names(("@A",), guide=("@C",))),
        never=("dns-ip-moved", "dns-view-differs"),
    ),
    World(
        "WeChat's pings are all lost",
        "Many servers answer no ping at all.",
        alarm("connect"),
        **whole(wechat=Api(dns=(("@A", "CHINANET"),), lost=OPERATORS, callback_ips=("203.0.113.250",))),
        never=("api-ping-lost",),
    ),
    World(
        "the clock is not synchronised",
        "Without an offset that is a note.",
        alarm("invalid"),
        **whole(clock=False),
        never=("clock-skew",),
    ),
    World(
        "a name server's IPv6 address, which there is no way to from here",
        "That this machine has no IPv6 is no fault of the callback.",
        alarm("connect"),
        **whole(names=Names(aaaa="2001:db8::10")),
    ),
    World(
        "limits in nginx.conf that no push meets",
        "A thousand a second are let through.",
        alarm("request"),
        **whole(
            conf=nginx(
                "limit_req zone=wx burst=100 nodelay; proxy_pass http://app;",
                http="limit_req_zone $server_name zone=wx:10m rate=1000r/s;",
            )
        ),
    ),
    World(
        "the pushes stand in a rotated .gz, answered in time",
        "What was read to its end says that the push was answered.",
        alarm("request"),
        **whole(zipped=True),
    ),
    World(
        "an old alarm, and all is well today",
        "What happened then cannot be told from today.",
        alarm("request", days=400),
        **whole(exit=None),
    ),
    World(
        "a ticket's alarm, and all is well",
        "A platform's handler answers success.",
        alarm("ticket-invalid", appid=PLATFORM_APPID, window=30, count=9),
        **whole(
            account=False,
            platform=True,
            at={"A": handler(appid=PLATFORM_APPID)},
            wechat=Api(appid=PLATFORM_APPID, dns=(("@A", "CHINANET"),), callback_ips=("203.0.113.250",)),
            exit=None,
        ),
    ),
    World(
        "answers take 1 s, the log's longest 2.4 s",
        "In time is in time.",
        alarm("request"),
        **whole(
            at={"A": page(http.slow(1.0))},
            account=False,
            access=(*others(20, took=2.4), Hit(took=1.1)),
        ),
    ),
    World(
        "a mass message, and all is well",
        "Many pushes at once are what a mass message is; nothing here was too small for them.",
        alarm("request", count=17880, what="[Event=Template Send Job Finish]"),
        **whole(),
    ),
    World(
        "an alarm of an account whose platform answers well",
        "Whose server it is explains nothing when it is ours.",
        alarm("component-timeout", appid=PLATFORM_APPID),
        **whole(
            account=False,
            platform=True,
            at={"A": handler(appid=PLATFORM_APPID)},
            wechat=Api(appid=PLATFORM_APPID, dns=(("@A", "CHINANET"),), callback_ips=("203.0.113.250",)),
            exit=None,
        ),
    ),
    # --- not looked at ---
    World(
        "all is well, and the machine was not looked at",
        "The listen queue of the server could have been full.",
        alarm("request"),
        **whole(facts=None, exit=3),
    ),
    World(
        "all is well, and no push was sent",
        "Only a signed push shows what the handler answers.",
        alarm("invalid"),
        **whole(push=False, exit=3),
    ),
    World(
        "all is well outside, and there is neither configuration nor log",
        "From a desk: the server itself was not looked at.",
        alarm("request"),
        {"A": page()},
        exit=3,
    ),
    World(
        "a .gz that is broken, and all else is well",
        "What was not read is unknown: never that no push came.",
        alarm("request"),
        **whole(zipped=True, broken=True, exit=3),
        never=("log-no-request",),
    ),
    World(
        "the alarm alone, offline",
        "No socket is opened: nothing can be told but what the alarm shows.",
        alarm("request"),
        {"A": page()},
        offline=True,
        exit=3,
    ),
    World(
        "a bad reply that shows nothing, offline",
        "The alarm shows no reason.",
        alarm("invalid"),
        {"A": page(http.respond(500))},
        offline=True,
        exit=3,
    ),
    World(
        "this machine has no network",
        "No resolver says a word: nothing is the callback's fault.",
        alarm("connect", outer=""),
        {"A": drops()},
        Names(faults=dict.fromkeys(("root", "first", "second", "system", "guide"), SILENT)),
        timeout=QUICK,
        exit=3,
        never=("tcp-timeout", "dns-timeout"),
    ),
    World(
        "the guide's resolver is not to be reached, all else is well",
        f"{GUIDE} is silent for every name: that is the way to it, not the name.",
        alarm("dns"),
        **whole(names=Names(faults={"guide": SILENT}), timeout=8.0, exit=None),
        never=("dns-timeout",),
    ),
    World(
        "the guide's resolver refuses every name, all else is well",
        "It does not serve this network: nothing to do with the name.",
        alarm("dns"),
        **whole(names=Names(faults={"guide": {"*": Fault.REFUSED}}), exit=None),
        never=("dns-refused",),
    ),
    World(
        "the domain expires soon, and the certificate too",
        "What will be wrong is not why something was.",
        alarm("request", scheme="https"),
        **whole(at={"A": handler(cert="expiring")}, names=Names(registry=registered(until="@SOON"))),
    ),
)
