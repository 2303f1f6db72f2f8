"""Simulated hours of keepers, readers, WeChat and a store that fails: the time is ours, the store may be a real one.

Every step of a keeper takes its time, and between any two it may be killed, cut off from the store or from WeChat. What
must hold is counted while it runs (`World.broken`), so that a test only has to look there.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from wxalarm.lab.api import ERRORS
from wxalarm.lab.token_rules import TokenRules
from wxalarm.tokens import alarms, calls, errors
from wxalarm.tokens import row as rows
from wxalarm.tokens.errors import Failed
from wxalarm.tokens.reader import NoToken, Reader
from wxalarm.tokens.row import Row
from wxalarm.tokens.stores.base import Seen, Store, StoreError, look, make
from wxalarm.tokens.turn import Ask, Got, Look, Make, Memory, Need, Plan, Refresher, Step, Told, Turn

HOUR, MINUTE = 3600.0, 60.0
START = 1_800_000_000.0
APPID, SECRET = "wx0000000000000001", "made-up-secret-1"
PLATFORM, PLATFORM_SECRET = "wx0000000000000002", "made-up-secret-2"
AUTHORIZER = "wx0000000000000003"
TOKEN = f"{APPID}/access_token"
NEEDS = (
    Need(TOKEN, "access_token", account="shop"),
    Need(f"{APPID}/jsapi_ticket", "jsapi_ticket", (TOKEN,), account="shop"),
    Need(f"{PLATFORM}/component_access_token", "component_access_token", (f"{PLATFORM}/component_verify_ticket",)),
    Need(f"{PLATFORM}/{AUTHORIZER}/access_token", "authorizer_access_token", (f"{PLATFORM}/component_access_token",)),
)
FAULTS: tuple[int | str, ...] = (
    *sorted(errors.BY_ERRCODE),
    "timeout",
    "html",
    "lost",
)
"""Error codes; a call that WeChat never gets; a page in place of JSON; an answer that is lost on its way."""
ONLY_OF = {
    **dict.fromkeys((61005, 61006, 61011), "/cgi-bin/component/api_component_token"),
    61023: "/cgi-bin/component/api_authorizer_token",
}
"""Error codes that one call alone gives."""


@dataclass(slots=True)
class Call:
    """A call that reached WeChat and gave a token."""

    need: str
    row: Row
    """As it was when the lease was taken."""
    at: float
    written: bool = False
    lost: bool = False
    """Its keeper was killed, or cut off from the store, or the answer never came, before it could be written."""


@dataclass(slots=True)
class Process:
    """One keeper's turn for one need."""

    keeper: int
    need: Need
    life: int
    memory: Memory
    turn: Turn | None = None
    result: object = None
    error: StoreError | None = None
    call: Call | None = None


@dataclass
class World:
    """Three keepers, twenty readers, one store, WeChat. chaos: how many misfortunes there are in an hour."""

    store: Callable[[Callable[[], float]], Store]
    seed: int = 0
    chaos: float = 1.0
    keepers: int = 3
    readers: int = 20
    needs: tuple[Need, ...] = NEEDS
    plan: Plan = field(default_factory=lambda: Plan(poll=30.0))
    restart: Callable[[], None] | None = None
    """Restarts a real server."""
    restarts: int = 0
    rotate: bool = True
    classic: bool = False
    """Account tokens by /cgi-bin/token."""
    now: float = START
    broken: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    calls: list[Call] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    voided: set[str] = field(default_factory=set)
    """Tokens that somebody else ended."""
    noted: dict[str, float] = field(default_factory=dict)
    """Ids of alarms that were written, and when."""
    sent: Counter[str] = field(default_factory=Counter)
    """Ids of alarms, as they went out."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.needs = tuple(replace(need, stable=not self.classic) for need in self.needs)
        self.offset = self.random.uniform(-90, 90)  # of the store's clock
        self.rules = TokenRules(lambda: self.now, rotate=self.rotate)
        self.rules.add(APPID, SECRET)
        self.rules.add(PLATFORM, PLATFORM_SECRET)
        self.at_store = self.store(lambda: self.now + self.offset)
        self.down_until = self.silent_until = 0.0
        self.cut: dict[str, float] = defaultdict(float)
        self.fault: tuple[int | str, float] = ("", 0.0)
        self.lives = [0] * self.keepers
        self.offsets = [self.random.uniform(-90, 90) for _ in range(self.keepers + self.readers)]
        self.taught: dict[str, float] = {}
        self.attempts: dict[str, list[float]] = defaultdict(list)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._faults = itertools.cycle(self.random.sample(FAULTS, len(FAULTS)))
        self._readers = [self._reader(number) for number in range(self.readers)]

    def run(self, hours: float) -> None:
        """Let so many hours pass."""
        _, refresh = self.rules.authorize(PLATFORM, AUTHORIZER)
        make(self.at_store, self.needs[-1].name, rows.given(None, 0.0, refresh))
        self._ticket()
        for keeper in range(self.keepers):
            self._start(keeper)
        for number in range(self.readers):
            self.after(self.random.uniform(0, 600), partial(self._use, number))
        self.after(HOUR, self._misfortune)
        self.after(6 * HOUR, self._foreign)
        self.after(11 * HOUR, self._again)
        self.after(17 * HOUR, self._withdraw)
        self.after(23 * HOUR, self._wrong_grant)
        self.after(29 * HOUR, self._silence)
        end = self.now + hours * HOUR
        for number in range(self.restarts):
            self.after((number + 0.5) * hours * HOUR / self.restarts, self._restart)
        while self._queue and self._queue[0][0] <= end:
            self.now, _, event = heapq.heappop(self._queue)
            event()
        self._judge()
        self.at_store.close()

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Let something happen."""
        heapq.heappush(self._queue, (self.now + seconds, next(self._numbers), event))

    # --- keepers ------------------------------------------------------------------------------------------------------

    def _start(self, keeper: int) -> None:
        for need in self.needs:
            self._begin(Process(keeper, need, self.lives[keeper], Memory()))

    def _begin(self, process: Process) -> None:
        if self.lives[process.keeper] != process.life:
            return
        me = f"keeper-{process.keeper}-{process.life}"
        offset = self.offsets[process.keeper]
        process.turn = Refresher(
            process.need, me, self.plan, process.memory, lambda: self.now + offset, self.random.random, self.told.append
        ).turn()
        process.result = process.error = process.call = None
        self._go_on(process)

    def _go_on(self, process: Process) -> None:
        """Give the turn what its last step gave, and do its next step a moment later."""
        if self.lives[process.keeper] != process.life:
            if process.call is not None and not process.call.written:
                process.call.lost = True
            return
        assert process.turn is not None
        try:
            if process.error is not None:
                error, process.error = process.error, None
                step = process.turn.throw(error)
            else:
                step = process.turn.send(process.result)
        except StopIteration as end:
            self.after(end.value, lambda: self._begin(process))
            if process.memory.alarms:
                self._send(process)
            return
        self.after(self.random.expovariate(1 / 0.05), lambda: self._do(process, step))

    def _do(self, process: Process, step: Step) -> None:
        if self.lives[process.keeper] != process.life:
            self._go_on(process)
            return
        if isinstance(step, Ask):
            self._ask(process, step)
            return
        process.result = None
        try:
            process.result = self._at_store(f"keeper {process.keeper}", step)
        except StoreError as error:
            process.error = error
        self._written(process, step)
        self._go_on(process)

    def _written(self, process: Process, step: Step) -> None:
        """What became of a value that was asked for."""
        if process.call is None or not isinstance(step, Make) or step.name != process.need.name:
            return
        process.call.written = isinstance(process.result, Seen)
        process.call.lost |= not process.call.written
        process.call = None

    def _send(self, process: Process) -> None:
        """The keeper's outbox: claim, send, strike out, and between any two it may be killed, or the store go away."""
        who, name, me = f"keeper {process.keeper}", process.need.name, f"keeper-{process.keeper}-{process.life}"
        with contextlib.suppress(StoreError):
            seen = self._at_store(who, Look(name))
            for alarm in alarms.read(seen.row.alarms if seen else ""):
                if self._at_store(who, Make(name, alarms.claimed(alarm.id, me))) is not None:
                    self.after(self.random.uniform(0, 10), partial(self._sent, process, alarm.id))

    def _sent(self, process: Process, id: str) -> None:
        if self.lives[process.keeper] != process.life:
            return
        self.sent[id] += 1
        self.after(self.random.uniform(0, 1), partial(self._strike_out, process, id))

    def _strike_out(self, process: Process, id: str) -> None:
        with contextlib.suppress(StoreError):
            if self.lives[process.keeper] == process.life:
                self._at_store(f"keeper {process.keeper}", Make(process.need.name, alarms.taken(id, "way", ("way",))))

    def _at_store(self, who: str, step: Look | Make) -> Seen | None:
        if self.now < max(self.down_until, self.cut[who]):
            self.counted["store errors"] += 1
            raise StoreError("away")
        lost = self.chaos and self.random.random() < 0.0005 * self.chaos
        seen = look(self.at_store, step.name) if isinstance(step, Look) else make(self.at_store, step.name, step.change)
        for alarm in alarms.read(seen.row.alarms if seen else ""):
            self.noted.setdefault(alarm.id, self.now)
        if lost:  # it was done, and the answer is lost
            self.counted["answers lost"] += 1
            raise StoreError("answer lost")
        return seen

    def _ask(self, process: Process, step: Ask) -> None:
        fault, _ = self.fault if self.now < self.fault[1] else ("", 0.0)
        self.attempts[step.need.name].append(self.now)
        secret = SECRET if step.need.name.startswith(APPID) else PLATFORM_SECRET
        call = calls.request_of(step, secret)
        outcome: Got | Failed
        if fault == "timeout":
            outcome = Failed(errors.UNREACHABLE, failure="timeout")
        elif fault == "html":
            outcome = Failed(errors.NOT_JSON)
        else:
            self.rules.faults = {ONLY_OF.get(fault, call.path): fault} if isinstance(fault, int) else {}
            data = self.rules.answer(call.path, call.query, call.body or {})
            outcome = calls.outcome_of(call, data, ERRORS.get(int(data.get("errcode", 0)), ""))
            if isinstance(outcome, Got):
                process.call = Call(step.need.name, step.row, self.now)
                self.calls.append(process.call)
                if fault == "lost":
                    process.call.lost = True
                    process.call = None
                    outcome = Failed(errors.UNREACHABLE, failure="timeout")
        said = "worked" if isinstance(outcome, Got) else outcome.errcode or outcome.behaviour.case
        self.counted[f"asked {said}"] += 1
        process.result = outcome
        self.after(self.random.uniform(0.02, 5.0 if fault else 0.5), lambda: self._go_on(process))

    # --- readers ------------------------------------------------------------------------------------------------------

    def _reader(self, number: int) -> Reader:
        world, who = self, f"reader {number}"

        class Far:
            def read(self, name: str) -> tuple[Row, int, float]:
                if world.now < max(world.down_until, world.cut[who]):
                    raise StoreError("away")
                return world.at_store.read(name)

            def swap(self, row: Row, version: int) -> bool:
                return world.at_store.swap(row, version)

            def names(self) -> list[str]:
                return world.at_store.names()

            def forgets(self) -> bool:
                return False

            def close(self) -> None: ...

        return Reader(Far(), lambda: self.now + self.offsets[self.keepers + number])

    def _use(self, number: int) -> None:
        """A worker calls WeChat, now and then many times in a row."""
        reader, need = self._readers[number], self.random.choice(self.needs)
        for _ in range(self.random.choice((1, 1, 5))):
            self.counted["reads"] += 1
            try:
                value = reader.get(need.name)
            except NoToken as error:
                self.counted[error.reason.id] += 1
                continue
            if not self.rules.works(value):
                self._invalid(number, need, value)
                reader.rejected(need.name, value)
                row = look(self.at_store, need.name).row
                if row.rejected_at or row.value != value:
                    self.taught.setdefault(value, self.now)
        self.after(self.random.expovariate(1 / 900), lambda: self._use(number))

    def _invalid(self, number: int, need: Need, value: str) -> None:
        """A reader holds what WeChat refuses. That may only be when somebody else has ended it, for a minute from
        when the store was told; a reader that cannot reach the store learns of it by its own first call."""
        self.counted["invalid reads"] += 1
        ended = self.rules.ended(value)
        known = self.taught.get(value, self.now)
        if value not in self.voided or ended is None:
            self.broken.append(f"{self.now:.0f}: reader {number} holds an invalid {need.name} that nobody else ended")
        elif self.now - known > MINUTE + 1 and self.now >= max(self.down_until, self.cut[f"reader {number}"]) + MINUTE:
            self.broken.append(f"{self.now:.0f}: reader {number} holds {need.name} {self.now - known:.0f} s too long")

    # --- misfortunes --------------------------------------------------------------------------------------------------

    def _misfortune(self) -> None:
        self.after(self.random.expovariate(1 / HOUR) / max(self.chaos, 1e-9), self._misfortune)
        if not self.chaos:
            return
        what = self.random.choice(("kill", "kill", "store", "cut", "cut", "fault", "fault"))
        self.counted[what] += 1
        seconds = self.random.choice((5.0, 60.0, 400.0, 2000.0)) * self.random.random()
        if what == "kill":
            keeper = self.random.randrange(self.keepers)
            self.lives[keeper] += 1
            self.after(seconds, lambda: self._start(keeper))
        elif what == "store":
            self.down_until = self.now + seconds
        elif what == "cut":
            whole = [f"keeper {n}" for n in range(self.keepers)] + [f"reader {n}" for n in range(self.readers)]
            for who in self.random.sample(whole, self.random.randrange(1, len(whole))):
                self.cut[who] = self.now + seconds
        else:
            fault = next(self._faults)
            self.fault = (
                fault,
                self.now + (self.random.uniform(1200, 4000) if isinstance(fault, int) else seconds * 2),
            )

    def _restart(self) -> None:
        assert self.restart is not None
        self.counted["restarts"] += 1
        self.restart()

    def _foreign(self) -> None:
        """Somebody else refreshes the account's token."""
        self.after(self.random.uniform(6, 30) * HOUR, self._foreign)
        if not self.chaos:
            return
        owner = self.rules.owners[APPID]
        self.voided |= {one.value for one in (*owner.stable, *owner.classic) if one.until > self.now}
        body = {"appid": APPID, "secret": SECRET, "grant_type": "client_credential", "force_refresh": True}
        self.rules.faults = {}
        path = calls.TOKEN if self.classic else calls.STABLE_TOKEN
        self.counted["foreign"] += "access_token" in self.rules.answer(path, {}, body)

    def _again(self) -> None:
        """The account authorizes the platform once more; the callback handler writes what came with it."""
        self.after(self.random.uniform(20, 60) * HOUR, self._again)
        if self.now < self.down_until:
            return  # a handler would answer with an error, and be called again
        token, refresh = self.rules.authorize(PLATFORM, AUTHORIZER)
        make(self.at_store, self.needs[-1].name, rows.given(token, 7200.0, refresh))
        self.counted["authorized"] += 1

    def _withdraw(self) -> None:
        """The account withdraws the authorization, and gives it again after some hours."""
        self.after(self.random.uniform(60, 120) * HOUR, self._withdraw)
        if self.chaos:
            self.voided |= self.rules.withdraw(PLATFORM, AUTHORIZER)
            self.counted["withdrawn"] += 1
            self.after(self.random.uniform(1, 8) * HOUR, self._again)

    def _wrong_grant(self) -> None:
        """A handler hands in what is no refresh token of this account."""
        self.after(self.random.uniform(60, 120) * HOUR, self._wrong_grant)
        if self.chaos and self.now >= self.down_until:
            make(self.at_store, self.needs[-1].name, rows.given(None, 0.0, f"refreshtoken@@@wrong-{self.now}"))
            self.counted["wrong grants"] += 1

    def _silence(self) -> None:
        """No ticket comes for longer than one holds."""
        self.after(self.random.uniform(60, 120) * HOUR, self._silence)
        if self.chaos:
            self.silent_until = self.now + 14 * HOUR
            self.counted["silences"] += 1

    def _ticket(self) -> None:
        self.after(600, self._ticket)
        if self.now >= max(self.down_until, self.silent_until):
            ticket = self.rules.push_ticket(PLATFORM)
            make(self.at_store, f"{PLATFORM}/component_verify_ticket", rows.given(ticket, 12 * HOUR))

    # --- what must hold -----------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        needs: dict[tuple[str, float, float], list[Call]] = defaultdict(list)
        for call in self.calls:
            needs[call.need, call.row.refreshed_at, call.row.rejected_at].append(call)
        for (name, *_), some in needs.items():
            kept = [call for call in some if not call.lost]
            if len(kept) > 1:
                self.broken.append(f"{some[0].at:.0f}: {len(kept)} refreshes of {name} for one need")
        for name, times in self.attempts.items():
            if name == self.needs[-1].name:
                known = look(self.at_store, name).row
                usable = self.rules.owners[PLATFORM].refresh_tokens[AUTHORIZER]
                if usable and not {known.refresh_token, known.old_refresh_token} & set(usable):
                    self.broken.append("the refresh token is lost")
            for first, last in zip(times, times[self.plan.pace.per_hour :], strict=False):
                if last - first < HOUR:
                    self.broken.append(f"{first:.0f}: {name} is asked for more than {self.plan.pace.per_hour} an hour")
        late = [id for id, at in self.noted.items() if not self.sent[id] and self.now - at > 12 * HOUR]
        self.broken += [f"{self.noted[id]:.0f}: the alarm {id} never went out" for id in late]
        self.counted["needs"] = len(needs)
        self.counted["alarms"] = len(self.noted)
        self.counted["alarms sent again"] = sum(self.sent.values()) - len(self.sent)


def memory_store(clock: Callable[[], float]) -> Store:
    """A store of the fastest kind, for the rules alone."""

    class Held:
        def __init__(self) -> None:
            self.rows: dict[str, tuple[Row, int]] = {}

        def read(self, name: str) -> tuple[Row, int, float]:
            row, version = self.rows.get(name, (Row(name), 0))
            return row, version, clock()

        def swap(self, row: Row, version: int) -> bool:
            if self.rows.get(row.name, (row, 0))[1] != version:
                return False
            self.rows[row.name] = (replace(row), version + 1)
            return True

        def names(self) -> list[str]:
            return sorted(self.rows)

        def forgets(self) -> bool:
            return False

        def close(self) -> None: ...

    return Held()
