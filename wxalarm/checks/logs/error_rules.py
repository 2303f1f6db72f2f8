"""Rules on the error log: which code a kind of trouble is, and how it is known."""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm.checks.check import Context, Skip
from wxalarm.checks.logs.facts import LOG_PARTLY_READ, clock, names, partly_read, push_addresses, readable
from wxalarm.kinds import ANY_PUSH, CONNECT, INVALID, TIMEOUT
from wxalarm.logs.errors import CLIENT_SIDE, Group
from wxalarm.logs.place import show
from wxalarm.model import AlarmKind, Basis, Code, Finding, Severity
from wxalarm.probes.error_log import ErrorLogSeen


def _code(kind: str, explains: tuple[AlarmKind, ...], severity: Severity = Severity.ERROR) -> Code:
    return Code(f"errlog-{kind}", severity, Basis.REPRODUCED, explains)


EITHER = tuple(dict.fromkeys((*TIMEOUT, *INVALID)))
BY_KIND = {
    "connections": _code("connections", ANY_PUSH),
    "open-files": _code("open-files", ANY_PUSH),
    "ports": _code("ports", EITHER),
    "queue-full": _code("queue-full", INVALID),
    "refused": _code("refused", INVALID),
    "connect-timeout": _code("connect-timeout", EITHER),
    "unreachable": _code("unreachable", EITHER),
    "upstream-timeout": _code("upstream-timeout", EITHER),
    "no-live-upstream": _code("no-live-upstream", INVALID),
    "upstream-closed": _code("upstream-closed", INVALID),
    "upstream-tls": _code("upstream-tls", INVALID),
    "upstream-header": _code("upstream-header", INVALID),
    "body-too-large": _code("body-too-large", INVALID),
    "rate-limit": _code("rate-limit", EITHER),
    "delayed": _code("delayed", TIMEOUT, Severity.WARNING).variant(basis=Basis.CONDITION),
    "denied": _code("denied", INVALID),
    "resolve": _code("resolve", INVALID),
    "script": _code("script", INVALID),
    "not-found": _code("not-found", INVALID),
    "permission": _code("permission", INVALID),
    "cycle": _code("cycle", INVALID),
    "worker-died": _code("worker-died", ANY_PUSH),
    "memory": _code("memory", ANY_PUSH),
    "disk": _code("disk", EITHER),
    "reset": _code("reset", INVALID),
    "tls": _code("tls", ANY_PUSH),
    "client-timeout": _code("client-timeout", TIMEOUT, Severity.WARNING),
    "client-reset": _code("client-reset", INVALID, Severity.WARNING),
    "client-closed": _code("client-closed", (), Severity.NOTE),
    "not-started": _code("not-started", (*CONNECT, *INVALID)),
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
