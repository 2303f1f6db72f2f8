"""Looks at open files and processes against their limits: nginx's, the application's, the container's, the system's.

Why WeChat cares: a connection is an open file; at the limit, accept() fails and pushes time out. The guide's paragraph
is 附录 3, step 3: `ulimit -n` (which shows the limit of the shell, not of the running server).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context
from wxalarm.checks.host.facts import Server, by_server, live, server
from wxalarm.checks.nginx import nginx_config
from wxalarm.checks.nginx.facts import load, route_of
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.nginx.upstreams import ports_behind
from wxalarm.probes.host import limits
from wxalarm.probes.host.limits import Limits
from wxalarm.probes.processes import Process

FILES_LOW = Code("files-low", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
PIDS_LOW = Code("pids-low", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)

USED = 0.8
FULL = 0.97
SMALLEST = 256
"""Processes with a smaller limit have set it themselves, to be safe."""


async def probe(ctx: Context) -> Limits:
    """The limits now. Skips when this is not the callback server."""
    this = await server(ctx)
    return await asyncio.to_thread(limits.look, this.pid, _ports(ctx, this))


def _ports(ctx: Context, this: Server) -> set[int]:
    """The callback's port, and those of the application behind nginx on this machine."""
    ports = {ctx.target.port}
    if this.nginx is not None and (route := route_of(load(this.nginx.conf), ctx)) is not None:
        ports |= ports_behind(route)
    return ports


def evaluate(seen: Limits, ctx: Context) -> Iterable[Finding]:
    """The system's own limit, then each process near its limit."""
    if seen.files is not None and seen.files_max and seen.files >= seen.files_max * USED:
        yield _files(ctx, seen.files, seen.files_max, None)
    known = {process.pid: process for process in (*seen.listeners, *seen.processes)}
    for process in known.values():
        limit, used = process.nofile_soft, process.open_files
        if limit is not None and used is not None and limit >= SMALLEST and used >= limit * USED:
            yield _files(ctx, used, limit, process)
    for where, number, most in (("group", seen.pids, seen.pids_max), ("system", seen.tasks, seen.tasks_max)):
        if number is not None and most and number >= most * USED:
            yield live(ctx, PIDS_LOW, _severity(number, most))(where=where, used=number, limit=most)


def _files(ctx: Context, used: int, limit: int, process: Process | None) -> Finding:
    return live(ctx, FILES_LOW, _severity(used, limit))(
        who=f"{process.name} ({process.pid})" if process else "system",
        used=used,
        limit=limit,
        hard=process.nofile_hard if process else limit,
    )


def _severity(used: int, limit: int) -> Severity:
    return Severity.ERROR if used >= limit * FULL else Severity.WARNING


CHECK = Check(
    id="host-limits",
    codes=(FILES_LOW, PIDS_LOW),
    observation=Limits,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_server,
    network=False,
    timeout=10.0,
)
