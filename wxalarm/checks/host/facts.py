"""What the checks on this machine share: whether it is the callback server, and how much its state now still says."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from msgspec import Struct

from wxalarm.checks import is_this_server
from wxalarm.checks.check import Context
from wxalarm.checks.nginx import nginx_config
from wxalarm.checks.nginx.facts import NginxConfig
from wxalarm.model import Code, Severity
from wxalarm.probes import machine

FRESH = 900.0
"""Seconds after an alarm's window for which the state of the machine is taken for that of the window."""


class Server(Struct, frozen=True):
    """This machine as the callback server."""

    nginx: NginxConfig | None = None

    @property
    def pid(self) -> int | None:
        """nginx's master, whose control group counts; None: no nginx runs."""
        running = self.nginx.conf.running if self.nginx else None
        return running.master if running else None


async def server(ctx: Context) -> Server:
    """This machine. Skips when nothing shows that it is the callback server: its load then says nothing."""
    this = await asyncio.to_thread(machine.look)
    nginx = await ctx.wait(nginx_config.CHECK)
    if not is_this_server.by_address(ctx, this) and (nginx is None or not nginx.here):
        raise is_this_server.elsewhere(ctx, this)
    return Server(nginx)


def by_server(ctx: Context) -> Hashable:
    """The probe looks at this machine, if it is the server: alarms of one server share it, whatever their paths."""
    target = ctx.target
    return (target.host, target.port, target.alarm_ip, target.named_by_user)


def when(ctx: Context) -> str:
    """ "now", or "later" when the alarm is so old that the machine's state now is not that of the alarm."""
    end = ctx.alarm.window_end
    return "later" if end is not None and (ctx.now - end).total_seconds() > FRESH else "now"


def live(ctx: Context, code: Code, severity: Severity | None = None) -> Code:
    """A code for the machine's state now: never an error for an old alarm, for which sar's files weigh more."""
    severity = severity or code.severity
    if severity is Severity.ERROR and when(ctx) == "later":
        severity = Severity.WARNING
    return code.variant(severity=severity)
