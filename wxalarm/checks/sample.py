"""What the alarm itself proves, before anything is probed: domain facts 1.7 to 1.9 of the alarm's sample.

WeChat prints the reason of many failures in 错误样例: `http code`, `cURL Error`, `decrypt fail`. That is recorded
evidence, the strongest there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm.checks.check import Check, Context, by_alarm
from wxalarm.model import Finding


async def probe(ctx: Context) -> bool:
    """Nothing to ask: the alarm is already here."""
    return True


def evaluate(observation: bool, ctx: Context) -> Iterable[Finding]:
    """Findings from the alarm's own fields."""
    return ()


CHECK = Check(id="sample", codes=(), observation=bool, probe=probe, evaluate=evaluate, key=by_alarm, network=False)
