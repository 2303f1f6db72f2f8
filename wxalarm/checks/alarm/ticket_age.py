"""Counts how long the last ticket can still be used, when the alarm says that every push of one failed.

The last good one is what the user says, else what the access log shows, else one push before the first failure.

Why: a ticket comes every 10 minutes and is valid for 12 hours; then no component_access_token can be had, and
a platform stops for all its accounts, unless a later ticket has come. Documents: 验证票据, 验证票据排查 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.checks.logs import access_log
from wxalarm.kinds import TICKET
from wxalarm.model import BEIJING, Basis, Code, Finding, Severity
from wxalarm.wechat.limits import TICKET_EVERY, TICKET_TRIES, TICKET_VALID

TICKET_STALE = Code("ticket-stale", Severity.WARNING, Basis.CONDITION)
TOO_OLD = 24.0
"""Hours after the end of the last ticket above which the alarm says nothing of today's: others were pushed since."""


async def probe(ctx: Context) -> bool:
    """Nothing to ask: the alarm is here."""
    return True


def evaluate(observation: bool, ctx: Context) -> Iterator[Finding]:
    """A warning when the last ticket has ended; a note while it holds, and of an alarm that is long past."""
    alarm = ctx.alarm
    if alarm.kind not in TICKET or alarm.first_seen is None or not alarm.window_minutes or alarm.count is None:
        raise Skip("no-ticket-count")
    all_of_them = TICKET_TRIES * max(1, alarm.window_minutes // TICKET_EVERY)
    if alarm.count < all_of_them:
        return
    good, source = last_good(ctx, alarm.first_seen)
    ends = good + timedelta(hours=TICKET_VALID)
    left = (ends - ctx.now).total_seconds() / 3600
    case = "running" if left > 0 else "ended" if left >= -TOO_OLD else "past"
    code = TICKET_STALE if case == "ended" else TICKET_STALE.variant(severity=Severity.NOTE)
    yield code(
        count=alarm.count,
        window=alarm.window_minutes,
        all=all_of_them,
        good=f"{good:%Y-%m-%d %H:%M}",
        source=source,
        ends=f"{ends:%Y-%m-%d %H:%M}",
        case=case,
        hours=round(abs(left), 1),
        valid=TICKET_VALID,
    )


def last_good(ctx: Context, failed: datetime) -> tuple[datetime, str]:
    """When the last good ticket came, and who says so: "given", "log", or "guess", the earliest that it can be."""
    if ctx.settings.last_ticket is not None:
        return datetime.fromtimestamp(ctx.settings.last_ticket, BEIJING), "given"
    seen = ctx.got(access_log.CHECK)
    if seen is not None and seen.last_good is not None:
        return datetime.fromtimestamp(seen.last_good.ended, BEIJING), "log"
    # The last one that came through was pushed at most TICKET_EVERY minutes before the first failure.
    return failed.astimezone(BEIJING) - timedelta(minutes=TICKET_EVERY), "guess"


CHECK = Check(
    id="ticket-age",
    codes=(TICKET_STALE,),
    observation=bool,
    probe=probe,
    evaluate=evaluate,
    uses=(access_log.CHECK,),
    key=by_alarm,
    network=False,
    sends=False,
)
