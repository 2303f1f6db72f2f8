"""The groups of alarm kinds: whole, and made in one place only."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.paths import ROOT
from wxalarm import kinds
from wxalarm.model import AlarmKind

HOME = ROOT / "wxalarm" / "kinds.py"


def groups(source: str) -> list[int]:
    """The lines on which a tuple, list or set names two kinds or more."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Tuple | ast.List | ast.Set)
        and sum(
            isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "AlarmKind"
            for each in node.elts
        )
        > 1
    ]


def test_every_kind_is_in_the_groups() -> None:
    assert set(kinds.ANY) == set(AlarmKind) - {AlarmKind.UNKNOWN}
    assert len(set(kinds.ANY)) == len(kinds.ANY)
    assert {kind for kind in AlarmKind if str(kind).startswith(("ticket-", "component-"))} == set(kinds.PLATFORM)
    assert {kind for kind in AlarmKind if str(kind).startswith("pay-")} == set(kinds.PAY)
    assert {kind for kind in AlarmKind if str(kind).startswith("dns-")} == set(kinds.NAME)
    assert {kind for kind in AlarmKind if str(kind).endswith("-timeout")} == {
        AlarmKind.DNS_TIMEOUT,
        *kinds.CONNECT,
        *kinds.LATE,
    }


def test_no_group_is_made_elsewhere() -> None:
    assert groups(HOME.read_text("utf-8")), "the search finds those of the home"
    found: dict[Path, list[int]] = {}
    for path in sorted((ROOT / "wxalarm").rglob("*.py")):
        if path != HOME and (lines := groups(path.read_text("utf-8"))):
            found[path.relative_to(ROOT)] = lines
    assert found == {}
