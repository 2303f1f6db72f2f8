"""The reply that the alarm itself shows, judged as WeChat judges it.

WeChat prints the body of a bad reply (response_content, resp) and says what it had pushed. That is recorded
evidence: a quoted "success" there is the cause, whatever else a probe may find. The guide: 回应失败, c).
The HTTP status and the cURL error of the same sample are the check `sample`'s.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from wxalarm.checks.check import Check, Context, Skip, by_alarm
from wxalarm.model import AlarmKind, Basis, Finding, Severity, Target
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import Judgement, Opened, Pushed, codes, judge, open_envelope
from wxalarm.wechat.reply.pushes import pushed_of


class Observation(Struct, frozen=True):
    """What cannot be read off the alarm: the account's mode, and what its keys say about an encrypted reply."""

    mode: str
    """plain, compatible or secure; compatible when no account is configured: then either form may be right."""
    opened: Opened | None = None


async def probe(ctx: Context) -> Observation:
    """Reads the account's keys only when the alarm shows an encrypted reply."""
    sample = ctx.alarm.sample
    if sample.response_content is None and not sample.decrypt_failed and not _silent_payment(ctx):
        raise Skip("no-body")
    mode = "secure" if sample.decrypt_failed else ctx.account.mode if ctx.account else "compatible"
    return Observation(mode, _opened(ctx) if mode != "plain" else None)


def _opened(ctx: Context) -> Opened | None:
    account, body = ctx.account, _body(ctx)
    if account is None or "<Encrypt>" not in (ctx.alarm.sample.response_content or ""):
        return None
    keys = Keys(account.secret("token") or "", account.appid or "", account.aes_keys)
    return None if ctx.alarm.sample.response_truncated else open_envelope(body, keys)


def _body(ctx: Context) -> bytes:
    return (ctx.alarm.sample.response_content or "").encode("utf-8", "surrogateescape")


def _silent_payment(ctx: Context) -> bool:
    """A bad answer to a payment notification of which WeChat shows nothing: it prints [resp] then."""
    alarm = ctx.alarm
    return alarm.kind is AlarmKind.PAY_NOTIFY_INVALID and alarm.sample.transaction_id is not None


def evaluate(observation: Observation, ctx: Context) -> Iterator[Finding]:
    """The judge's findings; with [decrypt fail], why WeChat could not decrypt, as far as it can be seen."""
    url = _url(ctx.target)
    more: dict[str, Any] = {"url": url} if url else {}
    if ctx.alarm.sample.response_truncated:
        more["cut"] = len(_body(ctx))  # what the page says further down is not in the alarm
    for finding in _findings(observation, ctx):
        yield dataclasses.replace(finding, evidence={**finding.evidence, **more}) if more else finding


def _findings(observation: Observation, ctx: Context) -> Iterator[Finding]:
    sample = ctx.alarm.sample
    if sample.response_content is None:
        if sample.decrypt_failed:
            yield codes.UNDECRYPTABLE(case="flag", length=None, inner=False)
        else:
            yield codes.EMPTY.variant(basis=Basis.CONDITION)(case="flag")
        return
    judgement = judge(
        _body(ctx),
        push=_pushed(ctx),
        mode=observation.mode,
        opened=observation.opened,
        truncated=sample.response_truncated,
        length=sample.response_length,
    )
    if sample.decrypt_failed:
        yield from _undecryptable(judgement, sample.response_content)
        return
    for finding in judgement.findings:  # WeChat would have said [decrypt fail]: the configured mode may be an old one
        doubted = finding.code.id == codes.NOT_ENCRYPTED.id
        yield _only_possible(finding) if doubted else finding


def _url(target: Target) -> str | None:
    """The callback URL for the next command, as it would be sent."""
    if target.url is None or not target.host:
        return None
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{target.scheme}://{host}:{target.port}{quote(target.path, safe='/?&=%:;,+@!~$()*')[:1000]}"


def _undecryptable(judgement: Judgement, content: str) -> Iterator[Finding]:
    """[decrypt fail]: what is visibly no encrypted reply is its own cause; else the envelope was not to be opened."""
    ids = {f.code.id for f in judgement.findings if f.code.severity is Severity.ERROR}
    own = {
        codes.UNDECRYPTABLE.id,
        codes.APPID.id,
        codes.SIGNATURE.id,
        codes.ELEMENT_MISSING.id,
        codes.ENCRYPTED_TWICE.id,
    }
    if "<Encrypt>" in content and not ids & own:
        case = "malformed" if codes.MALFORMED_XML.id in ids else "unseen"
        length = len(content.partition("<Encrypt>")[2].partition("</Encrypt>")[0].replace("<![CDATA[", "").rstrip("]>"))
        yield codes.UNDECRYPTABLE(case=case, length=length, inner=False)
    plain = codes.NOT_ENCRYPTED.id in ids
    for finding in judgement.findings:
        if finding.code is not codes.SEALED:  # what is wrong inside, WeChat has not come to see
            yield _only_possible(finding) if plain and finding.code.id != codes.NOT_ENCRYPTED.id else finding


def _only_possible(finding: Finding) -> Finding:
    return dataclasses.replace(finding, code=finding.code.variant(basis=Basis.CONDITION))


def _pushed(ctx: Context) -> Pushed:
    """What the alarm says was pushed. An OpenID that was edited (one that nearly fits the body) tells nothing."""
    pushed = pushed_of(ctx.alarm)
    openid, content = pushed.openid, ctx.alarm.sample.response_content or ""
    if openid and openid not in content and openid[:6] in content:
        return dataclasses.replace(pushed, openid=None)
    return pushed


CHECK = Check(
    id="reply-format",
    codes=(codes.TOO_LARGE, *codes.BODY),
    observation=Observation,
    probe=probe,
    evaluate=evaluate,
    key=by_alarm,
    network=False,
    sends=False,
    records=True,
)
