"""One turn of a keeper for one token, sans-IO: it asks for steps and is given their results, so that a simulation can
let a thousand hours pass between them, and kill it between any two.

    look at the row → due? → look at what the call needs → take the lease → ask WeChat → write
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from wxalarm.tokens import errors
from wxalarm.tokens import row as rows
from wxalarm.tokens.errors import Failed
from wxalarm.tokens.row import Change, Fresh, Pace, Row
from wxalarm.tokens.stores.base import Seen, StoreError


@dataclass(frozen=True, slots=True)
class Plan:
    """When a token is refreshed, and how often at most."""

    period: float = 3600.0
    """Seconds from refresh to refresh: the guide's hour."""
    jitter: float = 0.1
    """The share of the period by which it may come earlier, at random."""
    margin: float = 240.0
    """Seconds before its end at which a token is refreshed in any case: less than rows.OVERLAP, so that stable_token
    has its successor by then."""
    lease: float = 60.0
    """Seconds for which a lease holds unless it is given back."""
    patience: float = 20.0
    """Seconds of a lease after which its holder no longer calls: it may have slept, and the lease may end."""
    poll: float = 5.0
    """Seconds between two looks at the store."""
    pace: Pace = field(default_factory=Pace)

    def due_in(self, left: float, share: float) -> float:
        """Seconds until the next refresh of a token that holds for `left` more; share: 0 to 1, at random."""
        planned = self.period * (1.0 - self.jitter * share)
        last = left - self.margin - min(30.0, left / 20) * share
        return max(min(planned, last), min(30.0, left / 2), 1.0)


@dataclass(frozen=True, slots=True)
class Need:
    """A token that is to be kept."""

    name: str
    """Of its row."""
    kind: str
    """Which call gives it: a key of calls.CALLS."""
    inputs: tuple[str, ...] = ()
    """Rows whose values the call is made with."""
    stable: bool = True
    """stable_token; False: /cgi-bin/token, which voids the former token."""
    account: str = ""
    """The account's or the platform's name in wxalarm.toml."""


@dataclass(frozen=True, slots=True)
class Got:
    """What a call gave."""

    value: str
    expires_in: float
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Read a row. Gives `Seen`."""

    name: str


@dataclass(frozen=True, slots=True)
class Make:
    """Make a change to a row, by compare and set. Gives `Seen` with the new row, or None when the change may not be
    made."""

    name: str
    change: Change


@dataclass(frozen=True, slots=True)
class Ask:
    """Call WeChat. Gives `Got` or `Failed`."""

    need: Need
    row: Row
    inputs: Mapping[str, str]


EARLY = 5.0
"""Seconds by which a token is taken to end early: a call that is made with it is under way for some time."""
PATIENT = 5
"""Failures in a row after which one that may go by itself is worth an alarm, too."""
Step: TypeAlias = "Look | Make | Ask"
Turn: TypeAlias = Generator[Step, object, float]


@dataclass(slots=True)
class Pending:
    """What WeChat gave and the store has not taken yet."""

    fence: int
    got: Got
    since: float
    """By the keeper's own clock: when it was asked for."""


@dataclass(slots=True)
class Memory:
    """What a keeper remembers of a need between its turns; lost with the process."""

    pending: Pending | None = None
    value: str | None = None
    until: float = 0.0
    """By the keeper's own clock."""
    failures: int = 0
    """Of the row, when it was last seen."""
    store_failed: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a turn did, for the log, the metrics and the alarms. Holds no secret."""

    need: Need
    event: str
    """refreshed, failed, foreign, fenced, recovered, store-failed, store-back, or stuck: a fault of this program."""
    failed: Failed | None = None
    failures: int = 0
    left: float = 0.0
    """Seconds for which the value in the store still holds."""
    before: str = ""
    """The case that the try before failed by; "" when it worked."""

    @property
    def alarming(self) -> bool:
        """Whether a person is to be called, once: by the keeper that it happened to, whichever of them that is."""
        if self.event == "failed" and self.failed is not None:
            behaviour = self.failed.behaviour
            return behaviour.case != self.before if behaviour.stop else self.failures == PATIENT
        return self.event in ("foreign", "recovered", "stuck") or (self.event == "fenced" and not self.need.stable)


def turn(
    need: Need,
    me: str,
    plan: Plan,
    memory: Memory,
    clock: Callable[[], float],
    share: Callable[[], float],
    tell: Callable[[Told], None],
) -> Turn:
    """Looks, and refreshes when that is due; gives the seconds until the next turn. clock: a monotonic one. share: a
    random number of 0 to 1. A step that is thrown a StoreError ends the turn."""
    try:
        wait = yield from _turn(need, me, plan, memory, clock, share, tell)
    except StoreError:
        if not memory.store_failed:
            tell(Told(need, "store-failed", left=memory.until - clock()))
        memory.store_failed = True
        return plan.poll * (0.5 + share())
    if memory.store_failed:
        tell(Told(need, "store-back"))
    memory.store_failed = False
    return max(wait, 0.05)


def _turn(
    need: Need,
    me: str,
    plan: Plan,
    memory: Memory,
    clock: Callable[[], float],
    share: Callable[[], float],
    tell: Callable[[Told], None],
) -> Turn:
    if memory.pending is not None:
        yield from _write(need, plan, memory, memory.pending, clock, share, tell)
    seen = cast("Seen", (yield Look(need.name)))
    _remember(memory, seen, clock())
    wait = _wait(seen, plan)
    if wait > 0:
        return min(wait, plan.poll)
    inputs = {}
    for name in need.inputs:
        given = cast("Seen", (yield Look(name)))
        if (value := usable(given)) is None:
            return plan.poll
        inputs[name] = value
    since = clock()
    lease = cast("Seen | None", (yield Make(need.name, rows.take(me, plan.lease, plan.pace, ends=not need.stable))))
    if lease is None:
        return plan.poll * (0.5 + share())
    if clock() - since > plan.patience:
        yield Make(need.name, rows.released(lease.row.fence))
        return plan.poll
    asked = clock()
    outcome = cast("Got | Failed", (yield Ask(need, lease.row, inputs)))
    if isinstance(outcome, Got):
        memory.pending = Pending(lease.row.fence, outcome, asked)
        # Until it is written another keeper may ask again, when the lease ends.
        sure = outcome.expires_in if need.stable else min(outcome.expires_in, plan.lease + rows.OVERLAP)
        memory.value, memory.until = outcome.value, asked + sure
        yield from _write(need, plan, memory, memory.pending, clock, share, tell)
        return plan.poll
    yield from _fail(need, lease.row, outcome, inputs, share, tell, lease.row.valid_until - lease.now)
    return plan.poll


def _wait(seen: Seen, plan: Plan) -> float:
    """Seconds until a refresh is due and allowed."""
    row, now = seen.row, seen.now
    return max(row.due_at - now, row.lease_until - now, plan.pace.wait(row, now))


def usable(seen: Seen) -> str | None:
    """The value of a row while it holds and nobody saw it refused."""
    row = seen.row
    return row.value if row.value and row.valid_until > seen.now and not row.rejected_at else None


def _remember(memory: Memory, seen: Seen, now: float) -> None:
    memory.failures = seen.row.failures
    if memory.pending is None and (value := usable(seen)):
        memory.value, memory.until = value, now + rows.sure_until(seen.row, seen.now) - seen.now
    elif memory.pending is None:
        memory.value = None


def _write(
    need: Need,
    plan: Plan,
    memory: Memory,
    pending: Pending,
    clock: Callable[[], float],
    share: Callable[[], float],
    tell: Callable[[Told], None],
) -> Generator[Step, object, None]:
    got, at_random, before = pending.got, share(), memory.value

    def change(row: Row, now: float) -> Row | None:
        # Here, behind the reading of the store's time: what the way to the store took is off what is left.
        left = got.expires_in - (clock() - pending.since) - EARLY
        due = plan.due_in(left, at_random)
        return rows.done(pending.fence, Fresh(got.value, left, due, got.refresh_token, _repeats(need)))(row, now)

    written = cast("Seen | None", (yield Make(need.name, change)))
    memory.pending = None
    if written is None:
        # Another keeper has the lease: what it writes is newer. A token of /cgi-bin/token has ended that one's.
        memory.value = before if need.stable else None
        if not need.stable:
            yield Make(need.name, rows.overtaken)
        tell(Told(need, "fenced"))
        return
    foreign = written.row.foreign_by == "changed" and written.row.foreign_at == written.row.refreshed_at
    event = "foreign" if foreign else "recovered" if memory.failures else "refreshed"
    tell(Told(need, event, left=written.row.valid_until - written.now))


def _repeats(need: Need) -> bool:
    return need.stable and need.kind == "access_token"


def _fail(
    need: Need,
    row: Row,
    failed: Failed,
    inputs: Mapping[str, str],
    share: Callable[[], float],
    tell: Callable[[Told], None],
    left: float,
) -> Generator[Step, object, None]:
    wait = failed.behaviour.wait(row.failures, share())
    yield Make(need.name, rows.failed(row.fence, failed.text(), wait, certain=failed.errcode != 0))
    if failed.behaviour is errors.INPUT:
        for name, value in inputs.items():
            yield Make(name, rows.rejected(value))
    tell(Told(need, "failed", failed, row.failures + 1, left, errors.read(row.error).get("case", "")))
