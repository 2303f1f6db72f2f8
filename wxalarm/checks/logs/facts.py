"""How an alarm gives path, window and push, and what is said of logs that could not be read whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from wxalarm.checks.check import Context, Skip, Untold
from wxalarm.kinds import PAY
from wxalarm.logs.access import Push
from wxalarm.logs.formats import Wanted
from wxalarm.model import BEIJING, WINDOW, Basis, Code, Finding, Severity
from wxalarm.probes.logfiles import LogFile, LogsSeen
from wxalarm.wechat import catalogue

LOG_PARTLY_READ = Code("log-partly-read", Severity.NOTE, Basis.RECORDED)

SLACK = timedelta(seconds=60)
"""Around the alarm's window: the guide gives its end within a minute, and clocks differ."""
NOT_SIGNED = PAY
"""Pushes without a signature in the query."""
LONGEST = 3600.0
"""Seconds for reading logs at most."""
NO_LOG = ("format", "binary")
"""What is wrong with a file that nobody can search, however long."""
MORE = (2.0, 30.0)
"""How many times the seconds for reading are advised, when they were not enough."""


def window(ctx: Context) -> tuple[float, float, float] | None:
    """(start of the alarm, from, to) in Unix seconds; None when the alarm has no time."""
    alarm = ctx.alarm
    stamp = alarm.sample.stamp
    if alarm.first_seen is None and stamp is None:
        return None
    start = alarm.first_seen.timestamp() if alarm.first_seen is not None else float(stamp or 0)
    slack = SLACK.total_seconds()
    return start, start - slack, start + (alarm.window_minutes or WINDOW) * 60 + slack


def path_of(ctx: Context) -> str | None:
    """The callback's path without its query; None when it is not known, masked or cut."""
    path = ctx.target.path if ctx.target.url else ctx.alarm.sample.url or ""
    cut = (ctx.target.url or path).partition("?")[0].endswith(("...", "…"))
    path = path.partition("?")[0]
    return path if path.startswith("/") and "*" not in path and not cut else None


def wanted(ctx: Context) -> Wanted:
    """Which requests of the log are pushes of the account."""
    return Wanted(path_of(ctx), signed=ctx.alarm.kind not in NOT_SIGNED)


def push(ctx: Context) -> Push:
    """What identifies the alarm's push in a log."""
    sample = ctx.alarm.sample
    stamp = sample.stamp
    if stamp is None and ctx.alarm.first_seen is not None and ctx.alarm.told:
        stamp = int(ctx.alarm.first_seen.timestamp())
    # What goes to a third-party platform itself names no user in its URL, whatever the alarm prints.
    named = sample.msg_type not in (catalogue.TICKET, catalogue.INFO)
    return Push((sample.openid or None) if named else None, stamp, path_of(ctx))


def push_addresses(ctx: Context) -> tuple[str, ...]:
    """Addresses from which WeChat pushes, as far as known: the alarm's OuterIP, the account's callback_ips."""
    known = (ctx.alarm.sample.outer_ip, *(ctx.account.callback_ips if ctx.account else ()))
    return tuple(dict.fromkeys(address for address in known if address))


def seconds_for(ctx: Context, share: float = 1.0) -> float:
    """Seconds for reading: a share of all that the run has left (--timeout)."""
    return min(ctx.limit(LONGEST), LONGEST) * share


def readable(files: Sequence[LogFile]) -> None:
    """Skips, with the most telling reason, when no file could be read."""
    if any(file.usable for file in files):
        return
    order = ("unreadable", "no-zstd", "many", "moved", "binary", "format", "broken", "irregular", "empty", "twice")
    worst = min(files, key=lambda file: order.index(file.problem) if file.problem in order else len(order))
    reason = "log-unknown" if worst.problem == "format" else f"log-{worst.problem}"
    raise Skip(reason, path=worst.path, detail=worst.detail)


def unread(seen: LogsSeen) -> list[LogFile]:
    """The files that may hold lines of the window and were not read to their end."""
    return [file for file in seen.files if not file.whole and file.problem not in NO_LOG]


def told(seen: LogsSeen, findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings; when none of them is an error, and something was not read to its end, that cannot be told: raises
    Untold. What was not read is never evidence of absence."""
    found = list(findings)
    files = unread(seen)
    if files and not any(finding.code.severity is Severity.ERROR for finding in found):
        late = [file for file in files if file.problem == "late"]
        if not late:
            worst = files[0]
            raise Untold(f"log-{worst.problem}", path=worst.path, detail=worst.detail)
        share = sum(file.reached or 0 for file in late) / max(1, sum(file.size for file in late))
        more = seen.limit * min(MORE[1], max(MORE[0], 1.5 / max(share, 1e-3)))
        raise Untold("log-late", files=[_far(file) for file in late[:3]], limit=seen.limit, more=_rounded(more))
    return found


def _far(file: LogFile) -> str:
    """A file that was not read to its end, and how far it was."""
    share = f"{100 * (file.reached or 0) // max(1, file.size)} %"
    return f"{file.path} ({share}, {clock(file.last)})" if file.last is not None else f"{file.path} ({share})"


def _rounded(seconds: float) -> int:
    return 10 * math.ceil(seconds / 10)


def partly_read(files: Sequence[LogFile]) -> Iterable[Finding]:
    """A note when some files or lines could not be read."""
    bad = [file for file in files if not file.whole]
    dropped = sum(file.dropped for file in files)
    if bad or dropped:
        yield LOG_PARTLY_READ(
            None,
            files=[f"{file.path} ({file.problem}{': ' if file.detail else ''}{file.detail})" for file in bad] or None,
            dropped=dropped,
        )


def names(files: Sequence[LogFile]) -> str:
    """The files that gave lines, else all, by path."""
    found = paths(files)
    return ", ".join(found[:3]) + (" …" if len(found) > 3 else "")


def paths(files: Sequence[LogFile]) -> list[str]:
    """The paths of the files that gave lines, else of all."""
    return [file.path for file in files if file.read] or [file.path for file in files]


def clock(seconds: float) -> str:
    """A time as alarms print it: UTC+8."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
