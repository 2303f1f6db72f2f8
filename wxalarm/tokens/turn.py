"""One turn of a keeper for one token, sans-IO: it asks for steps and is given their results, so that a simulation can
let a thousand hours pass between them, and kill it between any two.

    look at the row → due? → look at what the call needs → take the lease → ask WeChat → write
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from wxalarm.tokens import alarms, errors
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
    alarms: bool = False
    """Whether alarms of the row have not gone out, when it was last seen."""
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


def usable(seen: Seen) -> str | None:
    """The value of a row while it holds and nobody saw it refused."""
    row = seen.row
    return row.value if row.value and row.valid_until > seen.now and not row.rejected_at else None


@dataclass(frozen=True, slots=True)
class Refresher:
    """A keeper's charge of one token."""

    need: Need
    me: str
    plan: Plan
    memory: Memory
    clock: Callable[[], float]
    """A monotonic one."""
    share: Callable[[], float]
    """Gives a random number of 0 to 1."""
    tell: Callable[[Told], None]
    noting: bool = True
    """Whether alarms are kept in the row; not by a keeper that has no way to send them: they would wait for one."""

    def turn(self) -> Turn:
        """Looks, and refreshes when that is due; gives the seconds until the next turn. A step that is thrown a
        StoreError ends the turn."""
        memory = self.memory
        try:
            wait = yield from self._turn()
        except StoreError:
            if not memory.store_failed:
                self.tell(Told(self.need, "store-failed", left=memory.until - self.clock()))
            memory.store_failed = True
            return self.plan.poll * (0.5 + self.share())
        if memory.store_failed:
            self.tell(Told(self.need, "store-back"))
        memory.store_failed = False
        return max(wait, 0.05)

    def _turn(self) -> Turn:
        need, plan = self.need, self.plan
        if self.memory.pending is not None:
            yield from self._write(self.memory.pending)
        seen = cast("Seen", (yield Look(need.name)))
        self._remember(seen)
        wait = self._wait(seen)
        if wait > 0:
            return min(wait, plan.poll)
        inputs = {}
        for name in need.inputs:
            given = cast("Seen", (yield Look(name)))
            if (value := usable(given)) is None:
                if need.kind == "component_access_token" and given.row.value and not given.row.rejected_at:
                    yield from self._starve(seen)
                return plan.poll
            inputs[name] = value
        since = self.clock()
        take = rows.take(self.me, plan.lease, plan.pace, ends=not need.stable)
        lease = cast("Seen | None", (yield Make(need.name, take)))
        if lease is None:
            return plan.poll * (0.5 + self.share())
        if self.clock() - since > plan.patience:
            yield Make(need.name, rows.released(lease.row.fence))
            return plan.poll
        asked = self.clock()
        outcome = cast("Got | Failed", (yield Ask(need, lease.row, inputs)))
        if isinstance(outcome, Got):
            pending = self.memory.pending = Pending(lease.row.fence, outcome, asked)
            # Until it is written another keeper may ask again, when the lease ends.
            sure = outcome.expires_in if need.stable else min(outcome.expires_in, plan.lease + rows.OVERLAP)
            self.memory.value, self.memory.until = outcome.value, asked + sure
            yield from self._write(pending)
            return plan.poll
        yield from self._fail(lease, outcome, inputs)
        return plan.poll

    def _wait(self, seen: Seen) -> float:
        """Seconds until a refresh is due and allowed."""
        row, now = seen.row, seen.now
        return max(row.due_at - now, row.lease_until - now, self.plan.pace.wait(row, now))

    def _remember(self, seen: Seen) -> None:
        memory = self.memory
        memory.alarms = bool(seen.row.alarms)
        if memory.pending is None and (value := usable(seen)):
            memory.value, memory.until = value, self.clock() + rows.sure_until(seen.row, seen.now) - seen.now
        elif memory.pending is None:
            memory.value = None

    def _write(self, pending: Pending) -> Generator[Step, object, None]:
        need, got, at_random, before = self.need, pending.got, self.share(), self.memory.value
        said: list[Told] = []

        def change(row: Row, now: float) -> Row | None:
            # Here, behind the reading of the store's time: what the way to the store took is off what is left.
            left = got.expires_in - (self.clock() - pending.since) - EARLY
            due = self.plan.due_in(left, at_random)
            fresh = Fresh(got.value, left, due, got.refresh_token, need.stable and need.kind == "access_token")
            new = rows.done(pending.fence, fresh)(row, now)
            if new is None:
                return None
            foreign = new.foreign_by == "changed" and new.foreign_at == now
            event = "foreign" if foreign else "recovered" if row.failures else "refreshed"
            said[:] = [Told(need, event, failures=row.failures, left=left)]
            return self._noted(new, now, said[0])

        written = yield from self._make(change)
        self.memory.pending = None
        if written is not None:
            self.tell(said[0])
            return
        # Another keeper has the lease: what it writes is newer. A token of /cgi-bin/token has ended that one's.
        self.memory.value = before if need.stable else None
        told = Told(need, "fenced")
        if not need.stable:
            yield from self._make(lambda row, now: self._noted(rows.overtaken(row, now), now, told))
        self.tell(told)

    def _fail(self, lease: Seen, failed: Failed, inputs: Mapping[str, str]) -> Generator[Step, object, None]:
        row, before = lease.row, errors.read(lease.row.error).get("case", "")
        other = failed.behaviour is errors.AUTHORIZATION and row.old_refresh_token is not None
        if other and before not in (errors.FORMER_GRANT.case, errors.AUTHORIZATION.case):
            failed = replace(failed, behaviour=errors.FORMER_GRANT)
        told = Told(self.need, "failed", failed, row.failures + 1, row.valid_until - lease.now, before)
        wait = failed.behaviour.wait(row.failures, self.share())
        end = rows.failed(row.fence, failed.text(), wait, certain=failed.errcode != 0, other_grant=other)
        yield from self._make(self._noting(end, told))
        if failed.behaviour is errors.INPUT:
            for name, value in inputs.items():
                yield Make(name, rows.rejected(value))
        if failed.behaviour in errors.TICKET_REFUSED:
            for name, value in inputs.items():
                yield Make(name, rows.spent(value))
        self.tell(told)

    def _starve(self, seen: Seen) -> Generator[Step, object, None]:
        """What it is asked with has ended, and nobody hands in a new one: no call is made, and a person is told."""
        failed, before = Failed(errors.TICKET_EXPIRED), errors.read(seen.row.error).get("case", "")
        told = Told(self.need, "failed", failed, seen.row.failures + 1, seen.row.valid_until - seen.now, before)
        wait = failed.behaviour.wait(seen.row.failures, self.share())
        if (
            yield from self._make(self._noting(rows.starved(seen.row.failures, failed.text(), wait), told))
        ) is not None:
            self.tell(told)

    def _make(self, change: Change) -> Generator[Step, object, Seen | None]:
        """A change of the row, after which its alarms are known."""
        made = cast("Seen | None", (yield Make(self.need.name, change)))
        if made is not None:
            self.memory.alarms = bool(made.row.alarms)
        return made

    def _noting(self, change: Change, told: Told) -> Change:
        """The change, and in the same write the alarm that it is: whoever dies then leaves it to another keeper."""

        def both(row: Row, now: float) -> Row | None:
            new = change(row, now)
            return None if new is None else self._noted(new, now, told)

        return both

    def _noted(self, row: Row, now: float, told: Told) -> Row:
        if not told.alarming or not self.noting:
            return row
        return alarms.noted(row, now, self.me, told.event, told.failed, told.failures, told.left)
