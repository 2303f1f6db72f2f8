"""The callback's addresses for every check that connects: which there are, who names them, which are targets.

A check that connects declares `uses=addresses.SOURCES`. Its probe starts one attempt for each address that
`arriving` yields, as soon as somebody names it, so that a silent resolver delays nothing; its evaluate reads `known`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from msgspec import Struct

from wxalarm.checks.check import Check, Context
from wxalarm.checks.dns import dns_delegation, dns_resolve, dns_system, host_name
from wxalarm.checks.scope import is_address, scope_of
from wxalarm.model import Code, Severity
from wxalarm.probes.dns import View

SOURCES: tuple[Check[Any], ...] = (dns_system.CHECK, dns_delegation.CHECK, dns_resolve.CHECK)
"""What a check that connects must declare in `uses` (or `needs`)."""
T = TypeVar("T")
NAMED_ONLY = frozenset({"private", "shared"})
"""Addresses inside a network: targets when the user named the host whose DNS gives them. Loopback, link-local (clouds
keep credentials at 169.254.169.254), multicast and made-up ones are targets only when the user gave them themselves."""


class Address(Struct, frozen=True):
    """One address of the callback."""

    ip: str
    sources: tuple[str, ...]
    """Labels of the DNS servers that gave it; "url", "--resolve" or "alarm" for the others."""
    scope: str | None = None
    """Why the Internet cannot reach it (checks/scope.py); None for a public one."""
    permitted: bool = True
    """Whether anything may be sent there; when not, it is a finding of the DNS checks."""


def known(ctx: Context) -> tuple[Address, ...]:
    """All addresses of the observations in ctx, those that the user gave first, the alarm's own last; also those that
    are not permitted."""
    target = ctx.target
    sources: dict[str, list[str]] = {}
    fixed = host_name.fixed(target)
    by = "--resolve" if f"{target.host}:{target.port}" in target.resolve else "url"
    for ip in fixed:
        sources.setdefault(ip, []).append(by)
    if not fixed:
        for view in _views(ctx):
            for ip in view.addresses:
                sources.setdefault(ip, []).append(view.server.label)
    if target.alarm_ip and is_address(target.alarm_ip):
        sources.setdefault(str(ipaddress.ip_address(target.alarm_ip)), []).append("alarm")
    return tuple(_address(ip, tuple(dict.fromkeys(by)), ctx) for ip, by in sources.items())


async def arriving(ctx: Context, *, alarm: bool = True) -> AsyncIterator[str]:
    """For a probe: each permitted address once, as soon as it is known: the given ones and the alarm's at once, then
    those of each DNS check when it ends. alarm False: not an address that only the alarm names."""
    yielded: set[str] = set()
    for address in known(ctx):
        if address.permitted and (alarm or address.sources != ("alarm",)) and address.ip not in yielded:
            yielded.add(address.ip)
            yield address.ip
    if host_name.fixed(ctx.target):
        return
    waiting = [asyncio.ensure_future(ctx.wait(check)) for check in SOURCES]
    try:
        for done in asyncio.as_completed(waiting):
            observation = await done
            for view in getattr(observation, "views", ()):
                for ip in view.addresses:
                    if ip not in yielded and _address(ip, ("dns",), ctx).permitted:
                        yielded.add(ip)
                        yield ip
    finally:
        for task in waiting:
            task.cancel()


async def each(ctx: Context, attempt: Callable[[str], Awaitable[T]], *, alarm: bool = True) -> tuple[T, ...]:
    """For a probe: what `attempt` gives for each permitted address (as `arriving` yields them), all at once, each begun
    as soon as it is known."""
    tasks: list[asyncio.Future[T]] = []
    try:
        async for ip in arriving(ctx, alarm=alarm):
            tasks.append(asyncio.ensure_future(attempt(ip)))
        return tuple(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def place(ip: str, ctx: Context) -> dict[str, object]:
    """What a finding says of the address that it is about: which, and whether it is the alarm's own (None: the alarm
    names none)."""
    named = ctx.target.alarm_ip or ""
    own = ipaddress.ip_address(ip) == ipaddress.ip_address(named) if is_address(named) else None
    return {"address": ip, "own_address": own}


def graded(code: Code, ip: str, ctx: Context) -> Code:
    """The code as grave as it is at this address. WeChat was never seen to push over IPv6: a note beside IPv4, unless
    the URL itself names it: nothing else is the callback then. What only the alarm names, while DNS names others, may
    have been left behind: no more than a warning."""
    addresses = known(ctx)
    named = any(address.ip == ip and "url" in address.sources for address in addresses)
    if ":" in ip and not named and any(":" not in address.ip for address in addresses):
        return code.variant(severity=Severity.NOTE)
    left = any(address.ip == ip and address.sources == ("alarm",) for address in addresses)
    if left and code.severity is Severity.ERROR and any(address.sources != ("alarm",) for address in addresses):
        return code.variant(severity=Severity.WARNING)
    return code


def left_behind(ip: str, ctx: Context) -> bool:
    """Whether the zone's own servers name addresses, and not this one: only an old answer leads there."""
    delegation = ctx.got(dns_delegation.CHECK)
    current = {one for view in (delegation.views if delegation else ()) for one in view.addresses}
    return bool(current) and ip not in current and not host_name.fixed(ctx.target)


def _address(ip: str, sources: tuple[str, ...], ctx: Context) -> Address:
    scope = scope_of(ip)
    target = ctx.target
    given = "--resolve" in sources or ("url" in sources and target.named_by_user)
    by_name = sources != ("alarm",) and target.named_by_user and scope in NAMED_ONLY
    return Address(ip, sources, scope, scope is None or given or by_name)


def _views(ctx: Context) -> list[View]:
    return [view for check in SOURCES for view in getattr(ctx.got(check), "views", ())]
