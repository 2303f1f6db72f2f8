"""Walks the delegation of a name from its parent zone down, asking every authoritative server of the zones on the way.

Works without root hints: a resolver names the servers of the top zone. A recursive answer hides a lame server, because
the resolver goes on to the next; here each server is asked by itself, with recursion off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from wxalarm.probes.dns import Answer, Outcome, Server, View, ask

LIMIT = 3.0
"""Seconds for one question to an authoritative server: resolvers give it less."""
TOTAL = 5.0
"""Seconds for the whole walk."""
MAX_ZONES = 8
MAX_SERVERS = 8
"""Servers asked of one zone; registries have up to 13, all alike."""

Permitted = Callable[[str], bool]
"""Whether an address that a delegation names may be asked."""


class Authority(Struct, frozen=True):
    """What one name server of a zone says of the zone and of the host."""

    view: View
    soa: Answer
    ns: Answer


class Zone(Struct, frozen=True):
    """One zone on the way down."""

    name: str
    ns: tuple[str, ...] = ()
    """The names in the parent's delegation."""
    authorities: tuple[Authority, ...] = ()
    unresolved: tuple[str, ...] = ()
    """Names of `ns` that have no address."""
    withheld: tuple[str, ...] = ()
    """Addresses of name servers that were not permitted to be asked."""


class Walk(Struct, frozen=True):
    """The zones below the starting one, the host's own zone last; none when nobody told where to begin."""

    start: str | None = None
    """The zone at which it began."""
    zones: tuple[Zone, ...] = ()


class _Plan(Struct, frozen=True):
    """What stays the same during one walk."""

    host: str
    resolvers: Sequence[Server]
    port: int
    permitted: Permitted
    end: float
    """Event-loop time at which it stops."""

    def limit(self) -> float:
        return max(0.05, min(LIMIT, self.end - asyncio.get_running_loop().time()))


class _Delegated(Struct, frozen=True):
    """A zone and where its servers are."""

    name: str
    ns: tuple[str, ...]
    servers: tuple[Server, ...]
    unresolved: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


async def walk(
    host: str,
    resolvers: Sequence[Server],
    *,
    roots: Sequence[Server] = (),
    port: int = 53,
    permitted: Permitted = lambda address: True,
    total: float = TOTAL,
) -> Walk:
    """Walk down to the zone that holds `host`. Never raises but for cancellation; ends within `total` seconds."""
    plan = _Plan(host, resolvers, port, permitted, asyncio.get_running_loop().time() + total)
    starts = [_Delegated(".", (), tuple(roots))] if roots else await _starts(plan)
    found = Walk()
    for start in starts:
        found = Walk(start.name, await _descend(plan, start))
        if any(authority.view.said for zone in found.zones for authority in zone.authorities):
            break
    return found


async def _descend(plan: _Plan, zone: _Delegated) -> tuple[Zone, ...]:
    """The zones from `zone` down; without `zone` itself when it delegates."""
    kept: list[asyncio.Task[Zone]] = []
    try:
        for depth in range(MAX_ZONES):
            asked = [asyncio.create_task(_authority(plan, zone.name, server)) for server in zone.servers[:MAX_SERVERS]]
            below = await _below(plan, zone, asked)
            if depth > 0 or below is None:
                kept.append(asyncio.create_task(_zone(zone, asked)))
            else:  # the registry's servers are nobody's fault
                await _cancel(asked)
            if below is None:
                break
            zone = below
        return tuple([await task for task in kept])
    finally:
        await _cancel(kept)


async def _below(plan: _Plan, zone: _Delegated, asked: Sequence[asyncio.Task[Authority]]) -> _Delegated | None:
    """The zone that the first useful answer delegates to; None when this zone is the host's own, or nobody knows."""
    for done in asyncio.as_completed(asked):
        answer = (await done).view.a
        if answer.outcome is Outcome.REFERRAL and answer.zone and _deeper(answer.zone, zone.name, plan.host):
            return await _delegated(plan, answer.zone, answer.ns, answer.glue)
        if answer.authoritative and answer.outcome in _FINAL:
            return None
    return None


_FINAL = frozenset({Outcome.ANSWER, Outcome.ALIAS, Outcome.NODATA, Outcome.NXDOMAIN, Outcome.LOOP})


async def _authority(plan: _Plan, zone: str, server: Server) -> Authority:
    """All that is asked of one server, at once."""
    limit = plan.limit()
    a, aaaa, soa, ns = await asyncio.gather(
        ask(server, plan.host, "A", limit=limit, recursive=False),
        ask(server, plan.host, "AAAA", limit=limit, recursive=False),
        ask(server, zone, "SOA", limit=limit, recursive=False),
        ask(server, zone, "NS", limit=limit, recursive=False),
    )
    return Authority(View(server, a, aaaa), soa, ns)


async def _zone(zone: _Delegated, asked: Sequence[asyncio.Task[Authority]]) -> Zone:
    authorities = tuple(await asyncio.gather(*asked))
    return Zone(zone.name, zone.ns, authorities, zone.unresolved, zone.withheld)


async def _starts(plan: _Plan) -> list[_Delegated]:
    """The ancestors of the host whose name servers a resolver knows and that may be asked, highest first.

    The first is usually the top-level domain; the next ones are for networks in which that one cannot be reached.
    """
    labels = plan.host.rstrip(".").split(".")
    ancestors = [".".join(labels[-count:]) for count in range(1, len(labels))][:MAX_ZONES] or labels
    answers = await asyncio.gather(*(_first(plan, name, "NS") for name in ancestors))
    known = [(name, answer) for name, answer in zip(ancestors, answers, strict=True) if answer is not None]
    zones = await asyncio.gather(*(_delegated(plan, name, a.records, a.glue) for name, a in known))
    return [zone for zone in zones if zone.servers]


async def _delegated(plan: _Plan, name: str, ns: Sequence[str], glue: Iterable[tuple[str, str]]) -> _Delegated:
    """A delegation with the addresses of its servers: from the glue, else from the resolvers."""
    names = tuple(dict.fromkeys(ns))[:MAX_SERVERS]
    known: dict[str, list[str]] = {}
    for owner, address in glue:
        known.setdefault(owner, []).append(address)
    missing = [server for server in names if server not in known]
    for server, answer in zip(
        missing, await asyncio.gather(*(_first(plan, server, "A") for server in missing)), strict=True
    ):
        if answer is not None:
            known[server] = list(answer.records)
    servers: list[Server] = []
    withheld: list[str] = []
    for server in names:
        # IPv4 where there is any: a machine without IPv6 would call every second server dead.
        addresses = [a for a in known.get(server, ()) if ":" not in a] or known.get(server, [])
        for address in addresses[:MAX_SERVERS]:
            if plan.permitted(address):
                servers.append(Server(address, plan.port, server))
            else:
                withheld.append(address)
    unresolved = tuple(server for server in names if not known.get(server))
    return _Delegated(name, tuple(dict.fromkeys(ns)), tuple(servers), unresolved, tuple(withheld))


async def _first(plan: _Plan, name: str, rtype: str) -> Answer | None:
    """The first answer with records from any resolver; None when none has any."""
    limit = plan.limit()
    tasks = [asyncio.create_task(ask(server, name, rtype, limit=limit)) for server in plan.resolvers]
    try:
        for done in asyncio.as_completed(tasks):
            if (answer := await done).outcome is Outcome.ANSWER:
                return answer
        return None
    finally:
        await _cancel(tasks)


async def _cancel(tasks: Iterable[asyncio.Task[object]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _deeper(child: str, parent: str, host: str) -> bool:
    """Whether `child` lies below `parent` on the way to `host`: an upward or sideways referral leads nowhere."""
    below = parent == "." or (child.endswith(f".{parent}") and child != parent)
    return below and child != "." and (host == child or host.endswith(f".{child}"))
