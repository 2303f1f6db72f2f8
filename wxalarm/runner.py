"""Runs playbooks: needs, concurrency, deadlines, skips → Reports. Knows nothing of any single check."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import signal
import threading
import types
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, cast

from wxalarm import deadline
from wxalarm.bounds import JUDGEMENT, Beyond
from wxalarm.checks.check import Check, Context, Skip, Untold, usable
from wxalarm.masking import Hidden, configured, hide, hiding
from wxalarm.messages import ReasonError
from wxalarm.model import VERDICT, Cause, CheckResult, Finding, Reason, Report, Status, status_of
from wxalarm.playbooks import PLAYBOOKS
from wxalarm.probes import local
from wxalarm.verdict import cause, untold

GRACE = 0.5
"""Seconds beyond the end of the run for probes whose attempts have just met their own limits: on a machine that is busy
with something else, silence is still an answer and not "could not be told"."""


T = TypeVar("T")
Listener = Callable[[Context, CheckResult], None]
"""Called when a check ends: live progress."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """How a probe ended: an observation, or the reason why there is none (it should have given one when `unknown`)."""

    observation: Any
    reason: Reason | None
    unknown: bool
    started: float = 0.0
    elapsed: float = 0.0


class Run:
    """One run over some alarms: every probe with equal (check, key) runs once. Use it inside one event loop."""

    def __init__(
        self,
        contexts: Sequence[Context],
        *,
        only: Collection[str] = (),
        skip: Collection[str] = (),
        saved: Callable[[Context, Check[Any]], Ended] | None = None,
        kept: Mapping[str, Ended] = types.MappingProxyType({}),
        together: bool = False,
        listener: Listener | None = None,
    ) -> None:
        """kept: by check id, what an earlier run over the same target observed and what still holds. together: judge
        all checks of a context at once, when all have ended: cheaper, and when one of them is late none is told."""
        self.together = together
        self.contexts = contexts
        self.only, self.skip, self.saved, self.kept, self.listener = only, skip, saved, kept, listener
        self._probes: dict[tuple[str, Hashable], asyncio.Task[Ended]] = {}
        self._start = 0.0
        self._stop = asyncio.Event()
        self._judging = asyncio.Lock()
        self._clock: asyncio.Timeout | None = None
        """Of the judgement under way."""
        self._judged_until = 0.0
        """Event-loop time at which no more is judged."""
        self._spare = JUDGEMENT
        """Seconds behind that for the verdicts."""

    def stop(self) -> None:
        """End the run now and keep what has finished; the rest says "interrupted". For Ctrl-C."""
        self._stop.set()
        self._judged_until, self._spare = asyncio.get_running_loop().time() + GRACE, GRACE
        if self._clock is not None:
            self._clock.reschedule(self._judged_until)
        for task in self._probes.values():
            task.cancel()

    @property
    def stopped(self) -> bool:
        """Whether `stop` ended it early."""
        return self._stop.is_set()

    @property
    def pending(self) -> list[str]:
        """Ids of the checks whose probes have not ended."""
        return sorted({check for (check, _), task in self._probes.items() if not task.done()})

    @functools.cached_property
    def planned(self) -> int:
        """How many results the run will have, skips included."""
        return sum(len(plan(self.contexts[index])) for index in dict.fromkeys(examples_of(self.contexts)))

    async def reports(self) -> list[Report]:
        """The reports of all contexts, in order."""
        loop = asyncio.get_running_loop()
        self._start = loop.time()
        contexts = [
            dataclasses.replace(ctx, deadline=self._start + ctx.settings.timeout) if ctx.deadline is None else ctx
            for ctx in self.contexts
        ]
        examples = examples_of(contexts)
        ends = (ctx.deadline for ctx in contexts if ctx.deadline is not None)
        self._judged_until = max(ends, default=self._start) + JUDGEMENT
        try:
            chosen = dict.fromkeys(examples)
            made = await asyncio.gather(*(self._report(contexts[index]) for index in chosen))
            by_index = dict(zip(chosen, made, strict=True))
            return [
                by_index[example] if example == index else _like(by_index[example], contexts[index])
                for index, example in enumerate(examples)
            ]
        finally:
            for task in self._probes.values():
                task.cancel()
            await asyncio.gather(*self._probes.values(), return_exceptions=True)

    @functools.cached_property
    def _hidden(self) -> Hidden | None:
        """The secrets of all accounts: a server may print its own to whoever asks."""
        urls = {ctx.target.url for ctx in self.contexts}
        accounts = {account.name: account for ctx in self.contexts for account in ctx.settings.accounts}
        return hiding(configured(tuple(accounts.values()), urls))

    async def _report(self, ctx: Context) -> Report:
        checks = plan(ctx)
        if self.together:
            return await self._judged_together(checks, ctx)
        results = overruled(checks, await asyncio.gather(*(self._result(check, ctx) for check in checks)))
        by_id = {check.id: check for check in checks}
        elapsed = max((result.started + result.elapsed for result in results), default=0.0)
        age = None if ctx.alarm.window_end is None else (ctx.now - ctx.alarm.window_end).total_seconds()
        judged = await self._in_time(
            lambda: (cause(ctx.alarm, results, by_id, age), untold(ctx.alarm, results, by_id)), last=True
        )
        if isinstance(judged, Reason):
            late = CheckResult(VERDICT, Status.UNKNOWN, reason=judged)
            return Report(ctx.alarm, ctx.target, (*results, late), None, elapsed, (VERDICT,), age)
        return Report(ctx.alarm, ctx.target, tuple(results), judged[0], elapsed, judged[1], age)

    async def _judged_together(self, checks: Sequence[Check[Any]], ctx: Context) -> Report:
        ended = dict(zip(checks, await asyncio.gather(*(self._ended(check, ctx) for check in checks)), strict=True))
        observed = {check.id: one.observation for check, one in ended.items()}
        by_id = {check.id: check for check in checks}
        age = None if ctx.alarm.window_end is None else (ctx.now - ctx.alarm.window_end).total_seconds()

        def seen(check: Check[Any]) -> dict[str, Any]:
            return {other.id: observed[other.id] for other in (*check.needs, *check.uses)}

        def judge() -> tuple[list[CheckResult], Cause | None, tuple[str, ...]]:
            found = [
                self._unjudged(check, one) or self._safely(check, ctx, one, seen(check)) for check, one in ended.items()
            ]
            results = overruled(checks, found)
            return results, cause(ctx.alarm, results, by_id, age), untold(ctx.alarm, results, by_id)

        elapsed = max((one.started + one.elapsed for one in ended.values()), default=0.0)
        judged = await self._in_time(judge, last=True)
        if isinstance(judged, Reason):
            late = (CheckResult(VERDICT, Status.UNKNOWN, reason=judged),)
            return Report(ctx.alarm, ctx.target, late, None, elapsed, (VERDICT,), age)
        return Report(ctx.alarm, ctx.target, tuple(judged[0]), judged[1], elapsed, judged[2], age)

    def _safely(self, check: Check[Any], ctx: Context, ended: Ended, observed: dict[str, Any]) -> CheckResult:
        try:
            return self._judge(check, ctx, ended, observed)
        except Exception as error:  # noqa: BLE001  # one broken judgement must not lose the others
            crash = _crash(error)
            return CheckResult(check.id, Status.UNKNOWN, (), ended.observation, crash, ended.started, ended.elapsed)

    async def _result(self, check: Check[Any], ctx: Context) -> CheckResult:
        ended = await self._ended(check, ctx)
        result = await self._judged(check, ctx, ended, await self._observed(ctx, (*check.needs, *check.uses)))
        if self.listener:
            self.listener(ctx, result)
        return result

    async def _judged(self, check: Check[Any], ctx: Context, ended: Ended, observed: dict[str, Any]) -> CheckResult:
        """The pure half."""
        if (told := self._unjudged(check, ended)) is not None:
            return told
        made = await self._in_time(lambda: self._judge(check, ctx, ended, observed))
        if isinstance(made, CheckResult):
            return made
        return CheckResult(check.id, Status.UNKNOWN, (), ended.observation, made, ended.started, ended.elapsed)

    @staticmethod
    def _unjudged(check: Check[Any], ended: Ended) -> CheckResult | None:
        """The result of a probe that gave no observation; None: there is one to be judged."""
        if ended.reason is None:
            return None
        status = Status.UNKNOWN if ended.unknown else Status.SKIP
        return CheckResult(check.id, status, (), None, ended.reason, ended.started, ended.elapsed)

    def _judge(self, check: Check[Any], ctx: Context, ended: Ended, observed: dict[str, Any]) -> CheckResult:
        found: list[Finding] = []
        reason = None
        try:
            for finding in check.evaluate(ended.observation, dataclasses.replace(ctx, observed=observed)):
                found.append(finding)  # what was found before Untold stands
            status = status_of(tuple(found))
        except Untold as untold:
            reason = untold.reason
            status = Status.FAIL if status_of(tuple(found)) is Status.FAIL else Status.UNKNOWN
        except Skip as skip:
            found, reason, status = [], skip.reason, Status.SKIP
        return CheckResult(check.id, status, tuple(found), ended.observation, reason, ended.started, ended.elapsed)

    async def _in_time(self, call: Callable[[], T], *, last: bool = False) -> T | Reason:
        """What a judgement gives, or why it gives nothing: it is late, or crashed. One at a time, each under its
        deadline: what is judged came from outside. last: the verdict, for which time is left behind all others."""
        loop = asyncio.get_running_loop()
        async with self._judging:
            limit = min(JUDGEMENT, self._judged_until + (self._spare if last else 0.0) - loop.time())
            try:
                async with asyncio.timeout(limit) as self._clock:
                    return await deadline.in_thread(call)
            except TimeoutError:
                return Reason("interrupted") if self._stop.is_set() else Reason("judgement", {"limit": JUDGEMENT})
            except Exception as error:  # noqa: BLE001  # one broken judgement must not lose the others
                return _crash(error)
            finally:
                self._clock = None

    async def _observed(self, ctx: Context, checks: Sequence[Check[Any]]) -> dict[str, Any]:
        return {check.id: (await self._ended(check, ctx)).observation for check in checks}

    async def _ended(self, check: Check[Any], ctx: Context) -> Ended:
        if self.together and not self._selected(check):  # a task for it would cost more than it does
            return Ended(None, Reason("not-selected"), False)
        key = (check.id, check.key(ctx))
        task = self._probes.get(key)
        if task is None:
            task = self._probes[key] = asyncio.create_task(self._probe(check, ctx), name=check.id)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if not self._stop.is_set() or not task.cancelled() or (own is not None and own.cancelling()):
                raise
            # `stop` came before its first step.
            return Ended(None, Reason("interrupted"), True)

    def _selected(self, check: Check[Any]) -> bool:
        return (not self.only or check.id in self.only) and check.id not in self.skip

    async def _probe(self, check: Check[Any], ctx: Context) -> Ended:
        """The I/O half: selection, needs, one slot, one deadline. Never raises except when cancelled."""
        loop = asyncio.get_running_loop()
        begun = loop.time()

        def ended(observation: Any = None, reason: Reason | None = None, *, unknown: bool = False) -> Ended:
            return Ended(observation, reason, unknown, begun - self._start, loop.time() - begun)

        if self._stop.is_set():
            return ended(reason=Reason("interrupted"), unknown=True)
        if not self._selected(check):
            return ended(reason=Reason("not-selected"))
        if self.saved is not None:
            return self.saved(ctx, check)
        if check.id in self.kept:
            return self.kept[check.id]
        if check.network and ctx.settings.offline:
            return ended(reason=Reason("offline"))

        async def wait(other: Check[Any]) -> Any:
            return (await self._ended(other, ctx)).observation

        try:
            observed = await self._observed(ctx, check.needs)
            for need in check.needs:
                if not usable(observed[need.id]):
                    return ended(reason=Reason("needs", {"check": need.id}))
            ready = dataclasses.replace(ctx, observed=observed, waiter=wait)
            async with asyncio.timeout(ready.left(check.timeout) + GRACE):
                return ended(hide(await check.probe(ready), self._hidden))
        except Skip as skip:
            return ended(reason=skip.reason)
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
            return ended(reason=Reason("interrupted"), unknown=True)
        except TimeoutError:
            values = {"elapsed": loop.time() - self._start, "timeout": ctx.settings.timeout}
            return ended(reason=Reason("deadline", values), unknown=True)
        except ReasonError as error:  # a secret that cannot be used, a machine that cannot ask: no fault of the check
            return ended(reason=error.reason, unknown=True)
        except Exception as error:  # noqa: BLE001  # one broken check must not lose the others
            return ended(reason=_crash(error), unknown=True)


CROWD = 100
"""Alarms in one run above which those that say the same are diagnosed by the example of one of them."""


def examples_of(contexts: Sequence[Context]) -> list[int]:
    """For each context the index of the one that is diagnosed for it: itself, unless there is a crowd."""
    if len(contexts) <= CROWD:
        return list(range(len(contexts)))
    best: dict[Hashable, int] = {}
    keys = [_facts(ctx) for ctx in contexts]
    for index, key in enumerate(keys):
        if key not in best or (contexts[index].alarm.count or 0) > (contexts[best[key]].alarm.count or 0):
            best[key] = index
    return [best[key] for key in keys]


WHOSE_AND_WHEN = frozenset(
    {
        *("appid", "nickname", "openid", "transaction_id"),
        *("url", "path"),  # a platform's holds the appid
        *("first_seen", "stamp", "count", "outer_ip"),
        "places",
        "ip",  # the target has it
    }
)
"""Fields of an alarm, its sample and its target that only tell whose it is, when and how often it came, and where it
stands: the example of a crowd is the one with the most failures. Every other field tells two alarms apart."""


def _facts(ctx: Context) -> Hashable:
    """All of an alarm that a check's judgement can turn on, but for whose it is and when it came."""
    return (ctx.account and ctx.account.name, _told(ctx.alarm), _told(ctx.target))


def _told(value: Any) -> Hashable:
    """A value as what two alarms can be told apart by: of a field in WHOSE_AND_WHEN only whether there is one."""
    if dataclasses.is_dataclass(value):
        each = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return tuple(one is not None if name in WHOSE_AND_WHEN else _told(one) for name, one in each)
    if isinstance(value, Mapping):
        return frozenset((name, _told(one)) for name, one in value.items())
    return tuple(map(_told, value)) if isinstance(value, (list, tuple)) else cast("Hashable", value)


def _like(example: Report, ctx: Context) -> Report:
    return dataclasses.replace(example, alarm=ctx.alarm, target=ctx.target, results=(), example=example)


def plan(ctx: Context) -> tuple[Check[Any], ...]:
    """The playbook's checks with all that they need or use, needed ones first, each once."""
    ordered: dict[str, Check[Any]] = {}

    def add(check: Check[Any]) -> None:
        if check.id not in ordered:
            for other in (*check.needs, *check.uses):
                add(other)
            ordered[check.id] = check

    for check in PLAYBOOKS[ctx.alarm.kind].checks:
        add(check)
    return tuple(ordered.values())


def overruled(checks: Sequence[Check[Any]], results: Sequence[CheckResult]) -> list[CheckResult]:
    """The results, with those of network checks withheld as skips when a check that overrules them found something."""
    judges = [result.check for check, result in zip(checks, results, strict=True) if check.overrules]
    failed = next((r.check for r in results if r.check in judges and r.status in (Status.WARN, Status.FAIL)), None)
    if failed is None:
        return list(results)
    reason = Reason("overruled", {"check": failed})
    return [
        dataclasses.replace(result, status=Status.SKIP, findings=(), reason=reason)
        if check.network and result.status is not Status.SKIP
        else result
        for check, result in zip(checks, results, strict=True)
    ]


Stage = AbstractAsyncContextManager[Sequence[Context]]
"""Contexts that exist only inside an event loop: a demo's servers live as long as it is entered."""


def run(
    contexts: Sequence[Context] | Stage, *, watch: Callable[[Run], None] | None = None, **options: Any
) -> list[Report]:
    """`Run(contexts, …).reports()` in an event loop of its own; Ctrl-C ends it early and keeps what has finished.

    watch is given the Run before it starts: for live progress, and to see afterwards whether it was stopped.
    """
    stage = contexts if isinstance(contexts, AbstractAsyncContextManager) else contextlib.nullcontext(contexts)
    made: list[list[Report]] = []

    async def main() -> None:
        async with stage as ready:
            job = Run(ready, **options)
            if watch:
                watch(job)
            loop = asyncio.get_running_loop()
            with interruptible(lambda: loop.call_soon_threadsafe(job.stop)):
                made.append(await job.reports())

    try:
        local.run(main)
    except (Exception, KeyboardInterrupt):
        # What ends after the run (threads that cannot be ended for want of another thread) loses no report.
        if not made:
            raise
    return made[0]


@contextlib.contextmanager
def interruptible(stop: Callable[[], object]) -> Iterator[None]:
    """The first Ctrl-C inside calls `stop`, in place of what it did before; the next one raises KeyboardInterrupt.

    Only the main thread can have it so; elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _crash(error: BaseException) -> Reason:
    if isinstance(error, Beyond):
        return Reason(f"bound-{error.name}", {"limit": error.limit})
    if local.spent(error):
        return Reason("cannot-ask", {"error": local.told(error)})
    return Reason("crashed", {"error": f"{type(error).__name__}: {error}"})
