"""Counts how long the last ticket can still be used, when the alarm says that every push of one failed.

Why: a ticket comes every 10 minutes and is valid for 12 hours; then no component_access_token can be had, and
a platform stops for all its accounts, unless a later ticket has come. Documents: 验证票据, 验证票据排查 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from wxalarm.checks.check import Check, Context, Skip, by_alarm
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
    # The last one that came through was pushed at most TICKET_EVERY minutes before the first failure.
    ends = alarm.first_seen.astimezone(BEIJING) + timedelta(hours=TICKET_VALID) - timedelta(minutes=TICKET_EVERY)
    left = (ends - ctx.now).total_seconds() / 3600
    case = "running" if left > 0 else "ended" if left >= -TOO_OLD else "past"
    code = TICKET_STALE if case == "ended" else TICKET_STALE.variant(severity=Severity.NOTE)
    yield code(
        count=alarm.count,
        window=alarm.window_minutes,
        all=all_of_them,
        ends=f"{ends:%Y-%m-%d %H:%M}",
        case=case,
        hours=round(abs(left), 1),
        valid=TICKET_VALID,
    )


CHECK = Check(
    id="ticket-age",
    codes=(TICKET_STALE,),
    observation=bool,
    probe=probe,
    evaluate=evaluate,
    key=by_alarm,
    network=False,
    sends=False,
)
