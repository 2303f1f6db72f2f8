"""Is the address that WeChat uses an old one? The alarm's, and what WeChat resolves, beside DNS and TCP.

Why WeChat cares: it goes on connecting to an old address as long as its resolver has one. Whether an address that DNS
no longer gives is dead decides: a living one is usual (a pool, a CDN, an old server that still answers), a dead one
fails every push. The guide: 连接超时 a) is that IP right.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.dns import addresses, dns_resolve, host_name
from wxalarm.checks.dns.views import Kind, Seen, of, texts
from wxalarm.checks.network import tcp_connect
from wxalarm.checks.scope import is_address, scope_of
from wxalarm.checks.wechat import callback_check, wechat_view
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import Failure
from wxalarm.probes.tcp import Connect

DNS_IP_MOVED = Code("dns-ip-moved", Severity.ERROR, Basis.REPRODUCED, mechanisms.MISDIRECTED)
API_DNS_DIFFERS = Code("api-dns-differs", Severity.WARNING, Basis.REPRODUCED, mechanisms.MISDIRECTED)
LED_ASTRAY = replace(dns_resolve.DNS_VIEW_DIFFERS, explains=mechanisms.MISDIRECTED)
"""A view that leads to a dead address: the name is resolved, and what follows fails."""

ALIVE, UNTOLD = "alive", "untold"


class Tried:
    """What the addresses say to TCP, from here."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        observed = ctx.got(tcp_connect.CHECK)
        self.attempts: Sequence[Connect] = observed.attempts if observed else ()

    def said(self, ip: str) -> str:
        """ALIVE, or the failure by its name, or UNTOLD when it was not tried."""
        made = [one for one in self.attempts if one.address == ip and one.failure is not Failure.LOCAL]
        if any(one.failure is None for one in made):
            return ALIVE
        return str(made[0].failure) if made else UNTOLD

    def dead(self, ip: str) -> bool:
        """Whether nobody takes a connection there."""
        return self.said(ip) not in (ALIVE, UNTOLD)

    def living(self, ips: Sequence[str]) -> list[str]:
        """Those that take a connection."""
        return [ip for ip in ips if self.said(ip) == ALIVE]

    def evidence(self, ip: str) -> dict[str, Any]:
        """The address, and what it says."""
        first = next((one for one in self.attempts if one.address == ip), None)
        return {
            **addresses.place(ip, self.ctx),
            "tcp": self.said(ip),
            "seconds": round(first.seconds, 2) if first else None,
            "limit": first.limit if first else None,
            "curl": first.failure.curl if first and first.failure else None,
        }


async def probe(ctx: Context) -> bool:
    """Nothing of its own to ask."""
    return True


def evaluate(observation: bool, ctx: Context) -> Iterator[Finding]:
    """The alarm's address first; then what only one view gives, and what WeChat itself resolves."""
    if fixed := host_name.fixed(ctx.target):
        raise Skip("fixed-address", addresses=list(fixed))
    names = ctx.got(dns_resolve.CHECK)
    seen = [one for one in dns_resolve.views_of(names, ctx) if one.positive]
    if not seen:
        raise Skip("needs", check=dns_resolve.CHECK.id)
    tried = Tried(ctx)
    wechats = [ip for check in _callback_checks(ctx) for ip in check.ips or ()]
    guides = [one for one in of(seen, Kind.SERVER) if names and names.stands_for_wechat(one.view.server)]
    yield from _moved(seen, guides, tried, wechats, ctx)
    yield from _astray(seen, guides, tried, ctx)
    yield from _resolved_elsewhere(seen, tried, list(dict.fromkeys(wechats)), ctx)


def _callback_checks(ctx: Context) -> list[Any]:
    """What callback/check said, asked for here or pasted."""
    asked, pasted = ctx.got(wechat_view.CHECK), ctx.got(callback_check.CHECK)
    return [*(asked.checks if asked else ()), *(pasted.checks if pasted else ())]


def _moved(seen: list[Seen], guides: list[Seen], tried: Tried, wechats: list[str], ctx: Context) -> Iterator[Finding]:
    """The alarm's address is not, or no longer everywhere, what DNS gives. guides: of the resolvers that stand for
    WeChat's."""
    if (ip := _alarm_ip(ctx)) is None:
        return
    holders = [one for one in seen if ip in one.view.addresses]
    owners = of(seen, Kind.AUTHORITATIVE)
    current = owners or [one for one in seen if one not in holders]
    now = _public(current)
    living = tried.living(now)
    if not now or any(one.kind is Kind.AUTHORITATIVE for one in holders):
        return
    if holders and not owners and not (tried.dead(ip) and living):
        return  # resolvers against each other: only what the addresses say can tell the old one
    pool = _pool(current)
    ttl = max((one.view.a.ttl or 0 for one in current), default=0)
    left, case = _rest(holders, ttl, ctx)
    if ip in wechats:
        case = "wechat"
    elif any(one in guides for one in holders):
        case = "guide"
    if tried.dead(ip) and (living or not pool):
        code = DNS_IP_MOVED
    elif pool or tried.said(ip) == ALIVE:
        code, case = DNS_IP_MOVED.variant(severity=Severity.NOTE), "pool" if pool else ALIVE
    else:
        code = DNS_IP_MOVED.variant(severity=Severity.WARNING, basis=Basis.CONDITION)
    yield code(
        host=ctx.target.host,
        ip=ip,
        **tried.evidence(ip),
        port=ctx.target.port,
        case=case,
        addresses=now,
        living=living,
        today=ALIVE if living else "dead" if all(map(tried.dead, now)) else UNTOLD,
        ttl=ttl,
        left=left,
        holders=[one.view.server.label for one in holders],
        verify_server=current[0].view.server.address,
    )


def _rest(holders: list[Seen], ttl: int, ctx: Context) -> tuple[int, str]:
    """The seconds for which somebody may still hold the old address, and which case of [words.ip_moved] that is."""
    if holders:
        return max(one.view.a.ttl or 0 for one in holders), "cached"
    end = ctx.alarm.window_end
    if end is None:
        return 0, "gone"
    left = max(0, round(ttl - max(0.0, (ctx.now - end).total_seconds())))
    return left, "left" if left else "out"


def _astray(seen: list[Seen], guides: list[Seen], tried: Tried, ctx: Context) -> Iterator[Finding]:
    """A resolver that stands for WeChat's gives dead addresses alone, and nobody else gives them."""
    for one in guides:
        others = of(seen, Kind.AUTHORITATIVE) or [other for other in seen if other.view.server != one.view.server]
        ips, living = _ipv4([one]), tried.living(_public(others))
        said_already = _alarm_ip(ctx) in ips
        strayed = ips and all(map(tried.dead, ips)) and living and not set(ips) & set(_public(others))
        if strayed and not said_already:
            yield LED_ASTRAY(
                host=ctx.target.host,
                case="dead",
                **tried.evidence(ips[0]),
                port=ctx.target.port,
                server=one.view.server.label,
                deniers=[one.text],
                others=texts(others),
                living=living,
            )


def _resolved_elsewhere(seen: list[Seen], tried: Tried, wechats: list[str], ctx: Context) -> Iterator[Finding]:
    """WeChat resolves the name to nothing that is seen here. A pool gives each asker a part of itself."""
    here = sorted({ip for one in seen for ip in one.view.addresses})
    if not wechats or set(wechats) & set(here):
        return
    ip = _alarm_ip(ctx)
    dead = [one for one in wechats if tried.dead(one)]
    untold = [one for one in wechats if tried.said(one) == UNTOLD]
    usual = not dead and (_pool(seen) or not untold)
    first = ip if ip in wechats else (dead or wechats)[0]
    severity = Severity.NOTE if usual else Severity.WARNING
    basis = Basis.REPRODUCED if dead else Basis.CONDITION
    yield API_DNS_DIFFERS.variant(severity=severity, basis=basis)(
        host=ctx.target.host,
        **tried.evidence(first),
        port=ctx.target.port,
        case="dead" if dead else "usual" if usual else "untold",
        wechat=wechats,
        here=here,
    )


def _alarm_ip(ctx: Context) -> str | None:
    """The alarm's address, as far as it says anything of DNS."""
    ip = ctx.target.alarm_ip
    if ip is None or not is_address(ip) or scope_of(ip) is not None:
        return None
    return str(ipaddress.ip_address(ip))


def _public(views: Sequence[Seen]) -> list[str]:
    """All addresses of some views that the Internet can reach: what an inner view gives is not what WeChat sees."""
    return list(dict.fromkeys(ip for one in views for ip in one.view.addresses if scope_of(ip) is None))


def _ipv4(views: Sequence[Seen]) -> list[str]:
    return [ip for ip in _public(views) if ":" not in ip]


def _pool(views: Sequence[Seen]) -> bool:
    """Whether the name looks as if it led to a pool, whose members change: by a CNAME, to several addresses, or to
    others for each who asks (this machine's resolvers aside)."""
    outside = [one for one in views if one.kind is not Kind.SYSTEM]
    return any(one.view.a.chain for one in views) or len(_ipv4(outside or views)) > 1


CHECK = Check(
    id="moved-address",
    codes=(DNS_IP_MOVED, LED_ASTRAY, API_DNS_DIFFERS),
    observation=bool,
    probe=probe,
    evaluate=evaluate,
    uses=(*addresses.SOURCES, tcp_connect.CHECK, callback_check.CHECK, wechat_view.CHECK),
    key=by_alarm,
    network=False,
    sends=False,
)
