"""A report as words and plain values, for renderers that only lay them out (Markdown, HTML)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from wxalarm.kinds import CONNECT, NAME
from wxalarm.messages import Catalogue
from wxalarm.model import (
    BEIJING,
    VERDICT,
    WINDOW,
    Alarm,
    Certainty,
    Finding,
    Report,
    Rival,
    Severity,
    Status,
    Step,
    Target,
)
from wxalarm.patterns import later
from wxalarm.render.bars import bars, shares
from wxalarm.render.why import adviser, because, elsewhere, gaps, target_of
from wxalarm.verdict import OLD

WORD = {Status.PASS: "ok", Status.WARN: "warn", Status.FAIL: "fail", Status.SKIP: "skip", Status.UNKNOWN: "unknown"}
"""Keys of [ui] for the statuses."""
ADVICE = ("hint", "edit", "verify", "ask", "letter")
VERBATIM = ("edit", "verify", "letter")
"""To be copied as they stand: never wrapped."""
DAY = 86_400.0
_PLAIN = later(r"[0-9A-Za-z][0-9A-Za-z.:-]{0,252}")
"""A name or an address, whole and not masked."""


class Line(Struct, frozen=True):
    """One finding in words."""

    code: str
    severity: str
    title: str
    """The code in words, with the code behind it."""
    text: str
    advice: tuple[tuple[str, str, str], ...]
    """(part, label, text); one of VERBATIM is a command or a diff."""
    chart: tuple[str, ...] = ()
    """Lines of a histogram, when the evidence has `bars`."""
    shares: tuple[tuple[str, int, float], ...] = ()
    """The same as (label, count, share of the largest)."""


class Row(Struct, frozen=True):
    """One check in words."""

    check: str
    title: str
    status: str
    mark: str
    seconds: str
    reason: str
    lines: tuple[Line, ...]


class View(Struct, frozen=True):
    """One report in words."""

    summary: str
    url: str
    rows: tuple[Row, ...]
    certainty: str
    cause: Line | None
    without: tuple[str, str]
    """What stands in place of a cause: a heading and a sentence."""
    why: tuple[str, ...]
    """From what WeChat saw down to the cause; () when the cause is all that is known."""
    behind: tuple[str, ...]
    """What may stand behind the cause."""
    supports: tuple[str, ...]
    against: tuple[str, ...]
    rivals: tuple[str, ...]
    rivals_short: tuple[str, ...]
    """Likewise without their findings' sentences, which the rows have."""
    also: tuple[str, ...]
    age: str
    """A sentence on an alarm that is old; "" on a fresh one."""
    gaps: tuple[str, ...]
    """Checks that could have shown what explains the alarm and were not looked at, when the verdict is not certain."""
    not_checked: tuple[tuple[tuple[str, ...], str], ...]
    manual: tuple[str, ...]


def summary(alarm: Alarm, words: Catalogue) -> str:
    """One line: what, who, when, how often; without an alarm, which minutes were looked at."""
    if not alarm.told:
        if alarm.first_seen is None or alarm.window_end is None:
            return words.ui("without_alarm")
        seen = words.ui("without_alarm_window", begin=moment(alarm.first_seen, words), minutes=alarm.window_minutes)
        return " · ".join((words.ui("without_alarm"), seen))
    who = " ".join(part for part in (alarm.appid, alarm.nickname) if part) or words.ui("no_account")
    when = moment(alarm.first_seen, words) if alarm.first_seen else words.ui("no_time")
    parts = [words.kind(alarm.kind), who, when]
    if alarm.count is not None:
        parts.append(words.ui("times", count=alarm.count, window=alarm.window_minutes or WINDOW))
    if alarm.rate is not None and alarm.rate >= 1:
        parts.append(words.ui("rate", rate=alarm.rate))
    return " · ".join(parts)


def moment(time: datetime, words: Catalogue) -> str:
    """A time of an alarm, which is Beijing's and says so."""
    return words.ui("beijing", time=time.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"))


def duration(seconds: float, words: Catalogue) -> str:
    """Seconds with two digits behind the point; below 10 ms in milliseconds."""
    return words.ui("milliseconds", count=1000 * seconds) if seconds < 0.01 else words.ui("seconds", count=seconds)


def view(report: Report, words: Catalogue) -> View:
    """A report in the words of one language."""
    cause = report.cause
    return View(
        summary=summary(report.alarm, words),
        url=report.target.url or report.target.host or "",
        rows=tuple(
            Row(
                check=result.check,
                title=words.check(result.check),
                status=str(result.status),
                mark=words.ui(WORD[result.status]),
                seconds=duration(result.elapsed, words),
                reason=words.reason(result.reason) if result.reason else "",
                lines=tuple(_found(finding, report, words) for finding in result.findings),
            )
            for result in report.results
            if result.status is not Status.SKIP
        ),
        certainty=words.ui(cause.root.certainty) if cause else "",
        cause=_cause(report, words),
        without=without(report, words),
        why=tuple(_step(step, words) for step in cause.chain[: cause.depth]) if cause else (),
        behind=tuple(_step(step, words) for step in cause.behind) if cause else (),
        supports=grouped(cause.supports, words) if cause else (),
        against=tuple(words.ui("passed_too", check=words.check(check)) for check in cause.contradicts) if cause else (),
        rivals=tuple(_rival(rival, report, words) for rival in cause.rivals) if cause else (),
        rivals_short=tuple(_rival(rival, report, words, text="") for rival in cause.rivals) if cause else (),
        also=grouped(cause.also, words) if cause else (),
        age=words.ui("old" if report.alarm.told else "old_minutes", days=round(report.age / DAY))
        if report.age is not None and report.age > OLD
        else "",
        gaps=_gaps(report, words),
        not_checked=not_checked(report, words),
        manual=tuple(words.steps(report.alarm.kind)) if report.alarm.told else (),
    )


def without(report: Report, words: Catalogue) -> tuple[str, str]:
    """What is said where there is no cause: that none was found, or why nobody can tell."""
    late = next((result.reason for result in report.results if result.check == VERDICT), None)
    if late is not None:
        return words.ui("no_verdict"), words.reason(late)
    if not report.untold and not report.alarm.told:
        return words.ui("no_cause"), words.ui("nothing_wrong_text")
    return words.ui("no_cause"), _untold(report, words) if report.untold else words.ui("no_cause_text")


def _untold(report: Report, words: Catalogue) -> str:
    """What is said where something was not looked at that could explain the alarm: before it, what its kind alone tells
    to look at."""
    alarm, ip = report.alarm, report.alarm.sample.ip or ""
    target = report.target.host or ""
    host = alarm.sample.host or (target if target in (alarm.sample.url or "") else "")
    if alarm.kind in NAME and _PLAIN.fullmatch(host) and "dns-resolve" in report.untold:
        return words.ui("untold_name", host=host)
    if alarm.kind in CONNECT and _PLAIN.fullmatch(ip) and "tcp-connect" in report.untold:
        return words.ui("untold_connect", ip=ip)
    return words.ui("untold_text")


def _found(finding: Finding, report: Report, words: Catalogue) -> Line:
    """A finding of a check in words. Where the server is somebody else's, its only advice stands with the cause."""
    said = line(finding, words, report.target)
    return replace(said, advice=()) if elsewhere(adviser(report)) else said


def _cause(report: Report, words: Catalogue) -> Line | None:
    """The root in words, with the advice that is good for whoever reads it."""
    advice = adviser(report)
    if report.cause is None or advice is None:
        return None
    return replace(line(report.cause.finding, words, report.target), advice=line(advice, words, report.target).advice)


def _step(step: Step, words: Catalogue) -> str:
    text = words.finding(step.finding, "text")
    return words.ui("because", text=text, why=why) if (why := because(step, words)) else text


def _rival(rival: Rival, report: Report, words: Catalogue, text: str | None = None) -> str:
    title = words.heading(rival.finding.code)
    text = words.finding(rival.finding, "text") if text is None else text
    said = words.ui("rival_text", code=title, text=text) if text else title + words.ui("full_stop")
    if rival.tell is None:
        return said
    reason = next((result.reason for result in report.results if result.check == rival.tell), None)
    bring = words.bring(reason) if reason else ""
    check = words.check(rival.tell) + (words.ui("bring", bring=bring) if bring else "")
    return words.ui("rival_tell", said=said, check=check)


def _gaps(report: Report, words: Catalogue) -> tuple[str, ...]:
    """The checks that were not looked at, each reason with what brings it; none under a cause that is likely."""
    if report.cause is not None and report.cause.root.certainty is not Certainty.POSSIBLE:
        return ()
    comma = words.ui("list_comma")
    return tuple(
        words.ui("checks_reason", checks=comma.join(checks), reason=bring or reason)
        for checks, reason, bring in gaps(report, words)
    )


def line(finding: Finding, words: Catalogue, target: Target) -> Line:
    """A finding in words; a note has no advice."""
    advice = tuple(
        (part, words.ui({"hint": "do"}.get(part, part)), text)
        for part in ADVICE
        if finding.code.severity is not Severity.NOTE and (text := words.finding(finding, part, target_of(target)))
    )
    pairs = finding.evidence.get("bars", ())
    title = words.heading(finding.code)
    return Line(
        finding.code.id,
        str(finding.code.severity),
        title,
        words.finding(finding, "text"),
        advice,
        bars(pairs),
        shares(pairs),
    )


def grouped(findings: Sequence[Finding], words: Catalogue) -> tuple[str, ...]:
    """One line a code: its first text, and how many more."""
    groups: dict[str, list[str]] = {}
    for finding in findings:
        groups.setdefault(words.heading(finding.code), []).append(words.finding(finding, "text"))
    return tuple(
        words.ui("rival_text", code=title, text=texts[0]) + (f" (+{len(texts) - 1})" if len(texts) > 1 else "")
        for title, texts in groups.items()
    )


def not_checked(report: Report, words: Catalogue) -> tuple[tuple[tuple[str, ...], str], ...]:
    """(checks, reason): what was skipped, by reason; never folded into the passes. A file that was given in vain comes
    first, then what matters, then what is most. What the user left out is known."""
    by_reason: dict[str, list[str]] = {}
    in_vain = set()
    for result in report.results:
        if result.status is Status.SKIP and result.reason is not None and result.reason.id != "not-selected":
            said = words.reason(result.reason)
            by_reason.setdefault(said, []).append(result.check)
            if "path" in result.reason.values:
                in_vain.add(said)
    groups = sorted(
        by_reason.items(),
        key=lambda one: (one[0] not in in_vain, not set(one[1]) & set(report.untold), -len(one[1])),
    )
    return tuple((tuple(map(words.check, checks)), reason) for reason, checks in groups)


def counts(reports: Sequence[Report], words: Catalogue) -> str:
    """How many checks ended how, over all reports."""
    found = dict.fromkeys(Status, 0)
    for report in reports:
        for result in report.results:
            found[result.status] += 1
    return words.ui(
        "counts",
        passed=found[Status.PASS],
        warned=found[Status.WARN],
        failed=found[Status.FAIL],
        skipped=found[Status.SKIP],
        unknown=found[Status.UNKNOWN],
    )
