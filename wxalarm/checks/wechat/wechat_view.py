"""Asks WeChat how it sees the callback: its DNS and its ping, its own count of failed pushes, who refreshes tokens.

Why: nothing else looks from WeChat's side. Needs a token that works; all calls read only. Documents: callback/check
(网络检测), getinterfacesummaryhour (接口分析), get_api_domain_ip, quota/get, rid/get; 连接超时 f).
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from wxalarm.checks.check import Check, Context, by_account
from wxalarm.checks.wechat import api_errors, callback_check_rules, callback_ips
from wxalarm.model import BEIJING, Basis, Code, Finding, Severity
from wxalarm.probes.api import TOKEN_ENDED, Answer, Api
from wxalarm.wechat.api import (
    OPERATORS,
    CallbackCheck,
    Hour,
    Quota,
    Traced,
    check_of,
    hours_of,
    ips_of,
    quota_of,
    traced_of,
)
from wxalarm.wechat.limits import WAIT

API_ADDRESS_UNLISTED = Code("api-address-unlisted", Severity.NOTE, Basis.CONDITION)
PUSH_FAILURES = Code("push-failures", Severity.WARNING, Basis.CONDITION)
TOKEN_REFRESH_STORM = Code("token-refresh-storm", Severity.WARNING, Basis.CONDITION)

LIMIT = round(WAIT * 1000)
"""Milliseconds that WeChat waits for an answer."""
STORM = 200
"""Calls of /cgi-bin/token on one day above which somebody refreshes far too often: one an hour is advised."""
TOKEN_API = "/cgi-bin/token"
MOST_RIDS = 3


class WechatView(Struct, frozen=True):
    """What WeChat said."""

    host: str
    """The API's host."""
    resolved: tuple[str, ...]
    """Its addresses, as seen here."""
    answers: tuple[Answer, ...]
    """How every call ended."""
    api_ips: tuple[str, ...] = ()
    checks: tuple[CallbackCheck, ...] = ()
    date: str = ""
    """The day of `hours`, in Beijing."""
    hours: tuple[Hour, ...] = ()
    token_calls: Quota | None = None
    traced: tuple[Traced, ...] = ()


async def probe(ctx: Context) -> WechatView:
    """All calls at once, with the token that callback-ips has found to work."""
    api = callback_ips.api_of(ctx)
    failed = await api.token()
    return WechatView(api.host, await api.addresses(), (failed,)) if failed else await _asked(api, ctx)


async def _asked(api: Api, ctx: Context) -> WechatView:
    date = day_of(ctx)
    calls: list[tuple[str, Mapping[str, Any] | None]] = [
        ("/cgi-bin/get_api_domain_ip", None),
        ("/datacube/getinterfacesummaryhour", {"begin_date": date, "end_date": date}),
        ("/cgi-bin/openapi/quota/get", {"cgi_path": TOKEN_API}),
        *(("/cgi-bin/callback/check", {"action": "all", "check_operator": name}) for name in OPERATORS),
    ]
    made = await asyncio.gather(*(api.call(path, body) for path, body in calls))
    answers = [answer for answer, _ in made]
    own, summary, quota, *checks = (data if answer.worked else {} for answer, data in made)
    found = (check_of(data, name) for name, data in zip(OPERATORS, checks, strict=True))
    traced, more = await _traced(api, answers)
    return WechatView(
        api.host,
        await api.addresses(),
        (*answers, *more),
        ips_of(own),
        tuple(check for check in found if check is not None),
        date,
        hours_of(summary),
        quota_of(quota),
        traced,
    )


async def _traced(api: Api, answers: Sequence[Answer]) -> tuple[tuple[Traced, ...], list[Answer]]:
    """What WeChat kept of the calls that failed, asked by their rid; none when the token itself is refused."""
    refused = any(answer.errcode in TOKEN_ENDED for answer in answers)
    rids = list(dict.fromkeys(answer.rid for answer in answers if answer.rid and answer.errcode))[:MOST_RIDS]
    if refused or not rids:
        return (), []
    made = await asyncio.gather(*(api.call("/cgi-bin/openapi/rid/get", {"rid": rid}) for rid in rids))
    found = (traced_of(data, rid) for rid, (answer, data) in zip(rids, made, strict=True) if answer.worked)
    return tuple(one for one in found if one is not None), [answer for answer, _ in made]


def day_of(ctx: Context) -> str:
    """The day of the alarm if its statistics are there already (from the next day on), else yesterday. In Beijing."""
    today = ctx.now.astimezone(BEIJING).date()
    seen = ctx.alarm.first_seen
    day = seen.astimezone(BEIJING).date() if seen else today
    return min(day, today - timedelta(days=1)).isoformat()


def evaluate(observation: WechatView, ctx: Context) -> Iterator[Finding]:
    """Errors first; then what WeChat sees."""
    account = ctx.account.name if ctx.account else "?"
    yield from api_errors.findings(observation.answers, observation.host, account, ctx.settings.api.base_url)
    yield from callback_check_rules.findings(observation.checks, ctx)
    yield from _own_address(observation)
    yield from _failures(observation)
    if (quota := observation.token_calls) is not None and quota.used >= STORM:
        yield TOKEN_REFRESH_STORM(used=quota.used, limit=quota.limit, storm=STORM, account=account)


def _own_address(observation: WechatView) -> Iterator[Finding]:
    """An old line in /etc/hosts, or a resolver far away, leads this machine to addresses that WeChat does not list."""
    here, listed = observation.resolved, observation.api_ips
    wechats = observation.host.endswith(".weixin.qq.com")
    if wechats and here and listed and not any(callback_ips.within(ip, listed) for ip in here):
        yield API_ADDRESS_UNLISTED(host=observation.host, here=list(here), listed=len(listed))


def _failures(observation: WechatView) -> Iterator[Finding]:
    """WeChat's own count of failed pushes."""
    pushes = sum(hour.pushes for hour in observation.hours)
    failures = sum(hour.failures for hour in observation.hours)
    if not failures:
        return
    worst = max(observation.hours, key=lambda hour: hour.failures)
    longest = max(hour.longest for hour in observation.hours)
    yield PUSH_FAILURES(
        date=observation.date,
        pushes=pushes,
        failures=failures,
        share=round(100 * failures / pushes, 2) if pushes else 100.0,
        hour=worst.hour,
        most=worst.failures,
        average=round(sum(hour.total for hour in observation.hours) / pushes) if pushes else 0,
        longest=longest,
        limit=LIMIT,
        case="slow" if longest >= LIMIT else "fast",
    )


def by_account_and_day(ctx: Context) -> Hashable:
    """The probe depends on the account, and on the day whose statistics are asked for."""
    return (by_account(ctx), day_of(ctx))


CHECK = Check(
    id="wechat-view",
    codes=(
        *api_errors.CODES,
        *callback_check_rules.CODES,
        API_ADDRESS_UNLISTED,
        PUSH_FAILURES,
        TOKEN_REFRESH_STORM,
    ),
    observation=WechatView,
    probe=probe,
    evaluate=evaluate,
    needs=(callback_ips.CHECK,),
    key=by_account_and_day,
    timeout=18.0,
    wants=("account",),
)
