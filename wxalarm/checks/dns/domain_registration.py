"""Asks the registry about the callback's domain: is it expired, about to expire, on hold, or not registered at all.

Why WeChat cares: a domain on hold or deleted leaves DNS within hours, while caches still show it to some; one that has
expired is often pointed at a parking page first. The guide: DNS失败 2 (the domain expired or was renewed).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip
from wxalarm.checks.dns import host_name
from wxalarm.checks.scope import scope_of
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import files, registration, resolvers
from wxalarm.probes.registration import Registration, Unknown

# An expired domain leads to failures behind the name only by way of another address (a parking page), which says so
# itself; in its days of grace the name leads where it always did.
DOMAIN_UNREGISTERED = Code("domain-unregistered", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DOMAIN_ON_HOLD = Code("domain-on-hold", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DOMAIN_EXPIRED = Code("domain-expired", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
DOMAIN_EXPIRING = Code("domain-expiring", Severity.WARNING, Basis.CONDITION)

HOLD = frozenset({"clienthold", "serverhold"})
"""The registrar, or the registry, has taken the domain out of DNS (RFC 5731 section 2.3)."""
LAPSED = frozenset({"redemptionperiod", "pendingdelete", "pendingrestore"})
"""Not renewed, and taken out of DNS (RFC 3915)."""
SOON = 7
"""Days before the end that are a warning."""
EARLY = 30
"""Days before the end that are worth a note."""


async def probe(ctx: Context) -> Registration:
    """The registry's word, from the cache of the last 24 h or by RDAP and WHOIS. Skips when it cannot be had."""
    host, settings = ctx.target.host, ctx.settings.registration
    if host is None:
        raise Skip("no-host")
    if fixed := host_name.fixed(ctx.target):
        raise Skip("fixed-address", addresses=list(fixed))
    domain = registration.registrable(host)
    stands_in = settings.rdap is not None or settings.whois is not None
    if domain is None or (domain.startswith("example.") and not stands_in) or not host_name.askable(ctx.target):
        raise Skip("not-registered-there", host=host)
    folder = files.cache_folder() if settings.cache is None else Path(settings.cache) if settings.cache else None
    if folder is not None and (kept := registration.remembered(folder, domain, ctx.now)) is not None:
        return kept
    try:
        found = await registration.look_up(
            domain,
            (*resolvers.system(ctx.settings.dns), *resolvers.servers(ctx.settings.dns.servers)),
            rdap=settings.rdap,
            whois=settings.whois,
            limit=host_name.limit(ctx, 2 * registration.LIMIT) / 2,
            permitted=lambda address: scope_of(address) is None,
        )
    except Unknown as unknown:
        raise Skip("registration-unknown", domain=domain, error=str(unknown)) from None
    if folder is not None:
        registration.remember(folder, found)
    return found


def evaluate(found: Registration, ctx: Context) -> Iterator[Finding]:
    """Not there, on hold, lapsed, or the days that are left."""
    evidence = {
        "host": ctx.target.host,
        "domain": found.domain,
        "source": found.source.upper(),
        "server": found.server,
        "asked": found.asked.date().isoformat(),
        "registrar": found.registrar,
        "statuses": list(found.statuses),
        "expires": found.expires.date().isoformat() if found.expires else None,
    }
    if not found.found:
        yield DOMAIN_UNREGISTERED(**evidence)
        return
    held = [status for status in found.statuses if status in HOLD]
    if held:
        yield DOMAIN_ON_HOLD(**evidence, status=held[0])
    lapsed = [status for status in found.statuses if status in LAPSED]
    days = (found.expires - ctx.now).total_seconds() / 86400 if found.expires else None
    if lapsed or (days is not None and days < 0):
        if days is not None and days > 0:  # registries renew by themselves before they take a domain back
            evidence["expires"] = None
        yield DOMAIN_EXPIRED(**evidence, case=lapsed[0] if lapsed else "date", days=max(0, round(-(days or 0))))
    elif days is not None and days <= EARLY:
        severity = Severity.WARNING if days <= SOON else Severity.NOTE
        yield DOMAIN_EXPIRING.variant(severity=severity)(**evidence, days=int(days), limit=EARLY)


CHECK = Check(
    id="domain-registration",
    codes=(DOMAIN_UNREGISTERED, DOMAIN_ON_HOLD, DOMAIN_EXPIRED, DOMAIN_EXPIRING),
    observation=Registration,
    probe=probe,
    evaluate=evaluate,
    key=host_name.key,
    wants=("host",),
)
