"""How the tokens in a store are: plain data without a single value of theirs."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from wxalarm.config import Account, Settings
from wxalarm.probes.api import Answer, Api
from wxalarm.probes.token_calls import Caller
from wxalarm.tokens import errors
from wxalarm.tokens.needs import ACCESS_TOKEN, Kept
from wxalarm.tokens.row import Pace
from wxalarm.tokens.stores.base import Seen, Store, StoreError, look
from wxalarm.tokens.turn import usable
from wxalarm.wechat.api import Quota, quota_of

__all__ = ["StoreError", "StoreStatus", "TokenStatus", "ask", "read", "replace"]
QUOTA = "/cgi-bin/openapi/quota/get"
STABLE_TOKEN, TOKEN = "/cgi-bin/stable_token", "/cgi-bin/token"


class TokenStatus(Struct, frozen=True):
    """One token. Times are in seconds from now, by the store's clock; None: never."""

    name: str
    account: str
    kind: str
    present: bool
    """A value stands there."""
    left: float | None
    """Until it ends; below 0: since."""
    age: float | None
    """Since it was last refreshed."""
    due: float | None
    """Until the next refresh, or the next try after a failure; below 0: overdue."""
    holder: str | None = None
    """The keeper that holds the lease, or held it last."""
    held: bool = False
    """The lease is held now."""
    failures: int = 0
    case: str | None = None
    """Of the last failure, as errors.BEHAVIOURS has it."""
    errcode: int | None = None
    ip: str | None = None
    failure: str | None = None
    classic: bool = False
    """Refreshed by /cgi-bin/token."""
    rejected: float | None = None
    """Since WeChat was seen to refuse it."""
    foreign: float | None = None
    """Since somebody else was last seen to refresh it."""
    foreign_by: str | None = None
    calls_left: int = 0
    """Calls that the bound allows at once now."""


class StoreStatus(Struct, frozen=True):
    """What the store says of all that is to be kept."""

    error: str | None = None
    """Why it could not be read."""
    tokens: tuple[TokenStatus, ...] = ()
    answers: tuple[Answer, ...] = ()
    """What WeChat said to calls with the access tokens."""
    refused: tuple[str, ...] = ()
    """Names of tokens that hold by the store and that WeChat refused."""
    quota: Quota | None = None
    """Calls of the token endpoint on this day."""
    callers: tuple[Caller, ...] = ()
    """Who called it in the last hour, by the logs that were named."""
    place: str | None = None
    """The kind of store: the scheme of its URL."""

    @property
    def usable(self) -> bool:
        """Whether the store was read."""
        return self.error is None


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
