"""Rules on the access log of the alarm's window. One finding a code: recorded when the alarm's own push is one."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from wxalarm import mechanisms
from wxalarm.bounds import whole
from wxalarm.checks import timing
from wxalarm.checks.check import NO_ANSWER, Context, Skip
from wxalarm.checks.logs.facts import (
    LOG_PARTLY_READ,
    NO_LOG,
    SLACK,
    clock,
    names,
    partly_read,
    path_of,
    paths,
    push,
    readable,
    told,
    unread,
    wanted,
)
from wxalarm.kinds import LATE
from wxalarm.logs import answered
from wxalarm.logs.access import BUCKETS, CLOSED, GAVE_UP, split_499, total
from wxalarm.logs.access_search import Hit
from wxalarm.logs.durations import LONGEST
from wxalarm.logs.place import show
from wxalarm.model import Alarm, Basis, Code, Finding, Severity
from wxalarm.probes.access_log import AccessLogSeen
from wxalarm.wechat.limits import SLOW_AFTER, WAIT
from wxalarm.wechat.statuses import OF_SERVER, OF_SOME, status_case

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
SEEN = Basis.REPRODUCED
"""Other pushes of the same minutes fail so; the alarm's own line makes it recorded."""
LOG_NO_REQUEST = Code("log-no-request", WARNING, Basis.CONDITION, mechanisms.NOT_ARRIVED)
LOG_REQUEST_MISSING = Code("log-request-missing", WARNING, Basis.CONDITION, mechanisms.NOT_ARRIVED)
LOG_CLIENT_GAVE_UP = Code("log-client-gave-up", ERROR, SEEN, mechanisms.ANSWERED_LATE)
LOG_CLIENT_CLOSED = Code("log-client-closed", WARNING, SEEN, mechanisms.CLOSED_EARLY)
LOG_UPSTREAM_ERROR = Code("log-upstream-error", ERROR, SEEN, mechanisms.BACKEND)
LOG_NOT_FOUND = Code("log-not-found", ERROR, SEEN, mechanisms.STATUS)
LOG_FORBIDDEN = Code("log-forbidden", ERROR, SEEN, mechanisms.STATUS)
LOG_STATUS = Code("log-status", ERROR, SEEN, mechanisms.STATUS)
LOG_UPSTREAM_SLOW = Code("log-upstream-slow", ERROR, SEEN, mechanisms.ANSWERED_LATE)
LOG_SLOW = Code("log-slow", ERROR, SEEN, mechanisms.ANSWERED_LATE)
LOG_BODY_QUOTED = Code("log-body-quoted", WARNING, Basis.CONDITION, mechanisms.REPLY)
LOG_ANSWER_DIFFERS = Code("log-answer-differs", ERROR, SEEN, mechanisms.REPLY)
LOG_UPSTREAM_UNEVEN = Code("log-upstream-uneven", WARNING, Basis.CONDITION, mechanisms.BACKEND)
LOG_BURST = Code("log-burst", WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
LOG_REQUEST = Code("log-request", NOTE, Basis.RECORDED)
LOG_ANSWERED = Code("log-answered", NOTE, Basis.RECORDED)
LOG_LATENCY = Code("log-latency", NOTE, Basis.RECORDED)
LOG_UPSTREAMS = Code("log-upstreams", NOTE, Basis.RECORDED)
LOG_CLOCK_OFFSET = Code("log-clock-offset", NOTE, Basis.RECORDED)
LOG_TIME_BACKWARDS = Code("log-time-backwards", NOTE, Basis.RECORDED)
LOG_GUESSED = Code("log-guessed", NOTE, Basis.RECORDED)
LOG_PATH_DIFFERS = Code("log-path-differs", NOTE, Basis.RECORDED)
CODES = (
    LOG_GUESSED,
    LOG_PATH_DIFFERS,
    LOG_REQUEST,
    LOG_ANSWERED,
    LOG_ANSWER_DIFFERS,
    LOG_NO_REQUEST,
    LOG_REQUEST_MISSING,
    LOG_CLIENT_GAVE_UP,
    LOG_CLIENT_CLOSED,
    LOG_UPSTREAM_ERROR,
    LOG_NOT_FOUND,
    LOG_FORBIDDEN,
    LOG_STATUS,
    LOG_UPSTREAM_SLOW,
    LOG_SLOW,
    LOG_BODY_QUOTED,
    LOG_UPSTREAM_UNEVEN,
    LOG_BURST,
    LOG_LATENCY,
    LOG_UPSTREAMS,
    LOG_CLOCK_OFFSET,
    LOG_TIME_BACKWARDS,
    LOG_PARTLY_READ,
)

TIMED = frozenset(
    code.id
    for code in (
        *(LOG_CLIENT_GAVE_UP, LOG_CLIENT_CLOSED, LOG_UPSTREAM_SLOW, LOG_SLOW, LOG_LATENCY, LOG_UPSTREAMS, LOG_REQUEST),
        *(LOG_ANSWERED,),
    )
)
"""What is said of durations."""
SUCCESS, QUOTED = 7, 9
"""$body_bytes_sent of success, and of "success" in quotes."""
MOST_PATHS = 8
"""Files named in a command."""
SHARE = 0.05
"""Failures above this share of the pushes are an error also when the alarm's own is not among them."""
UNEVEN = 0.8
BURST = 3.0
"""The peak minute against the minutes before."""
BACKWARDS = 90.0
"""Seconds; less is the order in which workers write."""
EMPTY = 64
"""$body_bytes_sent of a body that may be empty for WeChat: compressed and in chunks, nothing takes some 40 bytes."""
GAP = 60.0
"""Seconds between the last line of one part of a log and the first of the next, in which nothing need be missing."""
OFFSET = 3.0
"""Seconds between WeChat's clock and ours that are worth a line; the log's own resolution is 1 s."""


def findings(seen: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    """All findings. Skips when no log could be read or none covers the alarm's time; cannot tell when something was not
    read to its end and the alarm's push was not found."""
    readable(seen.files)
    found = map(partial(_doubted, seen), _findings(seen, ctx))
    return found if _sure(seen) else told(seen, found)


def _doubted(seen: AccessLogSeen, finding: Finding) -> Finding:
    """A finding, less sure where it rests on a value whose unit or zone nothing says, or on a duration that no push
    has."""
    took = finding.evidence.get("longest") or finding.evidence.get("request_time") or 0.0
    timed = finding.code.id in TIMED
    if timed and "unit" in seen.guessed:
        return dataclasses.replace(finding, code=finding.code.variant(basis=Basis.CONDITION))
    if finding.code.basis is not Basis.RECORDED or finding.code.id == LOG_GUESSED.id:
        return finding
    # A status rests on no duration: whose unit is guessed does not make it less sure; nor that there is no push, on
    # what stands behind the size.
    harmless = {"unit", "columns"} if finding.code.id == LOG_NO_REQUEST.id else {"unit"}
    if set(seen.guessed) - harmless or (timed and isinstance(took, float) and took > LONGEST):
        return dataclasses.replace(finding, code=finding.code.variant(basis=SEEN))
    return finding


def _findings(seen: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    counts = seen.counts
    if counts.requests or seen.hits:
        yield from _own(seen, ctx)
        yield from _statuses(seen, ctx)
        yield from _times(seen, ctx)
        yield from _bodies(seen)
        yield from _upstreams(seen)
        yield from _burst(seen)
    elif not unread(seen):
        if seen.unread is not None:
            raise Skip("log-unknown", path=seen.unread, detail=seen.unread_line)
        _covered(seen)
        yield _none(seen, ctx)
    yield from _log_itself(seen, ctx)


def refused(alarm: Alarm) -> bool:
    """Whether somebody answered who would not have the push: one who could pass it on to nobody says 502 to 504."""
    return alarm.sample.http_code not in (None, 200, 502, 503, 504)


def _none(seen: AccessLogSeen, ctx: Context) -> Finding:
    """No push at all: certain when all that may hold one was read and understood, from before the alarm to its end."""
    if any(file.problem in NO_LOG for file in seen.files):
        doubt = "format"
    elif seen.elsewhere is not None:
        doubt = "path"
    elif not _spanned(seen):
        doubt = "span"
    elif set(seen.guessed) & {"date", "zone"}:
        doubt = "date" if "date" in seen.guessed else "zone"
    else:
        doubt = "none" if ctx.alarm.told else "quiet"
    code = LOG_NO_REQUEST if doubt != "none" else LOG_NO_REQUEST.variant(basis=Basis.RECORDED)
    if not ctx.alarm.told:
        code = code.variant(severity=NOTE)
    where: dict[str, Any] = {"elsewhere": seen.elsewhere} if doubt == "path" else {}
    where["came"] = None
    if doubt == "none" and seen.last_good is not None and refused(ctx.alarm):
        where = {"came": clock(seen.last_good.ended), "answered": True}
    return code(None, **_span(seen), path=path_of(ctx) or "-", lines=seen.lines, doubt=doubt, **where, **_files(seen))


def _spanned(seen: AccessLogSeen) -> bool:
    """Whether the times of the files cover the alarm's minutes without a gap. The log that nginx here is writing goes
    on to now, even if nothing comes."""
    spans = sorted((file.first, file.last or file.first) for file in seen.files if file.first is not None)
    until = seen.start
    for first, last in spans:
        if first <= until + GAP:
            until = max(until, last)
    begins = bool(spans) and spans[0][0] <= seen.start
    newest = max((last for _, last in spans), default=0.0)
    return begins and (until >= seen.high - 2 * SLACK.total_seconds() or (seen.here and until >= newest))


def _covered(seen: AccessLogSeen) -> None:
    """Skips when the logs do not reach the alarm: then no line proves nothing."""
    begins = min((file.first for file in seen.read if file.first is not None), default=None)
    ends = max((file.last for file in seen.read if file.last is not None), default=None)
    if begins is None or ends is None:
        raise Skip("log-undated" if any(file.size for file in seen.read) else "log-empty", path=seen.read[0].path)
    if "zone" in seen.guessed and (begins > seen.start + 60 or ends < seen.start - 60):
        raise Skip(
            "log-other-zone", path=names(seen.read), begins=clock(begins), ends=clock(ends), alarm=clock(seen.start)
        )
    if begins > seen.start + 60:
        raise Skip("log-begins-after", path=names(seen.read), time=clock(begins), alarm=clock(seen.start))
    if ends < seen.start - 60 and not seen.here:
        raise Skip("log-ends-before", path=names(seen.read), time=clock(ends), alarm=clock(seen.start))


def _span(seen: AccessLogSeen) -> dict[str, Any]:
    return {"from_": clock(seen.low), "to": clock(seen.high)}


def _own(seen: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    """The line of the alarm's push, or that it is missing among others."""
    if seen.hits:
        hit = seen.hits[0]
        if (different := _different(seen, ctx)) is not None:
            yield different
        elif hit.status == "200":  # the finding about another status shows the line itself
            # Without a duration it may be the very one that was late.
            good = ctx.alarm.kind not in LATE if hit.request_time is None else hit.request_time < SLOW_AFTER
            good = good and hit.body_bytes != QUOTED and hit.left is None and hit.rule is None
            code = LOG_ANSWERED if good else LOG_REQUEST
            code = code if _sure(seen) else code.variant(basis=Basis.CONDITION)
            yield code(None, **_line(hit, _sure(seen)), match=hit.match, limit=WAIT)
    one = push(ctx)
    other = not seen.hits or seen.hits[0].match == "openid"  # of the same user, at another time
    if one.user and other and seen.named and seen.counts.requests and not unread(seen):
        _covered(seen)
        # Those that came were answered well, and none as the alarm shows: that answer is of somebody else.
        statuses, shown = dict(seen.counts.statuses), ctx.alarm.sample.http_code
        well = shown not in (None, 200) and "200" in statuses and str(shown) not in statuses
        yield (LOG_REQUEST_MISSING.variant(basis=SEEN) if well else LOG_REQUEST_MISSING)(
            None,
            **_span(seen),
            requests=seen.counts.requests,
            openid=one.openid,
            stamp=one.stamp,
            answered=well,
            **_files(seen),
        )


def _different(seen: AccessLogSeen, ctx: Context) -> Finding | None:
    """The alarm shows another answer than the log has, in every line that may be of that push: somebody in between made
    one of his own, or took away the body. What depends on the answer that the alarm shows is not so then."""
    sample = ctx.alarm.sample
    hits = [hit for hit in seen.hits if hit.match == seen.hits[0].match and hit.status != "499"]
    code = sample.http_code
    empty = sample.response_content == "" or sample.response_length == 0
    if hits and code is not None and all(whole(hit.status) != code for hit in hits):
        how = "status"
    elif hits and empty and code in (None, 200) and all((hit.body_bytes or 0) > EMPTY for hit in hits):
        how = "empty"
    else:
        return None
    basis = Basis.RECORDED if _sure(seen) else LOG_ANSWER_DIFFERS.basis
    # Another status explains the alarm by itself, and has its own finding.
    severity = ERROR if hits[0].status == "200" else WARNING
    line = _line(hits[0], _sure(seen))
    if how == "status":
        line["makes"] = [code]  # what came out behind nginx
    return LOG_ANSWER_DIFFERS.variant(basis=basis, severity=severity)(
        None, **line, match=hits[0].match, how=how, http_code=code, success=SUCCESS
    )


def _files(seen: AccessLogSeen) -> dict[str, Any]:
    return {"files": names(seen.read), "paths": paths(seen.read)[:MOST_PATHS]}


def _line(hit: Hit, own: bool = False) -> dict[str, Any]:
    """What a line says. own: it is the alarm's own push beyond doubt."""
    status = whole(hit.status)
    began = hit.ended - (hit.request_time or 0.0)
    by = answered.by(hit.said)
    upstreams = [part for part in answered.tries(hit.upstream_addr or "-") if part not in answered.NOTHING]
    last = {}
    if by == "unknown" and upstreams and hit.status in answered.FAILED:
        by, last = "either", {"last": upstreams[-1]}  # a status of the upstream's, or one for its silence
    return {
        "place": hit.place,
        "show": show(hit.place, hit.packed),
        "line": hit.line,
        "own": own,
        "status": hit.status,
        "by": by,
        "time": clock(round(began)),
        "ended": clock(hit.ended),
        "request_time": hit.request_time,
        "body_bytes": hit.body_bytes,
        "upstream_addr": hit.upstream_addr,
        "upstream_status": hit.upstream_status,
        "upstream_response_time": hit.upstream_response_time,
        "upstreams": upstreams,
        **last,
        "seconds": hit.request_time,
        "makes": [NO_ANSWER if hit.status in SILENT else status] if status is not None else None,
    }


SILENT = ("499", answered.CLOSED)
"""Statuses that stand only in the log: the client got nothing."""


def _make(
    code: Code, count: int, seen: AccessLogSeen, ctx: Context, own: bool, hit: Hit | None, **evidence: Any
) -> Finding:
    """A finding about some pushes of the window: severity by their share, basis by whether the alarm's is one."""
    requests = max(seen.counts.requests, count)
    enough = count >= requests * SHARE or (ctx.alarm.count is not None and count * 10 >= ctx.alarm.count)
    severity = code.severity if own or enough else WARNING
    sure = own and _sure(seen)
    line: Mapping[str, Any] = _line(hit, sure) if hit else {"place": "-", "show": [], "line": "", "by": "unknown"}
    basis = Basis.RECORDED if sure else code.basis if _known(ctx) else Basis.CONDITION
    return code.variant(severity=severity, basis=basis)(
        None, **{**line, "count": count, "requests": requests, "limit": WAIT, **evidence}
    )


def _known(ctx: Context) -> bool:
    """Whether a line tells a push from any other POST: by its path, or by WeChat's signature."""
    return wanted(ctx).path is not None or wanted(ctx).signed


def _sure(seen: AccessLogSeen) -> bool:
    """Whether the best line is the alarm's own push beyond doubt, not one of several of that second."""
    match = seen.hits[0].match if seen.hits else ""  # the same user may have pushed at another time ("openid")
    return match == "exact" or (match == "timestamp" and len(seen.hits) == 1)


def _statuses(seen: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    """One finding a status; 499 has its own rule."""
    own = seen.hits[0] if seen.hits else None
    statuses = dict(seen.counts.statuses)
    if own is not None:
        statuses.setdefault(own.status, 1)
    for status, count in statuses.items():
        if status in ("200", ""):  # "": a form that says none
            continue
        mine = own is not None and own.status == status
        if status == "499":
            yield from _cut(seen, ctx, own if mine else None)
            continue
        hit = own if mine else next((hit for hit in seen.examples if hit.status == status), None)
        code = _CODES.get(status, LOG_STATUS)
        code = timing.answered(code, hit.request_time if hit is not None and "unit" not in seen.guessed else None)
        number = whole(status)
        case = "none" if status in ("", "-") else status_case(number or 0)
        if hit is not None and answered.by(hit.said) == "nginx":
            case = OF_SERVER.get(number or 0, case)
        if "200" in statuses:
            case = OF_SOME.get(number or 0, case)
        rule = {} if hit is None or hit.rule is None else {"rule": hit.rule}
        status_or_none = status if case != "none" else None
        yield _make(code, count, seen, ctx, mine, hit, status=status_or_none, case="firewall" if rule else case, **rule)


_CODES = {
    "502": LOG_UPSTREAM_ERROR,
    "503": LOG_UPSTREAM_ERROR,
    "504": LOG_UPSTREAM_ERROR,
    "404": LOG_NOT_FOUND,
    "403": LOG_FORBIDDEN,
}


def _cut(seen: AccessLogSeen, ctx: Context, own: Hit | None) -> Iterable[Finding]:
    """499: cut at WeChat's limit, or noticed after it, we are slow; cut clearly before it, somebody else closed."""
    counts = seen.counts
    kind = None if own is None else split_499(own.request_time)
    if counts.gave_up or counts.untimed_499 or kind in ("gave_up", "untimed_499"):
        late = "gave_up" if counts.gave_up or kind == "gave_up" else "untimed_499"
        untimed = late == "untimed_499"
        code = LOG_CLIENT_GAVE_UP.variant(basis=Basis.CONDITION) if untimed else LOG_CLIENT_GAVE_UP
        hit = own if kind == late else _of_kind(seen, late)
        count = max(counts.untimed_499 if untimed else counts.gave_up, 1)
        # Without a time only an alarm that says so itself makes the alarm's own a wait in vain.
        mine = kind == late and (not untimed or ctx.alarm.kind in LATE)
        waited = "unknown" if hit is None else answered.waited_for(hit.said)
        passed = round(hit.ended - hit.stamp) if untimed and mine and hit is not None and hit.stamp else 0
        full = GAVE_UP[0] <= passed <= GAVE_UP[1]
        yield _make(
            code,
            count,
            seen,
            ctx,
            mine,
            hit,
            waited="by_stamp" if full else "untimed" if untimed else waited,
            by=HAD_IT.get(waited, "unknown"),
            left=hit and hit.left,
            noticed="later" if hit is not None and (hit.request_time or 0.0) > GAVE_UP[1] else "then",
            **({"passed": passed} if full else {}),
        )
    if rest := counts.closed + counts.other_499:
        mine = kind in ("closed", "other_499")
        hit = own if mine else _of_kind(seen, "closed", "other_499")
        yield _make(
            LOG_CLIENT_CLOSED, rest, seen, ctx, mine, hit, early=counts.closed, near=CLOSED, left=hit and hit.left
        )


HAD_IT = {"nginx": "nginx", "connecting": "nginx", "application": "application", "answering": "application"}
"""Who had the push when its client left, by whom it waited for."""


def _of_kind(seen: AccessLogSeen, *kinds: str) -> Hit | None:
    """An example of a 499 of the first of these kinds of `split_499` that has one."""
    found = [hit for hit in seen.examples if hit.status == "499"]
    return next((hit for kind in kinds for hit in found if split_499(hit.request_time) == kind), None)


def _times(seen: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    """Answered, but late: whose time was it; then the histogram."""
    counts = seen.counts
    late = counts.slow + counts.too_slow
    own = next((hit for hit in seen.hits[:1] if hit.status != "499" and (hit.request_time or 0) >= SLOW_AFTER), None)
    if late and (own or counts.too_slow or late * 100 >= counts.requests):
        longest = max(counts.longest or 0.0, (own.request_time if own else None) or 0.0)
        if own is not None and (own.request_time or 0) < GAVE_UP[0] <= longest:
            own = None  # it was not late itself
        whose = _whose(seen, late, own)
        code = LOG_UPSTREAM_SLOW if whose == "application" else LOG_SLOW
        if longest < WAIT:
            code = code.variant(severity=WARNING)
        if longest < GAVE_UP[0]:  # tomorrow's alarm
            code = dataclasses.replace(code, explains=())
        yield _make(
            code,
            late,
            seen,
            ctx,
            own is not None,
            own,
            slow=counts.slow,
            too_slow=counts.too_slow,
            near=SLOW_AFTER,
            upstream_slow=counts.upstream_slow,
            p95=counts.p95,
            longest=counts.longest,
            seconds=longest,
            by=whose,
        )
    if counts.timed and counts.histogram:
        yield LOG_LATENCY(
            None,
            requests=counts.requests,
            p50=counts.p50,
            p95=counts.p95,
            longest=counts.longest,
            limit=WAIT,
            near=SLOW_AFTER,
            slow=counts.slow,
            bars=[[label, count] for label, count in zip(_labels(), counts.histogram, strict=False)],
        )


def _whose(seen: AccessLogSeen, late: int, own: Hit | None) -> str:
    """Who took most of the time: that of the alarm's own push, else of most that were late; program: the log is the
    application's own."""
    lines = [own] if own is not None else [*seen.hits, *seen.examples]
    if lines and all(hit.by == "application" for hit in lines):
        return "program"
    if own is not None:
        spent = None if own.upstream_response_time is None else total(own.upstream_response_time.encode()) or 0.0
        known, mostly = spent is not None, (spent or 0.0) * 2 > (own.request_time or 0.0)
    else:
        known, mostly = seen.counts.upstream_timed, seen.counts.upstream_slow * 2 > late
    return "unknown" if not known else "application" if mostly else "nginx"


def _labels() -> list[str]:
    edges = [f"{edge:g}" for edge in BUCKETS]
    return [f"< {edges[0]} s", *(f"{a}-{b} s" for a, b in itertools.pairwise(edges)), f"> {edges[-1]} s"]


def _bodies(seen: AccessLogSeen) -> Iterable[Finding]:
    """9 bytes where `success` has 7: the JSON form of the word, most likely; the log does not hold the body."""
    bodies = seen.counts.bodies
    quoted = bodies.get(str(QUOTED), 0)
    own = bool(seen.hits) and seen.hits[0].body_bytes == QUOTED and seen.hits[0].status == "200"
    if own or quoted * 2 > sum(bodies.values()):
        code = LOG_BODY_QUOTED.variant(basis=SEEN) if own and _sure(seen) else LOG_BODY_QUOTED
        hit = seen.hits[0] if own else None
        yield code(
            None,
            count=quoted,
            requests=seen.counts.requests,
            place=hit.place if hit else names(seen.read),
            quoted=QUOTED,
            success=SUCCESS,
            own=own and _sure(seen),
            makes=[200],
        )


def _upstreams(seen: AccessLogSeen) -> Iterable[Finding]:
    """The table of upstreams, and whether one of them is the bad one."""
    upstreams = seen.counts.upstreams
    if not upstreams:
        return
    answers: list[tuple[str | None, int, dict[str, int]]] = [
        (None, 3, {upstream.addr: upstream.errors + upstream.slow for upstream in upstreams})
    ]
    # A few may be strangers' requests, which each of them refuses.
    for refused in sorted({name for upstream in upstreams for name in upstream.refused}):
        answers.append((refused, 5, {upstream.addr: upstream.refused.get(refused, 0) for upstream in upstreams}))
    for status, least, bad in answers:
        total = sum(bad.values())
        worst = max(upstreams, key=lambda upstream: bad[upstream.addr])
        if len(upstreams) > 1 and total >= least and bad[worst.addr] >= total * UNEVEN and worst.requests:
            fair = worst.requests / sum(upstream.requests for upstream in upstreams)
            if bad[worst.addr] / total > fair * 1.3:
                yield LOG_UPSTREAM_UNEVEN(
                    None,
                    upstream=worst.addr,
                    bad=bad[worst.addr],
                    total=total,
                    requests=worst.requests,
                    of=len(upstreams),
                    status=status,
                )
                break
    yield LOG_UPSTREAMS(
        None,
        number=len(upstreams),
        upstreams=[
            f"{u.addr} {u.requests}/{u.errors}/{u.slow}" + (f" p95 {u.p95:.3f} s" if u.p95 is not None else "")
            for u in upstreams[:8]
        ],
        near=SLOW_AFTER,
    )


def _burst(seen: AccessLogSeen) -> Iterable[Finding]:
    """Pushes a second in the worst minute against the minutes before."""
    minutes = seen.counts.minutes
    if seen.before is None or not minutes:
        return
    most = max(count for _, count in minutes) / 60
    if most >= 1 and most >= seen.before * BURST:
        yield LOG_BURST(
            None,
            rate=most,
            before=seen.before,
            minutes=round(seen.before_seconds / 60),
            peak=seen.counts.peak,
            at=clock(seen.counts.peak_at or seen.start),
            held=round(most * WAIT),
            limit=WAIT,
        )


def _log_itself(seen: AccessLogSeen, ctx: Context) -> Iterable[Finding]:
    """What the reader should know of the log: its clock, its order, what could not be read or is not said."""
    if seen.path is not None:
        yield LOG_PATH_DIFFERS(None, found=seen.path, path=path_of(ctx) or "-", files=names(seen.read))
    for what in seen.guessed:
        code = LOG_GUESSED
        if what == "unit" and ctx.alarm.kind in LATE:
            code = code.variant(severity=WARNING)  # what the alarm is about cannot be told, or by a guess alone
        yield code(None, what=what, files=names(seen.read), form=seen.asked or "json latency")
    hit = next((hit for hit in seen.hits if hit.stamp is not None), None)
    if hit is not None and hit.stamp is not None:
        # Not every program writes the time of the end, and none says which.
        times = [hit.ended - (hit.request_time or 0.0) - hit.stamp, hit.ended - hit.stamp]
        apart = 0.0 if times[0] <= 0 <= times[1] else min(times, key=abs)
        if abs(apart) > (OFFSET if hit.request_time is not None else OFFSET + WAIT):
            yield LOG_CLOCK_OFFSET(None, seconds=round(apart), place=hit.place, stamp=clock(hit.stamp))
    if seen.backwards > BACKWARDS:
        yield LOG_TIME_BACKWARDS(None, seconds=round(seen.backwards), files=names(seen.read))
    yield from partly_read(seen.files)
