"""Text → reports: what to probe for an alarm, and the run. The Python API `wxalarm.diagnose`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wxalarm.checks.check import Context
from wxalarm.checks.urls import split_url as split_url
from wxalarm.config import Account, Settings
from wxalarm.masking import Hidden, configured, hide, hiding
from wxalarm.model import Alarm, Report, Target
from wxalarm.parser import parse
from wxalarm.patterns import later
from wxalarm.probes.machine import now
from wxalarm.runner import run

_NO_HOST = later(r"[^:]*://[^/?#]*(?:[*＊…]|\.{2,}\Z)")
"""A URL whose host somebody masked, or a tool cut: there is no such host to ask."""


def diagnose(
    text: str, settings: Settings | None = None, *, url: str | None = None, account: str | None = None
) -> list[Report]:
    """The reports of all alarms in a text. Raises config.ConfigError for an account that is not configured."""
    settings = settings or Settings()
    return run(contexts(parse(text).alarms, settings, url=url, account=account))


def contexts(
    alarms: Sequence[Alarm],
    settings: Settings,
    *,
    url: str | None = None,
    account: str | None = None,
    resolve: Mapping[str, tuple[str, ...]] | None = None,
) -> list[Context]:
    """What each alarm's checks may look at: its account, and the target from --url, the alarm or the config."""
    moment = now()
    believed = settings.source is None or settings.source.trusted
    hidden = hiding(configured(settings.accounts, {url, *(alarm.sample.url for alarm in alarms)}))
    result = []
    for alarm in (_without(alarm, hidden) for alarm in alarms):
        owner = settings.account_for(alarm.appid, url or alarm.sample.url, account)
        target = target_of(alarm, owner, url, resolve or {}, believed=believed)
        result.append(Context(alarm, target, settings, owner, now=moment))
    return _counted(result)


def _without(alarm: Alarm, hidden: Hidden | None) -> Alarm:
    """The alarm, without our secrets in the answer that it quotes."""
    content = hide(alarm.sample.response_content, hidden)
    if content == alarm.sample.response_content:
        return alarm
    return replace(alarm, sample=replace(alarm.sample, response_content=content))


def _counted(contexts: list[Context]) -> list[Context]:
    """The contexts, each with the number of accounts whose alarms name its host: a storm is seen only from above."""
    accounts: dict[str | None, set[str | None]] = {}
    for ctx in contexts:
        accounts.setdefault(ctx.target.host, set()).add(ctx.alarm.appid)
    return [replace(ctx, accounts_here=len(accounts[ctx.target.host])) if ctx.target.host else ctx for ctx in contexts]


def target_of(
    alarm: Alarm,
    account: Account | None,
    url: str | None,
    resolve: Mapping[str, tuple[str, ...]],
    *,
    believed: bool = True,
) -> Target:
    """The target of an alarm: --url, else the alarm's own URL, else the account's configured one. believed: what the
    configuration names, the user has named."""
    configured = account.url_for(alarm.kind, alarm.appid) if account else None
    of_alarm = alarm.sample.url if alarm.sample.url and "://" in alarm.sample.url else None
    hidden = of_alarm if of_alarm and _NO_HOST.match(of_alarm) else None
    chosen = url or (None if hidden else of_alarm) or configured
    shown = chosen or hidden
    target = split_url(shown) if shown else Target()
    if not chosen:
        target = _with(target, host=alarm.sample.host or None)
    named = chosen is not None and (url is not None or (believed and _same_origin(chosen, configured)))
    return _with(target, alarm_ip=alarm.sample.ip or None, named_by_user=named, resolve=resolve)


def _same_origin(url: str, other: str | None) -> bool:
    if other is None:
        return False
    one, two = split_url(url), split_url(other)
    return (one.host, one.port) == (two.host, two.port)


def _with(target: Target, **values: Any) -> Target:
    return replace(target, **values)
