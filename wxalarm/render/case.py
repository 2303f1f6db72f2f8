"""A run as a saved case: all that a replay needs, and no secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wxalarm.cases import to_text
from wxalarm.checks.check import Context
from wxalarm.model import Finding, Report
from wxalarm.render.redact import Redactor


def case_of(
    reports: Sequence[Report], contexts: Sequence[Context], problems: Sequence[Finding], never: Redactor
) -> str:
    """The case. never: hides what is never shown (`Redactor(reveal=True)`)."""
    kept = [
        replace(
            ctx,
            alarm=never.alarm(ctx.alarm),
            target=never.plain(ctx.target),
            account=ctx.account and never.plain(replace(ctx.account, secrets={})),
            settings=never.plain(replace(ctx.settings, accounts=())),
        )
        for ctx in contexts
    ]
    return to_text(never.reports(reports), kept, [never.finding(problem) for problem in problems])
