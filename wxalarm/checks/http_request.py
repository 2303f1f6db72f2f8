"""Looks at HTTP: what an unsigned GET of the callback URL meets on every address, phase by phase.

Why WeChat cares: it does not follow redirects, wants 200, and gives up after 5 s. A GET without signature does no harm,
and proves little about the handler (a good one refuses it: a note), but much about what stands in front of it.
Guide: 请求超时, 回应失败.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from wxalarm.checks import addresses, tcp_connect
from wxalarm.checks.check import Check, Context, Skip, by_target
from wxalarm.checks.kinds import ANY_PUSH, INVALID
from wxalarm.checks.status import HTTP_STATUS, status_case
from wxalarm.checks.timing import SLOW, WAIT, spread
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import Failure
from wxalarm.probes.http import Exchange, Request, exchange, insecure
from wxalarm.wechat.push import headers

HTTP_REDIRECT = Code("http-redirect", Severity.ERROR, Basis.REPRODUCED, INVALID)
HTTP_TIMEOUT = Code("http-timeout", Severity.ERROR, Basis.REPRODUCED, ANY_PUSH)
HTTP_SLOW = Code("http-slow", Severity.WARNING, Basis.REPRODUCED, ANY_PUSH)
HTTP_EMPTY = Code("http-empty", Severity.ERROR, Basis.REPRODUCED, ANY_PUSH)
HTTP_RESET = Code("http-reset", Severity.ERROR, Basis.REPRODUCED, ANY_PUSH)
HTTP_MALFORMED = Code("http-malformed", Severity.ERROR, Basis.REPRODUCED, INVALID)
HTTP_TOO_LARGE = Code("http-too-large", Severity.ERROR, Basis.REPRODUCED, INVALID)

FRONT = frozenset({502, 503, 504})
"""What a proxy says when there is nothing behind it: no matter what was asked."""
REFUSALS = frozenset({400, 401, 403, 405, 406, 415, 422})
"""What a good handler may answer to a GET without signature."""
KEPT = 2048
"""Bytes of a body that stay in the observation."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Every exchange, in the order in which the addresses became known."""

    exchanges: tuple[Exchange, ...]


async def probe(ctx: Context) -> HttpRequest:
    """Ask every permitted address at once, --repeat times each."""
    target = ctx.target
    request = Request("GET", target.host or "", target.path, headers(target.path, b""))
    tls = insecure() if target.scheme == "https" else None

    async def attempts(address: str) -> tuple[Exchange, ...]:
        made = []
        for _ in range(ctx.settings.repeat):
            one = await exchange(address, target.port, request, ctx.limit(WAIT), tls=tls)
            made.append(replace(one, body=one.body[:KEPT]))
        return tuple(made)

    made = await addresses.each(ctx, attempts)
    if not made:
        raise Skip("no-address")
    return HttpRequest(tuple(one for some in made for one in some))


def evaluate(observation: HttpRequest, ctx: Context) -> Iterator[Finding]:
    """Findings for every address that took a connection."""
    by_address: dict[str, list[Exchange]] = {}
    for one in observation.exchanges:
        if one.connect is not None and one.failure not in (Failure.TLS, Failure.NOT_TLS):
            by_address.setdefault(one.address, []).append(one)
    if not by_address:
        raise Skip("needs", check=tcp_connect.CHECK.id)
    for exchanges in by_address.values():
        failed = next((one for one in exchanges if one.failure is not None), None)
        if failed is not None:
            if (finding := _failed(failed, ctx)) is not None:
                yield finding
            continue
        yield from _answered(exchanges[0], ctx)
        times = spread([one.total for one in exchanges])
        if times.p95 > SLOW:
            yield HTTP_SLOW(**_where(exchanges[0]), **_phases(exchanges[-1]), slow=SLOW, limit=WAIT, **times.evidence)


def _failed(one: Exchange, ctx: Context) -> Finding | None:
    where = _where(one)
    match one.failure:
        case Failure.TIMEOUT if ctx.target.scheme == "https" and one.tls is None:
            return None  # the handshake: tls-timeout says so
        case Failure.TIMEOUT:
            return HTTP_TIMEOUT(**where, **_phases(one), seconds=round(one.total, 1), limit=WAIT, curl=28)
        case Failure.EMPTY:
            return HTTP_EMPTY(**where, curl=52)
        case Failure.MALFORMED:
            return HTTP_MALFORMED(**where, detail=one.detail, curl=1)
        case Failure.TOO_LARGE:
            return HTTP_TOO_LARGE(**where, detail=one.detail)
        case Failure.PARTIAL:
            return HTTP_RESET(**where, case="partial", curl=18, detail=one.detail)
    return HTTP_RESET(**where, case="reset", curl=56, detail=one.detail)


def _answered(one: Exchange, ctx: Context) -> Iterator[Finding]:
    status, where = one.status or 0, _where(one)
    if one.body_cut:
        yield HTTP_TOO_LARGE(**where, detail="")
    if 300 <= status < 400:
        to = one.header("location") or "?"
        yield HTTP_REDIRECT(**where, status=status, to=to[:300], case=_redirect_case(ctx.target.url or "", to))
    elif status in FRONT:
        yield HTTP_STATUS(**where, ip=one.address, status=status, case=status_case(status))
    elif status in REFUSALS:
        yield HTTP_STATUS.variant(severity=Severity.NOTE)(**where, ip=one.address, status=status, case="unsigned")
    elif status != 200:
        yield HTTP_STATUS.variant(severity=Severity.WARNING)(
            **where, ip=one.address, status=status, case=status_case(status)
        )


def _redirect_case(url: str, to: str) -> str:
    """The key of the catalogue's words for the usual redirects."""
    goal = urljoin(url, to)
    if goal.removeprefix("https://") == url.removeprefix("http://"):
        return "https"
    if goal.rstrip("/") == url.rstrip("/"):
        return "slash"
    return "login" if any(word in goal.lower() for word in ("login", "signin", "auth", "sso")) else "other"


def _where(one: Exchange) -> dict[str, object]:
    return {"address": one.address, "port": one.port}


def _phases(one: Exchange) -> dict[str, object]:
    phases = {"connect": one.connect, "tls": one.tls, "first_byte": one.first_byte, "total": one.total}
    return {name: None if value is None else round(value, 2) for name, value in phases.items()}


CHECK = Check(
    id="http-request",
    codes=(
        HTTP_STATUS,
        HTTP_REDIRECT,
        HTTP_TIMEOUT,
        HTTP_SLOW,
        HTTP_EMPTY,
        HTTP_RESET,
        HTTP_MALFORMED,
        HTTP_TOO_LARGE,
    ),
    observation=HttpRequest,
    probe=probe,
    evaluate=evaluate,
    uses=(*addresses.SOURCES, tcp_connect.CHECK),
    key=by_target,
    timeout=12.0,
)
