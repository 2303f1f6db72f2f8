"""Looks at TCP on the callback server: the guide's netstat line, listen queues, ports, connection tracking.

Why WeChat cares: a full queue drops the connection before any program sees it, and no log of the server says so. The
guide's paragraph is 附录 3, step 3.
"""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.checks.alarm.sample import BURST_RATE
from wxalarm.checks.check import Check, Context
from wxalarm.checks.host import host_limits
from wxalarm.checks.host.facts import by_server, live, server, when
from wxalarm.checks.nginx import nginx_config
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.host import network
from wxalarm.probes.host.listeners import Listening
from wxalarm.probes.host.network import Network
from wxalarm.wechat.limits import WAIT

LISTEN_OVERFLOW = Code("listen-overflow", Severity.ERROR, Basis.REPRODUCED, mechanisms.SILENT)
LISTEN_QUEUE = Code("listen-queue", Severity.WARNING, Basis.CONDITION, mechanisms.SILENT)
SYN_FLOOD = Code("syn-flood", Severity.WARNING, Basis.CONDITION, mechanisms.SILENT)
CLOSE_WAIT = Code("close-wait", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
TIME_WAIT = Code("time-wait", Severity.WARNING, Basis.CONDITION, mechanisms.BACKEND)
PORTS_EXHAUSTED = Code("ports-exhausted", Severity.ERROR, Basis.CONDITION, mechanisms.BACKEND)
CONNTRACK_FULL = Code("conntrack-full", Severity.WARNING, Basis.CONDITION, mechanisms.SILENT)
BURST_CAPACITY = Code("burst-capacity", Severity.NOTE, Basis.CONDITION)
TCP_STATES = Code("tcp-states", Severity.NOTE, Basis.CONDITION)

QUEUE = 0.8
HALF_OPEN = 0.8
"""Share of tcp_max_syn_backlog."""
CLOSING = 100
"""Sockets in CLOSE_WAIT on one port: the peer has closed, the application has not."""
PORTS_WAITING = 0.5
PORTS_USED = 0.9
TRACKED, TRACKED_FULL = 0.8, 0.97
MANY = 1000
"""Sockets worth a line of their own."""


async def probe(ctx: Context) -> Network:
    """One sample. Skips when this is not the callback server."""
    await server(ctx)
    return await network.look(ctx.limit(ctx.settings.sample), ask_kernel=not ctx.settings.offline)


def evaluate(seen: Network, ctx: Context) -> Iterable[Finding]:
    """What drops connections now, what is near its limit, then the numbers."""
    found = [
        *_queues(seen, ctx),
        *_half_open(seen, ctx),
        *_closing(seen, ctx),
        *_ports(seen, ctx),
        *_tracked(seen, ctx),
    ]
    yield from found
    yield from _capacity(seen, ctx)
    total = sum(number for state, number in seen.states.items() if state != "LISTEN")
    if found or total >= MANY or not seen.complete:
        yield TCP_STATES(
            when=when(ctx),
            states=[f"{state} {number}" for state, number in seen.states.items() if state != "LISTEN"],
            total=total,
            complete=seen.complete,
        )


def _of_callback(seen: Network, ctx: Context) -> list[Listening]:
    return [one for one in seen.listening if one.port == ctx.target.port]


def _queues(seen: Network, ctx: Context) -> Iterable[Finding]:
    """Growing counters prove drops; a queue that is nearly full is the state before."""
    if seen.overflows:
        yield live(ctx, LISTEN_OVERFLOW)(
            when=when(ctx),
            overflows=seen.overflows,
            drops=seen.drops,
            seconds=seen.seconds,
            ever=seen.overflows_ever,
            somaxconn=seen.somaxconn,
        )
    for one in seen.listening:
        backlog = one.backlog or seen.somaxconn
        if not backlog or one.waiting < max(1, backlog * QUEUE):
            continue
        yield live(ctx, LISTEN_QUEUE)(
            when=when(ctx),
            address=one.address,
            port=one.port,
            waiting=one.waiting,
            backlog=backlog,
            somaxconn=seen.somaxconn,
        )


def _half_open(seen: Network, ctx: Context) -> Iterable[Finding]:
    near = seen.syn_backlog is not None and seen.syn_recv >= seen.syn_backlog * HALF_OPEN
    if seen.cookies or seen.syn_drops or near:
        yield live(ctx, SYN_FLOOD)(
            when=when(ctx),
            syn_recv=seen.syn_recv,
            backlog=seen.syn_backlog,
            cookies=seen.cookies,
            drops=seen.syn_drops,
            seconds=seen.seconds,
        )


def _closing(seen: Network, ctx: Context) -> Iterable[Finding]:
    for one in seen.close_wait[:3]:
        if one.count >= CLOSING:
            yield live(ctx, CLOSE_WAIT)(
                when=when(ctx), count=one.count, port=one.port, established=seen.states.get("ESTABLISHED", 0)
            )


def _ports(seen: Network, ctx: Context) -> Iterable[Finding]:
    peer, ports = seen.peer, seen.ports
    if peer is None or ports is None:
        return
    values = {
        "peer": peer.address,
        "used": peer.ports,
        "time_wait": peer.time_wait,
        "ports": ports,
        "low": seen.port_low,
        "high": seen.port_high,
    }
    if peer.ports >= ports * PORTS_USED:
        yield live(ctx, PORTS_EXHAUSTED)(when=when(ctx), **values)
    elif peer.time_wait >= ports * PORTS_WAITING:
        yield live(ctx, TIME_WAIT)(when=when(ctx), **values)


def _tracked(seen: Network, ctx: Context) -> Iterable[Finding]:
    if seen.tracked is not None and seen.tracked_max and seen.tracked >= seen.tracked_max * TRACKED:
        full = seen.tracked >= seen.tracked_max * TRACKED_FULL
        code = live(ctx, CONNTRACK_FULL, Severity.ERROR if full else Severity.WARNING)
        yield code(when=when(ctx), used=seen.tracked, limit=seen.tracked_max)


def _capacity(seen: Network, ctx: Context) -> Iterable[Finding]:
    """The alarm's own numbers against what this machine can hold; nginx's share of it is in nginx-connections-low."""
    rate = ctx.alarm.rate
    callback = _of_callback(seen, ctx)
    if rate is None or rate < BURST_RATE or not callback:
        return
    backlogs = [one.backlog for one in callback if one.backlog is not None]
    backlog = max(backlogs) if backlogs else seen.somaxconn
    limits = ctx.got(host_limits.CHECK)
    files = [process.nofile_soft for process in limits.listeners if process.nofile_soft] if limits else []
    held = rate * WAIT
    code = BURST_CAPACITY
    if files and held > min(files):
        code = live(ctx, code, Severity.WARNING)
    yield code(
        rate=rate,
        limit=WAIT,
        held=round(held),
        port=ctx.target.port,
        backlog=backlog,
        fills=backlog / rate if backlog is not None else None,
        files=min(files, default=None),
        established=seen.states.get("ESTABLISHED", 0),
    )


CHECK = Check(
    id="host-network",
    codes=(
        LISTEN_OVERFLOW,
        LISTEN_QUEUE,
        SYN_FLOOD,
        CLOSE_WAIT,
        TIME_WAIT,
        PORTS_EXHAUSTED,
        CONNTRACK_FULL,
        BURST_CAPACITY,
        TCP_STATES,
    ),
    observation=Network,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK, host_limits.CHECK),
    key=by_server,
    network=False,
    timeout=12.0,
)
