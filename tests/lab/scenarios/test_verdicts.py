"""Every scenario: the verdict names the injected fault, the saved case gives the same report with no network, and what
is shown of it keeps its promises: the schema, the width, no control character."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from importlib import resources

import jsonschema
import pytest
from rich.cells import cell_len

from wxalarm import cases
from wxalarm.checks import CHECKS
from wxalarm.diagnosis import contexts
from wxalarm.lab import SCENARIOS, Scenario
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import Finding, Report
from wxalarm.parser import parse
from wxalarm.render import json as json_format
from wxalarm.render import terminal
from wxalarm.render.redact import Redactor
from wxalarm.render.text import visible
from wxalarm.render.view import VERBATIM, view
from wxalarm.runner import Run
from wxalarm.verdict.links import EFFECTS

SCHEMA = jsonschema.Draft202012Validator(
    json.loads(resources.files("wxalarm.render").joinpath("schemas/report.json").read_text("utf-8"))
)


async def diagnosed(scenario: Scenario) -> tuple[list[Report], Sequence[Finding], str]:
    """The reports of a scenario, what could not be read in its alarm, and the saved case."""
    async with scenario.stage() as staged:
        parsed = parse(staged.text)
        ready = contexts(parsed.alarms, staged.settings, url=staged.url, resolve=staged.resolve)
        reports = await Run(ready, only=scenario.only).reports()
    return reports, parsed.problems, cases.to_text(reports, ready, parsed.problems)


CAUSES = {code.id for check in CHECKS for code in check.codes if code.explains} - EFFECTS
"""What can be why an alarm came."""

SLOW = {"syn-dropped", "handler-slow", "tls-late"}
"""What they show takes more than 3 s by its nature."""


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(s, id=s.name, marks=[pytest.mark.slow] if s.name in SLOW else []) for s in SCENARIOS],
)
def test_verdict_is_the_injected_fault(scenario: Scenario) -> None:
    reports, problems, saved = asyncio.run(diagnosed(scenario))
    assert reports, "the staged text holds no alarm"
    for report in reports:
        cause = report.cause and report.cause.finding.code.id
        assert cause == (scenario.code if scenario.code in CAUSES else None)
        assert scenario.code in {finding.code.id for result in report.results for finding in result.findings}

    case = cases.from_text(saved, "case.json")
    again = asyncio.run(Run(case.contexts, saved=case.outcome).reports())
    for lang in LANGUAGES:
        words = catalogue(lang)
        assert terminal.render(again, words) == terminal.render(reports, words)
        assert json_format.render(again, case.problems, words) == json_format.render(reports, problems, words)
        for shown in (reports, Redactor().reports(reports)):
            SCHEMA.validate(json.loads(json_format.render(shown, (), words)))
        for width in (40, 80, 120):
            fits(reports, words, width)
        for last in (False, True):
            is_read_in_five_seconds(reports, words, last=last)


def fits(reports: list[Report], words: Catalogue, width: int) -> None:
    """No line is wider than the terminal but those of commands, and there is nothing in it that a terminal acts on."""
    text = terminal.render(reports, words, width=width)
    assert text == visible(text, keep_newlines=True)
    whole = {
        visible(line)
        for report in reports
        for row in view(report, words).rows
        for finding in row.lines
        for part, _, body in finding.advice
        if part in VERBATIM
        for line in body.splitlines()
    }
    for line in text.splitlines():
        assert cell_len(line) <= width or any(line.endswith(command.rstrip()) for command in whole), line


PAGE = 24
"""Lines of a terminal: none of the demos needs more."""
NEAR = 12
"""Lines from the top of a pipe, or above the prompt, within which the whole answer stands."""
OPEN = re.compile(r"(?:^|[\s(（：:=])[?？](?=[\s,.;)，。；）]|$)|(?<!%)\{[a-z_]+(?::[^}]*)?\}|\bNone\b")
"""A value that nobody filled in."""
SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?]) +(?=[A-Z])")


def is_read_in_five_seconds(reports: list[Report], words: Catalogue, *, last: bool) -> None:
    """One page; the answer where the reader looks; no sentence twice; nothing left open."""
    text = terminal.render(reports, words, width=80, last=last)
    lines = text.splitlines()
    assert len(lines) <= PAGE, text
    heading = view(reports[0], words).cause
    begins = words.ui("cause_line", certainty="|", code="").split("|")[0] if heading else words.ui("no_cause")
    (place,) = [number for number, line in enumerate(lines) if line.startswith(begins)]
    advice = [f"  {words.ui(label)} " for label in ("do", "verify", "ask")]
    end = max(n for n, line in enumerate(lines) if n == place or line.startswith(tuple(advice)))
    assert len(lines) - place <= NEAR if last else end < NEAR, text
    assert not OPEN.search(text), OPEN.findall(text)
    wide = terminal.render(reports, words, width=2000, last=last)
    told = [part.strip() for line in wide.splitlines() for part in SENTENCE.split(line.strip())]
    twice = {part for part in told if told.count(part) > 1 and cell_len(part) > 20}
    assert not twice, twice


def test_every_scenario_has_its_words_and_no_name_twice() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    for lang in LANGUAGES:
        data = catalogue(lang).data.get("scenario", {})
        assert set(data) == set(names)
        assert all({"title", "story"} <= set(data[name]) for name in names)
