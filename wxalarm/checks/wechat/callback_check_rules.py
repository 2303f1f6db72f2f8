"""What callback/check says of the callback, judged: WeChat's DNS and its ping beside ours.

One answer an operator (DEFAULT, CHINANET, UNICOM, CAP); it resolves the configured URL's host on WeChat's side and
pings each address once. It tests neither TCP nor HTTP. Source: 网络检测.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wxalarm.checks.check import Context
from wxalarm.checks.dns import addresses
from wxalarm.kinds import ANY, CONNECT, NAME, TIMEOUT
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.wechat.api import CallbackCheck

API_DNS_NONE = Code("api-dns-none", Severity.ERROR, Basis.REPRODUCED, NAME)
API_DNS_DIFFERS = Code("api-dns-differs", Severity.WARNING, Basis.REPRODUCED, ANY)
API_PING_LOST = Code("api-ping-lost", Severity.WARNING, Basis.REPRODUCED, tuple(dict.fromkeys((*CONNECT, *TIMEOUT))))
CODES = (API_DNS_NONE, API_DNS_DIFFERS, API_PING_LOST)

NOT_DNS = frozenset({"--resolve", "alarm"})
"""Sources of addresses that say nothing about DNS."""


def findings(checks: Sequence[CallbackCheck], ctx: Context) -> Iterator[Finding]:
    """DNS first, then the pings."""
    resolving = [check for check in checks if check.ips is not None]
    if resolving and not any(check.ips for check in resolving):
        yield API_DNS_NONE(host=ctx.target.host or "?", operators=[check.operator for check in resolving])
    else:
        yield from _dns(resolving, ctx)
    yield from _pings(checks)


def _dns(checks: Sequence[CallbackCheck], ctx: Context) -> Iterator[Finding]:
    here = {address.ip for address in addresses.known(ctx) if not set(address.sources) <= NOT_DNS}
    theirs = list(dict.fromkeys(ip for check in checks for ip in check.ips or ()))
    # A pool gives each asker a part of itself: only sets without anything in common differ.
    if here and theirs and not here & set(theirs):
        yield API_DNS_DIFFERS(host=ctx.target.host or "?", wechat=theirs, here=sorted(here))


def _pings(checks: Sequence[CallbackCheck]) -> Iterator[Finding]:
    pings = [(check.operator, ping) for check in checks for ping in check.pings]
    lost = [(operator, ping) for operator, ping in pings if ping.lost]
    if not lost:
        return
    answered = [operator for operator, ping in pings if not ping.lost]
    # Many servers answer no ping at all: only a difference between carriers says something.
    code = API_PING_LOST if answered else API_PING_LOST.variant(severity=Severity.NOTE)
    yield code(
        addresses=sorted({ping.ip for _, ping in lost}),
        operators=list(dict.fromkeys(operator for operator, _ in lost)),
        answered=list(dict.fromkeys(answered)),
        lost=len(lost),
        sent=len(pings),
        case="some" if answered else "all",
    )
