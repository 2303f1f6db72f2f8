"""Adding a check touches its module, CHECKS, both catalogues, its fixtures and the playbooks: what was forgotten?

A fixture is tests/fixtures/observations/<check>/<case>.json:
{"alarm": {fields of Alarm, sample nested}, "settings": {wxalarm.toml tables}, "target": {...}, "now": ISO time,
 "observed": {other check: observation}, "observation": ...,
 "findings": [{"code": "tcp-refused", "severity": "error", "basis": "reproduced", "evidence": {…}}]}.
"findings" is exactly what evaluate gives, in any order, with its "location" in a file; "skip": {"id": reason,
"values": {…}} is why it gives up. UPDATE_FINDINGS=1 writes them anew, for a reader of the diff to judge.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

import wxalarm.checks
from tests.paths import FIXTURES
from tests.support import context_of, stated
from wxalarm.checks import CHECKS, RENAMED
from wxalarm.checks.check import Check, Skip
from wxalarm.messages import LANGUAGES, MESSAGES, Catalogue, _Lenient, catalogue
from wxalarm.model import AlarmKind, Finding
from wxalarm.playbooks import PLAYBOOKS
from wxalarm.records import plain

FOLDER = FIXTURES / "observations"
CASES = sorted(FOLDER.glob("*/*.json"))
BY_ID = {check.id: check for check in CHECKS}
MISSING = "\ufffc"
NOTHING: tuple[Any, ...] = (None, "", "-", "?", [], (), ["-"])
"""What a report would say as "?" or not at all."""
NAMES = ("host_files", "host_when")
"""Tables with words for some values, where others are names."""


def findings_of(case: dict[str, Any], check: Check[Any]) -> list[Finding]:
    """What the check finds in a case."""
    return judged(case, check)[0]


def judged(case: dict[str, Any], check: Check[Any]) -> tuple[list[Finding], dict[str, Any] | None]:
    """What the check finds in a case, and why it gives up."""
    observed = {
        name: msgspec.convert(value, BY_ID[name].observation) for name, value in case.get("observed", {}).items()
    }
    observation: Any = msgspec.convert(case["observation"], check.observation)
    found: list[Finding] = []
    try:
        found.extend(check.evaluate(observation, context_of(case, observed)))
    except Skip as skip:
        return found, {"id": skip.reason.id, "values": json.loads(json.dumps(plain(dict(skip.reason.values))))}
    return found, None


def in_order(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(findings, key=lambda finding: json.dumps(finding, sort_keys=True))


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case_gives_exactly_its_findings(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    check = BY_ID[path.parent.name]
    found, skip = judged(case, check)
    if os.environ.get("UPDATE_FINDINGS"):
        case["findings"] = [stated(finding) for finding in found]
        case |= {"skip": skip} if skip else {}
        path.write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert in_order([stated(finding) for finding in found]) == in_order(case["findings"])
    assert {f.code.id for f in found} <= {code.id for code in check.codes}, "a finding that `codes` does not name"
    assert skip == case.get("skip")


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_findings_are_said_in_both_languages_without_gaps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part of every sentence: no placeholder that no evidence fills, or fills with what stands for nothing. Where
    there may be nothing, a table says so: {value:@given}."""
    said_as = _Lenient.format_field

    def told(self: _Lenient, value: Any, spec: str) -> str:
        return MISSING if value in NOTHING else said_as(self, value, spec)

    monkeypatch.setattr(_Lenient, "get_value", lambda self, key, args, values: values.get(key, MISSING))
    monkeypatch.setattr(_Lenient, "format_field", told)
    found_in = Catalogue._words

    def worded(self: Catalogue, table: str, value: Any) -> str | None:
        words = found_in(self, table, value)
        shown_as_it_is = table in NAMES or set(self.data["words"].get(table, ())) <= {"", "None"}
        return MISSING if words is None and (table in MESSAGES or not shown_as_it_is) else words

    monkeypatch.setattr(Catalogue, "_words", worded)
    found = findings_of(json.loads(path.read_text("utf-8")), BY_ID[path.parent.name])
    for words in map(catalogue, LANGUAGES):
        for finding in found:
            for part in ("text", "hint", "verify", "ask", "letter"):
                said = words.finding(finding, part)
                assert MISSING not in said, f"{finding.code.id}, {part}: {said}"
                assert "{" not in said or "{" in json.dumps(stated(finding)["evidence"]) or part == "verify", said


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_every_code_has_a_case_that_fires_and_one_that_does_not(check: Check[Any]) -> None:
    cases = [
        {finding["code"] for finding in json.loads(path.read_text("utf-8"))["findings"]}
        for path in CASES
        if path.parent.name == check.id
    ]
    assert cases, f"no fixture in {FOLDER / check.id}"
    for code in {code.id for code in check.codes}:
        assert any(code in codes for codes in cases), f"{code}: no case fires it"
        assert any(code not in codes for codes in cases), f"{code}: no case stays quiet"


def test_every_check_module_is_registered_once_and_named_as_its_check() -> None:
    found = {}
    for module in pkgutil.walk_packages(wxalarm.checks.__path__, "wxalarm.checks."):
        loaded = importlib.import_module(module.name)
        own = [value for name, value in vars(loaded).items() if isinstance(value, Check) and name.isupper()]
        if own and not module.ispkg:
            (check,) = own
            found[check.id] = module.name
    assert set(found) == {check.id for check in CHECKS}
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    for identity, name in found.items():
        assert name.split(".")[2:][1:] == [identity.replace("-", "_")], f"{identity}: in a room, by its own name"
        assert importlib.import_module(name).__doc__, f"{identity}: its module says what it looks at, and why"


def test_every_check_stands_beside_its_helpers_in_a_room() -> None:
    top = {module.name for module in pkgutil.iter_modules(wxalarm.checks.__path__) if not module.ispkg}
    assert top == {"check", "is_this_server", "scope", "timing", "urls"}, "only what all rooms share"


def test_every_check_is_in_a_playbook_and_every_kind_has_one() -> None:
    used = {check.id for playbook in PLAYBOOKS.values() for check in playbook.checks}
    used |= {other.id for check in CHECKS if check.id in used for other in (*check.needs, *check.uses)}
    assert used == {check.id for check in CHECKS}
    assert set(PLAYBOOKS) == set(AlarmKind)


def test_a_name_that_a_code_had_is_another_codes_neither_now_nor_ever() -> None:
    known = {code.id for check in CHECKS for code in check.codes}
    assert set(RENAMED).isdisjoint(known)
    assert set(RENAMED.values()) <= known


def test_needs_stand_before_their_users() -> None:
    order = [check.id for check in CHECKS]
    for check in CHECKS:
        for other in (*check.needs, *check.uses):
            assert order.index(other.id) < order.index(check.id), f"{check.id} before {other.id}"
