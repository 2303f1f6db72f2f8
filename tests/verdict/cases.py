"""The small cases of tests/fixtures/verdicts: an alarm, a line for each finding, and the verdict they must give."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.paths import FIXTURES
from wxalarm.checks import CHECKS
from wxalarm.model import (
    Alarm,
    AlarmKind,
    Basis,
    Cause,
    CheckResult,
    Finding,
    Reason,
    Report,
    Sample,
    Severity,
    Status,
    Target,
    status_of,
)
from wxalarm.verdict import cause, untold

BY_ID = {check.id: check for check in CHECKS}
DAY = 86_400.0


@dataclass(frozen=True)
class Small:
    """One case, and what is expected of it."""

    name: str
    expected: Mapping[str, Any]
    alarm: Alarm
    results: tuple[CheckResult, ...]
    age: float

    def verdict(self, results: Sequence[CheckResult] | None = None) -> Cause | None:
        return cause(self.alarm, self.results if results is None else results, BY_ID, self.age)

    def report(self) -> Report:
        missing = untold(self.alarm, self.results, BY_ID)
        return Report(self.alarm, Target(), self.results, self.verdict(), 1.0, missing, self.age)


def load() -> list[Small]:
    """All cases of all files."""
    return [
        _small(path.stem, table)
        for path in sorted((FIXTURES / "verdicts").glob("*.toml"))
        for table in tomllib.loads(path.read_text("utf-8"))["case"]
    ]


def _small(theme: str, table: Mapping[str, Any]) -> Small:
    given = dict(table["alarm"])
    days, kind = given.pop("days", 0), AlarmKind(given.pop("kind"))
    alarm = Alarm(kind=kind, appid="wx0000000000000001", sample=Sample(**given))
    results: dict[str, CheckResult] = {}
    for line in table.get("findings", ()):
        check, made = finding_of(line)
        before = results[check].findings if check in results else ()
        results[check] = CheckResult(check, status_of((*before, made)), (*before, made))
    for line in table.get("passed", ()):
        check, *addresses = line.split()
        results[check] = CheckResult(check, Status.PASS, (), {"addresses": addresses})
    for line in table.get("skipped", ()):
        check, reason = line.split()
        results[check] = CheckResult(check, Status.SKIP, (), None, Reason(reason))
    ordered = tuple(results[check.id] for check in CHECKS if check.id in results)
    assert len(ordered) == len(results), f"{table['name']}: a check that does not exist"
    return Small(f"{theme}: {table['name']}", table, alarm, ordered, days * DAY)


def finding_of(line: str) -> tuple[str, Finding]:
    """ "check code key=value …": a finding of that check; basis= and severity= make a variant of its code."""
    check, name, *pairs = line.split()
    evidence = {key: _value(value) for key, _, value in (pair.partition("=") for pair in pairs)}
    code = next((code for code in BY_ID[check].codes if code.id == name), None)
    assert code is not None, f"{check} has no code {name}"
    severity, basis = evidence.pop("severity", None), evidence.pop("basis", None)
    code = code.variant(severity=severity and Severity(severity), basis=basis and Basis(basis))
    return check, code(**evidence)


def _value(text: str) -> Any:
    if text.startswith("["):
        return [int(part) for part in text.strip("[]").split(",")]
    return int(text) if text.isdecimal() else text
