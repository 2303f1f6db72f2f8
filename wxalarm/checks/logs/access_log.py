"""Looks at nginx's access log: the alarm's own push, and all pushes in the alarm's window.

Why WeChat cares: the access log is the one witness of how each push was answered and how long that took. The guide's
paragraphs are 请求超时 (b, c: did the request arrive, did it take too long) and 附录 3, step 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.logs import access_rules, sources
from wxalarm.checks.logs.facts import LONGEST, push, seconds_for, wanted, window
from wxalarm.checks.nginx import nginx_config
from wxalarm.kinds import TICKET
from wxalarm.model import Finding
from wxalarm.probes import access_log
from wxalarm.probes.access_log import AccessLogSeen
from wxalarm.probes.command import ZSTD
from wxalarm.wechat.limits import TICKET_VALID

HOUR = 3600.0
"""Seconds."""
SHARE = 0.7
"""Of the time left: the error log may wait for what this one says of the machine's zone."""


async def probe(ctx: Context) -> AccessLogSeen:
    """Reads the window. Skips when the alarm has no time, or when there is no log of the callback server."""
    seconds = window(ctx)
    if seconds is None:
        raise Skip("no-time")
    config = await ctx.wait(nginx_config.CHECK)
    given = ctx.settings.host.access_log
    paths = await sources.paths(ctx, given, config.access_logs if config and config.here else ())
    known = tuple(sources.line_formats(ctx, config))
    limit = seconds_for(ctx, SHARE)
    units = sources.units(ctx)
    good = TICKET_VALID * HOUR if ctx.alarm.kind in TICKET else 0.0
    # Somebody answered it: when pushes came here until then, somebody in front of this server.
    quiet = HOUR if access_rules.refused(ctx.alarm) else 0.0
    return await asyncio.to_thread(
        access_log.read, paths, known, push(ctx), wanted(ctx), seconds, limit, not given, units, good, quiet
    )


def evaluate(observation: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    """The alarm's own push first, then what the window's counts say."""
    return access_rules.findings(observation, ctx)


CHECK = Check(
    id="access-log",
    codes=access_rules.CODES,
    observation=AccessLogSeen,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK,),
    key=by_alarm,
    network=False,
    timeout=LONGEST,
    runs=(ZSTD,),
    records=True,
)
