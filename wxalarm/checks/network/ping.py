"""Pings WeChat's callback addresses: is there a good way between this machine and the servers that push.

The guide (连接超时, FAQ 2) says to ping the addresses of getcallbackip from the server. An official answer in the forum
says that they need not answer: so nothing here is more than a note. Run it on the callback server; the way from
elsewhere is another.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Hashable, Iterator
from itertools import islice

from msgspec import Struct

from wxalarm.checks.check import Check, Context, Skip, by_account
from wxalarm.checks.scope import scope_of
from wxalarm.checks.wechat import callback_ips
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.command import PING
from wxalarm.probes.icmp import Pinged, ping

PING_LOST = Code("ping-lost", Severity.NOTE, Basis.REPRODUCED)
PING_SLOW = Code("ping-slow", Severity.NOTE, Basis.REPRODUCED)

SLOW = 0.3
"""Seconds of a round trip above which a push, which needs three of them for a connection with TLS, gets slow."""
PER_NETWORK = 2
"""Hosts that are pinged for a network such as 203.0.113.0/25."""
MOST = 16
"""Addresses that are pinged in all."""


class Pings(Struct, frozen=True):
    """What came back from each address."""

    source: str
    """Who named the addresses: "api", "config" or "alarm"."""
    pings: tuple[Pinged, ...]

    @property
    def reached(self) -> bool:
        """Whether any address answered."""
        return any(one.times for one in self.pings)


async def probe(ctx: Context) -> Pings:
    """Ping every address at once. Skips when none is known."""
    asked = await ctx.wait(callback_ips.CHECK)
    source, addresses = _known(ctx, asked.ips if asked else ())
    if not addresses:
        raise Skip("no-callback-ips")
    return Pings(source, tuple(await asyncio.gather(*(ping(address) for address in addresses))))


def evaluate(observation: Pings, ctx: Context) -> Iterator[Finding]:
    """Addresses that lose echoes, and those that are slow."""
    lossy = [one for one in observation.pings if one.lost]
    if lossy:
        yield PING_LOST(
            addresses=[one.address for one in lossy],
            lost=sum(one.lost for one in lossy),
            sent=sum(one.sent for one in lossy),
            answering=len(observation.pings) - len(lossy),
            total=len(observation.pings),
            method=str(lossy[0].method),
            source=observation.source,
        )
    slow = [one for one in observation.pings if one.times and _median(one) > SLOW]
    if slow:
        worst = max(slow, key=_median)
        yield PING_SLOW(
            addresses=[one.address for one in slow],
            median=_median(worst),
            limit=SLOW,
            method=str(worst.method),
        )


def _known(ctx: Context, asked: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
    """Who names WeChat's addresses, and which of them are pinged: what getcallbackip has just said, else the account's
    own list, else the alarm's OuterIP.

    An address that only an alarm names is pinged only when it is a public one.
    """
    listed = asked or (ctx.account.callback_ips if ctx.account else ())
    if listed:
        found = [address for text in listed for address in hosts_of(text)]
        return "api" if asked else "config", tuple(dict.fromkeys(found))[:MOST]
    outer = hosts_of(ctx.alarm.sample.outer_ip or "")
    return "alarm", tuple(address for address in outer if scope_of(address) is None)


def hosts_of(text: str) -> list[str]:
    """The address, or the first PER_NETWORK hosts of a network; none when the text is neither (masked addresses)."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return []
    return [str(host) for host in islice(network.hosts(), PER_NETWORK)]


def _median(one: Pinged) -> float:
    return sorted(one.times)[(len(one.times) - 1) // 2]


def _key(ctx: Context) -> Hashable:
    return (by_account(ctx), _known(ctx))


CHECK = Check(
    id="ping",
    codes=(PING_LOST, PING_SLOW),
    observation=Pings,
    probe=probe,
    evaluate=evaluate,
    uses=(callback_ips.CHECK,),
    key=_key,
    timeout=callback_ips.CHECK.timeout + 6.0,
    runs=(PING,),
)
