"""The verdict over small cases: the chain with its links and certainties, for, against, rivals, the exit code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verdict.cases import Small, load
from wxalarm.cli.report import exit_code

CASES = load()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict(case: Small) -> None:
    report, expected = case.report(), case.expected
    found: dict[str, Any] = {"chain": [], "rivals": [], "also": [], "for": [], "against": []}
    if (cause := report.cause) is not None:
        found["chain"] = [
            f"{step.finding.code.id} {step.certainty}" + (f" {step.link}/{step.tie}" if step.link else "")
            for step in cause.chain
        ]
        found["rivals"] = [" ".join(filter(None, (rival.finding.code.id, rival.tell))) for rival in cause.rivals]
        found["also"] = [finding.code.id for finding in cause.also]
        found["for"] = [finding.code.id for finding in cause.supports]
        found["against"] = list(cause.contradicts)
        root = expected.get("root", expected["chain"][-1].split()[0])
        assert cause.finding.code.id == root
    found["exit"] = exit_code([report])
    assert found == {name: expected.get(name, []) for name in found}
    if "untold" in expected:
        assert list(report.untold) == expected["untold"]


def test_there_are_enough_and_no_name_twice() -> None:
    names = [case.name for case in CASES]
    assert len(names) >= 80
    assert len(set(names)) == len(names)
