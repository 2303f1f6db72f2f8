"""dns-ip-moved: WeChat connected to an address that DNS no longer gives. Pure; a part of dns-resolve."""

from __future__ import annotations

from collections.abc import Iterator

from wxalarm import mechanisms
from wxalarm.checks.check import Context
from wxalarm.checks.dns.views import Kind, Seen, near, of
from wxalarm.checks.scope import is_address, scope_of
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.dns import Outcome

DNS_IP_MOVED = Code("dns-ip-moved", Severity.ERROR, Basis.REPRODUCED, mechanisms.MISDIRECTED)


def findings(seen: list[Seen], ctx: Context) -> Iterator[Finding]:
    """The alarm's address against all views.

    In none of them: it moved. Only resolvers still give it: the zone changed, their caches run out in so many seconds.
    An address near the others, or a name that leads to a pool (CNAME; views that differ), is a note: pools answer
    each time with other members.
    """
    alarm_ip = ctx.target.alarm_ip
    answering = [one for one in seen if one.positive]
    if alarm_ip is None or scope_of(alarm_ip) is not None or not is_address(alarm_ip):
        return
    holders = [one for one in answering if alarm_ip in one.view.addresses]
    owners = of(answering, Kind.AUTHORITATIVE)
    if holders and (any(one.kind is Kind.AUTHORITATIVE for one in holders) or not owners):
        return
    now = list(dict.fromkeys(address for one in owners or answering for address in one.view.addresses))
    pool = near(alarm_ip, now) or any(one.view.a.chain for one in answering) or _views_differ(answering)
    ttl = max((one.view.a.ttl or 0 for one in owners or answering), default=0)
    age = _age(ctx)
    if holders:
        left: float | None = max(one.view.a.ttl or 0 for one in holders)
        severity = Severity.NOTE if pool else Severity.WARNING
    else:
        left = None if age is None else max(0.0, ttl - age)
        severity = Severity.NOTE if pool else Severity.ERROR
    case = "pool" if pool else "cached" if holders else "left" if left else "out" if left is not None else "gone"
    yield DNS_IP_MOVED.variant(severity=severity)(
        host=ctx.target.host,
        ip=alarm_ip,
        case=case,
        addresses=now,
        ttl=ttl,
        left=round(left or 0),
        holders=[one.view.server.label for one in holders],
        verify_server=(owners or answering)[0].view.server.address,
    )


def _age(ctx: Context) -> float | None:
    """Seconds since WeChat last used the address, as far as the alarm tells."""
    end = ctx.alarm.window_end
    return None if end is None else max(0.0, (ctx.now - end).total_seconds())


def _views_differ(answering: list[Seen]) -> bool:
    """Whether the views already disagree among themselves, this machine's own left out."""
    sets = {
        frozenset(one.view.a.records)
        for one in answering
        if one.kind is not Kind.SYSTEM and one.view.a.outcome is Outcome.ANSWER
    }
    return len(sets) > 1
