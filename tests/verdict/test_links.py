"""The table of links: its codes exist, it has no circle, and every link has a case in which it holds and one in which
its tie is missing."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest

from tests.verdict.cases import BY_ID, load
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Finding, Severity
from wxalarm.verdict.chain import holds
from wxalarm.verdict.links import EFFECTS, LINKS, WHOSE, Link, causes_of, effects_of
from wxalarm.verdict.ties import SAME_MACHINE

CODES = {code.id: code for check in BY_ID.values() for code in check.codes}
WORSE = {code.id for check in BY_ID.values() for code in check.codes if code.severity is not Severity.NOTE}
CASES = load()
NAMED = sorted({(link.id, link.tie.id) for link in LINKS})


def test_every_code_of_the_table_exists_and_can_be_a_step() -> None:
    named = {code for link in LINKS for code in (*link.effects, *link.causes)} | EFFECTS | {WHOSE}
    assert named - set(CODES) == set()
    assert named - WORSE == set(), "a note is never a step"


def test_no_effect_of_an_alarm_is_a_cause() -> None:
    assert {code for link in LINKS for code in link.causes} & (EFFECTS | {WHOSE}) == set()


def test_nothing_makes_itself() -> None:
    behind: dict[str, set[str]] = {}
    for link in LINKS:
        for effect in link.effects:
            behind.setdefault(effect, set()).update(set(link.causes) - {effect})
    TopologicalSorter(behind).prepare()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_link_and_tie_has_its_words(lang: str) -> None:
    words = catalogue(lang)
    assert set(words.data["link"]) == {link.id for link in LINKS}
    assert set(words.data["tie"]) == {link.tie.id for link in LINKS}


def links_named(name: tuple[str, str]) -> list[Link]:
    return [link for link in LINKS if (link.id, link.tie.id) == name]


@pytest.mark.parametrize("name", NAMED, ids="/".join)
def test_a_case_in_which_it_holds(name: tuple[str, str]) -> None:
    cases = [case.verdict() for case in CASES]
    assert any((step.link, step.tie) == name for cause in cases if cause for step in cause.chain)


@pytest.mark.parametrize("name", [one for one in NAMED if one[1] != SAME_MACHINE.id], ids="/".join)
def test_a_case_in_which_the_tie_is_missing(name: tuple[str, str]) -> None:
    """Both findings are there, and the link is not. What is found on this machine needs no other tie."""

    def there(link: Link, findings: list[Finding]) -> bool:
        pairs = [
            (effect, cause)
            for effect in findings
            for cause in findings
            if effect.code.id in link.effects and cause.code.id in link.causes
        ]
        return bool(pairs) and not any(holds(link, effect, cause) for effect, cause in pairs)

    all_findings = [[finding for result in case.results for finding in result.findings] for case in CASES]
    assert any(there(link, findings) for link in links_named(name) for findings in all_findings)


def test_both_ways_of_reading_the_table_agree() -> None:
    down = {(effect, link.id, cause) for effect in CODES for link, cause in causes_of(effect)}
    up = {(effect, link.id, cause) for cause in CODES for link, effect in effects_of(cause)}
    assert down == up
    assert ("tcp-timeout", "moved", "dns-ip-moved") in down
