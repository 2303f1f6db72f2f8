"""Sends the push that the alarm names, signed and by mode encrypted, and has the answer judged. Only with --push.

Why WeChat cares: it is what WeChat does. The OpenID is a marked one (wechat/push.py) that an operator can tell from a
user's. Of a third-party platform's pushes only `unauthorized` of a made-up account is sent, never a ticket: a handler
would store a made-up ticket in place of the true one. A payment notification bears a made-up sign: FAIL is right then.
Guide: 请求超时, 回应失败; 推送component_verify_ticket失败.
"""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Iterator
from dataclasses import replace

from msgspec import Struct

from wxalarm.checks.check import Check, Context, Skip
from wxalarm.checks.dns import addresses
from wxalarm.checks.network import http_request, signed_requests, tcp_connect, tls_handshake
from wxalarm.checks.network.http_status import redirects
from wxalarm.checks.timing import spread
from wxalarm.checks.urls import split_url
from wxalarm.kinds import PAY, PLATFORM
from wxalarm.model import Basis, Finding
from wxalarm.probes.http import Exchange
from wxalarm.wechat import catalogue, push
from wxalarm.wechat.catalogue import Entry, Form
from wxalarm.wechat.crypto import CryptoError, Keys
from wxalarm.wechat.limits import SLOW_AFTER, WAIT
from wxalarm.wechat.reply import CODES, Opened, Pushed, codes, judge, open_envelope

ORIGINAL_ID = "gh_wxalarm000000"
"""ToUserName when the account's original_id is not configured."""


class Push(Struct, frozen=True):
    """What was pushed, and what every address answered."""

    pushed: Pushed
    mode: str
    exchanges: tuple[Exchange, ...]
    opened: tuple[Opened | None, ...]
    """For each exchange, what the account's keys say about an encrypted reply."""


async def probe(ctx: Context) -> Push:
    """One signed POST to every address that may have one."""
    if not ctx.settings.push:
        raise Skip("no-push")
    keys = signed_requests.keys_of(ctx)
    account = ctx.account
    assert account is not None  # keys_of skips without one
    entry = entry_of(ctx)
    _fits(entry, ctx)
    gh = account.original_id or ORIGINAL_ID
    mode = "secure" if entry.form is Form.NOTICE else account.mode
    if mode != "plain" and not keys.encoding_aes_keys and entry.form is not Form.PAY:
        raise Skip("no-aes-key", account=account.name, mode=mode)
    timestamp = int(ctx.now.timestamp())
    sent: list[str] = []

    def make(address: str) -> push.Request:
        made = request(address)
        sent.append(made.url)
        return made

    def request(address: str) -> push.Request:
        moment = push.Moment(timestamp, str(secrets.randbelow(10**10)), secrets.token_bytes(16))
        url = signed_requests.address_of(ctx)
        if entry.form is Form.PAY:
            return push.payment(url, moment, appid=keys.appid)
        return push.push(url, entry, keys, moment, account=gh, mode=mode, authorizer=ctx.alarm.appid or "")

    try:
        exchanges = await signed_requests.send(ctx, make)
    except CryptoError:
        raise Skip("bad-aes-key", account=account.name) from None
    user = entry.form in (Form.MESSAGE, Form.EVENT)
    pushed = Pushed(entry.form, entry.name, push.OPENID if user else None, gh if user else None)
    # Behind the envelope our signatures can be repeated too.
    return Push(pushed, mode, exchanges, signed_requests.without(tuple(_opened(one, keys) for one in exchanges), *sent))


def by_what(ctx: Context) -> Hashable:
    """Alarms that name the same push to the same place share one: twenty alarms are no reason for twenty pushes."""
    entry = entry_of(ctx)
    return (signed_requests.by_account_and_target(ctx), entry.form, entry.name, ctx.alarm.appid)


def entry_of(ctx: Context) -> Entry:
    """What to push: what the alarm names; a text message when it names nothing."""
    sample = ctx.alarm.sample
    if ctx.alarm.kind in PAY or sample.transaction_id is not None:
        return catalogue.PAYMENT
    named = catalogue.by_label(sample.msg, sample.event, sample.msg_type)
    if ctx.alarm.kind in PLATFORM or (named is not None and named.form is Form.NOTICE):
        return catalogue.by_name(Form.NOTICE, "unauthorized")
    return named or catalogue.by_name(Form.MESSAGE, "text")


def _fits(entry: Entry, ctx: Context) -> None:
    """Skips when the target is not where such a push belongs."""
    account, target = ctx.account, ctx.target
    assert account is not None
    if entry.form is Form.NOTICE and not account.platform:
        raise Skip("no-platform", account=account.name)
    # The notify_url of payments stands in no alarm and is not the account's URL: only --url can have named it.
    own = account.urls(ctx.alarm.appid or "")
    if entry.form is Form.PAY and any(split_url(url).path == target.path for url in own):
        raise Skip("no-notify-url")


def _opened(one: Exchange, keys: Keys) -> Opened | None:
    sealed = len(one.body) < signed_requests.LARGEST and b"<Encrypt>" in one.body
    return open_envelope(one.body, keys) if sealed else None


def evaluate(observation: Push, ctx: Context) -> Iterator[Finding]:
    """The judge's findings, once for all addresses that answer alike; failures of the connection; slowness."""
    for finding in _findings(observation, ctx):
        yield signed_requests.graded(finding, ctx)


def _findings(observation: Push, ctx: Context) -> Iterator[Finding]:
    found, answered = signed_requests.failures(observation.exchanges, ctx)
    yield from found
    judged: dict[tuple[object, ...], list[str]] = {}
    opened = dict(zip([one.address for one in observation.exchanges], observation.opened, strict=True))
    for one in answered:
        judged.setdefault((one.status, one.body), []).append(one.address)
    said = {one.address: _judged(one, observation, opened[one.address], ctx) for one in answered}
    fine = [address for address, findings in said.items() if not findings]
    for one in answered:
        # The alarm's own address stands for all that answer alike, else one of IPv4.
        alike = sorted(
            judged[one.status, one.body], key=lambda ip: (not addresses.place(ip, ctx)["own_address"], ":" in ip)
        )
        if alike[0] == one.address:
            pool = {"ip": ", ".join(alike), "pool": "some" if fine else "named", "fine": fine}
            yield from (replace(finding, evidence={**finding.evidence, **pool}) for finding in said[one.address])
        if one.total > SLOW_AFTER:
            times = spread([one.total]).evidence
            yield http_request.HTTP_SLOW(
                **http_request.where_of(one, ctx), **http_request.phases(one), slow=SLOW_AFTER, limit=WAIT, **times
            )


def _judged(one: Exchange, observation: Push, opened: Opened | None, ctx: Context) -> list[Finding]:
    pushed = observation.pushed
    where = {**http_request.where_of(one, ctx), "pushed": pushed.name or "pay"}
    if redirects(one.status or 0):
        redirected = http_request.redirected(one, ctx)
        return [replace(redirected, evidence={**redirected.evidence, **where})]
    judgement = judge(
        one.body,
        status=one.status or 0,
        # The HTTP client has checked the length; what was masked inside a compressed body has another.
        headers=[header for header in one.headers if header[0].lower() != "content-length"],
        push=pushed,
        mode=observation.mode,
        opened=opened,
        truncated=len(one.body) >= signed_requests.LARGEST,
    )
    return [
        replace(finding, evidence={**finding.evidence, **where})
        for finding in judgement.based(Basis.REPRODUCED).findings
        if finding.code.id != codes.PAY_FAIL.id
    ]


UNSEEN = (codes.LENGTH, codes.TOO_LARGE, codes.PAY_FAIL)
"""What the HTTP client reports itself, and what is right as an answer to a made-up sign."""

CHECK = Check(
    id="push",
    codes=(
        http_request.HTTP_TIMEOUT,
        http_request.HTTP_SLOW,
        http_request.HTTP_EMPTY,
        http_request.HTTP_RESET,
        http_request.HTTP_MALFORMED,
        http_request.HTTP_TOO_LARGE,
        *(code for code in CODES if code not in UNSEEN),
    ),
    observation=Push,
    probe=probe,
    evaluate=evaluate,
    uses=(*addresses.SOURCES, tcp_connect.CHECK, tls_handshake.CHECK, http_request.CHECK),
    key=by_what,
    timeout=12.0,
    wants=("host", "url", "account"),
)
