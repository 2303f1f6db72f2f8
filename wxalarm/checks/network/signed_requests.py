"""Signed requests: for whom, with which keys, to which addresses they may go. Shared by url-verify and push.

A signature goes only to a URL that the configuration names for the account (scheme, host and port), only to addresses
that DNS or the user gives for it (an alarm's own IP is not enough), over https only when its certificate is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import structs

from wxalarm.checks.check import Context, Skip, by_target
from wxalarm.checks.dns import addresses
from wxalarm.checks.network import http_request, tcp_connect, tls_handshake
from wxalarm.checks.urls import split_url
from wxalarm.masking import hide, hiding
from wxalarm.model import Finding, Target
from wxalarm.probes import Failure
from wxalarm.probes.http import Exchange, Request, exchange, trusted
from wxalarm.wechat import push
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.limits import WAIT

T = TypeVar("T")
PROTOCOL = frozenset({"signature", "timestamp", "nonce", "openid", "echostr", "encrypt_type", "msg_signature"})
"""Query parameters that WeChat appends; an alarm's 3rdUrl may carry those of an old push."""
LARGEST = 64 << 10
"""Bytes of an answer that stay in the observation."""


def by_account_and_target(ctx: Context) -> Hashable:
    """The probe depends on whose keys sign, and on the target."""
    return (ctx.account.name if ctx.account else None, by_target(ctx))


def keys_of(ctx: Context) -> Keys:
    """The account's keys. Skips when there is no account, no token, or the URL is not the account's own."""
    account = ctx.account
    if account is None:
        raise Skip("no-account")
    if ctx.target.host is None or ctx.target.url is None:
        raise Skip("no-host")
    if not any(_same_origin(ctx.target, url) for url in account.urls(ctx.alarm.appid or "")):
        raise Skip("other-host", host=ctx.target.host, account=account.name)
    token = account.secret("token")
    if not token:
        raise Skip("no-token", account=account.name)
    return Keys(token, account.appid or "", account.aes_keys)


def address_of(ctx: Context) -> str:
    """The URL to sign, without what an old push left in its query."""
    parts = urlsplit(ctx.target.url or "")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if any(name in PROTOCOL for name, _ in pairs):
        parts = parts._replace(query=urlencode([pair for pair in pairs if pair[0] not in PROTOCOL]))
    return parts._replace(fragment="").geturl()


async def send(ctx: Context, make: Callable[[str], push.Request]) -> tuple[Exchange, ...]:
    """Send a signed request, freshly made for each address, to every address that may have one."""
    target = ctx.target
    tls = trusted(ctx.settings.tls.ca_file) if target.scheme == "https" else None

    async def one(address: str) -> Exchange:
        made = make(address)
        parts = urlsplit(made.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = Request(made.method, target.host or "", path, made.headers, made.body)
        got = await exchange(address, target.port, request, lambda: ctx.limit(WAIT), tls=tls)
        got = without(got, made.url)  # before it is cut: half a signature is not found
        return structs.replace(got, body=got.body[:LARGEST])

    got = await addresses.each(ctx, one, alarm=False)
    if not got:
        raise Skip("no-address")
    return got


def without(value: T, *urls: str) -> T:
    """An observation with the signatures of `urls` hidden wherever a server repeats them: none may be saved."""
    pairs = [pair for url in urls for pair in parse_qsl(urlsplit(url).query)]
    return hide(value, hiding(value for name, value in pairs if name in ("signature", "msg_signature")))


def failures(exchanges: tuple[Exchange, ...], ctx: Context) -> tuple[list[Finding], list[Exchange]]:
    """(what failed only when signed, what answered). Skips when nothing answered and an unsigned GET fails alike."""
    unsigned = ctx.got(http_request.CHECK)
    before = {one.address: one for one in unsigned.exchanges} if unsigned else {}
    found: list[Finding] = []
    answered: list[Exchange] = []
    untold = None
    for one in exchanges:
        if one.failure is None and one.body_cut:
            found.append(http_request.HTTP_TOO_LARGE(**http_request.where_of(one, ctx), case="body"))
        elif one.failure is None:
            answered.append(one)
        elif one.connect is None or one.failure is Failure.LOCAL:
            untold = untold or tcp_connect.CHECK.id
        elif ctx.target.scheme == "https" and one.tls is None:
            untold = untold or tls_handshake.CHECK.id
        elif one.address in before and before[one.address].failure is one.failure:
            untold = untold or http_request.CHECK.id
        else:
            found.append(http_request.failed(one, ctx))
    if not answered and not found:
        raise Skip("needs", check=untold or http_request.CHECK.id)
    return found, answered


def graded(finding: Finding, ctx: Context) -> Finding:
    """The finding as grave as it is at the address that it is about."""
    return replace(finding, code=addresses.graded(finding.code, str(finding.evidence["address"]), ctx))


def same_unsigned(one: Exchange, ctx: Context) -> bool:
    """Whether an unsigned GET met the same redirect, missing route or server error: http-request says it already."""
    unsigned = ctx.got(http_request.CHECK)
    before = next((other for other in unsigned.exchanges if other.address == one.address), None) if unsigned else None
    status = one.status or 0
    return before is not None and before.status == status and (300 <= status < 400 or status == 404 or status >= 500)


def _same_origin(target: Target, url: str) -> bool:
    other = split_url(url)
    return (target.scheme, target.host, target.port) == (other.scheme, other.host, other.port)
