"""Looks how the tokens in a store are: what probes/token_seen.py describes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from wxalarm.config import Account, Settings
from wxalarm.probes.api import Api
from wxalarm.probes.token_seen import StoreStatus, TokenStatus
from wxalarm.tokens import errors
from wxalarm.tokens.needs import ACCESS_TOKEN, Kept
from wxalarm.tokens.row import Pace
from wxalarm.tokens.stores.base import Seen, Store, StoreError, look
from wxalarm.tokens.turn import usable
from wxalarm.wechat.api import quota_of

__all__ = ["StoreError", "StoreStatus", "TokenStatus", "ask", "read", "replace"]
QUOTA = "/cgi-bin/openapi/quota/get"
STABLE_TOKEN, TOKEN = "/cgi-bin/stable_token", "/cgi-bin/token"


def read(store: Store, kept: Iterable[Kept], pace: Pace) -> StoreStatus:
    """What stands in the store."""
    try:
        return StoreStatus(tokens=tuple(_status(one, look(store, one.need.name), pace) for one in kept))
    except StoreError as error:
        return StoreStatus(error=str(error))


def _status(kept: Kept, seen: Seen, pace: Pace) -> TokenStatus:
    row, now = seen.row, seen.now
    failed = errors.read(row.error)
    spare = (now + pace.burst * pace.interval - max(row.paced_until, now)) / pace.interval
    return TokenStatus(
        row.name,
        kept.account.name,
        kept.need.kind,
        row.value is not None,
        row.valid_until - now if row.value is not None else None,
        now - row.refreshed_at if row.refreshed_at else None,
        row.due_at - now if row.due_at else None,
        row.holder or None,
        row.lease_until > now,
        row.failures,
        failed.get("case"),
        failed.get("errcode"),
        failed.get("ip"),
        failed.get("failure"),
        bool(row.classic),
        now - row.rejected_at if row.rejected_at else None,
        now - row.foreign_at if row.foreign_at else None,
        row.foreign_by or None,
        max(0, int(spare)),
    )


async def ask(status: StoreStatus, store: Store, accounts: Iterable[Account], settings: Settings) -> StoreStatus:
    """The same, and whether WeChat takes the access tokens, and what is left of the day's quota where it tells."""
    answers, refused, quota = [], [], None
    by_name = {account.name: account for account in accounts}
    for token in status.tokens:
        if token.kind != ACCESS_TOKEN or (value := usable(look(store, token.name))) is None:
            continue
        api = Api(by_name[token.account], settings)
        api.use(value)
        answer, data = await api.call(QUOTA, {"cgi_path": STABLE_TOKEN})
        answers.append(answer)
        quota = quota_of(data) or quota
        if answer.errcode in errors.TOKEN_REFUSED:
            refused.append(token.name)
    return replace(status, answers=tuple(answers), refused=tuple(refused), quota=quota)
