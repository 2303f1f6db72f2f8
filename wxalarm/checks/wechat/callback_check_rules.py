"""What callback/check says of the callback, judged: WeChat's DNS and its ping. moved-address compares the addresses.

One answer an operator (DEFAULT, CHINANET, UNICOM, CAP); it resolves the configured URL's host on WeChat's side and
pings each address once. It tests neither TCP nor HTTP. Source: 网络检测.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wxalarm import mechanisms
from wxalarm.checks.check import Context
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.wechat.api import CallbackCheck

API_DNS_NONE = Code("api-dns-none", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNRESOLVED)
API_PING_LOST = Code("api-ping-lost", Severity.WARNING, Basis.REPRODUCED, mechanisms.SLOW_WAY)
CODES = (API_DNS_NONE, API_PING_LOST)


def findings(checks: Sequence[CallbackCheck], ctx: Context) -> Iterator[Finding]:
    """DNS first, then the pings."""
    resolving = [check for check in checks if check.ips is not None]
    if resolving and not any(check.ips for check in resolving):
        yield API_DNS_NONE(host=ctx.target.host or "?", operators=[check.operator for check in resolving])
    yield from _pings(checks)


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
