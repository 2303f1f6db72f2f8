"""Looks at HTTP: what an unsigned GET of the callback URL meets on every address, phase by phase.

Why WeChat cares: it does not follow redirects, wants 200, and gives up after 5 s. A GET without signature does no harm,
and proves little about the handler (a good one refuses it: a note), but much about what stands in front of it.
Guide: 请求超时, 回应失败.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from msgspec import Struct, structs

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip, by_target
from wxalarm.checks.dns import addresses
from wxalarm.checks.network import tcp_connect, tls_handshake
from wxalarm.checks.network.http_status import HTTP_REDIRECT, HTTP_STATUS, redirect_case, redirects, status_case
from wxalarm.checks.timing import repeated, spread
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import Failure, http_head
from wxalarm.probes.http import Exchange, Request, exchange, insecure, sendable
from wxalarm.probes.tcp import Limit
from wxalarm.wechat.limits import SLOW_AFTER, WAIT
from wxalarm.wechat.push import headers

HTTP_TIMEOUT = Code("http-timeout", Severity.ERROR, Basis.REPRODUCED, mechanisms.ANSWERED_LATE)
HTTP_SLOW = Code("http-slow", Severity.WARNING, Basis.REPRODUCED, mechanisms.ANSWERED_LATE)
HTTP_TIMES = Code("http-times", Severity.NOTE, Basis.REPRODUCED)
HTTP_EMPTY = Code("http-empty", Severity.ERROR, Basis.REPRODUCED, mechanisms.BROKEN_OFF)
HTTP_RESET = Code("http-reset", Severity.ERROR, Basis.REPRODUCED, mechanisms.BROKEN_OFF)
HTTP_MALFORMED = Code("http-malformed", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNREADABLE)
HTTP_ODD_HEADER = Code("http-odd-header", Severity.NOTE, Basis.REPRODUCED)
HTTP_TOO_LARGE = Code("http-too-large", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNREADABLE)

FRONT = frozenset({502, 503, 504})
"""What a proxy says when there is nothing behind it: no matter what was asked."""
REFUSALS = frozenset({400, 401, 403, 405, 406, 415, 422})
"""What a good handler may answer to a GET without signature."""
KEPT = 2048
"""Bytes of a body that stay in the observation."""


class HttpRequest(Struct, frozen=True):
    """Every exchange, in the order in which the addresses became known."""

    exchanges: tuple[Exchange, ...]


async def probe(ctx: Context) -> HttpRequest:
    """Ask every permitted address at once, --repeat times each."""
    target = ctx.target
    request = Request("GET", target.host or "", target.path, headers(target.path, b""))
    tls = insecure() if target.scheme == "https" else None

    async def attempts(address: str) -> tuple[Exchange, ...]:
        async def once(limit: Limit) -> Exchange:
            one = await exchange(address, target.port, request, limit, tls=tls)
            return structs.replace(one, body=one.body[:KEPT])

        return await repeated(ctx, once)

    made = await addresses.each(ctx, attempts)
    if not made:
        raise Skip("no-address")
    return HttpRequest(tuple(one for some in made for one in some))


def evaluate(observation: HttpRequest, ctx: Context) -> Iterator[Finding]:
    """Findings for every address that took a connection."""
    by_address: dict[str, list[Exchange]] = {}
    for one in observation.exchanges:
        if one.connect is not None and (one.tls is not None or ctx.target.scheme != "https"):
            by_address.setdefault(one.address, []).append(one)
    if not by_address:
        connected = any(one.connect is not None for one in observation.exchanges)
        raise Skip("needs", check=(tls_handshake if connected else tcp_connect).CHECK.id)
    for address, exchanges in by_address.items():
        for finding in _of_address(exchanges, ctx):
            yield replace(finding, code=addresses.graded(finding.code, address, ctx))


def _of_address(exchanges: list[Exchange], ctx: Context) -> Iterator[Finding]:
    # a name that cannot stand in a request gives LOCAL: dns-name-invalid says so
    found = [finding for one in exchanges if one.failure is not Failure.LOCAL for finding in _of_exchange(one, ctx)]
    yield from _counted(found, len(exchanges))
    answered = [one for one in exchanges if one.failure is None]
    if not answered:
        return
    times = spread([one.total for one in answered])
    where = where_of(answered[0], ctx)
    if times.p95 > SLOW_AFTER:
        longest = max(answered, key=lambda one: one.total)
        yield HTTP_SLOW(**where, **phases(longest), slow=SLOW_AFTER, limit=WAIT, **times.evidence)
    elif len(exchanges) > 1 and all(finding.code.severity is Severity.NOTE for finding in found):
        yield HTTP_TIMES(**where, slow=SLOW_AFTER, limit=WAIT, **times.evidence)


def _of_exchange(one: Exchange, ctx: Context) -> Iterator[Finding]:
    if one.failure is not None:
        yield failed(one, ctx)
    else:
        yield from _answered(one, ctx)


def _counted(found: list[Finding], tried: int) -> Iterator[Finding]:
    """Findings that say the same once, with how many of the tries went so: one of twenty is another fault than all."""
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for one in found:
        alike.setdefault((one.code, one.evidence.get("case"), one.evidence.get("status")), []).append(one)
    for same in alike.values():
        count = {"failed": len(same), "tried": tried, "often": "all" if len(same) == tried else "some"}
        yield replace(same[0], evidence={**same[0].evidence, **count})


def failed(one: Exchange, ctx: Context) -> Finding:
    """The finding for an exchange that took a connection and gave no answer."""
    assert one.failure is not None
    seen: dict[str, object] = {
        **where_of(one, ctx),
        "curl": one.failure.curl,
        "case": str(one.failure),
        "detail": one.detail,
    }
    match one.failure:
        case Failure.TIMEOUT | Failure.INTERIM:
            waited = "waiting" if one.tls is None else "waiting-tls"
            waiting = waited if one.first_byte is None else "body"
            seen["case"] = "interim" if one.failure is Failure.INTERIM else waiting
            spent = {"seconds": round(one.total, 2), "limit": one.limit, "read": len(one.body)}
            return HTTP_TIMEOUT(**seen, **phases(one), **spent)
        case Failure.EMPTY:
            return HTTP_EMPTY(**seen)
        case Failure.MALFORMED | Failure.STATUS | Failure.HEADER | Failure.CHUNK:
            return HTTP_MALFORMED(**seen, shown=one.first.decode("utf-8", "replace"))
        case Failure.TOO_LARGE:
            return HTTP_TOO_LARGE(**seen)
        case Failure.PARTIAL if one.status is None:
            seen["case"] = "head"
    return HTTP_RESET(**seen)


def _answered(one: Exchange, ctx: Context) -> Iterator[Finding]:
    status, where = one.status or 0, where_of(one, ctx)
    if odd := next(http_head.oddities(one.headers), None):
        yield HTTP_ODD_HEADER(**where, line=odd[:200])
    if one.body_cut:
        yield HTTP_TOO_LARGE(**where, case="body")
    if redirects(status):
        yield redirected(one, ctx)
    elif status in FRONT:
        yield HTTP_STATUS(**where, ip=one.address, status=status, case=status_case(status))
    elif status in REFUSALS:
        yield HTTP_STATUS.variant(severity=Severity.NOTE)(**where, ip=one.address, status=status, case="unsigned")
    elif status != 200:
        yield HTTP_STATUS.variant(severity=Severity.WARNING)(
            **where, ip=one.address, status=status, case=status_case(status)
        )


def redirected(one: Exchange, ctx: Context) -> Finding:
    """The finding for an answer that leads elsewhere."""
    to = (one.header("location") or "")[:300] or None
    case = redirect_case(to, ctx.target.url)
    return HTTP_REDIRECT(**where_of(one, ctx), ip=one.address, status=one.status, to=to, case=case)


def where_of(one: Exchange, ctx: Context) -> dict[str, object]:
    """The address, and what the next command needs: --resolve and a URL."""
    target = ctx.target
    host = target.host or ""
    host = f"[{host}]" if ":" in host else host
    path = sendable(target.path).decode("ascii")
    url = f"{target.scheme}://{host}:{target.port}{path[:1000]}"
    here = addresses.place(one.address, ctx)
    return {**here, "port": one.port, "resolve": f"{host}:{target.port}:{one.address}", "url": url}


def phases(one: Exchange) -> dict[str, object]:
    """The phases as evidence, rounded."""
    seconds = {"connect": one.connect, "tls": one.tls, "first_byte": one.first_byte, "total": one.total}
    return {name: None if value is None else round(value, 2) for name, value in seconds.items()}


CHECK = Check(
    id="http-request",
    codes=(
        HTTP_STATUS,
        HTTP_REDIRECT,
        HTTP_TIMEOUT,
        HTTP_SLOW,
        HTTP_TIMES,
        HTTP_EMPTY,
        HTTP_RESET,
        HTTP_MALFORMED,
        HTTP_ODD_HEADER,
        HTTP_TOO_LARGE,
    ),
    observation=HttpRequest,
    probe=probe,
    evaluate=evaluate,
    uses=(*addresses.SOURCES, tcp_connect.CHECK, tls_handshake.CHECK),
    key=by_target,
    timeout=12.0,
    wants=("host",),
)
