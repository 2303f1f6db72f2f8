"""Asks this machine's own resolvers for the callback's name: the first addresses to probe come from here.

Why WeChat cares: it does not; its resolver is another. What is wrong here is wrong with this machine, so all that this
check says of resolvers are notes. Only an illegal name fails everywhere alike. The guide: DNS失败 1 and FAQ 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from msgspec import Struct

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip
from wxalarm.checks.dns import host_name
from wxalarm.checks.dns.views import heard
from wxalarm.checks.scope import scope_of
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import dns, resolvers
from wxalarm.probes.dns import Outcome, View
from wxalarm.wechat.limits import WAIT

DNS_NAME_INVALID = Code("dns-name-invalid", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DNS_NO_RESOLVER = Code("dns-no-resolver", Severity.WARNING, Basis.CONDITION)
DNS_RESOLVER_FAILED = Code("dns-resolver-failed", Severity.NOTE, Basis.REPRODUCED)
DNS_FAKE_IP = Code("dns-fake-ip", Severity.NOTE, Basis.REPRODUCED)

ANSWERS = frozenset({Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN})
"""Outcomes in which a resolver did its work."""

LOCAL_FAILURE = frozenset({Outcome.SERVFAIL, Outcome.REFUSED, Outcome.RCODE})
"""What a resolver answers that cannot ask others."""


class SystemNames(Struct, frozen=True):
    """The name as this machine's resolvers see it."""

    host: str
    views: tuple[View, ...] = ()
    asked: bool = True
    """False: there was nothing to ask; the host is an address, --resolve was given, or the name cannot be sent."""

    @property
    def usable(self) -> bool:
        """Whether a resolver gave an address."""
        return any(view.addresses for view in self.views)

    @property
    def reached(self) -> bool:
        """Whether anybody behind this machine said anything: a resolver on the machine itself (systemd-resolved,
        dnsmasq) answers SERVFAIL or REFUSED when it has no network."""
        return any(
            heard(view) and not (view.outcome in LOCAL_FAILURE and scope_of(view.server.address) == "loopback")
            for view in self.views
        )


async def probe(ctx: Context) -> SystemNames:
    """A and AAAA from each resolver of this machine, all at once."""
    host = ctx.target.host
    if host is None:
        raise Skip("no-host")
    if not host_name.askable(ctx.target):
        return SystemNames(host, asked=False)
    limit = host_name.limit(ctx, WAIT)
    servers = resolvers.system(ctx.settings.dns)
    views = await asyncio.gather(*(dns.view(server, host, limit=limit) for server in servers))
    return SystemNames(host, tuple(views))


def evaluate(observation: SystemNames, ctx: Context) -> Iterator[Finding]:
    """The name itself, and notes on resolvers that fail where another one of this machine works."""
    if wrong := host_name.fault(ctx.target):
        yield DNS_NAME_INVALID(
            host=host_name.printed(ctx.target), case=wrong.case, part=wrong.part, position=wrong.position
        )
    elif not observation.asked:
        raise Skip("fixed-address", addresses=list(host_name.fixed(ctx.target)))
    elif not observation.views:
        yield DNS_NO_RESOLVER(path=str(resolvers.RESOLV_CONF))
    for view in observation.views:
        if view.outcome not in ANSWERS:
            yield DNS_RESOLVER_FAILED(
                server=view.server.label,
                case=str(view.outcome),
                rcode=view.a.rcode,
                elapsed=view.a.elapsed,
                limit=view.a.limit,
            )
        if fakes := [address for address in view.addresses if scope_of(address) == "fake-ip"]:
            yield DNS_FAKE_IP(server=view.server.label, host=observation.host, addresses=fakes)


CHECK = Check(
    id="dns-system",
    codes=(DNS_NAME_INVALID, DNS_NO_RESOLVER, DNS_RESOLVER_FAILED, DNS_FAKE_IP),
    observation=SystemNames,
    probe=probe,
    evaluate=evaluate,
    key=host_name.key,
    wants=("host",),
)
