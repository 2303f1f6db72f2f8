"""Asks WeChat from which addresses it pushes (getcallbackip). It also tells whether the token works.

Why: a firewall's allow list that is a copy of yesterday's list drops pushes. Needs an access_token, or appid and
app_secret; reads only. Documents: getcallbackip; 连接超时 e), 验证票据排查 2 and 3.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from msgspec import Struct

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip, by_account
from wxalarm.checks.wechat import api_errors
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.api import TOKEN_ENDED, Answer, Api
from wxalarm.wechat.api import ips_of

ALLOW_LIST_DRIFT = Code("allow-list-drift", Severity.WARNING, Basis.CONDITION, mechanisms.FIREWALL)
OUTER_IP_UNLISTED = Code("outer-ip-unlisted", Severity.NOTE, Basis.RECORDED)
PATH = "/cgi-bin/getcallbackip"


class CallbackIps(Struct, frozen=True):
    """How the calls ended, and the list."""

    host: str
    """The API's host."""
    answers: tuple[Answer, ...]
    ips: tuple[str, ...] = ()
    """Addresses and networks from which WeChat pushes."""

    @property
    def usable(self) -> bool:
        """Whether the token works: then other calls are worth making."""
        last = self.answers[-1]
        return last.failure is None and last.status == 200 and api_errors.of_the_call(last)


async def probe(ctx: Context) -> CallbackIps:
    """Get a token and ask; once more when a token of ours from the disk has ended."""
    api = api_of(ctx)
    failed = await api.token()
    if failed is not None:
        return CallbackIps(api.host, (failed,))
    answer, data = await api.call(PATH)
    if answer.errcode in TOKEN_ENDED and api.cached:
        failed = await api.renew()
        if failed is not None:
            return CallbackIps(api.host, (failed,))
        answer, data = await api.call(PATH)
    return CallbackIps(api.host, (answer,), ips_of(data) if answer.worked else ())


def api_of(ctx: Context) -> Api:
    """The API for the account. Skips when nothing is configured with which a token can be had."""
    account = ctx.account
    if account is None:
        raise Skip("no-account")
    by_secret = bool(account.appid and account.secret("app_secret") and not account.platform)
    if not by_secret and not account.secret("access_token"):
        raise Skip("no-api-secret", account=account.name)
    return Api(account, ctx.settings, ctx.limit)


def evaluate(observation: CallbackIps, ctx: Context) -> Iterator[Finding]:
    """Errors; then the configured copy of the list, and the alarm's OuterIP, against it."""
    account, listed = ctx.account, observation.ips
    yield from api_errors.findings(
        observation.answers, observation.host, account.name if account else "?", ctx.settings.api.base_url
    )
    configured = account.callback_ips if account else ()
    if configured and (missing := [entry for entry in listed if not within(entry, configured)]):
        yield ALLOW_LIST_DRIFT(missing=missing, count=len(missing), listed=len(listed))
    outer = ctx.alarm.sample.outer_ip
    if listed and outer and not within(outer, listed):
        yield OUTER_IP_UNLISTED(ip=outer, listed=len(listed))


def within(entry: str, listed: Sequence[str]) -> bool:
    """Whether an address or network lies in one of those listed; True for what is neither (a masked address)."""
    network = _network(entry)
    if network is None:
        return True
    others = [other for text in listed if (other := _network(text)) is not None]
    return any(network.network_address in other and network.broadcast_address in other for other in others)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


CHECK = Check(
    id="callback-ips",
    codes=(*api_errors.CODES[:-1], ALLOW_LIST_DRIFT, OUTER_IP_UNLISTED),
    observation=CallbackIps,
    probe=probe,
    evaluate=evaluate,
    key=by_account,
    timeout=16.0,
    wants=("account",),
)
