"""What a check is: two halves and what they need. No check lives here.

probe does the I/O and returns plain data; evaluate is pure and judges that data. The runner calls both.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

from wxalarm.config import Account, Settings
from wxalarm.model import Alarm, Code, Finding, Reason, Target
from wxalarm.probes.command import Call
from wxalarm.probes.machine import now

T = TypeVar("T")
Known = Literal["host", "url", "account", "app_log", "callback_check"]
"""What may be known when a run begins: of the target, of the account, of the files that were named."""
NO_ANSWER = 0
"""What stands for no answer at all, as curl prints it, in the evidence `makes`: the HTTP statuses that what was found
can give a push. Its `seconds` says after how long, from the push on. A cause must be able to make the very symptom."""
MARGIN = 0.2
"""Seconds before the end of the run at which the last attempt gives up."""


class Skip(Exception):  # control flow, not an error: a probe or evaluate says that it does not apply
    """Raised by a probe or an evaluate that has nothing to look at. The reason is a key of [reason] in messages/."""

    def __init__(self, reason: str, **values: Any) -> None:
        super().__init__(reason)
        self.reason = Reason(reason, values)


class Untold(Skip):
    """Raised by an evaluate that cannot tell: what it judges was not looked at to its end. What it found before stands;
    the check ends as `unknown`, not as `skip`."""


class Waiter(Protocol):
    """Gives the observation of another check of the same run when it is there; None when that check had none."""

    async def __call__(self, check: Check[Any], /) -> Any: ...


async def _nothing_to_wait_for(check: Check[Any]) -> Any:
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What both halves may look at. A probe reads the world only through probes/; evaluate reads nothing else."""

    alarm: Alarm
    target: Target
    settings: Settings
    account: Account | None = None
    accounts_here: int = 1
    """How many accounts of this input report failures at the same host."""
    now: datetime = field(default_factory=now)
    """When the run began; evaluate never asks the clock."""
    deadline: float | None = None
    """Event-loop time at which the whole run ends."""
    observed: Mapping[str, Any] = field(default_factory=dict)
    """Observations of the checks in `needs` (before probe) and `uses` (before evaluate), by check id."""
    waiter: Waiter = _nothing_to_wait_for

    def got(self, check: Check[T]) -> T | None:
        """The observation of a check that this one needs or uses; None when it gave none."""
        return cast("T | None", self.observed.get(check.id))

    async def wait(self, check: Check[T]) -> T | None:
        """For a probe: the observation of a check in `uses`, awaited; None when it gives none."""
        return cast("T | None", await self.waiter(check))

    def left(self, seconds: float) -> float:
        """`seconds`, or what is left of the run if that is less: when a whole probe is cut off."""
        if self.deadline is None:
            return seconds
        return max(0.0, min(seconds, self.deadline - asyncio.get_running_loop().time()))

    def limit(self, seconds: float) -> float:
        """The seconds a single attempt may take now: `seconds`, or nearly all that is left of the run.

        A margin stays, so that an attempt met with silence ends before its probe is cut off: silence is an answer.
        """
        left = self.left(math.inf)
        return min(seconds, left - min(MARGIN, left / 5)) if self.deadline is not None else seconds


def by_alarm(ctx: Context) -> Hashable:
    """The probe depends on the alarm: run it for each."""
    return (id(ctx.alarm), ctx.target.url)


def by_target(ctx: Context) -> Hashable:
    """The probe depends on URL and the alarm's IP: alarms that share both share the observation. The appid in the URLs
    of a platform's accounts makes no other target."""
    target, appid = ctx.target, ctx.alarm.appid
    url = target.url.replace(appid, "") if target.url and appid else target.url
    return (url, target.alarm_ip, target.named_by_user)


def by_account(ctx: Context) -> Hashable:
    """The probe depends on the configured account only."""
    return ctx.account.name if ctx.account else ("appid", ctx.alarm.appid)


def by_machine(ctx: Context) -> Hashable:
    """The probe looks at this machine: once a run."""
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class Check(Generic[T]):
    """One thing to look at. Names of the fields are the contract between a check's module and the runner."""

    id: str
    codes: tuple[Code, ...]
    """Every finding it may give (variants of a code count as the code)."""
    observation: type[T]
    """The type of what probe returns: frozen structs of msgspec, str, int, float, bool, None, tuples, datetimes, dicts
    with str keys, so that a saved case can be read back."""
    probe: Callable[[Context], Awaitable[T]]
    evaluate: Callable[[T, Context], Iterable[Finding]]
    needs: tuple[Check[Any], ...] = ()
    """Run first; when one of them gave no usable observation this check is skipped "needs X"."""
    uses: tuple[Check[Any], ...] = ()
    """Run too, but not waited for: probe may `await ctx.wait(CHECK)`, evaluate may `ctx.got(CHECK)`; may be absent."""
    key: Callable[[Context], Hashable] = by_target
    """Alarms with equal keys share one run of the probe."""
    network: bool = True
    """Opens sockets: skipped by --offline."""
    sends: bool = True
    """Its probe sends something, reads a file or runs a program; False: it looks at the alarm and at what others saw.
    What it sends where, `sends` of its message in the catalogues says."""
    runs: tuple[Call, ...] = ()
    """Every program that its probe may run; with --offline only those of them that open no socket."""
    wants: tuple[Known, ...] = ()
    """What its probe must know before it sends or reads anything."""
    records: bool = False
    """It reads what was recorded at the alarm's own time: the age of the alarm does not make it weaker."""
    overrules: bool = False
    """What this check finds, if worse than a note, withholds those of all network checks: they say nothing then."""
    timeout: float = 6.0
    """Seconds for the whole probe; just above WeChat's 5 s, so that slow and dead differ. Silence is an answer."""


def usable(observation: Any) -> bool:
    """Whether checks that need this observation can run: its `usable` attribute, True when it has none."""
    return observation is not None and bool(getattr(observation, "usable", True))
