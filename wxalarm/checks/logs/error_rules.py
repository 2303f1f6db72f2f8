"""Rules on the error log: which code a kind of trouble is, and how it is known."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.checks.check import NO_ANSWER, Context, Skip
from wxalarm.checks.logs.facts import (
    LOG_PARTLY_READ,
    clock,
    names,
    partly_read,
    push,
    push_addresses,
    readable,
    told,
    unread,
)
from wxalarm.logs.errors import CLIENT_SIDE, Group
from wxalarm.logs.place import show
from wxalarm.model import AlarmKind, Basis, Code, Finding, Severity
from wxalarm.probes.error_log import ASSUMED, ErrorLogSeen
from wxalarm.wechat.limits import WAIT


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
MAKES = {
    "connections": (NO_ANSWER, 500),
    "open-files": (NO_ANSWER, 500),
    "ports": (500, 502),
    "queue-full": (502,),
    "refused": (502,),
    "connect-timeout": (502, 504),
    "unreachable": (502,),
    "upstream-timeout": (200, 504),
    "no-live-upstream": (502,),
    "upstream-closed": (200, 502),
    "upstream-tls": (200, 502),
    "upstream-header": (502,),
    "body-too-large": (413,),
    "rate-limit": (429, 503),
    "denied": (401, 403),
    "resolve": (502,),
    "script": (200, 500),
    "not-found": (403, 404),
    "permission": (403, 500, 502),
    "cycle": (500,),
    "worker-died": (NO_ANSWER,),
    "memory": (NO_ANSWER, 500),
    "disk": (200, 500),
    "reset": (200, 502),
    "tls": (NO_ANSWER,),
    "client-timeout": (NO_ANSWER, 408),
    "client-reset": (NO_ANSWER,),
    "client-closed": (NO_ANSWER,),
    "not-started": (NO_ANSWER,),
}
"""The statuses of pushes that met this trouble: 200 is one that broke off in the middle, or PHP's errors in a page.
What only makes a push wait is not here."""
ANSWER_WITHIN = 120.0
"""Seconds after the push within which a line can be about it; more is another clock."""
ON_CERTIFICATES = (42, 43, 44, 45, 46, 48)
"""bad_certificate, unsupported_certificate, certificate_revoked, _expired, _unknown, unknown_ca: the client's
word on what it was shown."""
VERIFY, HANDSHAKE = 60, 35
"""libcurl's numbers: the certificate was not accepted; the handshake failed otherwise."""
ERRLOG_ZONE = Code("errlog-zone", Severity.NOTE, Basis.CONDITION)
CODES = (*BY_KIND.values(), ERRLOG_ZONE, LOG_PARTLY_READ)


def findings(seen: ErrorLogSeen, ctx: Context) -> Iterable[Finding]:
    """One finding a kind. Skips when no log could be read or none covers the alarm's time."""
    readable(seen.files)
    # One that is the access log, too, begins with requests.
    alone = [file for file in seen.read if file.path not in ctx.settings.host.access_log]
    begins = min((file.first for file in alone if file.first is not None), default=None)
    if not seen.groups and not unread(seen) and begins is not None and begins > seen.high:
        raise Skip("log-begins-after", path=names(seen.read), time=clock(begins), alarm=clock(seen.start))
    return told(seen, _findings(seen, ctx))


def _findings(seen: ErrorLogSeen, ctx: Context) -> Iterable[Finding]:
    for group in seen.groups:
        yield _variant(BY_KIND[group.kind], group, seen, ctx)(
            None,
            count=group.count,
            own=group.own > 0,
            first=clock(group.first),
            last=clock(group.last),
            level=group.level,
            time=clock(group.at) if group.at is not None else None,
            seconds=_seconds(group, ctx),
            makes=_makes(group),
            place=group.place,
            show=show(group.place, group.packed),
            line=group.line,
            zone=group.zone,
            upstreams=list(group.upstreams)[:5] or ["-"],
            **(_alert(group.line) if group.kind == "tls" else {}),
        )
    if seen.groups and seen.offset_from == ASSUMED:
        yield ERRLOG_ZONE(None, files=names(seen.read))
    yield from partly_read(seen.files)


def _makes(group: Group) -> list[int] | None:
    """The statuses that such trouble makes; ModSecurity says which, as its rules have it."""
    said = re.search(r"ModSecurity: Access denied with code (\d{3})\b", group.line)
    return [int(said[1])] if said is not None else list(MAKES[group.kind]) if group.kind in MAKES else None


def _alert(line: str) -> dict[str, object]:
    """The alert (RFC 8446, 6) with which a handshake ended, and libcurl's number for that, where the line says it was
    one: the client sends those on a certificate."""
    found = re.search(r"SSL: error:[^\n]*?(?:SSL alert number (\d{1,3})|\))", line)
    alert = int(found[1]) if found is not None and found[1] else None
    curl = None if found is None else VERIFY if alert in ON_CERTIFICATES else HANDSHAKE
    return {"alert": alert, "curl": curl}


def _seconds(group: Group, ctx: Context) -> float | None:
    """How long after the alarm's own push its line came; None when the line is another's."""
    stamp = push(ctx).stamp
    if not group.own or group.at is None or stamp is None:
        return None
    return group.at - stamp if 0 <= group.at - stamp <= ANSWER_WITHIN else None


def _variant(code: Code, group: Group, seen: ErrorLogSeen, ctx: Context) -> Code:
    """Recorded when the alarm's own push is among the lines; a stranger's connection is only a note; where the clock's
    zone is assumed, other lines may be of other minutes."""
    if group.kind == "delayed":  # the line does not say how long, and a wait alone spoils no answer
        return code if ctx.alarm.kind in code.explains else code.variant(severity=Severity.NOTE)
    if group.own:
        return code.variant(basis=Basis.RECORDED)
    if group.kind in CLIENT_SIDE and not push_addresses(ctx):
        code = code.variant(severity=Severity.NOTE)
    assumed = seen.offset_from == ASSUMED and not _from_its_address(group, ctx)
    return code.variant(basis=Basis.CONDITION) if assumed else code


def _from_its_address(group: Group, ctx: Context) -> bool:
    """Whether a line is of the address from which the alarm's push came, in its seconds: the zone is right then."""
    sample = ctx.alarm.sample
    if sample.stamp is None or not sample.outer_ip or group.at is None:
        return False
    return f"client: {sample.outer_ip}," in group.line and -1 <= group.at - sample.stamp <= WAIT
