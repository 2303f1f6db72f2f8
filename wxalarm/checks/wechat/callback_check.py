"""Reads a pasted answer of WeChat's callback/check (网络检测), for accounts whose token is not at hand here.

--callback-check FILE: what `curl …/cgi-bin/callback/check` or the console printed, one or several JSON objects with
anything around them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from msgspec import Struct

from wxalarm.checks.check import Check, Context, Skip, by_target
from wxalarm.checks.wechat import api_errors, callback_check_rules
from wxalarm.model import Finding
from wxalarm.probes.api import Answer, answers_in, read_callback_check
from wxalarm.wechat.api import CallbackCheck, pasted_checks


class Pasted(Struct, frozen=True):
    """What the file holds."""

    checks: tuple[CallbackCheck, ...]
    errors: tuple[Answer, ...] = ()
    """Errors that WeChat gave instead."""


async def probe(ctx: Context) -> Pasted:
    """Read the file; skips when none was given or nothing is in it."""
    path = ctx.settings.api.callback_check
    if path is None:
        raise Skip("no-callback-check")
    text = await asyncio.to_thread(read_callback_check, path)
    if text is None:
        raise Skip("callback-check-unreadable", path=path)
    checks, errors = pasted_checks(text), answers_in(text)
    if not checks and not errors:
        raise Skip("callback-check-empty", path=path)
    return Pasted(checks, errors)


def evaluate(observation: Pasted, ctx: Context) -> Iterator[Finding]:
    """As of answers that were asked for here."""
    account = ctx.account.name if ctx.account else ctx.alarm.appid or "?"
    yield from api_errors.findings(observation.errors, "-", account)
    yield from callback_check_rules.findings(observation.checks, ctx)


CHECK = Check(
    id="callback-check",
    codes=(*api_errors.CODES[1:], *callback_check_rules.CODES),
    observation=Pasted,
    probe=probe,
    evaluate=evaluate,
    key=by_target,
    network=False,
    wants=("callback_check",),
)
