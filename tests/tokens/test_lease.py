"""The lease, model-based: keepers take, write, fail, die and come late in any order, and no two hold it."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.tokens.world import memory_store
from wxalarm.tokens import row as rows
from wxalarm.tokens.row import Fresh, Pace
from wxalarm.tokens.stores.base import Store, look, make

NAME = "wx0000000000000001/access_token"
LEASE = 60.0
KEEPERS = st.integers(0, 2)
WAITS = st.sampled_from([0.1, 10.0, LEASE, 299.0, 600.0, 3600.0])


class Leases(RuleBasedStateMachine):
    """What each keeper believes, beside what the store says. The model: the last lease that was given, and its end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000.0
        self.store: Store = memory_store(lambda: self.now)
        self.believed: dict[int, tuple[int, float]] = {}
        """Keeper → its fencing number, and until when it may think that nobody else has the lease."""
        self.given: list[int] = []
        self.times: list[float] = []
        self.last: tuple[int, float] | None = None
        self.written = ""

    @rule(keeper=KEEPERS)
    def take(self, keeper: int) -> None:
        before = look(self.store, NAME)
        seen = make(self.store, NAME, rows.take(f"keeper-{keeper}", LEASE, Pace()))
        held = self.last is not None and self.now < self.last[1]
        if seen is None:
            assert held or before.row.due_at > self.now or Pace().wait(before.row, self.now) > 0
            return
        assert not held, "somebody else has it"
        assert not self.given or seen.row.fence > self.given[-1]
        self.given.append(seen.row.fence)
        self.times.append(self.now)
        self.believed[keeper] = self.last = (seen.row.fence, self.now + LEASE)

    @rule(wait=WAITS)
    def time_passes(self, wait: float) -> None:
        self.now += wait

    @rule(keeper=KEEPERS)
    def the_next_takes_it(self, keeper: int) -> None:
        """As soon as it may: when a refresh is due, and the lease of one who was killed or sleeps has ended."""
        row = look(self.store, NAME).row
        self.now = max(self.now, row.due_at, row.lease_until)
        self.take(keeper)

    @precondition(lambda self: self.believed)
    @rule(data=st.data(), left=st.sampled_from([400.0, 7200.0]))
    def write(self, data: Any, left: float) -> None:
        """One writes what it was given, in time or late, perhaps for the second time."""
        keeper = data.draw(st.sampled_from(sorted(self.believed)))
        fence, _ = self.believed[keeper]
        value = f"token-{fence}"
        seen = make(self.store, NAME, rows.done(fence, Fresh(value, left, left / 2)))
        assert (seen is not None) is (self._newest() == fence), "only the newest number may write"
        if seen is not None:
            self.last, self.written = (fence, self.now), value

    @precondition(lambda self: self.believed)
    @rule(data=st.data(), certain=st.booleans())
    def fail(self, data: Any, certain: bool) -> None:
        keeper = data.draw(st.sampled_from(sorted(self.believed)))
        fence, _ = self.believed.pop(keeper)
        seen = make(self.store, NAME, rows.failed(fence, "{}", 30.0, certain=certain))
        assert (seen is not None) is (self._newest() == fence)
        if seen is not None:
            self.last = (fence, self.now)

    @precondition(lambda self: self.believed)
    @rule(data=st.data())
    def die(self, data: Any) -> None:
        """kill -9: its lease stays until its end."""
        del self.believed[data.draw(st.sampled_from(sorted(self.believed)))]

    @rule()
    def a_reader_rejects(self) -> None:
        make(self.store, NAME, rows.rejected(self.written))

    @rule()
    def a_keeper_starts(self) -> None:
        make(self.store, NAME, rows.try_again)

    def _newest(self) -> int:
        return self.given[-1] if self.given else 0

    @invariant()
    def no_two_hold_it(self) -> None:
        sure = [fence for fence, until in self.believed.values() if self.now < until and fence == self._newest()]
        assert len(set(self.given)) == len(self.given), "a number is given once"
        assert len(sure) <= 1

    @invariant()
    def the_bound_holds(self) -> None:
        for first, last in zip(self.times, self.times[Pace().per_hour :], strict=False):
            assert last - first >= 3600.0

    @invariant()
    def what_stands_there_is_what_the_last_writer_wrote(self) -> None:
        row = look(self.store, NAME).row
        assert (row.value or "") == self.written
        assert row.old_until <= self.now + rows.OVERLAP or row.old_value is None


TestLease = Leases.TestCase
TestLease.settings = settings(max_examples=400, stateful_step_count=20, deadline=None)
