"""Groups with their verdicts → incidents in order: what made the most fail comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from wxalarm.checks.alarm.ticket_age import TICKET_STALE
from wxalarm.incidents.fold import SLOT, Fold, Group
from wxalarm.incidents.timelines import GUESS, Blocks, TicketRun, all_blocks, ticket_runs
from wxalarm.model import BEIJING, AlarmKind, Report
from wxalarm.records import dump


class Incident(Struct, frozen=True):
    """One cause at one place: all alarms that share it."""

    groups: tuple[Group, ...]
    """What differs is counted apart: status, address, answer."""
    reports: tuple[Report, ...]
    """Of the alarms that were diagnosed for it; the first stands for all. () when none was: there were too many."""

    @property
    def kind(self) -> AlarmKind:
        """Of all its alarms."""
        return self.groups[0].kind

    @property
    def place(self) -> str | None:
        """Host and port, else the account."""
        return self.groups[0].place

    @property
    def report(self) -> Report | None:
        """The one that stands for all."""
        return self.reports[0] if self.reports else None

    @property
    def alarms(self) -> int:
        """How many, each counted once."""
        return sum(group.alarms for group in self.groups)

    @property
    def failures(self) -> int:
        """What their 次数 add up to."""
        return sum(group.failures for group in self.groups)

    @property
    def accounts(self) -> int:
        """How many accounts it hit."""
        if len(self.groups) == 1:
            return len(self.groups[0].accounts)
        return len(set().union(*(group.accounts for group in self.groups)))

    @property
    def first(self) -> int | None:
        """Unix seconds of its first failure."""
        return min((group.first for group in self.groups if group.first is not None), default=None)

    @property
    def last(self) -> int | None:
        """Unix seconds at which its last window ends."""
        return max((group.last for group in self.groups if group.last is not None), default=None)

    def counts(self, name: str) -> Counter[str]:
        """Failures by the values of a field."""
        return sum((group.counts[name] for group in self.groups), Counter())

    def timeline(self, start: int, seconds: int, slots: int) -> list[int]:
        """Failures in each of `slots` slots of `seconds` from `start` (Unix seconds) on."""
        made = [0] * slots
        for group in self.groups:
            for slot, count in group.slots.items():
                at = (slot * group.slot - start) // seconds
                made[min(max(at, 0), slots - 1)] += count
        return made


def ranked(groups: Sequence[Group], reports: Mapping[int, Sequence[Report]]) -> tuple[Incident, ...]:
    """The incidents of some groups, the most failures first. reports: by the number of the group they are of.

    Groups of one kind at one place whose verdict is the same finding, word for word, are one incident.
    """
    together: dict[Hashable, list[Group]] = {}
    for group in groups:
        first = next(iter(reports.get(group.number, ())), None)
        together.setdefault(_same(group, first), []).append(group)
    made = []
    for members in together.values():
        members.sort(key=_order)
        own = [report for group in members for report in reports.get(group.number, ())]
        own.sort(key=lambda report: -(report.alarm.count or 0))
        made.append(Incident(tuple(members), tuple(own)))
    return tuple(sorted(made, key=lambda one: (-one.failures, -one.accounts, _order(one.groups[0]))))


def _same(group: Group, report: Report | None) -> Hashable:
    if report is None or report.cause is None or group.place is None:
        return group.number
    finding = report.cause.finding
    return (group.kind, group.place, finding.code.id, dump(dict(finding.evidence)))


def _order(group: Group) -> tuple[object, ...]:
    """A total order that does not depend on which alarm came first."""
    sample = group.example.sample
    shown = (sample.ip, sample.platform, sample.http_code, sample.curl_error, sample.response_content)
    return (-group.failures, str(group.kind), group.place or "", *(str(one or "") for one in shown))


def span(incidents: Sequence[Incident]) -> tuple[int, int] | None:
    """(first, last) Unix seconds of some incidents, on whole slots; None when no alarm has a time."""
    firsts = [one.first for one in incidents if one.first is not None]
    lasts = [one.last for one in incidents if one.last is not None]
    if not firsts:
        return None
    return min(firsts) // SLOT * SLOT, -(-max(lasts) // SLOT) * SLOT


class Overview(Struct, frozen=True):
    """All that came in, as a page shows it."""

    incidents: tuple[Incident, ...]
    """Without the MarkFails whose precursors are here: those are no cause."""
    blocks: tuple[Blocks, ...]
    tickets: tuple[TicketRun, ...]
    alarms: int
    duplicates: int

    @property
    def failures(self) -> int:
        """Of all incidents."""
        return sum(one.failures for one in self.incidents)


def overview(fold: Fold, reports: Mapping[int, Sequence[Report]]) -> Overview:
    """What a fold and the reports on its groups, by their numbers, come to."""
    blocks = all_blocks(fold)
    explained = {one.appid for one in blocks if one.first is not None}
    groups = [
        group
        for group in fold.groups
        if group.kind is not AlarmKind.MARK_FAIL or not group.accounts or group.accounts - explained
    ]
    runs = ticket_runs(fold.tickets, dict(_good_tickets(reports)))
    return Overview(ranked(groups, reports), blocks, runs, fold.alarms, fold.duplicates)


def _good_tickets(reports: Mapping[int, Sequence[Report]]) -> Iterator[tuple[tuple[str, int], tuple[int, str]]]:
    """When the last good ticket came, by those alarms whose check of it knows."""
    for report in (one.example or one for several in reports.values() for one in several):
        alarm = report.alarm
        for finding in (finding for result in report.results for finding in result.findings):
            if finding.code.id == TICKET_STALE.id and finding.evidence["source"] != GUESS and alarm.first_seen:
                came = datetime.strptime(finding.evidence["good"], "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)
                when = int(alarm.first_seen.timestamp())
                yield (alarm.appid or "", when), (int(came.timestamp()), finding.evidence["source"])
