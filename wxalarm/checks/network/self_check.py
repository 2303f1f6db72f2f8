"""Is this machine itself without network? Then no probe says anything about the callback, and nothing else is blamed.

Looks only at what the other checks observed. One word from anybody outside (a resolver's REFUSED, a refused connection)
proves that there is a network: one that filters some things is not offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.dns import dns_delegation, dns_resolve, dns_system
from wxalarm.checks.network import ping, tcp_connect
from wxalarm.model import Basis, Code, Finding, Severity

OFFLINE = Code("offline", Severity.WARNING, Basis.REPRODUCED)
"""Explains no alarm: it says that from here nothing could be told."""

WITNESSES: tuple[Check[Any], ...] = (
    dns_system.CHECK,
    dns_delegation.CHECK,
    dns_resolve.CHECK,
    tcp_connect.CHECK,
    ping.CHECK,
)
"""Checks whose observation has `reached`: whether anybody outside this machine said anything."""


async def probe(ctx: Context) -> bool:
    """Nothing of its own to ask."""
    return True


def evaluate(observation: bool, ctx: Context) -> Iterator[Finding]:
    """offline, when resolvers were asked and no witness reached anybody."""
    witnesses = [got for check in WITNESSES if (got := ctx.got(check)) is not None]
    system, compared = ctx.got(dns_system.CHECK), ctx.got(dns_resolve.CHECK)
    views = [*(system.views if system else ()), *(compared.views if compared else ())]
    if not views:
        # An address alone in silence may be the callback's own fault.
        raise Skip("nothing-asked")
    if not any(witness.reached for witness in witnesses):
        yield OFFLINE(
            servers=list(dict.fromkeys(view.server.label for view in views)),
            count=len(views),
            elapsed=max(view.elapsed for view in views),
            limit=max(view.a.limit for view in views),
            errors=sorted({view.a.error for view in views if view.a.error}),
        )


CHECK = Check(
    id="self-check",
    codes=(OFFLINE,),
    observation=bool,
    probe=probe,
    evaluate=evaluate,
    uses=WITNESSES,
    key=by_alarm,
    network=False,
    overrules=True,
    sends=False,
)
