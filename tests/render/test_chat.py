"""A few lines for a group chat, word for word."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.incidents.night import night
from tests.paths import ROOT
from tests.render.test_golden_reports import REPORTS, report_of
from tests.render.test_handoff import TO, golden
from wxalarm.incidents import Fold, overview
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.parser import parse
from wxalarm.render import chat
from wxalarm.render.incidents import page_of
from wxalarm.render.redact import Redactor

GOLDEN = ROOT / "tests" / "golden" / "chat"
RAW = re.compile(r"^\s*(#|[*+-] |>|```|\|)|\*\*|__|\t|\x1b")
"""What Markdown means and a chat shows as it is; what a chat aligns otherwise."""


def right(text: str) -> None:
    lines = text.splitlines()
    assert 2 <= len(lines) <= chat.MOST
    for line in lines:
        assert line == line.strip()
        assert not RAW.search(line), line


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", TO)
def test_verdict(name: str, lang: str) -> None:
    (report,) = Redactor(b"k" * 32).reports([report_of(REPORTS[name])])
    text = chat.render([report], catalogue(lang))
    right(text)
    golden(GOLDEN, f"{name}.{lang}.txt", text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_night(lang: str) -> None:
    fold = Fold()
    for alarm in parse(night(900, accounts=300).text).alarms:
        fold.add(alarm)
    text = chat.render([], catalogue(lang), page_of(overview(fold, {}), []))
    right(text)
    golden(GOLDEN, f"night.{lang}.txt", text)


def test_no_golden_file_is_left_over() -> None:
    for folder, more in ((GOLDEN, {"night"}), (ROOT / "tests" / "golden" / "handoff", {"nothing-found"})):
        assert {path.name.split(".")[0] for path in folder.iterdir()} == {*TO, *more}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", TO)
def test_the_answer_alone_stands_in_the_chat_as_it_is(name: str, lang: str) -> None:
    """The heartbeat's message has it, too."""
    report, words = report_of(REPORTS[name]), catalogue(lang)
    assert "\n".join(chat.answer(report, words)) in chat.render([report], words)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_warning_that_explains_no_alarm_is_told_in_place_of_a_cause(lang: str) -> None:
    report, words = replace(report_of(REPORTS["certificate-expired"]), cause=None), catalogue(lang)
    finding = next(finding for result in report.results for finding in result.findings)
    lines = chat.answer(report, words, finding)
    assert lines[0] == words.heading(finding.code)
    assert lines[1] == words.finding(finding, "text")
    assert chat.answer(report, words)[0].startswith(words.ui("no_cause"))
