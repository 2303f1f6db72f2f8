"""How the tokens in a store are: plain data without a single value of theirs. Nothing is read here: a check has to know
these without loading the room of tokens, which most runs do not need."""

from __future__ import annotations

from msgspec import Struct

from wxalarm.probes.api import Answer
from wxalarm.probes.token_calls import Caller
from wxalarm.wechat.api import Quota


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
