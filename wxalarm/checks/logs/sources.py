"""Which logs are read, and in which formats their lines may be: what the user gave, else what nginx here says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from wxalarm import nginx
from wxalarm.checks import is_this_server
from wxalarm.checks.check import Context, Skip
from wxalarm.checks.nginx.facts import NginxConfig, load
from wxalarm.logs import formats, parsers
from wxalarm.logs.durations import UNITS
from wxalarm.logs.formats import LineFormat
from wxalarm.probes import logfiles, machine


async def paths(ctx: Context, given: Sequence[str], configured: Iterable[nginx.AccessLog | str]) -> list[str]:
    """The log files: those the user named, else those of nginx here. Skips when there are none."""
    patterns = list(given) or [log if isinstance(log, str) else log.path for log in configured]
    if not patterns:
        this = await asyncio.to_thread(machine.look)
        raise Skip("no-log") if is_this_server.by_address(ctx, this) else is_this_server.elsewhere(ctx, this)
    return await asyncio.to_thread(logfiles.expand, patterns)


def units(ctx: Context) -> dict[str, str]:
    """The units of durations that the user named: "json latency=us took=ms", for lines with keys and values, "php-fpm
    took=ms", for a form that is written in more than one. Skips when one is none."""
    first, *pairs = (ctx.settings.host.log_format or "").split()[:20] or [""]
    if first.lower() not in parsers.NAMED:
        return {}
    found = {key.lower(): unit for key, _, unit in (pair.partition("=") for pair in pairs)}
    if not found or not set(found.values()) <= set(UNITS):
        raise Skip("log-format", format=ctx.settings.host.log_format, error=f"KEY={' | '.join(UNITS)}")
    return found


def line_formats(ctx: Context, config: NginxConfig | None) -> Iterable[LineFormat]:
    """The format the user gave, then those of the configuration. One that dates no line is of no use here."""
    if ctx.settings.host.log_format and not units(ctx):
        try:
            yield formats.given(ctx.settings.host.log_format)
        except ValueError as error:
            raise Skip("log-format", format=ctx.settings.host.log_format, error=str(error)) from None
    if config is None:
        return
    logs = [*config.access_logs, *nginx.every_access_log(load(config.conf), config.conf.prefix, config.conf.access_log)]
    for log in dict.fromkeys(logs):
        try:
            yield LineFormat(log.format_name, log.format, log.escape)
        except ValueError:
            continue
