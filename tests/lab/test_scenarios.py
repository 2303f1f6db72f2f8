"""Every scenario: the verdict names the injected fault, and the saved case gives the same report with no network."""

from __future__ import annotations

import asyncio

import pytest

from wxalarm import cases
from wxalarm.diagnosis import contexts
from wxalarm.lab import SCENARIOS, Scenario
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Report
from wxalarm.parser import parse
from wxalarm.render import terminal
from wxalarm.runner import Run


async def diagnosed(scenario: Scenario) -> tuple[list[Report], str]:
    """The reports of a scenario, and the saved case."""
    async with scenario.stage() as staged:
        ready = contexts(parse(staged.text).alarms, staged.settings, url=staged.url, resolve=staged.resolve)
        reports = await Run(ready, only=scenario.only).reports()
    return reports, cases.to_text(reports, ready)


SLOW = {"syn-dropped", "handler-slow"}
"""What they show takes more than 3 s by its nature."""


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(s, id=s.name, marks=[pytest.mark.slow] if s.name in SLOW else []) for s in SCENARIOS],
)
def test_verdict_is_the_injected_fault(scenario: Scenario) -> None:
    reports, saved = asyncio.run(diagnosed(scenario))
    assert reports, "the staged text holds no alarm"
    for report in reports:
        assert report.cause is not None
        assert report.cause.finding.code.id == scenario.code

    case = cases.from_text(saved, "case.json")
    again = asyncio.run(Run(case.contexts, saved=case.outcome).reports())
    for lang in LANGUAGES:
        assert terminal.render(again, catalogue(lang)) == terminal.render(reports, catalogue(lang))


def test_every_scenario_has_its_words_and_no_name_twice() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    for lang in LANGUAGES:
        data = catalogue(lang).data.get("scenario", {})
        assert set(data) == set(names)
        assert all({"title", "story"} <= set(data[name]) for name in names)
