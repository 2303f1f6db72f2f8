"""What the alarm itself proves, before anything is probed: the groups of 错误样例 and the arithmetic of 次数.

WeChat prints the reason of many failures there: `http code`, `cURL Error`. That is recorded evidence, the strongest
there is. Where it prints no reason, the rate of the failures and the owner of the answering server still say where
to look. The guide: 报警排查指引, the paragraphs on 错误样例.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, by_alarm
from wxalarm.checks.dns import addresses
from wxalarm.checks.network.http_status import HTTP_REDIRECT, HTTP_STATUS, redirects, status_case
from wxalarm.checks.scope import PRIVATE_ADDRESS, scope_of
from wxalarm.checks.urls import split_url
from wxalarm.model import BEIJING, Alarm, AlarmKind, Basis, Code, Finding, Severity
from wxalarm.parser.consistency import LENGTH_MISMATCH, STAMP_MISMATCH, body_length, stamp_apart
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.limits import BLOCK, WAIT
from wxalarm.wechat.reply.body import SHOWN
from wxalarm.wechat.reply.pushes import pushed_of
from wxalarm.wechat.statuses import curl_case

HTTP_RECORDED = HTTP_STATUS.variant(basis=Basis.RECORDED)
REDIRECT_RECORDED = HTTP_REDIRECT.variant(basis=Basis.RECORDED)
PRIVATE_RECORDED = PRIVATE_ADDRESS.variant(basis=Basis.RECORDED)
CURL_ERROR = Code("curl-error", Severity.ERROR, Basis.RECORDED, mechanisms.PRINTED)
PLATFORM_SIDE = Code("platform-side", Severity.WARNING, Basis.RECORDED, mechanisms.ELSEWHERE)
STORM = Code("storm", Severity.WARNING, Basis.CONDITION)
BURST = Code("burst", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
MARKFAIL_BLOCK = Code("markfail-block", Severity.WARNING, Basis.CONDITION)
SAMPLE_SILENT = Code("sample-silent", Severity.WARNING, Basis.CONDITION)

STORM_ACCOUNTS = 5
"""Accounts that report failures at one host at once above which no single account's settings are to blame."""
BURST_RATE = 5.0
"""Failures a second above which the load itself is the first suspect: a default alarm begins at 30 in 5 minutes."""
MASS_EVENTS = frozenset({"template send job finish", "mass send job finish"})
"""Events of which WeChat pushes one for every recipient of one sending."""


async def probe(ctx: Context) -> bool:
    """Nothing to ask: the alarm is already here."""
    return True


def evaluate(observation: bool, ctx: Context) -> Iterator[Finding]:
    """Findings from the alarm's own fields."""
    alarm, sample = ctx.alarm, ctx.alarm.sample
    status = sample.http_code
    if status is not None and redirects(status):
        yield REDIRECT_RECORDED(status=status, ip=sample.ip or None)
    elif status not in (None, 200):  # 200 is what WeChat wants: something else was wrong then
        yield HTTP_RECORDED(status=status, case=status_case(status), ip=sample.ip or None)
    if sample.curl_error:  # CURLE_OK is 0
        number = sample.curl_error
        yield CURL_ERROR(number=number, case=curl_case(number), ip=sample.ip or None)
    if sample.ip and (scope := scope_of(sample.ip)) and not _given(sample.ip, ctx):
        yield PRIVATE_RECORDED(ip=sample.ip, scope=scope)
    if sample.platform is not None and not _ours(ctx):
        yield _platform_side(alarm, sample.platform)
    if (rate := alarm.rate) is not None and rate >= BURST_RATE:
        yield _burst(alarm, rate)
    if ctx.accounts_here >= STORM_ACCOUNTS:
        yield STORM(accounts=ctx.accounts_here, host=ctx.target.host)
    if alarm.kind is AlarmKind.MARK_FAIL:
        yield MARKFAIL_BLOCK(since=f"{alarm.first_seen:%H:%M:%S}" if alarm.first_seen else None, seconds=BLOCK)
    if _silent(alarm):
        yield SAMPLE_SILENT(msg_type=sample.msg_type, event=sample.event or sample.msg)
    yield from _contradictions(alarm)


def _given(ip: str, ctx: Context) -> bool:
    """Whether the user gave this address for the callback: then it is a stand-in, where WeChat need not come."""
    return any(address.ip == ip and address.permitted for address in addresses.known(ctx))


def _ours(ctx: Context) -> bool:
    """Whether the platform that the alarm names is the user's own: it is configured, or what was pushed goes to nobody
    but the platform itself, as its alarms do."""
    configured = ctx.account is not None and ctx.account.platform
    return configured or ctx.settings.has_server(ctx.alarm.sample.url) or pushed_of(ctx.alarm).form is Form.NOTICE


def _platform_side(alarm: Alarm, platform: str) -> Finding:
    """Whose server it is, with all that a letter to its provider says."""
    sample = alarm.sample
    shown = " ".join((sample.response_content or "").split())
    seen = {"status": sample.http_code, "curl": sample.curl_error, "decrypt": sample.decrypt_failed, "body": shown}
    return PLATFORM_SIDE(
        case="named" if platform else "unnamed",
        platform=platform,
        url=sample.url,
        host=split_url(sample.url or "").host,
        ip=sample.ip or None,
        appid=alarm.appid,
        kind=str(alarm.kind),
        first_seen=f"{alarm.first_seen:%Y-%m-%d %H:%M:%S}" if alarm.first_seen else None,
        count=alarm.count,
        window=alarm.window_minutes,
        saw=next((name for name, value in seen.items() if value), "other"),
        status=sample.http_code,
        number=sample.curl_error,
        shown=shown[:SHOWN],
    )


def _burst(alarm: Alarm, rate: float) -> Finding:
    event = alarm.sample.event or alarm.sample.msg
    case = "mass" if event and event.lower() in MASS_EVENTS else "other"
    return BURST(
        count=alarm.count,
        window=alarm.window_minutes,
        rate=round(rate, 1),
        held=round(rate * WAIT),
        limit=WAIT,
        event=event,
        case=case,
    )


def _silent(alarm: Alarm) -> bool:
    """A bad reply of which WeChat printed neither status, error, nor body (layout B that ends after MsgType)."""
    sample = alarm.sample
    reasons = (sample.http_code, sample.curl_error, sample.response_content, sample.response_length)
    return (
        alarm.kind is AlarmKind.INVALID_RESPONSE
        and (sample.msg_type is not None or sample.event is not None or sample.msg is not None)
        and not sample.decrypt_failed
        and all(reason is None for reason in reasons)
    )


def _contradictions(alarm: Alarm) -> Iterator[Finding]:
    """Places where the text contradicts itself: it was edited, or damaged on its way here."""
    sample = alarm.sample
    if (apart := stamp_apart(alarm)) is not None and sample.stamp is not None:
        stamp = datetime.fromtimestamp(sample.stamp, UTC).astimezone(BEIJING)
        seen = f"{alarm.first_seen:%Y-%m-%d %H:%M:%S}"
        yield STAMP_MISMATCH(first_seen=seen, stamp=f"{stamp:%Y-%m-%d %H:%M:%S}", apart=abs(apart))
    if (length := body_length(sample)) is not None:
        yield LENGTH_MISMATCH(declared=sample.response_length, length=length)


CHECK = Check(
    id="sample",
    codes=(
        HTTP_RECORDED,
        REDIRECT_RECORDED,
        CURL_ERROR,
        PRIVATE_RECORDED,
        PLATFORM_SIDE,
        STORM,
        BURST,
        MARKFAIL_BLOCK,
        SAMPLE_SILENT,
        STAMP_MISMATCH,
        LENGTH_MISMATCH,
    ),
    observation=bool,
    probe=probe,
    evaluate=evaluate,
    key=by_alarm,
    network=False,
    sends=False,
    records=True,
)
