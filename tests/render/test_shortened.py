"""A shortened report is short whatever came in, keeps what the report is about, and says that it is shortened."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest

from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import (
    REPORT,
    Alarm,
    AlarmKind,
    Basis,
    Cause,
    Certainty,
    CheckResult,
    Code,
    Reason,
    Report,
    Sample,
    Severity,
    Status,
    Step,
    Target,
)
from wxalarm.render import html, markdown, terminal
from wxalarm.render import json as json_format
from wxalarm.render.redact import Redactor
from wxalarm.render.shortened import shortened

BROKEN = Code("http-status", Severity.ERROR, Basis.REPRODUCED, (AlarmKind.INVALID_RESPONSE,))
LATE = Reason("shortened-late", {"limit": 30.0})
HUGE = "x" * 1_000_000


def report() -> Report:
    deep: object = HUGE
    for _ in range(500):
        deep = [deep]
    finding = BROKEN(
        status=502, text=HUGE, many=list(range(100_000)), deep=deep, pairs={f"a{n}": HUGE for n in range(99)}
    )
    alarm = Alarm(AlarmKind.INVALID_RESPONSE, nickname=HUGE, count=7, sample=Sample(response_content=HUGE))
    results = (
        CheckResult("http-request", Status.FAIL, (finding,) * 1000, {"body": HUGE}),
        CheckResult("ping", Status.SKIP, reason=Reason("needs", {"check": "dns-resolve"})),
    )
    cause = Cause((Step(finding, "http-request", Certainty.LIKELY),), supports=(finding,) * 1000)
    return Report(alarm, Target(host="wx.example.com"), results, cause, 1.5)


def test_it_is_short_and_keeps_the_verdict() -> None:
    one = report()
    (made,) = shortened([one], LATE)
    assert len(repr(made)) < 1_000_000
    assert [(result.check, result.status) for result in made.results] == [
        ("http-request", Status.FAIL),
        ("ping", Status.SKIP),
        (REPORT, Status.UNKNOWN),
    ]
    assert made.cause is not None
    assert (made.cause.finding.code, made.cause.finding.evidence["status"]) == (BROKEN, 502)
    assert (made.alarm.kind, made.alarm.count, made.status) == (one.alarm.kind, 7, Status.FAIL)


def test_what_stands_behind_an_example_still_does() -> None:
    one = report()
    other = Report(one.alarm, one.target, (), one.cause, one.elapsed, example=one)
    made = shortened([other, one], LATE)
    assert made[0].example is made[1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_format_says_so(lang: str) -> None:
    words = catalogue(lang)
    reports = Redactor().reports(shortened([report()], LATE))
    said = words.reason(LATE)
    assert said in terminal.render(reports, words, width=200)
    assert said in markdown.render(reports, words).replace("\\", "")
    assert said in html.render(reports, words)
    document = json.loads(json_format.render(reports, [], words))
    schema = json.loads(resources.files("wxalarm.render").joinpath("schemas/report.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    assert (REPORT, said) in [(gap["check"], gap["reason"]) for gap in document["reports"][0]["not_checked"]]
