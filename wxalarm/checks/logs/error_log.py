"""Looks at nginx's error log in the alarm's minutes: each string of the guide's 附录 3, and its relatives.

Why WeChat cares: the error log says why a push failed that the access log only shows as failed. Its lines have no time
zone; that of the clock is deduced. The guide's paragraphs are 连接超时 (FAQ 2) and 附录 3, step 2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.logs import access_log, error_rules, sources
from wxalarm.checks.logs.facts import LONGEST, push, push_addresses, seconds_for, window
from wxalarm.checks.nginx import nginx_config
from wxalarm.logs import times
from wxalarm.logs.errors import ErrorLines
from wxalarm.model import Finding
from wxalarm.probes import error_log, logfiles
from wxalarm.probes.command import ZSTD
from wxalarm.probes.error_log import ASSUMED, ErrorLogSeen


async def probe(ctx: Context) -> ErrorLogSeen:
    """Reads the window. Skips when the alarm has no time, or when there is no log of the callback server."""
    seconds = window(ctx)
    if seconds is None:
        raise Skip("no-time")
    config = await ctx.wait(nginx_config.CHECK)
    given = ctx.settings.host.error_log
    paths = await sources.paths(ctx, given, config.error_logs if config and config.here else ())
    zone = await _zone(ctx, paths, seconds[0], not given)
    senders, limit = push_addresses(ctx), seconds_for(ctx)
    return await asyncio.to_thread(error_log.read, paths, push(ctx), senders, seconds, zone, limit, not given)


async def _zone(ctx: Context, paths: Sequence[str], start: float, here: bool) -> tuple[int, str]:
    """(seconds east of UTC, how that is known) of logs whose lines do not say it."""
    offset, source = await asyncio.to_thread(logfiles.zone_of, paths, ErrorLines(0))
    if offset is None:
        beside = await ctx.wait(access_log.CHECK)
        offset, source = (beside.offset, "access-log") if beside else (None, "")
    if offset is None:
        offset, source = (logfiles.local_zone(start), "machine") if here else (times.CHINA, ASSUMED)
    return offset, source


def evaluate(observation: ErrorLogSeen, ctx: Context) -> Iterable[Finding]:
    """A finding for each kind of trouble in the window."""
    return error_rules.findings(observation, ctx)


CHECK = Check(
    id="error-log",
    codes=error_rules.CODES,
    observation=ErrorLogSeen,
    probe=probe,
    evaluate=evaluate,
    uses=(nginx_config.CHECK, access_log.CHECK),
    key=by_alarm,
    network=False,
    timeout=LONGEST,
    runs=(ZSTD,),
    records=True,
)
