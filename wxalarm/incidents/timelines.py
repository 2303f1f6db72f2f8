"""MarkFail and ticket alarms as what happened to an account: what came before, the block, the release, the next one.

Source: the guide's paragraphs on MarkFail (a block of one minute; never without failures before it) and on
component_verify_ticket (a push every 10 minutes with 3 tries, a ticket that lives 12 hours).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from wxalarm.incidents.fold import Fold, Group
from wxalarm.kinds import TICKET
from wxalarm.model import WINDOW, Alarm, AlarmKind
from wxalarm.wechat.limits import BLOCK, TICKET_EVERY, TICKET_TRIES, TICKET_VALID

GUESS = "guess"
BEFORE = 2 * 60 * WINDOW
"""Seconds before a block in which the alarms that led to it began: an alarm's time is the beginning of its window."""


class Block(Struct, frozen=True):
    """WeChat pushed nothing to one account for a minute."""

    at: int
    """Unix seconds of the alarm."""
    until: int
    """Its release."""
    failures: int
    """Of the alarms before it."""
    precursors: tuple[Group, ...]
    """What failed before it, the most first; () when its alarms are not in the text."""
    rate: float | None
    """Failures a second before it, by those alarms; else by the MarkFail alarm itself. At least so many pushes came."""

    @property
    def lost(self) -> int | None:
        """Pushes that were probably lost in the block: an estimate."""
        return None if self.rate is None else round(self.rate * BLOCK)


class Blocks(Struct, frozen=True):
    """The blocks of one account, in time."""

    appid: str
    blocks: tuple[Block, ...]

    @property
    def first(self) -> Group | None:
        """Which precursor to fix first: the one with the most failures before all the blocks; None without one."""
        tally: Counter[int] = Counter()
        groups: dict[int, Group] = {}
        for block in self.blocks:
            for place, group in enumerate(block.precursors):
                groups[group.number] = group
                tally[group.number] += len(block.precursors) - place
        return groups[min(tally, key=lambda number: (-tally[number], _name(groups[number])))] if tally else None


class TicketRun(Struct, frozen=True):
    """A time in which no ticket came through to a platform."""

    appid: str
    start: int
    """Unix seconds of its first failure."""
    end: int
    """Of the end of the last window in it."""
    failures: int
    good: int
    """The last good ticket: as known, else at the latest one push before the first failure."""
    source: str = GUESS
    """Who says so: "given" by the user, "log", or GUESS."""

    @property
    def dies(self) -> int:
        """When that ticket ends: from then on no token of the platform can be renewed, for any account."""
        return self.good + 3600 * TICKET_VALID


def blocks_of(appid: str, history: Sequence[tuple[int, Group, int]]) -> Blocks | None:
    """The blocks of an account by its alarms in time; None when it had none."""
    blocks: list[Block] = []
    for at, group, count in history:
        if group.kind is not AlarmKind.MARK_FAIL or (blocks and at < blocks[-1].until):
            continue  # the same block, reported once more
        failures: Counter[int] = Counter()
        latest: dict[int, int] = {}
        before: dict[int, Group] = {}
        for then, other, number in history:
            if other.kind is not AlarmKind.MARK_FAIL and at - BEFORE < then <= at:
                failures[other.number] += number
                latest[other.number] = number  # windows overlap: their counts do not add up to a rate
                before[other.number] = other
        total = sum(failures.values())
        order = sorted(before.values(), key=lambda one: (-failures[one.number], _name(one)))
        seconds = 60 * WINDOW
        rate = sum(latest.values()) / seconds if total else count / seconds if count else None
        blocks.append(Block(at, at + BLOCK, total, tuple(order), rate))
    return Blocks(appid, tuple(blocks)) if blocks else None


def all_blocks(fold: Fold) -> tuple[Blocks, ...]:
    """The blocks of every account that had one, the most and the earliest first."""
    blocked = {appid for group in fold.groups if group.kind is AlarmKind.MARK_FAIL for appid in group.accounts}
    found = [one for appid in blocked if (one := blocks_of(appid, fold.history(appid)))]
    return tuple(sorted(found, key=lambda one: (-len(one.blocks), one.blocks[0].at, one.appid)))


def ticket_runs(
    alarms: Iterable[Alarm], good: Mapping[tuple[str, int], tuple[int, str]] | None = None
) -> tuple[TicketRun, ...]:
    """The times in which every push of a ticket failed, by platform. good: for an alarm, by its appid and Unix seconds,
    when the last good ticket came and who says so."""
    known = good or {}
    found: list[TicketRun] = []
    timed = [(alarm.appid or "", int(alarm.first_seen.timestamp()), alarm) for alarm in alarms if alarm.first_seen]
    for appid, at, alarm in sorted(timed, key=lambda one: one[:2]):
        window = alarm.window_minutes
        if alarm.kind not in TICKET or not window or (alarm.count or 0) < every_try(window):
            continue
        end = at + 60 * window
        last = found[-1] if found and found[-1].appid == appid else None
        told = known.get((appid, at))
        if last is not None and at <= last.end + 60 * TICKET_EVERY:
            came = told if told and last.source == GUESS else (last.good, last.source)
            found[-1] = TicketRun(appid, last.start, max(end, last.end), last.failures + (alarm.count or 0), *came)
            continue
        found.append(TicketRun(appid, at, end, alarm.count or 0, *(told or (at - 60 * TICKET_EVERY, GUESS))))
    return tuple(found)


def every_try(minutes: int) -> int:
    """Failures in a window when no ticket came through: 9 in 30 minutes."""
    return TICKET_TRIES * max(1, minutes // TICKET_EVERY)


def _name(group: Group) -> tuple[str, str, str]:
    sample = group.example.sample
    return (str(group.kind), group.place or "", f"{sample.ip} {sample.http_code} {sample.curl_error}")
