"""Records and reports as JSON, mapped by hand: the schemas wxalarm.alarms/1 and wxalarm.report/1 are promises."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wxalarm.model import Alarm, Cause, CheckResult, Finding, Location, Report, Sample, Status, Target

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

REPORT_SCHEMA = "wxalarm.report/1"


def render(reports: Sequence[Report], problems: Sequence[Finding], words: Catalogue) -> str:
    """`diagnose --format json`."""
    return dump(document(reports, problems, words))


def dump(value: Any) -> str:
    """JSON for people and programs; what must not reach a terminal is escaped."""
    return escape(json.dumps(value, ensure_ascii=False, indent=1, default=_plain)) + "\n"


# What json leaves as it is and a terminal acts on or an encoder refuses: DEL, C1, bidirectional controls, surrogates.
_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def escape(text: str) -> str:
    r"""JSON text with every character spelled out (\\u009b) that must not reach a terminal or cannot be encoded."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def document(reports: Sequence[Report], problems: Sequence[Finding], words: Catalogue) -> dict[str, Any]:
    """The document of `diagnose --format json` as plain data."""
    places = {id(report): place for place, report in enumerate(reports)}
    return {
        "schema": REPORT_SCHEMA,
        "reports": [_report(report, words, places) for report in reports],
        "problems": [finding_record(problem, words) for problem in problems],
    }


def alarm_record(alarm: Alarm) -> dict[str, Any]:
    """An alarm with the fields of `Alarm`, by those names."""
    return {
        "kind": str(alarm.kind),
        "appid": alarm.appid,
        "nickname": alarm.nickname,
        "first_seen": alarm.first_seen.isoformat() if alarm.first_seen else None,
        "description": alarm.description,
        "window_minutes": alarm.window_minutes,
        "count": alarm.count,
        "sample": None if alarm.sample == Sample() else sample_record(alarm.sample),
        "guide_url": alarm.guide_url,
        "location": location_record(alarm.location),
    }


def sample_record(sample: Sample) -> dict[str, Any]:
    """A sample with the fields of `Sample`, by those names."""
    return {
        "openid": sample.openid,
        "stamp": sample.stamp,
        "outer_ip": sample.outer_ip,
        "url": sample.url,
        "ip": sample.ip,
        "host": sample.host,
        "msg_type": sample.msg_type,
        "msg": sample.msg,
        "event": sample.event,
        "http_code": sample.http_code,
        "curl_error": sample.curl_error,
        "decrypt_failed": sample.decrypt_failed,
        "response_length": sample.response_length,
        "response_content": sample.response_content,
        "response_truncated": sample.response_truncated,
        "platform": sample.platform,
        "transaction_id": sample.transaction_id,
        "extra": dict(sample.extra),
    }


def location_record(location: Location | None) -> dict[str, Any] | None:
    """A location by its fields, or None."""
    if location is None:
        return None
    return {
        "path": location.path,
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
    }


def finding_record(finding: Finding, words: Catalogue) -> dict[str, Any]:
    """A finding with its words."""
    return {
        "code": finding.code.id,
        "severity": str(finding.code.severity),
        "basis": str(finding.code.basis),
        "text": words.finding(finding, "text"),
        "hint": words.finding(finding, "hint"),
        "verify": words.finding(finding, "verify"),
        "evidence": dict(finding.evidence),
        "location": location_record(finding.location),
    }


def _report(report: Report, words: Catalogue, places: Mapping[int, int]) -> dict[str, Any]:
    return {
        "alarm": alarm_record(report.alarm),
        "target": _target(report.target),
        "status": str(report.status),
        "cause": _cause(report.cause, words),
        "results": [_result(result, words) for result in report.results],
        "not_checked": [
            {"check": result.check, "reason": words.reason(result.reason) if result.reason else ""}
            for result in report.results
            if result.status in (Status.SKIP, Status.UNKNOWN)
        ],
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


def _cause(cause: Cause | None, words: Catalogue) -> dict[str, Any] | None:
    if cause is None:
        return None
    finding = cause.finding
    return {
        "code": finding.code.id,
        "certainty": finding.code.basis.certainty,
        "text": words.finding(finding, "text"),
        "hint": words.finding(finding, "hint"),
        "verify": words.finding(finding, "verify"),
        "evidence": dict(finding.evidence),
    }


def _result(result: CheckResult, words: Catalogue) -> dict[str, Any]:
    return {
        "check": result.check,
        "status": str(result.status),
        "reason": words.reason(result.reason) if result.reason else None,
        "elapsed": round(result.elapsed, 3),
        "findings": [finding_record(finding, words) for finding in result.findings],
        "observation": plain(result.observation),
    }


def plain(value: Any) -> Any:
    """Observations as what JSON can hold."""
    import msgspec

    return msgspec.to_builtins(value)


def _plain(value: Any) -> Any:
    """json's last resort for evidence: enums, tuples of dataclasses, datetimes."""
    return dict(value) if isinstance(value, Mapping) else plain(value)
