"""Looks at the application's own logs (--app-log): what it wrote about the alarm's push, and what went wrong then.

Why WeChat cares: whether the handler raised, waited or never saw the push stands only there. The guide asks for
logs with times in every module (请求超时, FAQ 3); any format will do that holds a time and the OpenID.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Container, Iterable, Sequence

from wxalarm import mechanisms
from wxalarm.checks import is_this_server
from wxalarm.checks.check import NO_ANSWER, Check, Context, Skip, by_alarm
from wxalarm.checks.logs.facts import (
    LOG_PARTLY_READ,
    LONGEST,
    clock,
    names,
    partly_read,
    push,
    readable,
    seconds_for,
    told,
    unread,
    window,
)
from wxalarm.checks.wechat.api_errors import BY_ERRCODE, refused_address
from wxalarm.kinds import LATE, TICKET
from wxalarm.logs import times
from wxalarm.logs.app import cause, misses, whom
from wxalarm.logs.app_search import APART, ENDS, LONGEST_WAIT, MINUTE, OWN, AppHit, AppPush, in_its_seconds
from wxalarm.logs.documents import document, flat_of
from wxalarm.logs.place import show
from wxalarm.model import Alarm, Basis, Code, Finding, Sample, Severity
from wxalarm.probes import app_log, logfiles, machine
from wxalarm.probes.app_log import AppLogSeen
from wxalarm.probes.command import ZSTD
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

APP_LOG_ERROR = Code("app-log-error", Severity.ERROR, Basis.RECORDED, mechanisms.BACKEND)
APP_LOG_SLOW = Code("app-log-slow", Severity.WARNING, Basis.RECORDED, mechanisms.ANSWERED_LATE)
APP_LOG_ERRORS = Code("app-log-errors", Severity.WARNING, Basis.CONDITION, mechanisms.BACKEND)
APP_LOG_BANNED = Code("app-log-banned", Severity.WARNING, Basis.REPRODUCED, mechanisms.FIREWALL)
APP_LOG_DROPPED = Code("app-log-dropped", Severity.WARNING, Basis.REPRODUCED, mechanisms.OVERLOADED)
APP_LOG_STOPPED = Code("app-log-stopped", Severity.WARNING, Basis.REPRODUCED, mechanisms.BACKEND)
APP_LOG_BEFORE = Code("app-log-before", Severity.WARNING, Basis.CONDITION, mechanisms.BACKEND)
APP_LOG_LINES = Code("app-log-lines", Severity.NOTE, Basis.RECORDED)
APP_LOG_SILENT = Code("app-log-silent", Severity.NOTE, Basis.RECORDED)

REASONS = ("msg", "message", "error", "errmsg", "errormessage", "error_description", "detail", "info")
"""Keys under which programs say in a JSON reply what went wrong."""
TELLING = 12
"""Bytes of a reason that is no everyday word, as "error" is."""
CROWDED = 5
"""So many entries of the push's moment that say nothing of it: several requests a second are logged."""
FROM_CSRF = (400, 403, 419, 422)
"""What frameworks answer where CSRF is suspected: ASP.NET and Yii, Django and Spring, Laravel, Rails."""
FROM_ROUTES = {"instances": (500, 502, 503, 504), "tunnel": (404, 502), "local": (404, 502, 503)}
"""What gateways and tunnels answer where there is nobody to pass a request on to."""
FROM_FAILURES = (500, 502, 503, 504)
"""What WeChat gets of an error that nobody caught, from the application or from the server in front of it."""
ABORTS = "panic serving "
"""Go's net/http closes the connection of a handler that panics, without a byte (net/http, Handler)."""
TICKET_EVENT = "component_verify_ticket"
"""The InfoType of a ticket: few are pushed, and alarms about them show no event."""
CERTIFICATE = 60
"""libcurl's number for a certificate that it does not take."""
WAITS = ("database", "pool", "timeout", "pause", "workers", "stuck", "aborted")
"""Reasons that make an answer late."""


async def probe(ctx: Context) -> AppLogSeen:
    """Reads the window. Skips when no log was named, or when the alarm has no time."""
    patterns = ctx.settings.host.app_log
    if not patterns:
        raise Skip("no-app-log")
    seconds = window(ctx)
    if seconds is None:
        raise Skip("no-time")
    this = await asyncio.to_thread(machine.look)
    zone = logfiles.local_zone(seconds[0]) if is_this_server.by_address(ctx, this) else times.CHINA
    return await asyncio.to_thread(app_log.read, patterns, _push(ctx), seconds, zone, seconds_for(ctx))


def _push(ctx: Context) -> AppPush:
    """What a line about the push may hold."""
    one, sample = push(ctx), ctx.alarm.sample
    found: list[tuple[str | None, str]] = [(one.openid, "openid"), (str(one.stamp) if one.stamp else None, "stamp")]
    found += [(value, "id") for value in (sample.transaction_id, sample.extra.get("MsgId"), sample.extra.get("MsgID"))]
    needles = {_bytes(text): kind for text, kind in found if text and "*" not in text}
    event = (sample.event or "").replace(" ", "").lower() or (TICKET_EVENT if ctx.alarm.kind in TICKET else "")
    user = _bytes(one.user) if one.user is not None else None
    path, address = _bytes(one.path or ""), _bytes(sample.outer_ip or "")
    return AppPush(needles, user, _bytes(event), path, address, _words(sample), not ctx.alarm.told)


def _words(sample: Sample) -> tuple[bytes, ...]:
    """What the reply that an alarm shows says went wrong, in words of its own: its log may say the same."""
    found = document(_bytes(sample.response_content or ""))
    said = flat_of(found) if found is not None else {}
    texts = (said.get(key, "").strip() for key in REASONS)
    return tuple(_bytes(text) for text in texts if len(text.encode()) >= TELLING)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def evaluate(observation: AppLogSeen, ctx: Context) -> Iterable[Finding]:
    """What the application wrote about the push; else what went wrong in those minutes."""
    seen = observation
    readable(seen.files)
    begins = min((file.first for file in seen.read if file.first is not None), default=None)
    if not seen.hits and not seen.lines and begins is not None and begins > seen.high:
        raise Skip("log-begins-after", path=names(seen.read), time=clock(begins), alarm=clock(seen.start))
    told_before = seen.before or seen.banned or seen.ended
    if not seen.hits and not seen.lines and told_before is None and seen.undated is None and not unread(seen):
        # Not one line of those minutes: it was not logging, or elsewhere; that the push never came is not shown.
        ends = max((file.last for file in seen.read if file.last is not None), default=None)
        if ends is not None and ends < seen.low:
            raise Skip("log-ends-before", path=names(seen.read), time=clock(ends), alarm=clock(seen.start))
        raise Skip("log-no-lines", path=names(seen.read), from_=clock(seen.low), to=clock(seen.high))
    found = _findings(seen, ctx.alarm)
    return found if seen.hits else told(seen, found)


def _findings(seen: AppLogSeen, alarm: Alarm) -> Iterable[Finding]:
    failed = [hit for hit in seen.hits if hit.trouble is not None] + _likely(seen, alarm)
    failed.sort(key=lambda hit: (not _own(hit, seen), not _tied(hit, seen, alarm), hit.beside))
    bad = failed[0] if failed else None
    if bad is not None:
        own, tied, after = _own(bad, seen), _tied(bad, seen, alarm), _after(bad, seen)
        yield APP_LOG_ERROR.variant(basis=Basis.RECORDED if own else Basis.REPRODUCED)(
            None,
            **_line(bad, own),
            trouble=bad.trouble,
            errcode=bad.errcode,
            case=_shown(bad),
            asked_from=refused_address(bad.trouble or ""),
            tied=tied and not own,
            waits=_case(bad) in WAITS,
            after=after,
            assumed=bad in _timed_by_onset(seen),
            waited=bad.waited or (bad.took if after == "waited" else None),
            makes=_makes(bad, own, tied, alarm),
            **({"curl": CERTIFICATE} if _case(bad) == "certificate" and tied else {}),
        )
    yield from _slow(seen, alarm)
    if seen.banned is not None:
        # In an assumed zone it may be of another hour, unless it is of the minute in which pushes began to fail.
        at = seen.banned.time
        then = at is not None and 0 <= seen.start + APART - at <= MINUTE
        code = APP_LOG_BANNED if then or not seen.assumed else APP_LOG_BANNED.variant(basis=Basis.CONDITION)
        yield code(None, **_line(seen.banned, False), outer_ip=alarm.sample.outer_ip)
    if seen.hits and bad is None:
        yield APP_LOG_LINES(None, **_line(seen.hits[0], _own(seen.hits[0], seen)), count=len(seen.hits))
    if seen.dropped is not None:
        yield APP_LOG_DROPPED(None, **_line(seen.dropped, False))
    if seen.stopped is not None:
        # In an assumed zone it may be of another hour, unless it stopped just as pushes began to fail.
        timed = not seen.assumed or seen.shows_push()
        known = timed or seen.restarted
        code = APP_LOG_STOPPED if known else APP_LOG_STOPPED.variant(basis=Basis.CONDITION)
        back = clock(seen.back) if seen.back is not None else None
        yield code(
            None,
            **_line(seen.stopped, False),
            back=back,
            case="stopped",
            which="starting" if seen.starting else "stopped",
            ended=known,
            assumed=known and not timed,
        )
    if seen.before is not None and bad is None and not seen.errors:
        yield APP_LOG_BEFORE(None, **_line(seen.before, False), case=_case(seen.before), errcode=None)
    other = seen.banned or seen.dropped or seen.stopped or seen.before or seen.undated
    if not seen.hits and bad is None and other is None and (seen.lines or seen.ended is None):
        code = APP_LOG_SILENT.variant(basis=Basis.CONDITION) if seen.assumed else APP_LOG_SILENT
        yield code(
            None,
            files=names(seen.read),
            lines=seen.lines,
            from_=clock(seen.low),
            to=clock(seen.high),
            zone="assumed" if seen.assumed else "told",
        )
    example = seen.ended or max(seen.then, key=_telling, default=seen.example)
    if bad is None and (seen.errors or seen.ended) and example is not None:
        case = _case(example)
        which = case if case in ENDS else "counted"
        evidence: dict[str, object] = {"count": seen.errors, "lines": seen.lines, "case": case, "which": which}
        evidence["errcode"] = example.errcode
        if case == "csrf" and example.needle != "other":  # what makes these statuses, and hardly anything else does
            path = whom((example.trouble or example.line).encode())
            evidence |= {"makes": list(FROM_CSRF), "path": path.decode("utf-8", "replace") if path else None}
        if seen.ended is not None:
            # Whose process it was does not matter: from then on nothing of it answers.
            yield APP_LOG_ERRORS.variant(basis=Basis.REPRODUCED)(None, **_line(example, False), **evidence, ended=True)
        else:
            yield APP_LOG_ERRORS(None, **_line(example, False), **evidence)
    if bad is None and not seen.errors and seen.undated is not None:
        evidence = {"count": seen.undated_errors, "case": _case(seen.undated), "errcode": seen.undated.errcode}
        yield APP_LOG_ERRORS(None, **_line(seen.undated, False), **evidence, lines=None, which="undated")
    yield from partly_read(seen.files)


def _own(hit: AppHit, seen: AppLogSeen, took: float = 0.0) -> bool:
    """Whether a line is about that very push, its trouble included: by its id, or by its user in its seconds. took:
    seconds before the line at which what it says began."""
    if hit.needle == "openid":
        return hit.time is not None and in_its_seconds(hit.time - took, seen.start) and not hit.beside
    return hit.needle in ("push", "id") and not hit.beside


def _telling(hit: AppHit) -> tuple[bool, ...]:
    return hit.needle == "words", hit.needle == "path", _case(hit) != "none", hit.uncaught


def _likely(seen: AppLogSeen, alarm: Alarm) -> list[AppHit]:
    """The errors of the push's own moment that likely are its own, though nothing in them says so: those whose words
    stand in the reply; else those that name its path, or WeChat's address, and a reason; else, of a push that got 5xx,
    those that nobody caught, when all have one reason and nothing shows several requests a second, or that with which
    the errors of those minutes began. None but the first while the zone of the log's times is only assumed, unless the
    errors began just then by it."""
    if in_reply := [hit for hit in seen.then if hit.needle == "words"]:
        return in_reply
    if seen.assumed and not (seen.shows_push() or seen.onset):
        return []
    reasons = WAITS if alarm.kind in LATE else None
    of_path = [hit for hit in seen.then if hit.needle in ("path", "address") and _has_reason(hit, reasons)]
    uncaught = [hit for hit in seen.then if hit.uncaught and hit.needle != "other"]
    # Of a gateway: it names the service that it looked for, not who asked.
    nobody = [hit for hit in seen.then if alarm.sample.http_code in FROM_ROUTES.get(_case(hit), ())]
    alike = len({_case(hit) for hit in uncaught}) == 1
    got_5xx = alarm.sample.http_code in FROM_FAILURES
    few = seen.others < CROWDED
    if of_path or nobody or (uncaught and got_5xx and alike and few):
        return of_path or nobody or uncaught
    # Nothing went wrong in the minute before, and then this, as the alarm's push failed.
    began = [hit for hit in seen.then[:1] if hit.needle == "second" and (got_5xx or _has_reason(hit, reasons))]
    fits = [hit for hit in began if alarm.sample.http_code in (None, 200, *_made_by(hit))]
    return fits if seen.onset and few else []


def _timed_by_onset(seen: AppLogSeen) -> tuple[AppHit, ...]:
    """The errors that only the beginning of all of them puts into the push's seconds: no zone is known."""
    alone = seen.assumed and seen.onset and not seen.shows_push()
    return tuple(hit for hit in seen.then if hit.needle != "words") if alone else ()


def _has_reason(hit: AppHit, reasons: Container[str] | None = None) -> bool:
    """Whether an error has one of these reasons; of any when none are given, that nobody caught it being one."""
    return _case(hit) in reasons if reasons is not None else hit.uncaught or _case(hit) != "none"


def _tied(hit: AppHit, seen: AppLogSeen, alarm: Alarm) -> bool:
    """Whether an error is tied to the push more closely than by its minutes, though that it is its own is not shown: it
    stands beside its request line, its user or its second is in it, it is about a ticket, or it names its path in its
    second."""
    if hit.needle in ("words", "address", "path", "second"):
        return True
    began = hit.time - (hit.waited or hit.took or 0.0) if hit.time is not None else None
    near = any(in_its_seconds(at, seen.start) for at in (hit.time, began) if at is not None)
    told = (*OWN, "head", "stamp", *(["event"] if alarm.kind in TICKET else []))
    return near and (hit.next or (not hit.beside and hit.needle in told))


def _after(hit: AppHit, seen: AppLogSeen) -> str:
    """The key of [words.app_after]."""
    if hit.time is None:
        return "untimed"
    if in_its_seconds(hit.time, seen.start):
        return "near"
    since = hit.waited or hit.took
    return "waited" if since and in_its_seconds(hit.time - since, seen.start) else "later"


def _makes(hit: AppHit, own: bool, tied: bool, alarm: Alarm) -> list[int] | None:
    """The statuses that an error can have made; None where it may be any."""
    if (own or tied) and ABORTS in (hit.trouble or ""):
        return [NO_ANSWER]
    if own or not tied or alarm.sample.curl_error:
        return None
    return list(_made_by(hit)) if _has_reason(hit) else None


def _made_by(hit: AppHit) -> Sequence[int]:
    """The statuses that errors with its reason make."""
    case = _case(hit)
    return FROM_CSRF if case == "csrf" else FROM_ROUTES.get(case, FROM_FAILURES)


def _case(hit: AppHit) -> str:
    """The key of [words.app_errcode]."""
    if hit.errcode is None:
        return hit.cause or cause((hit.trouble or "").encode()) or "none"
    return BY_ERRCODE[hit.errcode].id if hit.errcode in BY_ERRCODE else "other"


def _shown(hit: AppHit) -> str:
    """The same, and "absent" where something was read that is not there: a word on what to do, no reason of its own."""
    case = _case(hit)
    return "absent" if case == "none" and misses((hit.trouble or "").encode()) else case


def _line(hit: AppHit, own: bool) -> dict[str, object]:
    return {
        "place": hit.place,
        "show": show(hit.place, hit.packed),
        "line": hit.line,
        "own": own,
        "needle": "next" if hit.next else hit.needle,
        "tag": hit.tag,
        "time": clock(hit.time) if hit.time is not None else None,
        "context": list(hit.context),
    }


def _first_line(seen: AppLogSeen, over: AppHit) -> AppHit:
    """The first line about the push that has a time, up to the one that says that it was over."""
    times = [hit for hit in seen.hits if hit.time is not None and hit.needle in OWN and hit.time <= (over.time or 0.0)]
    return min(times, key=lambda hit: hit.time or 0.0, default=over)


def _slow(seen: AppLogSeen, alarm: Alarm) -> Iterable[Finding]:
    """How long the push took by a line that says so; else by its own request line, written when it was over; else the
    time between the first and the last line about it; else how long one step of its request took. Another try of the
    same push is left out. Else the longest of what took as long as WeChat waits in those minutes."""
    late = [hit for hit in seen.hits if (hit.took or 0.0) >= SLOW_AFTER and _own(hit, seen, hit.took or 0.0)]
    near = [
        hit
        for hit in seen.hits
        if hit.time is not None and in_its_seconds(hit.time, seen.start) and hit.needle != "head" and not hit.again
    ]
    # The first one: with it that try was over, and what comes later may be of the next.
    over = next((hit for hit in seen.hits if hit.over and hit.needle in ("push", "id") and hit.time is not None), None)
    if over in near:
        near = near[: near.index(over) + 1]
    took = (near[-1].time or 0.0) - (near[0].time or 0.0) if near else 0.0
    stamp = alarm.sample.stamp or seen.start
    since = (over.time or 0.0) - stamp if over is not None and over is _first_line(seen, over) else 0.0
    said: dict[str, object]
    if late:
        # Its own line first, and of request lines the first: the same user's, and later ones, may be of the next try.
        hit = max(
            late,
            key=lambda one: (
                one.needle in ("push", "id"),
                not one.again,
                one.over,
                -(one.time or 0.0) if one.over else one.took or 0.0,
            ),
        )
        code, said = APP_LOG_SLOW, {"how": "line", "seconds": hit.took, "first": None, **_line(hit, True)}
    elif over is not None and WAIT <= since <= LONGEST_WAIT and (over.took or WAIT) >= SLOW_AFTER:
        # It may be that of a second try, whose first one left no line.
        hit, code = over, APP_LOG_SLOW.variant(basis=Basis.REPRODUCED)
        said = {"how": "over", "seconds": since, "first": None, "step": None, **_line(hit, True)}
    elif took >= SLOW_AFTER:
        hit, own = near[0], near[0].needle in OWN and near[-1].needle in OWN
        code = APP_LOG_SLOW.variant(basis=Basis.RECORDED if own else Basis.REPRODUCED)
        said = {"how": "span", "seconds": took, "first": near[0].place, **_line(near[-1], own)}
    else:
        # Of a request line the step is told only where the line itself was late.
        stepped = [one for one in near if one.needle in OWN and not one.over and (one.step_took or 0.0) >= SLOW_AFTER]
        if not stepped:
            quick = any(hit.took is not None or hit.over for hit in near if hit.needle in OWN)
            if not quick and (alarm.kind in LATE or not alarm.told):
                yield from _slow_then(seen)
            return
        hit = max(stepped, key=lambda one: (one.needle in ("push", "id"), one.step_took or 0.0))
        # That the line is of the same request, its thread or its id says, and no more.
        code = APP_LOG_SLOW.variant(basis=Basis.REPRODUCED)
        said = {"how": "step", "seconds": hit.step_took, "first": None, **_line(hit, _own(hit, seen))}
    if (step := _step(seen, hit)) and said["how"] not in ("step", "over"):
        said["how"] = f"{said['how']}-step"
    yield code(None, limit=WAIT, **(said | step))


def _slow_then(seen: AppLogSeen) -> Iterable[Finding]:
    """What took as long as WeChat waits in those minutes, whosever it was."""
    if seen.slow is not None:
        evidence = {"how": "minutes", "count": seen.slows, "seconds": seen.slow.took, "first": None}
        # By itself it explains nothing: any work in the background takes that long.
        code = dataclasses.replace(APP_LOG_SLOW.variant(basis=Basis.CONDITION), explains=())
        yield code(None, limit=WAIT, **evidence, **_line(seen.slow, False))


def _step(seen: AppLogSeen, of: AppHit) -> dict[str, object]:
    """What took longest in the request that a line is about, by the lines that have its tag."""
    same = [hit for hit in seen.hits if hit is of or (hit.tag is not None and hit.tag == of.tag)]
    longest = max(same, key=lambda hit: hit.step_took or 0.0)
    whole = (of.took or (of.time or 0.0) - seen.start) + APART if of.over else None
    if longest.step_took is None or longest.step_took < SLOW_AFTER or (whole is not None and longest.step_took > whole):
        return {}
    return {"step": longest.step, "step_place": longest.step_place, "step_took": longest.step_took}


CHECK = Check(
    id="app-log",
    codes=(
        APP_LOG_ERROR,
        APP_LOG_SLOW,
        APP_LOG_BANNED,
        APP_LOG_DROPPED,
        APP_LOG_STOPPED,
        APP_LOG_BEFORE,
        APP_LOG_ERRORS,
        APP_LOG_LINES,
        APP_LOG_SILENT,
        LOG_PARTLY_READ,
    ),
    observation=AppLogSeen,
    probe=probe,
    evaluate=evaluate,
    key=by_alarm,
    network=False,
    timeout=LONGEST,
    wants=("app_log",),
    runs=(ZSTD,),
    records=True,
)
