"""Asks every authoritative name server of the callback's zone by itself, found by walking down the delegation.

Why WeChat cares: its resolver starts from these servers. One that is lame (dead, or without the zone) makes the name
fail now and then, all of them always; a resolver's cached answer hides that. The guide: DNS失败 1 (the domain expired,
was moved).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip
from wxalarm.checks.dns import dns_system, host_name
from wxalarm.checks.scope import scope_of
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import dns_walk, resolvers
from wxalarm.probes.dns import Outcome, View
from wxalarm.probes.dns_walk import Authority, Zone

DNS_DELEGATION_BROKEN = Code("dns-delegation-broken", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_NS_DIFFER = Code("dns-ns-differ", Severity.NOTE, Basis.REPRODUCED)
DNS_AUTHORITY_UNREACHABLE = Code("dns-authority-unreachable", Severity.NOTE, Basis.REPRODUCED)


class Delegation(Struct, frozen=True):
    """The zones on the way to the host, and the host as the servers of its own zone see it."""

    host: str
    start: str | None = None
    zones: tuple[Zone, ...] = ()
    views: tuple[View, ...] = ()
    """Of the servers of the last zone that hold it."""
    asked: bool = True

    @property
    def usable(self) -> bool:
        """Whether an authoritative server gave an address."""
        return any(view.addresses for view in self.views)

    @property
    def reached(self) -> bool:
        """Whether any authoritative server said anything."""
        return any(authority.view.said for zone in self.zones for authority in zone.authorities)


async def probe(ctx: Context) -> Delegation:
    """Walk from the top-level domain down, with the help of this machine's resolvers and the compared ones."""
    host = ctx.target.host
    if host is None:
        raise Skip("no-host")
    if not host_name.askable(ctx.target):
        return Delegation(host, asked=False)
    settings = ctx.settings.dns
    walk = await dns_walk.walk(
        host.rstrip("."),
        (*resolvers.system(settings), *resolvers.servers(settings.servers)),
        roots=resolvers.servers(settings.roots),
        port=settings.authority_port,
        # A delegation is the word of strangers: it may not send our questions into this network.
        permitted=lambda address: bool(settings.roots) or scope_of(address) is None,
        total=host_name.limit(ctx, dns_walk.TOTAL),
    )
    last = walk.zones[-1].authorities if walk.zones else ()
    views = tuple(authority.view for authority in last if fault_of(authority) is None)
    return Delegation(host, walk.start, walk.zones, views)


def fault_of(authority: Authority) -> str | None:
    """Why a server is lame for its zone (a key of [words.lame]); None when it holds the zone."""
    soa = authority.soa
    if soa.outcome is Outcome.ANSWER and soa.authoritative:
        return None
    if soa.outcome is Outcome.SILENT and authority.view.a.said:
        # It answers some questions: only what it says of the host counts.
        return None if authority.view.a.authoritative else str(authority.view.a.outcome)
    if soa.outcome in (Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN, Outcome.ALIAS):
        return "not-authoritative"
    return str(soa.outcome)


def evaluate(observation: Delegation, ctx: Context) -> Iterator[Finding]:
    """Lame servers of each zone; NS sets that differ between parent and child."""
    if not observation.asked:
        if fixed := host_name.fixed(ctx.target):
            raise Skip("fixed-address", addresses=list(fixed))
        raise Skip("name-not-sent", host=observation.host)
    if not observation.zones:
        raise Skip("no-delegation", host=observation.host)
    for zone in observation.zones:
        yield from _lame(zone, observation, ctx)
        yield from _sets(zone)


def _lame(zone: Zone, observation: Delegation, ctx: Context) -> Iterator[Finding]:
    faults = [(authority, fault) for authority in zone.authorities if (fault := fault_of(authority))]
    lame = [authority.view.server.label for authority, _ in faults]
    whole = not any(fault_of(authority) is None for authority in zone.authorities)
    evidence = {
        "host": observation.host,
        "zone": zone.name,
        "servers": [*lame, *zone.unresolved, *zone.withheld],
        "count": len(lame) + len(zone.unresolved) + len(zone.withheld),
        "total": len(zone.authorities) + len(zone.unresolved) + len(zone.withheld),
        "case": faults[0][1] if faults else "unresolved" if zone.unresolved else "withheld",
        "elapsed": max((authority.soa.elapsed for authority, _ in faults), default=0.0),
        "limit": max((authority.soa.limit for authority, _ in faults), default=dns_walk.LIMIT),
        "server": faults[0][0].view.server.address if faults else (*zone.unresolved, *zone.withheld, "?")[0],
    }
    if not evidence["count"]:
        return
    if whole:
        system = ctx.got(dns_system.CHECK)
        resolves = system is not None and system.usable
        mute = not any(authority.soa.said for authority in zone.authorities)
        if mute and (resolves or not observation.reached) and not zone.unresolved:
            # A network that lets only its own resolvers ask outside: the zone works all the same.
            yield DNS_AUTHORITY_UNREACHABLE(**evidence)
            return
    # One lame server of several fails a question now and then: which one WeChat asks is not seen from here.
    some = DNS_DELEGATION_BROKEN.variant(severity=Severity.WARNING, basis=Basis.CONDITION)
    yield (DNS_DELEGATION_BROKEN if whole else some)(**evidence)


def _sets(zone: Zone) -> Iterator[Finding]:
    """The parent's delegation against what the zone says of itself."""
    child = next((a.ns.records for a in zone.authorities if a.ns.outcome is Outcome.ANSWER and a.ns.authoritative), ())
    if zone.ns and child and set(zone.ns) != set(child):
        yield DNS_NS_DIFFER(
            zone=zone.name,
            parent=sorted(set(zone.ns) - set(child)),
            child=sorted(set(child) - set(zone.ns)),
            apart=not set(zone.ns) & set(child),
        )


CHECK = Check(
    id="dns-delegation",
    codes=(DNS_DELEGATION_BROKEN, DNS_NS_DIFFER, DNS_AUTHORITY_UNREACHABLE),
    observation=Delegation,
    probe=probe,
    evaluate=evaluate,
    uses=(dns_system.CHECK,),
    key=host_name.key,
    wants=("host",),
)
