"""Looks at the disks that nginx and the application need for a push: room for logs and temporary files, and speed.

Why WeChat cares: without room nginx cannot buffer a body (500) and many applications cannot log; a slow disk holds up
every handler that writes before it answers. The guide's paragraph is 附录 2: `iostat`, `sar`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context
from wxalarm.checks.host.facts import Server, by_server, live, server, when
from wxalarm.checks.nginx import nginx_config
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.host import disk
from wxalarm.probes.host.disk import Device, Disk, Space

DISK_FULL = Code("disk-full", Severity.WARNING, Basis.CONDITION, mechanisms.BACKEND)
DISK_SLOW = Code("disk-slow", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)

FREE = 0.05
FULL_BYTES = 16 * 1024 * 1024
"""Less than this is as good as nothing."""
FULL_INODES = 100
WAIT_MS = 100.0
"""Milliseconds: a rotating disk needs about 10, a cloud disk a few; ten times that is a queue."""
MIN_REQUESTS = 20
"""In one sample; fewer say little."""
PRESSURE = 40.0
"""Percent of the time in which some task waited for a disk."""
GIB = 1024**3


async def probe(ctx: Context) -> Disk:
    """One sample. Skips when this is not the callback server."""
    this = await server(ctx)
    return await disk.look(list(_folders(ctx, this)), ctx.limit(ctx.settings.sample))


def _folders(ctx: Context, this: Server) -> Iterator[str]:
    """Where nginx, the application and their temporary files write."""
    host = ctx.settings.host
    logs = [*host.access_log, *host.error_log, *host.app_log]
    if this.nginx is not None:
        logs += [*(log.path for log in this.nginx.access_logs), *this.nginx.error_logs]
        if this.nginx.conf.prefix:
            yield this.nginx.conf.prefix
    for path in logs:
        yield os.path.dirname(path) or "."
    yield from (tempfile.gettempdir(), "/var/log", "/var/lib/nginx", "/var/tmp") if os.name == "posix" else ()


def evaluate(seen: Disk, ctx: Context) -> Iterable[Finding]:
    """Room, then speed. Disks that belong to no such folder count too: one queue holds up the whole machine."""
    for space in seen.spaces:
        finding = _room(space, ctx) or _inodes(space, ctx)
        if finding is not None:
            yield finding
    slow = [device for device in seen.devices or () if _is_slow(device)]
    pressed = seen.pressure is not None and seen.pressure.some10 >= PRESSURE and seen.pressure.full10 >= PRESSURE / 2
    for device in slow or ((seen.devices or ())[:1] if pressed else ()):
        yield live(ctx, DISK_SLOW)(
            when=when(ctx),
            device=device.name,
            wait=device.wait_ms,
            busy=round(device.busy * 100),
            requests=device.requests,
            limit=WAIT_MS,
            case="slow" if slow else "pressure",
        )


def _is_slow(device: Device) -> bool:
    return device.wait_ms >= WAIT_MS and device.requests >= MIN_REQUESTS


def _room(space: Space, ctx: Context) -> Finding | None:
    if space.free >= space.total * FREE and space.free >= FULL_BYTES:
        return None
    severity = Severity.ERROR if space.free < FULL_BYTES else Severity.WARNING
    return live(ctx, DISK_FULL, severity)(
        path=space.path,
        what="bytes",
        left=round(space.free / GIB, 2),
        total=round(space.total / GIB, 2),
        percent=_percent(space.free, space.total),
    )


def _inodes(space: Space, ctx: Context) -> Finding | None:
    if not space.inodes or space.inodes_free is None or space.inodes_free >= space.inodes * FREE:
        return None
    severity = Severity.ERROR if space.inodes_free < FULL_INODES else Severity.WARNING
    return live(ctx, DISK_FULL, severity)(
        path=space.path,
        what="inodes",
        left=space.inodes_free,
        total=space.inodes,
        percent=_percent(space.inodes_free, space.inodes),
    )


def _percent(part: int, whole: int) -> int:
    return round(part / whole * 100) if whole else 0


CHECK = Check(
    id="host-disk",
    codes=(DISK_FULL, DISK_SLOW),
    observation=Disk,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_server,
    network=False,
    timeout=10.0,
)
