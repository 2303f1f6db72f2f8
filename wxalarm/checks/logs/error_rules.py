"""Rules on the error log: which code a kind of trouble is, and how it is known."""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.checks.check import Context, Skip
from wxalarm.checks.logs.facts import LOG_PARTLY_READ, clock, names, partly_read, push_addresses, readable
from wxalarm.logs.errors import CLIENT_SIDE, Group
from wxalarm.logs.place import show
from wxalarm.model import AlarmKind, Basis, Code, Finding, Severity
from wxalarm.probes.error_log import ErrorLogSeen


def _code(kind: str, explains: tuple[AlarmKind, ...], severity: Severity = Severity.ERROR) -> Code:
    return Code(f"errlog-{kind}", severity, Basis.REPRODUCED, explains)


BY_KIND = {
    "connections": _code("connections", mechanisms.OVERLOADED),
    "open-files": _code("open-files", mechanisms.OVERLOADED),
    "ports": _code("ports", mechanisms.STATUS),
    "queue-full": _code("queue-full", mechanisms.STATUS),
    "refused": _code("refused", mechanisms.STATUS),
    "connect-timeout": _code("connect-timeout", mechanisms.BACKEND),
    "unreachable": _code("unreachable", mechanisms.BACKEND),
    "upstream-timeout": _code("upstream-timeout", mechanisms.BACKEND),
    "no-live-upstream": _code("no-live-upstream", mechanisms.STATUS),
    "upstream-closed": _code("upstream-closed", mechanisms.STATUS),
    "upstream-tls": _code("upstream-tls", mechanisms.STATUS),
    "upstream-header": _code("upstream-header", mechanisms.STATUS),
    "body-too-large": _code("body-too-large", mechanisms.STATUS),
    "rate-limit": _code("rate-limit", mechanisms.STATUS),
    "delayed": _code("delayed", mechanisms.ANSWERED_LATE, Severity.WARNING).variant(basis=Basis.CONDITION),
    "denied": _code("denied", mechanisms.STATUS),
    "resolve": _code("resolve", mechanisms.STATUS),
    "script": _code("script", mechanisms.STATUS),
    "not-found": _code("not-found", mechanisms.STATUS),
    "permission": _code("permission", mechanisms.STATUS),
    "cycle": _code("cycle", mechanisms.STATUS),
    "worker-died": _code("worker-died", mechanisms.BROKEN_OFF),
    "memory": _code("memory", mechanisms.OVERLOADED),
    "disk": _code("disk", mechanisms.BACKEND),
    "reset": _code("reset", mechanisms.STATUS),
    "tls": _code("tls", mechanisms.TLS_LOGGED),
    "client-timeout": _code("client-timeout", mechanisms.REQUEST_LOST, Severity.WARNING),
    "client-reset": _code("client-reset", mechanisms.BROKEN_OFF, Severity.WARNING),
    "client-closed": _code("client-closed", (), Severity.NOTE),
    "not-started": _code("not-started", mechanisms.REFUSED),
    "other": _code("other", (), Severity.WARNING),
}
ERRLOG_ZONE = Code("errlog-zone", Severity.NOTE, Basis.CONDITION)
CODES = (*BY_KIND.values(), ERRLOG_ZONE, LOG_PARTLY_READ)


def findings(seen: ErrorLogSeen, ctx: Context) -> Iterable[Finding]:
    """One finding a kind. Skips when no log could be read or none covers the alarm's time."""
    readable(seen.files)
    begins = min((file.first for file in seen.read if file.first is not None), default=None)
    if not seen.groups and begins is not None and begins > seen.high:
        raise Skip("log-begins-after", path=names(seen.read), time=clock(begins), alarm=clock(seen.start))
    for group in seen.groups:
        yield _variant(BY_KIND[group.kind], group, ctx)(
            None,
            count=group.count,
            own=group.own,
            first=clock(group.first),
            last=clock(group.last),
            level=group.level,
            place=group.place,
            show=show(group.place, group.packed),
            line=group.line,
            upstreams=list(group.upstreams)[:5] or ["-"],
        )
    if seen.groups and seen.offset_from == "alarm":
        yield ERRLOG_ZONE(None, files=names(seen.read))
    yield from partly_read(seen.files)


def _variant(code: Code, group: Group, ctx: Context) -> Code:
    """Recorded when the alarm's own push is among the lines; a stranger's connection is only a note."""
    if group.kind == "delayed":  # the line does not say how long, and a wait alone spoils no answer
        return code if ctx.alarm.kind in code.explains else code.variant(severity=Severity.NOTE)
    if group.own:
        return code.variant(basis=Basis.RECORDED)
    if group.kind in CLIENT_SIDE and not push_addresses(ctx):
        return code.variant(severity=Severity.NOTE)
    return code
