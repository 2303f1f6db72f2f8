"""Looks into the store of `wxalarm token`: is there a token that holds, does a keeper refresh it, does somebody else?

Why: many outages came from several places that refreshed one token and knocked each other out, or from refreshing like
mad until the API's limit was reached. It makes no push fail; it says what else is wrong on this account. Needs [store].
Documents: 常见问题 4 (access_token 存储和使用).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from wxalarm.checks.check import Check, Context, Skip, by_account
from wxalarm.checks.wechat import wechat_view
from wxalarm.config import ConfigError
from wxalarm.messages import ReasonError
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import logfiles, token_calls
from wxalarm.probes.token_seen import StoreStatus, TokenStatus

TOKEN_STORE_DOWN = Code("token-store-down", Severity.WARNING, Basis.REPRODUCED)
TOKEN_NOT_HELD = Code("token-not-held", Severity.WARNING, Basis.CONDITION)
TOKEN_KEEPER_SILENT = Code("token-keeper-silent", Severity.WARNING, Basis.CONDITION)
TOKEN_REFRESH_FAILS = Code("token-refresh-fails", Severity.WARNING, Basis.RECORDED)
TOKEN_REFRESHED_ELSEWHERE = Code("token-refreshed-elsewhere", Severity.WARNING, Basis.RECORDED)
TOKEN_REFRESH_STORM = wechat_view.TOKEN_REFRESH_STORM.variant(basis=Basis.RECORDED)
OVERDUE = 300.0
"""Seconds by which a keeper that runs is never late, whatever it waits for."""
DAY = 86400.0
"""Seconds for which it is worth saying that somebody else has refreshed."""
STORM = 60
"""Calls in an hour from which it is one: 2,000 a day are what WeChat allows, and a keeper makes one or two."""
HOUR = timedelta(hours=1)


async def probe(ctx: Context) -> StoreStatus:
    """Read the store; ask WeChat whether it takes the token; count calls in the logs that were named."""
    if ctx.account is None:
        raise Skip("no-account")
    seen = await observe(ctx, ctx.account.name)
    if not ctx.settings.store.url and seen.error is None and not any(map(_known, seen.tokens)):
        raise Skip("no-token-store")  # nobody named one for this account: a file that lies there is of others
    return seen


def _known(token: TokenStatus) -> bool:
    """Whether a keeper has ever had to do with it."""
    return token.present or token.due is not None or bool(token.failures)


async def observe(ctx: Context, account: str | None, *, ask: bool = True) -> StoreStatus:
    """The same for an account, or for all. Skips when there is no store."""
    # Few who diagnose have a store, and its room takes time to load.
    from wxalarm.tokens import absent, default_url, status, store_of
    from wxalarm.tokens.needs import needs_of
    from wxalarm.tokens.row import Pace

    try:
        store_url = ctx.settings.store.url or default_url()
        if absent(ctx.settings):
            raise Skip("no-token-store")
        store = await asyncio.to_thread(store_of, ctx.settings)
    except ConfigError:
        raise Skip("no-token-store") from None
    except ReasonError as error:
        raise Skip(error.reason.id, **error.reason.values) from None
    with contextlib.closing(store):
        try:
            names = await asyncio.to_thread(store.names)
            kept = needs_of(ctx.settings, names, account, with_secret=False)
        except status.StoreError as error:
            return StoreStatus(str(error), place=urlsplit(store_url).scheme)
        pace = Pace(ctx.settings.store.calls_per_hour)
        found = await asyncio.to_thread(status.read, store, kept, pace)
        if ask:
            found = await status.ask(found, store, [one.account for one in kept], ctx.settings)
    callers = await asyncio.to_thread(_callers, ctx)
    return status.replace(found, callers=callers, place=urlsplit(store_url).scheme)


def _callers(ctx: Context) -> tuple[token_calls.Caller, ...]:
    paths = logfiles.expand(ctx.settings.host.access_log) if ctx.settings.host.access_log else []
    low, high = (ctx.now - HOUR).timestamp(), ctx.now.timestamp()
    return token_calls.read(paths, (), low, high, ctx.limit(4.0)) if paths else ()


def evaluate(observation: StoreStatus, ctx: Context) -> Iterator[Finding]:
    """What is wrong with each token; then who else calls."""
    yield from judge(observation)


def judge(observation: StoreStatus) -> Iterator[Finding]:
    """The same, for `wxalarm token status`."""
    if observation.error is not None:
        yield TOKEN_STORE_DOWN(store=observation.place, error=observation.error)
        return
    for token in observation.tokens:
        yield from _token(token, token.name in observation.refused)
    classic = [caller for caller in observation.callers if caller.path == token_calls.PATHS[0]]
    if classic and not any(token.classic for token in observation.tokens):
        yield TOKEN_REFRESHED_ELSEWHERE(
            name=None,
            by="log",
            minutes=60,
            count=sum(caller.count for caller in classic),
            clients=[caller.client or "-" for caller in classic],
        )
    if (count := sum(caller.count for caller in observation.callers)) >= STORM:
        yield TOKEN_REFRESH_STORM(
            count=count,
            limit=STORM,
            clients=[f"{caller.client or '-'} ({caller.count})" for caller in observation.callers],
        )


def _token(token: TokenStatus, refused: bool) -> Iterator[Finding]:
    case = state(token, refused)
    if case in ("none", "ended", "refused"):
        yield TOKEN_NOT_HELD(name=token.name, case=case, minutes=_minutes(token.left))
    if token.due is None or (token.due < -OVERDUE and not token.held):
        silent = "never" if token.due is None else "late"
        yield TOKEN_KEEPER_SILENT(name=token.name, case=silent, minutes=_minutes(token.due))
    if token.failures:
        yield TOKEN_REFRESH_FAILS(
            name=token.name,
            failures=token.failures,
            case=token.case,
            errcode=token.errcode,
            ip=token.ip,
            failure=token.failure,
        )
    if token.foreign is not None and token.foreign < DAY:
        yield TOKEN_REFRESHED_ELSEWHERE(
            name=token.name, by=token.foreign_by, minutes=_minutes(token.foreign), count=None, clients=[]
        )


def state(token: TokenStatus, refused: bool) -> str:
    """none, ended, refused or good."""
    if not token.present or token.left is None:
        return "none"
    if token.left <= 0:
        return "ended"
    return "refused" if refused or token.rejected is not None else "good"


def _minutes(seconds: float | None) -> int | None:
    return None if seconds is None else round(abs(seconds) / 60)


CHECK = Check(
    id="token-store",
    codes=(
        TOKEN_STORE_DOWN,
        TOKEN_NOT_HELD,
        TOKEN_KEEPER_SILENT,
        TOKEN_REFRESH_FAILS,
        TOKEN_REFRESHED_ELSEWHERE,
        TOKEN_REFRESH_STORM,
    ),
    observation=StoreStatus,
    probe=probe,
    evaluate=evaluate,
    key=by_account,
    timeout=16.0,
    wants=("account",),
)
