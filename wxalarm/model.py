"""The words of the project as pure data: alarms, findings, results, reports.

Everything here is a frozen value with no behaviour that touches the outside world. No I/O, no sentences for
people (those live in messages/), no imports from the rest of the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import msgspec

BEIJING = timezone(timedelta(hours=8))
"""The zone of 时间 in an alarm: 时间 equals Stamp read as UTC+8."""
WINDOW = 5
"""Minutes of an alarm that does not say its window: that of every general alarm and every payment alarm known."""


class AlarmKind(StrEnum):
    """What kind of push failure an alarm reports; read from its 内容 line."""

    DNS_FAILURE = "dns-failure"
    DNS_TIMEOUT = "dns-timeout"
    DNS_INVALID_DOMAIN = "dns-invalid-domain"
    CONNECT_TIMEOUT = "connect-timeout"
    REQUEST_TIMEOUT = "request-timeout"
    INVALID_RESPONSE = "invalid-response"
    MARK_FAIL = "mark-fail"
    TICKET_TIMEOUT = "ticket-timeout"
    TICKET_INVALID = "ticket-invalid"
    COMPONENT_TIMEOUT = "component-timeout"
    COMPONENT_INVALID = "component-invalid"
    PAY_NOTIFY_TIMEOUT = "pay-notify-timeout"
    PAY_NOTIFY_INVALID = "pay-notify-invalid"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How bad a finding is. A note is a fact worth showing that is no fault and never a cause."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Certainty(StrEnum):
    """How sure a statement is, as people read it; in falling order."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"

    @staticmethod
    def weakest(*links: Certainty) -> Certainty:
        """That of a chain: of its weakest link."""
        return max(links, key=list(Certainty).index)


class Basis(StrEnum):
    """How a finding is known. Shown to people as certain, likely and possible."""

    RECORDED = "recorded"
    """The alarm, or the log line of that very request, says so."""
    REPRODUCED = "reproduced"
    """A probe fails that way now."""
    CONDITION = "condition"
    """A state that can cause it."""

    @property
    def certainty(self) -> Certainty:
        """How the basis is shown: certain, likely or possible."""
        return list(Certainty)[list(Basis).index(self)]


class Status(StrEnum):
    """The outcome of one check. Derived from its findings, never set by a check's author."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    UNKNOWN = "unknown"


# What a text holds by the thousand is a struct: it is made in half the time, and the collector has nothing to follow.
# It is a dataclass as well, so that `dataclasses.replace`, `fields` and `asdict` work on all records alike.
_dataclass_too = dataclass(frozen=True, init=False, repr=False, eq=False, match_args=False)


@_dataclass_too
class Location(msgspec.Struct, frozen=True, gc=False):
    """A place in a text. Lines and columns count from 1, columns in characters; the end is exclusive."""

    path: str | None
    line: int
    column: int
    end_line: int
    end_column: int


class Places(msgspec.Struct, gc=False, eq=False):
    """Where an alarm and its values stand."""

    @property
    def whole(self) -> Location:
        """The place of the whole alarm."""
        raise NotImplementedError

    @property
    def fields(self) -> Mapping[str, Location]:
        """Where each field's value stands, by dotted name; none are known here."""
        return {}


class Whole(Places, gc=False, eq=False):
    """The place of an alarm alone, without those of its values."""

    at: Location

    @property
    def whole(self) -> Location:
        return self.at


@_dataclass_too
class Sample(msgspec.Struct, frozen=True, gc=False):
    """错误样例: the details of the first failure of the window.

    None: the group is absent. "": the group is printed with nothing behind it.
    """

    openid: str | None = None
    stamp: int | None = None
    """Unix seconds of the push."""
    outer_ip: str | None = None
    """The address WeChat pushed from."""
    url: str | None = None
    """3rdUrl: the configured callback URL, sometimes only a path."""
    ip: str | None = None
    """The developer's address that WeChat connected to (`IP` or `ip`)."""
    host: str | None = None
    msg_type: int | None = None
    msg: str | None = None
    event: str | None = None
    http_code: int | None = None
    curl_error: int | None = None
    decrypt_failed: bool = False
    response_length: int | None = None
    """Bytes of the whole body before WeChat cut it."""
    response_content: str | None = None
    response_truncated: bool = False
    platform: str | None = None
    """第三方平台: the third-party platform that received the push; "" when printed without a name."""
    transaction_id: str | None = None
    extra: Mapping[str, str | None] = msgspec.field(default_factory=dict)
    """Unknown keys as printed; flags have None. Also values that do not fit their type."""


@_dataclass_too
class Alarm(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One alarm text as a record. A label that is absent gives None; one with nothing behind it gives ""."""

    kind: AlarmKind = AlarmKind.UNKNOWN
    appid: str | None = None
    nickname: str | None = None
    first_seen: datetime | None = None
    """时间: the first failure of the window, aware, +08:00."""
    description: str | None = None
    window_minutes: int | None = None
    count: int | None = None
    sample: Sample = msgspec.field(default_factory=Sample)
    guide_url: str | None = None
    places: Places | None = None
    """Where it stands in its text, which makes no difference between two alarms; None for one that was made by hand."""

    def _compared(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "places"}

    def __eq__(self, other: object) -> bool:
        return self._compared() == other._compared() if isinstance(other, Alarm) else NotImplemented

    def __ne__(self, other: object) -> bool:  # a struct has one of its own, which knows no exception
        return not self == other

    def __repr__(self) -> str:
        return f"Alarm({', '.join(f'{name}={value!r}' for name, value in self._compared().items())})"

    @property
    def told(self) -> bool:
        """Whether there was an alarm. Without one a run looks at a URL, and at a window of time when one was named."""
        return self != Alarm(first_seen=self.first_seen, window_minutes=self.window_minutes)

    @property
    def location(self) -> Location | None:
        """The place of the whole alarm."""
        return None if self.places is None else self.places.whole

    @property
    def fields(self) -> Mapping[str, Location]:
        """Where each field's value stands, by dotted name ("appid", "sample.stamp", "sample.extra.Foo")."""
        return {} if self.places is None else self.places.fields

    @property
    def window_end(self) -> datetime | None:
        """The end of the window, first_seen + window_minutes (WINDOW when absent), give or take a minute (guide)."""
        if self.first_seen is None:
            return None
        return self.first_seen + timedelta(minutes=self.window_minutes or WINDOW)

    @property
    def rate(self) -> float | None:
        """Failures a second over the window."""
        return self.count / (self.window_minutes * 60) if self.count is not None and self.window_minutes else None


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding with a stable name. Calling it makes a Finding: TCP_REFUSED(ip="192.0.2.1", port=443)."""

    id: str
    severity: Severity
    basis: Basis
    explains: tuple[AlarmKind, ...] = ()
    """The alarm kinds that this finding can cause."""

    def __call__(self, location: Location | None = None, /, **evidence: Any) -> Finding:
        """Make a finding. Evidence is plain data (what JSON can hold), named as the catalogue's text names it."""
        return Finding(self, evidence, location)

    def variant(self, *, severity: Severity | None = None, basis: Basis | None = None) -> Code:
        """The same code with another severity or basis: http-status recorded by the alarm, or reproduced."""
        return replace(self, severity=severity or self.severity, basis=basis or self.basis)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check or a lint rule found: a code, its evidence, and where it stands if it is in a text."""

    code: Code
    evidence: Mapping[str, Any] = field(default_factory=dict)
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was skipped or could not be told: a key of the catalogue's [reason] table and its values."""

    id: str
    values: Mapping[str, Any] = field(default_factory=dict)


VERDICT = "verdict"
"""In place of a check's id in a result: the verdict itself, when it could not be told."""
REPORT = "report"
"""Likewise the report, when it could not be written in full."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check gave for one alarm."""

    check: str
    status: Status
    findings: tuple[Finding, ...] = ()
    observation: Any = None
    reason: Reason | None = None
    started: float = 0.0
    """Seconds after the start of the run."""
    elapsed: float = 0.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Target:
    """What to probe: the callback URL, split. No URL in alarm, flags or config gives a target with url None."""

    url: str | None = None
    scheme: str = "http"
    host: str | None = None
    """Lower case, without brackets or port; an A-label when the name is internationalised."""
    port: int = 80
    path: str = "/"
    """Path and query as sent."""
    alarm_ip: str | None = None
    """The address the alarm says WeChat connected to."""
    named_by_user: bool = False
    """The user named it (--url, a config entry): loopback and private addresses are then allowed as targets."""
    resolve: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """--resolve HOST:PORT:ADDR, by "host:port"."""


@dataclass(frozen=True, slots=True)
class Step:
    """One why of a chain: a finding, and what ties it to the step above it, which it made."""

    finding: Finding
    check: str
    certainty: Certainty
    """Of the chain down to here: never above that of the step above."""
    link: str | None = None
    """The link's id in verdict/links.py; None for the first step, which stands behind the alarm itself."""
    tie: str | None = None
    """What the two findings share, by the id of the tie in verdict/ties.py."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another explanation that is as sure as the chain's, and what would tell the two apart."""

    finding: Finding
    check: str
    tell: str | None = None
    """The check that was not looked at and could show one of the two only; None when none is left."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The verdict: why, why, why, and what speaks for and against it."""

    chain: tuple[Step, ...]
    """From what WeChat saw down; what is only possible stands behind what is at least likely."""
    depth: int = 0
    """The place of the root in the chain: the deepest step that is at least likely, 0 when none is."""
    supports: tuple[Finding, ...] = ()
    """Effects of the chain, and the same failure seen elsewhere."""
    contradicts: tuple[str, ...] = ()
    """Ids of checks that could have shown this failure, at this address, and passed."""
    rivals: tuple[Rival, ...] = ()
    also: tuple[Finding, ...] = ()
    """What else was found and is worse than a note."""

    @property
    def root(self) -> Step:
        """The cause, as far as it is known."""
        return self.chain[self.depth]

    @property
    def behind(self) -> tuple[Step, ...]:
        """What may stand behind the root: only possible."""
        return self.chain[self.depth + 1 :]

    @property
    def finding(self) -> Finding:
        """The root's."""
        return self.root.finding

    @property
    def check(self) -> str:
        """The root's."""
        return self.root.check


@dataclass(frozen=True, slots=True)
class Report:
    """The diagnosis of one alarm."""

    alarm: Alarm
    target: Target
    results: tuple[CheckResult, ...]
    cause: Cause | None
    elapsed: float
    """Seconds."""
    untold: tuple[str, ...] = ()
    """Ids of the checks that could have shown what explains this alarm and were not looked at, or could not tell; the
    likeliest first."""
    age: float | None = None
    """Seconds from the end of the alarm's window to the run; None for an alarm without a time."""
    example: Report | None = None
    """In a crowd of alarms that say the same, the one that was diagnosed for all of them; its results hold here too."""

    @property
    def status(self) -> Status:
        """The worst status of all checks that said anything: fail > unknown > warn > pass; skip when none did."""
        if self.example is not None:
            return self.example.status
        return worst(result.status for result in self.results)


_ORDER = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS, Status.SKIP)


def worst(statuses: Any) -> Status:
    """The worst of some statuses; skips count only when there is nothing else."""
    found = set(statuses)
    return next((status for status in _ORDER if status in found), Status.SKIP)


def status_of(findings: tuple[Finding, ...]) -> Status:
    """The status that findings give: an error → fail; else a warning → warn; else pass."""
    severities = {finding.code.severity for finding in findings}
    if Severity.ERROR in severities:
        return Status.FAIL
    return Status.WARN if Severity.WARNING in severities else Status.PASS
