"""What a store holds of one token, and every change that may be made to it. Pure: each change is given the row and the
store's own time and gives the new row, or None when it may not be made.

A store makes a change only if the row is still the one that was read (compare and set), so that these functions are the
whole of the lease and of its fencing number. All times are seconds since 1970 by the store's clock: no keeper's and no
reader's clock counts anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

OVERLAP = 300.0
"""Seconds for which the former token still works (获取access_token; 获取稳定版接口调用凭据)."""
CONFIRMED = 60.0
"""Seconds after a refresh within which a report that the token is refused does not count: who reports it cannot yet
have read the new one (readers keep a value for a minute)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One token, ticket or key. The fields are the columns of the table that docs/tokens.md describes."""

    name: str
    value: str | None = None
    valid_until: float = 0.0
    full_until: float = 0.0
    """What `valid_until` becomes again when a call that would have ended the value turns out to have given nothing."""
    old_value: str | None = None
    """The former value, which still works until `old_until`."""
    old_until: float = 0.0
    refresh_token: str | None = None
    """authorizer_refresh_token: what is lost with it only the account's owner can give again."""
    old_refresh_token: str | None = None
    classic: int = 0
    """1: each refresh ends the former value in OVERLAP, as /cgi-bin/token does; 0: it holds until its own end."""
    refreshed_at: float = 0.0
    due_at: float = 0.0
    """When it is to be refreshed, or, after a failure, tried again."""
    holder: str = ""
    """Who holds the lease, or held it last."""
    fence: int = 0
    """The fencing number: one more with each lease. What is written under an older one is refused."""
    lease_until: float = 0.0
    paced_until: float = 0.0
    """The theoretical arrival time of GCRA: the bound on calls, which holds across restarts and keepers."""
    failures: int = 0
    """Failed tries since the last that worked."""
    error: str = ""
    """What the last try failed by, as JSON; "" when it worked."""
    rejected_at: float = 0.0
    """When WeChat was seen to refuse the value; 0.0: never."""
    foreign_at: float = 0.0
    """When it last showed that somebody else refreshes."""
    foreign_by: str = ""
    """By what it showed: changed, rejected or fenced."""
    alarms: str = ""
    """Alarms that have not gone out on every way, as `alarms` writes them."""


Change: TypeAlias = Callable[[Row, float], "Row | None"]
"""(the row, the store's time) → what to write in its place; None: nothing."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `per_hour` calls in any hour, `burst` of them at once (GCRA)."""

    per_hour: int = 12

    @property
    def burst(self) -> int:
        """Calls that may follow each other at once."""
        return max(1, self.per_hour // 2)

    @property
    def interval(self) -> float:
        """Seconds for which one call is paid."""
        return 3600.0 / max(1, self.per_hour - self.burst)

    def wait(self, row: Row, now: float) -> float:
        """Seconds until the next call is allowed; 0.0: now."""
        return max(0.0, row.paced_until - (self.burst - 1) * self.interval - now)


def take(me: str, seconds: float, pace: Pace, *, ends: bool = False) -> Change:
    """The lease for this holder: when a refresh is due, nobody holds it, and the bound allows a call.

    ends: the call that follows ends the value in OVERLAP, as /cgi-bin/token does, even if its answer gets lost on the
    way or its caller dies. So that is written before the call.
    """

    def change(row: Row, now: float) -> Row | None:
        if row.due_at > now or row.lease_until > now or pace.wait(row, now) > 0:
            return None
        paced = max(row.paced_until, now) + pace.interval
        row = replace(row, holder=me, fence=row.fence + 1, lease_until=now + seconds, paced_until=paced)
        if ends:
            row = replace(row, full_until=row.valid_until, valid_until=min(row.valid_until, now + OVERLAP))
        return replace(row, classic=int(ends))

    return change


@dataclass(frozen=True, slots=True)
class Fresh:
    """What WeChat gave."""

    value: str
    left: float
    """Seconds for which it holds from now on."""
    due_in: float
    """Seconds until the next refresh."""
    refresh_token: str | None = None
    same_while_young: bool = False
    """stable_token: as long as nobody forces a refresh, the same call gives the same token, until OVERLAP before its
    end."""


def done(fence: int, fresh: Fresh) -> Change:
    """The new value, and the end of the lease. One that is written twice, as after a connection that was lost with the
    answer, changes nothing the second time."""

    def change(row: Row, now: float) -> Row | None:
        if row.fence != fence:
            return None
        if row.value != fresh.value:
            row = _superseded(row, now, fresh)
        if fresh.refresh_token and fresh.refresh_token != row.refresh_token:
            row = replace(row, refresh_token=fresh.refresh_token, old_refresh_token=row.refresh_token)
        return replace(
            row,
            value=fresh.value,
            valid_until=now + fresh.left,
            full_until=0.0,
            refreshed_at=now,
            due_at=now + fresh.due_in,
            lease_until=0.0,
            failures=0,
            error="",
            rejected_at=0.0,
        )

    return change


def _superseded(row: Row, now: float, fresh: Fresh) -> Row:
    """The former value put aside: it still works for a while, unless it was seen to be refused."""
    if row.rejected_at:
        return replace(row, old_value=None, old_until=0.0)
    row = replace(row, old_value=row.value, old_until=min(row.valid_until, now + OVERLAP))
    if fresh.same_while_young and row.value and row.valid_until - now > OVERLAP * 1.1:
        row = replace(row, foreign_at=now, foreign_by="changed")
    return row


def failed(fence: int, error: str, wait: float, *, certain: bool = True, other_grant: bool = False) -> Change:
    """A try that failed, the end of the lease, and when the next may be. certain: WeChat said so; without an answer it
    may have given a new value all the same. other_grant: the next try is made with the other refresh token of the two;
    none is thrown away."""

    def change(row: Row, now: float) -> Row | None:
        if row.fence != fence:
            return None
        row = replace(row, lease_until=0.0, failures=row.failures + 1, error=error, due_at=now + wait)
        if other_grant:
            row = replace(row, refresh_token=row.old_refresh_token, old_refresh_token=row.refresh_token)
        return _unharmed(row) if certain else replace(row, full_until=0.0)

    return change


def starved(failures: int, error: str, wait: float) -> Change:
    """What it is asked with is missing: counted as a failure, if nobody else has counted it, and without a lease."""

    def change(row: Row, now: float) -> Row | None:
        if row.failures != failures or row.due_at > now or row.lease_until > now:
            return None
        return replace(row, failures=failures + 1, error=error, due_at=now + wait)

    return change


def spent(value: str) -> Change:
    """WeChat does not take this ticket: it is not sent again."""
    return lambda row, now: replace(row, rejected_at=now) if row.value == value and not row.rejected_at else None


def released(fence: int) -> Change:
    """The end of a lease under which nothing was asked."""
    return lambda row, now: replace(_unharmed(row), lease_until=0.0) if row.fence == fence else None


def _unharmed(row: Row) -> Row:
    """The value holds as long as before the lease was taken."""
    return replace(row, valid_until=max(row.valid_until, row.full_until), full_until=0.0)


def rejected(value: str) -> Change:
    """WeChat refused this value: no reader gets it any more, and it is to be refreshed now."""

    def change(row: Row, now: float) -> Row | None:
        if row.value != value or row.rejected_at or now - row.refreshed_at < CONFIRMED:
            return None
        young = row.valid_until - now > OVERLAP
        due = now if not row.failures else row.due_at  # a failure's back-off stays
        row = replace(row, rejected_at=now, due_at=min(row.due_at, due))
        return replace(row, foreign_at=now, foreign_by="rejected") if young else row

    return change


def sure_until(row: Row, now: float) -> float:
    """Until when one who has read the row now, and cannot read it again, may use the value: a refresh that ends it
    comes when it is due at the earliest."""
    return min(row.valid_until, max(row.due_at, now) + OVERLAP) if row.classic else row.valid_until


def overtaken(row: Row, now: float) -> Row:
    """A value came from WeChat when another keeper held the lease already: in classic mode it ended the one that
    stands here, in five minutes."""
    return replace(row, due_at=min(row.due_at, now), foreign_at=now, foreign_by="fenced")


def given(value: str | None, left: float, refresh_token: str | None = None) -> Change:
    """A ticket that was pushed, or the tokens of an authorization: they come from outside, at any time. The fencing
    number goes on, so that a refresh that is under way with the former ones writes nothing."""

    def change(row: Row, now: float) -> Row | None:
        former = row.refresh_token if refresh_token and refresh_token != row.refresh_token else row.old_refresh_token
        return replace(
            row,
            value=value if value is not None else row.value,
            valid_until=now + left if value is not None else row.valid_until,
            full_until=0.0,
            refreshed_at=now if value is not None else row.refreshed_at,
            refresh_token=refresh_token or row.refresh_token,
            old_refresh_token=former,
            due_at=now + left / 2 if value is not None else now,
            fence=row.fence + 1,
            lease_until=0.0,
            failures=0,
            error="",
            rejected_at=0.0,
        )

    return change


def try_again(row: Row, now: float) -> Row | None:
    """Somebody has mended what stopped the refreshes (a keeper was started anew): the next try is now, if the bound
    allows it."""
    return replace(row, due_at=now) if row.failures and row.due_at > now else None
