"""Alarms folded by what they share. The memory it takes grows with causes and accounts; of an alarm 16 bytes stay."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime

from msgspec import Struct, field

from wxalarm.incidents.shapes import Shapes
from wxalarm.kinds import TICKET
from wxalarm.model import BEIJING, WINDOW, Alarm, AlarmKind, Whole

SLOT = 300
"""Seconds of a time slot: the window of most alarms."""
COARSER = 12
SLOTS = 2048
"""Slots of a group; an archive of years has longer ones instead of more."""
DISTINCT = 512
"""Different values of a field that are counted each; the others together, as OTHERS."""
OTHERS = "…"
TICKETS = 4096
"""Ticket alarms whose times are kept."""
_NUMBER, _COUNT = 0x3FFF, 0x3FFFF
"""The greatest number of a group and the greatest count that an account's history holds: 14 and 18 of 64 bits."""
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/@?#]*@)?([^/?#\s]+)")
_COUNTED = ("http_code", "curl_error", "ip", "outer_ip", "event", "platform")
"""What is counted within a group, by the names of the sample's fields; of outer_ip the /24."""


class Group(Struct, eq=False):
    """Alarms of one kind, at one place, that show the same."""

    kind: AlarmKind
    place: str | None
    """Host and port of the callback; of alarms that name none, the appid."""
    example: Alarm
    """The one with the most failures; of several the earliest."""
    number: int
    """In the order in which groups came."""
    alarms: int = 0
    failures: int = 0
    accounts: set[str] = field(default_factory=set)
    first: int | None = None
    """Unix seconds of the first failure of its first alarm."""
    last: int | None = None
    """Unix seconds at which the window of its last alarm ends."""
    slots: Counter[int] = field(default_factory=Counter)
    """Failures by slot: Unix seconds divided by `slot`."""
    slot: int = SLOT
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _COUNTED})

    def coarsen(self) -> None:
        """Longer slots, when there are too many."""
        while len(self.slots) > SLOTS:
            longer: Counter[int] = Counter()
            for slot, count in self.slots.items():
                longer[slot // COARSER] += count
            self.slots, self.slot = longer, self.slot * COARSER


class Fold:
    """Takes alarms one by one; the result does not depend on their order."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.alarms = self.duplicates = 0
        self._by_key: dict[Hashable, Group] = {}
        self._seen = _Seen()
        self._shapes = Shapes()
        self._history: dict[str, array[int]] = {}
        self.tickets: list[Alarm] = []
        """The alarms of ticket pushes: a platform has at most a few a day."""

    def add(self, alarm: Alarm) -> Group | None:
        """The alarm's group; None for an alarm that came before: a chat's export has it once for each who quoted it."""
        sample, seen = alarm.sample, alarm.first_seen
        at = None if seen is None else int(seen.timestamp())
        told = (alarm.kind, alarm.appid, at, alarm.count, sample.openid, sample.stamp, sample.transaction_id)
        where = (sample.url, sample.ip, sample.http_code, sample.curl_error)
        said = None if at is not None or sample.stamp is not None else (alarm.description, sample.response_content)
        if self._seen.again(hash((told, where, said))):
            self.duplicates += 1
            return None
        self.alarms += 1
        place = place_of(alarm)
        shape = self._shapes.of(sample.response_content)
        key = (alarm.kind, place, sample.ip, sample.platform, sample.http_code, sample.curl_error)
        group = self._by_key.get((*key, sample.decrypt_failed, shape))
        if group is None:
            group = Group(alarm.kind, place, _apart(alarm), len(self.groups))
            self._by_key[(*key, sample.decrypt_failed, shape)] = group
            self.groups.append(group)
        self._count(group, alarm, at)
        if alarm.kind in TICKET and len(self.tickets) < TICKETS:
            self.tickets.append(_apart(alarm))
        return group

    def _count(self, group: Group, alarm: Alarm, at: int | None) -> None:
        sample, count = alarm.sample, alarm.count or 0
        group.alarms += 1
        group.failures += count
        if alarm.appid:
            group.accounts.add(alarm.appid)
        if at is not None:
            end = at + 60 * (alarm.window_minutes or WINDOW)
            if group.first is None or at < group.first:
                group.first = at
            if group.last is None or end > group.last:
                group.last = end
            group.slots[at // group.slot] += count
            if len(group.slots) > SLOTS:
                group.coarsen()
            if alarm.appid and group.number <= _NUMBER:
                history = self._history.get(alarm.appid)
                if history is None:
                    history = self._history[alarm.appid] = array("Q")
                history.append(at << 32 | group.number << 18 | min(count, _COUNT))
        if (count, -(at or 0)) >= (group.example.count or 0, -_second(group.example)) and _rank(alarm) > _rank(
            group.example
        ):
            group.example = _apart(alarm)
        counts = group.counts
        if sample.http_code is not None:
            _counted(counts["http_code"], str(sample.http_code), count)
        if sample.curl_error is not None:
            _counted(counts["curl_error"], str(sample.curl_error), count)
        if sample.ip:
            _counted(counts["ip"], sample.ip, count)
        if sample.outer_ip:
            _counted(counts["outer_ip"], sample.outer_ip.rpartition(".")[0] + ".0/24", count)
        if sample.event or sample.msg:
            _counted(counts["event"], sample.event or sample.msg or "", count)
        if sample.platform:
            _counted(counts["platform"], sample.platform, count)

    def history(self, appid: str) -> list[tuple[int, Group, int]]:
        """(Unix seconds, group, failures) of each of an account's alarms, in time."""
        return [
            (packed >> 32, self.groups[packed >> 18 & _NUMBER], packed & _COUNT)
            for packed in sorted(self._history.get(appid, ()))
        ]

    def accounts_at(self, place: str | None) -> set[str]:
        """The accounts whose alarms name a place."""
        return set().union(*(group.accounts for group in self.groups if place and group.place == place))


def place_of(alarm: Alarm) -> str | None:
    """Where the pushes of an alarm went, as far as it tells: host and port, else the account itself."""
    sample = alarm.sample
    if sample.url and (found := _HOST.match(sample.url)):
        return found[1].lower()
    return sample.host or alarm.appid or sample.ip or None


def _apart(alarm: Alarm) -> Alarm:
    """The alarm without the text it was read from."""
    return replace(alarm, places=None if alarm.location is None else Whole(alarm.location))


def _second(alarm: Alarm) -> int:
    return int(alarm.first_seen.timestamp()) if alarm.first_seen else 0


def _rank(alarm: Alarm) -> tuple[int, int, str, str, int]:
    """The example is the greatest: a total order, whatever came first."""
    sample = alarm.sample
    return (alarm.count or 0, -_second(alarm), alarm.appid or "", sample.openid or "", sample.stamp or 0)


def _counted(counter: Counter[str], value: str, count: int) -> None:
    counter[value if value in counter or len(counter) < DISTINCT else OTHERS] += count or 1


class _Seen:
    """Which hashes came before: open addressing over 8 bytes each, since a set of a million takes 100 MB."""

    def __init__(self) -> None:
        self._size, self._held = 1 << 14, 0
        self._table = array("Q", bytes(8 * self._size))

    def again(self, value: int) -> bool:
        """Whether the value came before; it has from now on."""
        value &= 0xFFFFFFFFFFFFFFFF
        value = value or 1
        if self._put(value):
            return True
        self._held += 1
        if 3 * self._held > 2 * self._size:
            self._grow()
        return False

    def _put(self, value: int) -> bool:
        table, mask = self._table, self._size - 1
        at = (value ^ value >> 29) & mask
        while held := table[at]:
            if held == value:
                return True
            at = (at + 1) & mask
        table[at] = value
        return False

    def _grow(self) -> None:
        old = self._table
        self._size *= 2
        self._table = array("Q", bytes(8 * self._size))
        for value in old:
            if value:
                self._put(value)


def moment(seconds: int | None) -> datetime | None:
    """Unix seconds as a time of Beijing."""
    return None if seconds is None else datetime.fromtimestamp(seconds, BEIJING)
