"""The loop: rounds when they are due, states, the store, the ways out. All that it says goes to `say`."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import hashlib
import resource
import socket
import sqlite3
import time as clock
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from wxalarm import deadline
from wxalarm.config import ConfigError, Settings
from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.probes import tcp
from wxalarm.render.case import case_of
from wxalarm.render.redact import Redactor
from wxalarm.watch import rounds, words
from wxalarm.watch.allow_lists import Drift, changed, drift
from wxalarm.watch.journal import Journal
from wxalarm.watch.outlets import MOST, Outlets
from wxalarm.watch.rounds import Memory, Numbers, Round
from wxalarm.watch.schedule import Schedule
from wxalarm.watch.server import Server, allow_lists
from wxalarm.watch.states import Level, State, step
from wxalarm.watch.store import IN_MEMORY, Message, Row, Store, message_id, packed
from wxalarm.watch.targets import Plan, Watched
from wxalarm.watch.ways import Way

T = TypeVar("T")
ROOM = 2000
"""Rounds under way at one time: a silent server holds one for 5 s and more."""
CONNECTIONS, CONNECTIONS_EACH = 5000, 64
"""Connections that are open at once, in all and to one address: many callbacks stand behind one balancer."""
FILES = 12
"""Files that a round has open at most; the limit on open files bounds the rounds under way."""
KEPT_BACK = 50_000
"""Rows kept in memory while the store takes none; the oldest go first, those with a change never."""
RESOLVED = 900.0
"""Seconds for which Alertmanager is told that an alert has ended."""
FIRING = 300.0
"""Seconds after which it forgets an alert of which it hears no more."""
END = 1.2
"""Seconds that the last writing may take after SIGTERM."""
LOOK = 1.0
"""Seconds between two looks at the access log."""
PRUNE = 1800.0
JUMP = 60.0
"""Seconds by which the wall clock is off before that is said."""
LONGEST = 30.0
"""Seconds between two tries of a store that takes nothing, at most."""
DIAGNOSIS = 20.0
"""Seconds that the diagnosis of a pasted alarm takes at most."""
STRETCH, STRETCHES = 900.0, 96
"""Seconds of a stretch, and how many are a day."""
GATHER = 0.05
"""Seconds in which rounds that end share one transaction."""

Say = Callable[..., None]
"""Called with a key of [ui] and its values: what a person who reads the log should know."""
Look = Callable[..., Awaitable[Round]]
Socket = socket.socket


class Steady:
    """Seconds that grow as time passes, whatever the wall clock does, and never fall behind what the store has seen."""

    def __init__(self, wall: float, monotonic: float, seen: float = 0.0) -> None:
        self._offset = max(wall, seen) - monotonic

    def __call__(self, monotonic: float) -> float:
        """The steady time of a moment of the event loop's clock."""
        return self._offset + monotonic


@dataclass(slots=True)
class Strip:
    """The last day of a target in stretches of STRETCH seconds, by their number: the worst level, the longest time."""

    parts: dict[int, tuple[int, float | None]] = field(default_factory=dict)

    def add(self, number: int, level: int, total: float | None) -> None:
        """One more round, or a whole stretch."""
        worst, longest = self.parts.get(number, (level, total))
        times = [time for time in (longest, total) if time is not None]
        self.parts[number] = (max(worst, level), max(times, default=None))
        while len(self.parts) > STRETCHES:
            self.parts.pop(next(iter(self.parts)))


@dataclass(slots=True)
class Subject:
    """A target with all that is known of it."""

    target: Watched
    state: State
    memory: Memory = field(default_factory=Memory)
    numbers: Numbers | None = None
    report: Report | None = None
    time: float = 0.0
    """Of the last round, by the wall clock."""
    late: int = 0
    """Late rounds that are written."""
    began: float | None = None
    """Of its alert, by the wall clock; None: there was none."""
    ended: float | None = None
    strip: Strip = field(default_factory=Strip)


@dataclass(slots=True)
class Counts:
    """What has happened since the start."""

    rounds: int = 0
    blind: int = 0
    changes: int = 0
    faults: int = 0
    """Rounds that ended in a fault of this program."""
    store_errors: int = 0
    dropped: int = 0
    """Rows that the store never took."""
    damaged: int = 0
    reloads: int = 0
    refused: int = 0
    """Configurations that were refused."""
    uncertain: int = 0
    """Messages of which a kill left unknown whether they went out."""
    jumps: int = 0
    """Jumps of the wall clock."""


class Service:
    """`wxalarm watch`, in one event loop."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        catalogue: Catalogue,
        say: Say,
        *,
        wall: Callable[[], float] = clock.time,
        look: Look = rounds.look,
    ) -> None:
        self.plan, self.store, self.catalogue, self.say = plan, store, catalogue, say
        self.wall, self._look = wall, look
        self.counts = Counts()
        self.subjects: dict[str, Subject] = {}
        self.outlets = Outlets(say, self.alerts, self._marked, self._noted)
        self._journal: Journal | None = None
        self._journal_missing = False
        self.schedule: Schedule | None = None
        self.server = Server(plan.settings, [target.url for target in plan.targets])
        self.followers: set[asyncio.Event] = set()
        """Set at each round: whoever follows live waits for one of them."""
        self.drifts: dict[str, list[Drift]] = {}
        """Allow lists that do not fit WeChat's, by account."""
        self._listed: dict[str, tuple[str, ...]] = {}
        self._steady = Steady(0.0, 0.0)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._rows: list[Row] = []
        self._writing = 0
        self._marks: list[tuple[Message, float]] = []
        self._notes: list[Message] = []
        """Messages about no round that the store has not taken."""
        self._wake, self._written, self.stopping = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._storing = asyncio.Lock()
        self._store_down = False
        self._offset = 0.0
        """Of the wall clock to the event loop's."""

    # --- from outside ---

    def stop(self) -> None:
        """End soon: what has ended is written."""
        self.stopping.set()
        self._wake.set()

    @property
    def pasting(self) -> Settings:
        """What a pasted alarm is diagnosed with: as `diagnose` would, without a push."""
        return replace(self.plan.settings, push=False, timeout=DIAGNOSIS)

    @property
    def running(self) -> int:
        """Rounds under way."""
        return len(self._running)

    @property
    def late(self) -> int:
        """Slots in which no round began."""
        return sum(self.schedule.late.values()) if self.schedule else 0

    @property
    def backlog(self) -> int:
        """Rows that the store has not taken."""
        return len(self._rows) + self._writing

    def steady(self) -> float:
        """Now, by the steady clock."""
        return self._steady(asyncio.get_running_loop().time())

    async def stored(self, call: Callable[..., T], *args: Any) -> T:
        """A call of the store, one at a time, where it keeps nobody waiting."""

        def alone() -> T:
            with self.store.mutex:
                return call(*args)

        async with self._storing:
            return await deadline.in_thread(alone)

    # --- begin, and begin anew ---

    async def begin(self) -> None:
        """Know the targets, and their states of before."""
        tcp.allow(CONNECTIONS, CONNECTIONS_EACH)
        now, wall = asyncio.get_running_loop().time(), self.wall()
        if self.store.aside is not None:
            self.counts.damaged += 1
            self.say("watch_damaged", path=self.store.aside)
        known = await self._known(self.plan.targets)
        await self._open_journal()
        for row in self._rows:  # written before any other; until then nobody else knows of them
            if row.target in known and row.steady >= known[row.target][1]:
                known[row.target] = (row.state, row.steady)
        self._steady = Steady(wall, now, max((seen for _, seen in known.values()), default=0.0))
        self._offset = wall - now
        self.subjects = {target.key: self._subject(target, known[target.key][0]) for target in self.plan.targets}
        await self._write()
        await self._set_ways()
        self._hand_on(self._rows, self._notes)
        with contextlib.suppress(sqlite3.Error):
            since = wall - STRETCH * STRETCHES
            for key, number, level, total in await self.stored(self.store.strips, since, STRETCH):
                if key in self.subjects:
                    self.subjects[key].strip.add(number, level, total)

    async def _known(self, targets: Sequence[Watched]) -> dict[str, tuple[State, float]]:
        """Their states of before, by key, each with its steady time."""
        try:
            return await self.stored(self.store.know, [(t.key, t.name, t.url, t.account) for t in targets])
        except sqlite3.Error as error:
            self._trouble(error)
        # Whoever begins anew tells everything twice: a database that takes nothing can still be read.
        kept: dict[str, tuple[State, float]] = {}
        with contextlib.suppress(sqlite3.Error):
            kept = await self.stored(self.store.states)
        return {target.key: kept.get(target.key, (State(), 0.0)) for target in targets}

    async def _open_journal(self) -> None:
        """What the last process could not write, and what it was sending when it was killed."""
        if self.store.path == IN_MEMORY:
            return
        try:
            journal = self._journal = await deadline.in_thread(lambda: Journal(self.store.path.with_suffix(".journal")))
        except OSError as error:
            if not self._journal_missing:
                self.say("watch_no_journal", error=error.strerror or str(error))
            self._journal_missing = True
            return
        known = {target.key for target in self.plan.targets}
        journal.settle(row for row in journal.rows if row.target not in known)
        self._rows = journal.rows + self._rows
        with_ids = {way.label for way in self.plan.ways if way.kind != "apprise"}
        for one in journal.marks:
            message = Message(one["id"], one["way"], self.wall(), "perhaps", {"title": one["title"]})
            if one["state"] == "sent":
                self._marks.append((message, self.wall()))
            elif one["state"] == "refused" or message.way in with_ids:
                journal.settle((), [message])  # it waits, and is sent with its id
            else:
                self._marks.append((message, self.wall()))
                self._perhaps(message)

    def _perhaps(self, message: Message) -> None:
        """Nobody can know whether this one went out. It is not sent a second time: that it may be missing is."""
        self.counts.uncertain += 1
        title = str(message.body["title"])
        self.say("watch_perhaps", way=message.way, title=title)
        id = f"{message.id}-perhaps"
        body = words.perhaps_body(id, title, self.catalogue)
        self._notes.append(Message(id, message.way, message.time, "perhaps", body))

    def _subject(self, target: Watched, state: State) -> Subject:
        fires = state.level not in (None, Level.UP)
        return Subject(target, state, began=self.wall() - (self.steady() - state.since) if fires else None)

    async def _set_ways(self) -> None:
        self.outlets.set(self.plan.ways)
        with contextlib.suppress(sqlite3.Error):
            for label in self.outlets.by_label:
                self._hand_on((), await self.stored(self.store.waiting, label, MOST))

    async def reload(self, plan: Plan) -> None:
        """Go on by another plan; targets that stay keep what is known of them."""
        self.plan = plan
        subjects: dict[str, Subject] = {}
        known = await self._known(plan.targets)
        for target in plan.targets:
            there = self.subjects.get(target.key) or self._subject(target, known[target.key][0])
            there.target = target
            subjects[target.key] = there
        self.subjects = subjects
        self.server.move(plan.settings, [target.url for target in plan.targets])
        await self._set_ways()
        if self.schedule:
            self.schedule.set(subjects, asyncio.get_running_loop().time(), plan.every)
        self.counts.reloads += 1
        self._wake.set()

    # --- rounds ---

    async def once(self) -> list[tuple[Watched, Report]]:
        """One round of every target, and the messages that follow."""
        slots = asyncio.Semaphore(min(50, room()))

        async def one(subject: Subject) -> None:
            async with slots:
                await self._round(subject)

        await asyncio.gather(*map(one, self.subjects.values()))
        await self._write()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.gather(*map(self.outlets.deliver, self.outlets.by_label.values()))
        await self._write()
        self._close()
        return [(subject.target, subject.report) for subject in self.subjects.values() if subject.report]

    async def run(self) -> None:
        """Until `stop`."""
        loop = asyncio.get_running_loop()
        self.schedule = Schedule(self.subjects, self.plan.every, loop.time())
        beside = [
            asyncio.create_task(job) for job in (self._writer(), self.outlets.run(), self._keeper(), self._reader())
        ]
        try:
            while not self.stopping.is_set():
                self._begin_due()
                await self._until_next()
        finally:
            for task in (*beside, *self._running.values()):
                task.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END):
                    await asyncio.wait(beside)  # a message that is being sent
                    await self._write()
            self._close()

    def _close(self) -> None:
        self.server.close()
        if self._journal is not None:
            with contextlib.suppress(OSError):
                self._journal.keep(self._rows)  # what the store did not take within END
            self._journal.close()
            self._journal = None

    def _begin_due(self) -> None:
        assert self.schedule is not None
        now = asyncio.get_running_loop().time()
        for key in self.schedule.due(now, self._running, room() - len(self._running)):
            task = asyncio.create_task(self._round(self.subjects[key]), name=key)
            self._running[key] = task
            task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._running.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.counts.faults += 1
            self.say("watch_fault", error=f"{type(error).__name__}: {error}")

    async def _until_next(self) -> None:
        assert self.schedule is not None
        due = self.schedule.next()
        self._wake.clear()
        if self.stopping.is_set():
            return
        with contextlib.suppress(TimeoutError):
            wait = None if due is None else max(0.0, due - asyncio.get_running_loop().time())
            async with asyncio.timeout(wait):
                await self._wake.wait()

    async def _round(self, subject: Subject) -> None:
        settings = self.plan.settings_of(subject.target.account)
        made = await self._look(subject.target, settings, subject.memory, self.steady())
        self._taken(subject, made)
        account = subject.target.account
        if account is not None and (ips := rounds.callback_ips_of(made.report)) and self._listed.get(account) != ips:
            self._listed[account] = ips
            await self._compare(subject, made, account, ips)

    async def _compare(self, subject: Subject, made: Round, account: str, ips: tuple[str, ...]) -> None:
        """WeChat's addresses are others than before, or known for the first time: which lists do not fit any more?"""
        try:
            before = await self.stored(self.store.listed, account)
            lists = await deadline.in_thread(lambda: allow_lists(self.plan.settings))
            named = [name for name in lists if _named(name, self.plan)]
            self.drifts[account] = drift(ips, before or (), lists, named)
            new, gone = changed(ips, before or ips)
            messages: list[Message] = []
            if new or gone or (before is None and self.drifts[account]):
                said = words.listed(account, new, gone, self.drifts[account], self.catalogue)
                self.say("watch_list", account=account, new=len(new), gone=len(gone), lists=len(self.drifts[account]))
                time = self.wall()
                id = f"{subject.target.key}-list-{hashlib.sha256(repr((ips, new, gone)).encode()).hexdigest()[:12]}"
                body = words.list_body(id, subject.target, said, made.report, time, self.catalogue)
                messages = [Message(id, way.label, time, "list", body) for way in self._messengers()]
            if before is None or new or gone:
                await self.stored(self.store.keep_list, account, self.wall(), ips, subject.target.key, messages)
            self.outlets.take(messages)
        except (sqlite3.Error, KeyError) as error:
            self._listed.pop(account, None)  # the next round compares again
            self._trouble(error)

    def _messengers(self) -> list[Way]:
        return [way for way in self.plan.ways if way.kind != "alertmanager"]

    def _taken(self, subject: Subject, made: Round) -> None:
        """What follows from a round: the state, the row, the messages."""
        time, steady, numbers = self.wall(), self.steady(), made.numbers
        state, change, told = step(subject.state, numbers.level, steady, self.plan.rule)
        subject.state, subject.numbers, subject.report, subject.time = state, numbers, made.report, time
        if numbers.level is not None:
            subject.strip.add(int(time // STRETCH), numbers.level, numbers.total)
        self.counts.rounds += 1
        self.counts.blind += numbers.level is None
        messages: tuple[Message, ...] = ()
        ways = self._messengers()
        if told is not None and ways:
            id = message_id(subject.target.key, state.said, str(told.kind))
            since = time - (steady - told.since)
            body = words.body(id, subject.target, told, made.report, time, since, self.catalogue)
            messages = tuple(Message(id, way.label, time, str(told.kind), body) for way in ways)
        if change is not None:
            self.counts.changes += 1
            self._alert(subject, change.after, time)
            if told is not None or change.before is not None:
                level = self.catalogue.word("level", change.after.word)
                self.say("watch_changed", name=subject.target.name, level=level, code=numbers.code or "-")
        late = self.schedule.late.get(subject.target.key, 0) if self.schedule else 0
        cause = made.report.cause
        row = Row(
            target=subject.target.key,
            time=time,
            steady=steady,
            level=numbers.level,
            code=numbers.code,
            certainty=str(cause.root.certainty) if cause else None,
            total=numbers.total,
            phases=[one.record() for one in numbers.phases],
            state=state,
            late=max(0, late - subject.late),
            change=change,
            saved=packed(case(made)) if change is not None else None,
            messages=messages,
        )
        subject.late = late
        self._rows.append(row)
        self._written.set()
        for event in self.followers:
            event.set()

    def _alert(self, subject: Subject, level: Level, time: float) -> None:
        if level is Level.UP:
            subject.ended = None if subject.began is None else time
        elif subject.began is None or subject.ended is not None:
            subject.began, subject.ended = time, None
        self.outlets.hurry()

    def alerts(self) -> list[dict[str, Any]]:
        """What Alertmanager is told: what fires, and what has ended lately. The labels of an alert never change."""
        now, found = self.wall(), []
        for subject in self.subjects.values():
            if subject.began is None or (subject.ended is not None and now - subject.ended > RESOLVED):
                continue
            level = subject.state.level or Level.UP
            labels = {"alertname": "WxalarmCallback", "instance": subject.target.url, "target": subject.target.name}
            said = words.brief(subject.report, self.catalogue) if subject.report is not None and level else []
            name = self.catalogue.word("level", level.word)
            summary = self.catalogue.ui("watch_worse", name=subject.target.name, level=name)
            found.append(
                {
                    "labels": labels | ({"account": subject.target.account} if subject.target.account else {}),
                    "annotations": {"summary": summary, "description": Redactor(reveal=True).text("\n".join(said))},
                    "startsAt": _iso(subject.began),
                    "endsAt": _iso(now + FIRING if subject.ended is None else subject.ended),
                }
            )
        return found

    # --- the store ---

    def _noted(self, message: Message, state: str) -> None:
        """In a thread of its own: what the journal cannot take is sent all the same."""
        with contextlib.suppress(OSError):
            if self._journal is not None:
                self._journal.mark(message, state)

    def _marked(self, message: Message) -> None:
        self._marks.append((message, self.wall()))
        self._written.set()

    async def _writer(self) -> None:
        pause = GATHER
        while True:
            await self._written.wait()
            self._written.clear()
            await self._write()
            failed = self._store_down and bool(self._rows or self._marks or self._notes)
            pause = min(LONGEST, max(1.0, pause * 2)) if failed else GATHER
            await asyncio.sleep(pause)
            if failed:
                self._written.set()

    async def _write(self) -> None:
        """Give the store all rows; those that it does not take stay, and their messages go out all the same."""
        rows, self._rows = self._rows, []
        marks, self._marks = self._marks, []
        notes, self._notes = self._notes, []
        if not rows and not marks and not notes:
            return
        self._writing = len(rows)
        try:
            await self.stored(self.store.write, rows, marks, notes)
        except asyncio.CancelledError:
            self._back(rows, marks, notes)
            raise
        except (sqlite3.Error, KeyError) as error:
            self._back(rows, marks, notes)
            self._trouble(error)
            await self._journaled(lambda journal: journal.keep(rows))
            damaged = isinstance(error, sqlite3.DatabaseError) and _damaged(error)
            if damaged or isinstance(error, KeyError):
                await self._renew(damaged=damaged)
        else:
            if self._journal is not None and not self._journal.empty:
                await self._journaled(lambda journal: journal.settle(rows, [message for message, _ in marks]))
            if self._store_down:
                self._store_down = False
                self.say("watch_store_back")
        finally:
            self._writing = 0
        self._hand_on(rows, notes, marks)

    def _hand_on(
        self, rows: Iterable[Row], notes: Iterable[Message], marks: Iterable[tuple[Message, float]] = ()
    ) -> None:
        """Send what is told of these, save what has gone out."""
        sent = {(message.id, message.way) for message, _ in (*marks, *self._marks)}
        messages = [*notes, *(one for row in rows for one in row.messages)]
        self.outlets.take(one for one in messages if (one.id, one.way) not in sent)

    def _back(self, rows: list[Row], marks: list[tuple[Message, float]], notes: list[Message]) -> None:
        """What the store has not taken is written at the next try."""
        self._rows = self._bounded(rows + self._rows)
        self._marks, self._notes = marks + self._marks, notes + self._notes

    async def _journaled(self, call: Callable[[Journal], object]) -> None:
        """A call of the journal, where there is one."""
        journal = self._journal
        if journal is not None:
            with contextlib.suppress(OSError):
                await deadline.in_thread(lambda: call(journal))

    def _trouble(self, error: Exception) -> None:
        self.counts.store_errors += 1
        if not self._store_down:
            self._store_down = True
            self.say("watch_store", error=str(error))

    def _bounded(self, rows: Sequence[Row]) -> list[Row]:
        excess = len(rows) - KEPT_BACK
        kept = []
        for row in rows:
            if excess > 0 and row.change is None and not row.messages:
                excess -= 1
                self.counts.dropped += 1
            else:
                kept.append(row)
        return kept

    async def _renew(self, *, damaged: bool) -> None:
        """Make the targets known to the database, to a new one where it is damaged."""
        with contextlib.suppress(sqlite3.Error, OSError):
            if damaged:
                await self.stored(self.store.renew)
                self.counts.damaged += 1
                self.say("watch_damaged", path=self.store.aside)
            await self._known([subject.target for subject in self.subjects.values()])
            states = [(key, subject.state, self.steady()) for key, subject in self.subjects.items()]
            await self.stored(self.store.keep_states, states)

    async def _reader(self) -> None:
        """Follow the access log."""
        while True:
            follower, before = self.server.follower, self.server.error
            if follower is not None:
                await deadline.in_thread(self.server.step)
                if self.server.error is not None and before is None:
                    self.say("watch_log", path=follower.path, error=self.server.error)
            await asyncio.sleep(LOOK if follower is not None else 60 * LOOK)

    async def _keeper(self) -> None:
        """What has to be done now and then: old rows, the wall clock."""
        loop = asyncio.get_running_loop()
        pruned = 0.0
        while True:
            offset = self.wall() - loop.time()
            if abs(offset - self._offset) > JUMP:
                self.counts.jumps += 1
                self.say("watch_jump", seconds=round(offset - self._offset))
            self._offset = offset
            if self._journal is None:
                await self._open_journal()
            if loop.time() - pruned > PRUNE or not pruned:
                pruned = loop.time()
                with contextlib.suppress(sqlite3.Error):
                    watch = self.plan.settings.watch
                    kept = (watch.keep_rounds, watch.keep_days, watch.megabytes)
                    await self.stored(self.store.prune, self.wall(), *kept)
            if not self._marks and not self._rows:
                with contextlib.suppress(sqlite3.Error):
                    for label, outlet in self.outlets.by_label.items():
                        if not outlet.queue:  # more than memory holds at a time
                            self.outlets.take(await self.stored(self.store.waiting, label, MOST))
            await asyncio.sleep(60.0)


def case(made: Round) -> str:
    """A round as a saved case: its report can be had again in any language and format."""
    return case_of([made.report], [made.context], (), Redactor(reveal=True))


def room() -> int:
    """How many rounds may be under way: each opens files."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return ROOM if limit == resource.RLIM_INFINITY else max(1, min(ROOM, (limit - 64) // FILES))


def listening(address: str, port: int) -> Socket:
    """A socket that listens there. Raises ConfigError."""
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family, backlog=512)
    except OSError as error:
        said = error.strerror or str(error)
        raise ConfigError("watch-port", place=f"{address}:{port}", error=said) from None


def _named(name: str, plan: Plan) -> bool:
    """Whether the user named this file as a list of WeChat's addresses."""
    return any(fnmatch.fnmatch(name, pattern) for pattern in plan.settings.watch.allow_lists)


def _damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is no database any more, or not a whole one."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()
