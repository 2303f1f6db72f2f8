"""Looks at the callback URL itself: what WeChat does not accept as one, whatever answers there.

Why WeChat cares: it pushes to ports 80 and 443 only; tickets go to a plain domain name; a placeholder is replaced in
the message URL but not in the authorisation URL; a payment's notify_url may have no query. 接入概述; 验证票据排查;
支付通知 notify_url.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip, by_target
from wxalarm.checks.scope import is_address, scope_of
from wxalarm.kinds import PAY, PLATFORM
from wxalarm.model import Basis, Code, Finding, Severity, Target
from wxalarm.wechat.limits import PORTS
from wxalarm.wechat.message_url import has_place

TICKET_URL_IP = Code("ticket-url-ip", Severity.WARNING, Basis.CONDITION, mechanisms.PLATFORM_URL)
TICKET_URL_PORT = Code("ticket-url-port", Severity.WARNING, Basis.CONDITION, mechanisms.PLATFORM_URL)
TICKET_URL_PLACEHOLDER = Code("ticket-url-placeholder", Severity.ERROR, Basis.CONDITION, mechanisms.PLATFORM_URL)
URL_PORT = Code("url-port", Severity.WARNING, Basis.CONDITION, mechanisms.MISDIRECTED)
PAY_URL_QUERY = Code("pay-url-query", Severity.WARNING, Basis.CONDITION, mechanisms.PAYMENT_URL)


async def probe(ctx: Context) -> str:
    """The URL. Skips when there is none."""
    if ctx.target.host is None or ctx.target.url is None:
        raise Skip("no-host")
    return ctx.target.url


def evaluate(url: str, ctx: Context) -> Iterator[Finding]:
    """Findings from the URL's own text."""
    target, kind = ctx.target, ctx.alarm.kind
    port = _port(url, target)
    if kind in PLATFORM:
        if is_address(target.host or ""):
            yield TICKET_URL_IP(host=target.host)
        if port is not None:
            yield TICKET_URL_PORT(port=port, scheme=target.scheme, right=PORTS[target.scheme])
        if has_place(url):
            yield TICKET_URL_PLACEHOLDER(url=url)
    elif port is not None:
        yield URL_PORT(port=port, scheme=target.scheme, right=PORTS[target.scheme])
    if kind in PAY and "?" in target.path:
        yield PAY_URL_QUERY(path=target.path)


def _port(url: str, target: Target) -> int | str | None:
    """The port, when WeChat does not push to it; that of a stand-in on this machine (--resolve to loopback) is right.
    What stands in its place and is none (:99999) is told as it is: the probes then go to the usual one."""
    parts = urlsplit(url)
    try:
        if parts.port == 0:
            return 0
    except ValueError:
        return parts.netloc.rpartition(":")[2]
    given = target.resolve.get(f"{target.host}:{target.port}", ())
    stand_in = bool(given) and all(scope_of(address) == "loopback" for address in given)
    return None if stand_in or target.port == PORTS[target.scheme] else target.port


CHECK = Check(
    id="callback-url",
    codes=(TICKET_URL_IP, TICKET_URL_PORT, TICKET_URL_PLACEHOLDER, URL_PORT, PAY_URL_QUERY),
    observation=str,
    probe=probe,
    evaluate=evaluate,
    key=by_target,
    network=False,
    sends=False,
)
