"""Reports as JSON, mapped by hand: the schema wxalarm.report/2 is a promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wxalarm.model import CheckResult, Finding, Report, Status, Target
from wxalarm.records import alarm_record, dump, location_record, plain
from wxalarm.render.why import adviser, because, target_of

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue
    from wxalarm.render.incidents import Page

REPORT_SCHEMA = "wxalarm.report/2"


def render(
    reports: Sequence[Report],
    problems: Sequence[Finding],
    words: Catalogue,
    settings: Mapping[str, Any] | None = None,
    page: Page | None = None,
    run: Mapping[str, Any] | None = None,
) -> str:
    """`diagnose --format json`."""
    return dump(document(reports, problems, words, settings, page, run))


def document(
    reports: Sequence[Report],
    problems: Sequence[Finding],
    words: Catalogue,
    settings: Mapping[str, Any] | None = None,
    page: Page | None = None,
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document of `diagnose --format json` as plain data. settings: the record of where they came from; page: what
    all alarms come to; run: by which version, when, where and how long."""
    if page is None:
        from wxalarm.render.incidents import page_from  # `parse` writes findings too, and has no incidents

        page = page_from(reports)
    places = {id(report): place for place, report in enumerate(reports)}
    return {
        "schema": REPORT_SCHEMA,
        "run": run,
        "overview": {name: value for name, value in page.items() if name != "incidents"},
        "incidents": page["incidents"],
        "reports": [_report(report, words, places) for report in reports],
        "problems": [finding_record(problem, words) for problem in problems],
        "configuration": settings,
    }


def finding_record(finding: Finding, words: Catalogue, target: Target | None = None) -> dict[str, Any]:
    """A finding with its words. target: that of the report it stands in."""
    return {
        "code": finding.code.id,
        "severity": str(finding.code.severity),
        "basis": str(finding.code.basis),
        "text": words.finding(finding, "text"),
        "hint": words.finding(finding, "hint"),
        "verify": words.finding(finding, "verify", target_of(target) if target else None),
        "evidence": dict(finding.evidence),
        "location": location_record(finding.location),
    }


def _report(report: Report, words: Catalogue, places: Mapping[int, int]) -> dict[str, Any]:
    return {
        "alarm": alarm_record(report.alarm),
        "target": _target(report.target),
        "status": str(report.status),
        "cause": _cause(report, words),
        "results": [_result(result, words, report.target) for result in report.results],
        "not_checked": [
            {
                "check": result.check,
                "reason": words.reason(result.reason) if result.reason else "",
                "matters": result.check in report.untold,
                "bring": words.bring(result.reason) if result.reason else "",
            }
            for result in report.results
            if result.status in (Status.SKIP, Status.UNKNOWN)
        ],
        "age": report.age,
        "elapsed": round(report.elapsed, 3),
        # Only in a crowd: the place in `reports` of the alarm that was diagnosed for all that say the same.
        **({} if report.example is None else {"example": places[id(report.example)]}),
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "url": target.url,
        "scheme": target.scheme,
        "host": target.host,
        "port": target.port,
        "path": target.path,
        "alarm_ip": target.alarm_ip,
    }


def _cause(report: Report, words: Catalogue) -> dict[str, Any] | None:
    cause, advice = report.cause, adviser(report)
    if cause is None or advice is None:
        return None
    finding = cause.finding
    return {
        "code": finding.code.id,
        "certainty": str(cause.root.certainty),
        "text": words.finding(finding, "text"),
        "hint": words.finding(advice, "hint"),
        "verify": words.finding(advice, "verify", target_of(report.target)),
        "ask": words.finding(advice, "ask"),
        "evidence": dict(finding.evidence),
        "chain": [
            {
                "code": step.finding.code.id,
                "text": words.finding(step.finding, "text"),
                "link": because(step, words) or None,
                "certainty": str(step.certainty),
            }
            for step in cause.chain
        ],
        "for": [_brief(finding, words) for finding in cause.supports],
        "against": [
            {"check": check, "text": words.ui("passed_too", check=words.check(check))} for check in cause.contradicts
        ],
        "rivals": [{**_brief(rival.finding, words), "tell": rival.tell} for rival in cause.rivals],
        "also": [_brief(finding, words) for finding in cause.also],
    }


def _brief(finding: Finding, words: Catalogue) -> dict[str, Any]:
    return {"code": finding.code.id, "text": words.finding(finding, "text")}


def _result(result: CheckResult, words: Catalogue, target: Target) -> dict[str, Any]:
    return {
        "check": result.check,
        "status": str(result.status),
        "reason": words.reason(result.reason) if result.reason else None,
        "elapsed": round(result.elapsed, 3),
        "findings": [finding_record(finding, words, target) for finding in result.findings],
        "observation": plain(result.observation),
    }
