"""Looks at the URL verification: the signed GET that WeChat sends when a URL is saved, answered with its echostr.

Why WeChat cares: without the right echo the URL cannot be saved; and what spoils the echo (quotes, a BOM, a page)
spoils `success` too. The token must be configured; nothing reaches a handler that a GET does not reach.
Where it is asked for alone (`wxalarm verify`), what is harmless to pushes counts too.
Guide: 接入指南, 回应失败.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from msgspec import Struct

from wxalarm.checks.check import Check, Context, Skip
from wxalarm.checks.dns import addresses
from wxalarm.checks.network import http_request, signed_requests, tcp_connect, tls_handshake
from wxalarm.checks.network.http_status import HTTP_REDIRECT, HTTP_STATUS, redirects, status_case
from wxalarm.model import Finding, Severity
from wxalarm.probes.http import Exchange
from wxalarm.wechat import crypto, push, verify
from wxalarm.wechat.crypto import CryptoError
from wxalarm.wechat.echo import near_miss
from wxalarm.wechat.reply import codes

REFUSED = frozenset({400, 401, 403})
"""What says to a signed GET that the signature, or WeChat as such, is refused."""
NO_ROUTE = frozenset({404, 405, 501})
"""A handler may serve POST only: the URL could not be saved again, but pushes can be right."""


class UrlVerify(Struct, frozen=True):
    """The echostr, and what every address answered."""

    echostr: str
    exchanges: tuple[Exchange, ...]
    sealed: str | None = None
    """For WeCom: the echostr as it was sent, encrypted."""


async def probe(ctx: Context) -> UrlVerify:
    """One signed GET to every address that may have one."""
    keys = signed_requests.keys_of(ctx)
    # Odd: a handler that turns it into a float, as JavaScript's numbers are, gives another one back, always.
    echostr = str(10**18 + 2 * secrets.randbelow(9 * 10**18 // 2) + 1)
    timestamp = int(ctx.now.timestamp())
    sealed = _sealed(echostr, keys, ctx) if ctx.settings.verify == "work" else None

    def make(address: str) -> push.Request:
        moment = push.Moment(timestamp, str(secrets.randbelow(10**10)))
        return push.verification(signed_requests.address_of(ctx), keys.token, moment, echostr, sealed)

    return UrlVerify(echostr, await signed_requests.send(ctx, make), sealed)


def _sealed(echostr: str, keys: crypto.Keys, ctx: Context) -> str:
    """WeCom's echostr. Skips without a key that can encrypt it."""
    try:
        key = keys.encoding_aes_keys[0]
        return crypto.encrypt(echostr.encode(), key, keys.appid, secrets.token_bytes(crypto.RANDOM))
    except (IndexError, CryptoError):
        raise Skip("no-aes-key", account=ctx.account.name if ctx.account else "", mode="secure") from None


def evaluate(observation: UrlVerify, ctx: Context) -> Iterator[Finding]:
    """Findings for every address, where an unsigned GET does not say the same already."""
    for finding in _findings(observation, ctx):
        yield signed_requests.graded(finding, ctx)
    for one in observation.exchanges if ctx.settings.verify is not None else ():
        if one.failure is None and not redirects(one.status or 0):
            for page in verify.who_answered(one.body):
                where = http_request.where_of(one, ctx)
                yield signed_requests.graded(Finding(page.code, {**page.evidence, **where}), ctx)


def _findings(observation: UrlVerify, ctx: Context) -> Iterator[Finding]:
    found, answered = signed_requests.failures(observation.exchanges, ctx)
    yield from found
    alone = ctx.settings.verify is not None
    telling = [one for one in answered if alone or not signed_requests.same_unsigned(one, ctx)]
    if not telling and not found:
        raise Skip("as-unsigned", check=http_request.CHECK.id)
    for one in telling:
        yield from _judged(one, observation, ctx)


def _judged(one: Exchange, observation: UrlVerify, ctx: Context) -> Iterator[Finding]:
    status, where, echostr = one.status or 0, http_request.where_of(one, ctx), observation.echostr
    alone = ctx.settings.verify is not None
    if redirects(status):
        yield http_request.redirected(one, ctx)
    elif status in REFUSED:
        account = ctx.account.name if ctx.account else "?"
        yield HTTP_STATUS(**where, ip=one.address, status=status, case="signed", account=account)
    elif status != 200:
        code = HTTP_STATUS.variant(severity=Severity.WARNING) if status in NO_ROUTE and not alone else HTTP_STATUS
        yield code(**where, ip=one.address, status=status, case=status_case(status))
    elif miss := near_miss(one.body, echostr, one.header("content-encoding") or ""):
        # No cause of any alarm: pushes may be answered well by a handler that does not verify.
        code = verify.ECHO_WRONG.variant(severity=Severity.NOTE) if miss.harmless and not alone else verify.ECHO_WRONG
        case = verify.asked(miss) if alone else miss.case
        if observation.sealed is not None and one.body.strip() == observation.sealed.encode():
            case = "sealed"
        shown = one.body[: verify.SHOWN].decode("utf-8", "backslashreplace")
        yield code(**where, case=case, length=len(one.body), wanted=len(echostr), shown=shown)


CHECK = Check(
    id="url-verify",
    codes=(
        verify.ECHO_WRONG,
        codes.HTML,
        HTTP_STATUS,
        HTTP_REDIRECT,
        http_request.HTTP_TIMEOUT,
        http_request.HTTP_EMPTY,
        http_request.HTTP_RESET,
        http_request.HTTP_MALFORMED,
        http_request.HTTP_TOO_LARGE,
    ),
    observation=UrlVerify,
    probe=probe,
    evaluate=evaluate,
    uses=(*addresses.SOURCES, tcp_connect.CHECK, tls_handshake.CHECK, http_request.CHECK),
    key=signed_requests.by_account_and_target,
    timeout=12.0,
    wants=("host", "url", "account"),
)
