"""What the rules on an access log look at: the observation, and how the alarm gives path, window and push."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wxalarm.checks.check import Context, Skip
from wxalarm.logs.access import Counts, Push
from wxalarm.logs.formats import Wanted
from wxalarm.model import BEIJING, AlarmKind, Basis, Code, Finding, Severity
from wxalarm.probes.logfiles import LogFile

LOG_PARTLY_READ = Code("log-partly-read", Severity.NOTE, Basis.RECORDED)

SLACK = timedelta(seconds=60)
"""Around the alarm's window: the guide gives its end within a minute, and clocks differ."""
NOT_SIGNED = (AlarmKind.PAY_NOTIFY_TIMEOUT, AlarmKind.PAY_NOTIFY_INVALID)
"""Pushes without a signature in the query."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One line as evidence. Times in seconds; None where the line does not say."""

    place: str
    show: str
    """The command that shows it."""
    line: str
    """Masked and cut."""
    status: str
    ended: float
    """Unix seconds at which nginx wrote it."""
    match: str = "example"
    """exact (OpenID and timestamp), openid, timestamp, time, example."""
    request_time: float | None = None
    body_bytes: int | None = None
    upstream_addr: str | None = None
    upstream_status: str | None = None
    upstream_response_time: str | None = None
    stamp: int | None = None
    """`timestamp` in its query: WeChat's clock at the push."""


@dataclass(frozen=True, slots=True)
class AccessLogSeen:
    """The access logs in the alarm's window."""

    files: tuple[LogFile, ...]
    low: float
    high: float
    """The window read, Unix seconds."""
    start: float
    """The alarm's first failure, Unix seconds."""
    here: bool = True
    """The logs are those that nginx writes on this machine; False when the user named files."""
    counts: Counts = field(default_factory=Counts)
    """Pushes only (POST, the callback path when it is known)."""
    lines: int = 0
    """Lines of any kind in the window; counted when no push is among them."""
    unread: str | None = None
    """A file in which lines of no known format name the path; looked for when no push is counted."""
    backwards: float = 0.0
    hits: tuple[Hit, ...] = ()
    """The alarm's own push, the best match first."""
    examples: tuple[Hit, ...] = ()
    """A line for each status that is no success."""
    before: float | None = None
    """Pushes a second in the minutes before the window; None when it could not be counted."""
    before_seconds: float = 0.0
    named: bool = False
    """Lines tell one push from another: the format holds the query."""
    offset: int | None = None
    """The log's zone, seconds east of UTC, as its lines say it."""

    @property
    def read(self) -> tuple[LogFile, ...]:
        """The files that could be read."""
        return tuple(file for file in self.files if file.usable)

    @property
    def usable(self) -> bool:
        """Whether any file could be read."""
        return bool(self.read)


def window(ctx: Context) -> tuple[float, float, float] | None:
    """(start of the alarm, from, to) in Unix seconds; None when the alarm has no time."""
    alarm = ctx.alarm
    stamp = alarm.sample.stamp
    if alarm.first_seen is None and stamp is None:
        return None
    start = alarm.first_seen.timestamp() if alarm.first_seen is not None else float(stamp or 0)
    slack = SLACK.total_seconds()
    return start, start - slack, start + (alarm.window_minutes or 5) * 60 + slack


def path_of(ctx: Context) -> str | None:
    """The callback's path without its query; None when it is not known or masked."""
    path = ctx.target.path if ctx.target.url else ctx.alarm.sample.url or ""
    path = path.partition("?")[0]
    return path if path.startswith("/") and "*" not in path else None


def wanted(ctx: Context) -> Wanted:
    """Which requests of the log are pushes of the account."""
    return Wanted(path_of(ctx), signed=ctx.alarm.kind not in NOT_SIGNED)


def push(ctx: Context) -> Push:
    """What identifies the alarm's push in a log."""
    sample = ctx.alarm.sample
    stamp = sample.stamp
    if stamp is None and ctx.alarm.first_seen is not None:
        stamp = int(ctx.alarm.first_seen.timestamp())
    return Push(sample.openid or None, stamp, path_of(ctx))


def push_addresses(ctx: Context) -> tuple[str, ...]:
    """Addresses from which WeChat pushes, as far as known: the alarm's OuterIP, the account's callback_ips."""
    known = (ctx.alarm.sample.outer_ip, *(ctx.account.callback_ips if ctx.account else ()))
    return tuple(dict.fromkeys(address for address in known if address))


def readable(files: Sequence[LogFile]) -> None:
    """Skips, with the most telling reason, when no file could be read."""
    if any(file.usable for file in files):
        return
    order = ("unreadable", "no-zstd", "binary", "format", "broken", "irregular", "empty", "twice", "missing")
    worst = min(files, key=lambda file: order.index(file.problem or "missing"))
    reason = "log-unknown" if worst.problem == "format" else f"log-{worst.problem}"
    raise Skip(reason, path=worst.path, detail=worst.detail)


def partly_read(files: Sequence[LogFile]) -> Iterable[Finding]:
    """A note when some files or lines could not be read."""
    bad = [file for file in files if file.problem not in (None, "missing", "empty", "twice")]
    dropped = sum(file.dropped for file in files)
    if bad or dropped:
        yield LOG_PARTLY_READ(
            None,
            files=[f"{file.path} ({file.problem}{': ' if file.detail else ''}{file.detail})" for file in bad] or ["-"],
            dropped=dropped,
        )


def names(files: Sequence[LogFile]) -> str:
    """The files that gave lines, else all, by path."""
    paths = [file.path for file in files if file.read] or [file.path for file in files]
    return ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")


def clock(seconds: float) -> str:
    """A time as alarms print it: UTC+8."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
