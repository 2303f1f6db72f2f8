"""`make mutants`: what docs/testing-mutants.md says of changes fits the code; the operators change what they mean."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from mutants.known import explained, listed
from mutants.rooms import LEFT_OUT, ROOMS, Needs, mirror, watched_by
from tests.paths import FIXTURES, ROOT

CASE = re.compile(r"tests/checks/test_registry\.py::test_case_gives_exactly_its_findings\[([\w-]+/[\w-]+)\]")


def test_each_of_the_twenty_changes_can_be_made_in_one_place_and_names_a_case() -> None:
    code = [path.read_text("utf-8") for path in (ROOT / "wxalarm" / "checks").rglob("*.py")]
    checks = set()
    for change in listed():
        places = sum(len(re.findall(rf"(?<!\w){re.escape(change.old)}(?!\w)", text)) for text in code)
        assert places == 1, change.old
        assert change.old != change.new
        case = CASE.fullmatch(change.test)
        assert case is not None, change.test
        assert (FIXTURES / "observations" / f"{case[1]}.json").is_file(), change.test
        checks.add(case[1].partition("/")[0])
    assert len(listed()) == len(checks) == 20, "one a check"


def test_what_is_explained_still_stands_in_the_code() -> None:
    for file, change in explained():
        text = " ".join((ROOT / file).read_text("utf-8").split())
        assert change.old in text, f"{file}: {change.old}"
        assert change.scope.rpartition(".")[2] in text, f"{file}: {change.scope}"


def test_every_room_has_code_and_tests_and_nothing_is_left_out_in_vain() -> None:
    for name, room in ROOMS.items():
        files = list(room.files(ROOT))
        assert files, name
        for file in files:
            assert watched_by(room, file, ROOT), file
    for path in LEFT_OUT:
        assert (ROOT / path).is_file(), path
    assert not [file for room in ROOMS.values() for file in room.files(ROOT) if "probes" in file.parts]


def test_every_test_that_a_room_names_is_there() -> None:
    assert [name for room in ROOMS.values() for name in room.tests if not (ROOT / name).exists()] == []


def test_who_imports_a_module_at_whatever_distance() -> None:
    users = Needs(ROOT).users("wxalarm.checks.dns.views")
    assert users["wxalarm.checks.dns.views"] == 0
    assert users["wxalarm.checks.dns.dns_resolve"] == 1
    assert users["wxalarm.checks"] > 1
    assert "wxalarm.model" not in users
    assert "wxalarm" not in users


def test_the_tests_of_a_package_are_beside_it_while_it_was_a_module_and_after() -> None:
    (file,) = ROOMS["words"].files(ROOT)
    assert list(mirror(file)) == ["tests/parser/test_words.py", "tests/parser"]


@dataclass
class Options:
    mutator_opts: dict[str, Any] = field(default_factory=dict)


def changed(text: str, *operators: str, share: float = 1.0) -> set[str]:
    """All mutants of a text."""
    pytest.importorskip("poodle", reason="the extra mutants is not installed")
    from mutants.operators import applied, mutations

    config = Options({"operators": operators, "share": share})
    lines = text.splitlines()
    return {applied(one, lines) for one in mutations(config, parsed_ast=ast.parse(text), file_lines=lines)}


def test_a_severity_under_a_short_name_becomes_every_other() -> None:
    text = "_ERROR, _NOTE = Severity.ERROR, Severity.NOTE\nX = Code('x', _ERROR, Basis.RECORDED)"
    found = {mutant.split("\n")[1] for mutant in changed(text, "Member")} - {text.split("\n")[1]}
    assert found == {
        "X = Code('x', Severity.NOTE, Basis.RECORDED)",
        "X = Code('x', Severity.WARNING, Basis.RECORDED)",
        "X = Code('x', _ERROR, Basis.REPRODUCED)",
        "X = Code('x', _ERROR, Basis.CONDITION)",
    }
    assert len(changed(text, "Member")) == 8


def test_a_change_behind_chinese_text_is_in_its_place() -> None:
    assert changed("x = ('公众号', 1)", "Number") == {"x = ('公众号', 2)", "x = ('公众号', 0)"}


def test_evidence_is_left_out_and_alternatives_too() -> None:
    assert changed("def f(a):\n    return CODE(ip=a)", "Argument") == {"def f(a):\n    return CODE(ip=None)"}
    assert changed('X = r"(?:次数|次數|[Cc]ount)"', "Alternative") == {
        'X = r"(?:次數|[Cc]ount)"',
        'X = r"(?:次数|[Cc]ount)"',
        'X = r"(?:次数|次數)"',
    }
    assert not changed('"""a|b|c"""\n# a|b|c\nx: str|int|None = 1', "Alternative")


def test_the_halves_that_send_and_the_way_a_class_is_kept_are_not_changed() -> None:
    sends = "async def probe():\n    return _send(80)\ndef _send(a):\n    return a + 1\n"
    assert not changed(sends, "Number", "Argument", "Return")
    assert changed(f"{sends}def evaluate():\n    return _send", "Number") == {
        f"{sends}def evaluate():\n    return _send".replace("1", other) for other in "02"
    }
    kept = "@dataclass(frozen=True)\nclass A(Struct, kw_only=True):\n    b: bool = "
    assert changed(f"{kept}True", "Keyword") == {f"{kept}False"}


def test_a_sample_is_the_same_wherever_its_lines_stand() -> None:
    text = "\n".join(f"def f{number}():\n    return {number}" for number in range(40))
    some = changed(text, "Number", share=0.5)
    assert 20 < len(some) < 60
    again = changed(f"# one line more\n{text}", "Number", share=0.5)
    assert {mutant.partition("\n")[2] for mutant in again} == some
