"""The exact output of every format, and that machines accept what is meant for them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml
from rich.cells import cell_len

from tests.lint.support import RULES, assert_golden, lint_folder
from tests.paths import ROOT
from wxalarm.lint import Excerpt, Linted, Linter, Source
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.render import lint_machine, lint_text
from wxalarm.render.lint_text import snippet

EN = catalogue("en")
ODD = "a:b,%1\n\x1b]0;\udcff.txt"


@cache
def all_fires() -> tuple[Linted, ...]:
    """Every fixture that breaks a rule, rule by rule."""
    return tuple(file for folder in sorted(RULES.iterdir()) for file in lint_folder(folder / "fires", RULES))


def odd() -> list[Linted]:
    """A file with a hostile name and control characters, lone surrogates and wide ones around its problems."""
    text = "昵称：\x1b[31m示例\u202e\n时间: 2026-01-05\t09:12:31\n次数: 5分钟 3次\n"
    text += "错误样例: [Foo\x00bar=1]]>&<\udcff[IP=8.8.8.8]\n"
    return [Linter().lint(Source(ODD, text.encode("utf-8", "surrogateescape")))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text(lang: str) -> None:
    assert_golden(f"rules.{lang}.txt", lint_text.render(all_fires(), catalogue(lang), statistics=True))


@pytest.mark.parametrize("name", ["json", "sarif", "github", "junit"])
def test_machine_formats(name: str) -> None:
    files = [file for file in all_fires() if file.path.split("/")[0] in {"stamp-mismatch", "no-alarm", "unknown-key"}]
    assert_golden(f"some.{name}", getattr(lint_machine, name)(files, EN))


def test_text_of_hostile_input_is_safe() -> None:
    text = lint_text.render(odd(), EN)
    assert_golden("odd.en.txt", text)
    assert all(char == "\n" or char.isprintable() for char in text)


def test_nothing_wrong_is_said_aloud() -> None:
    assert lint_text.render([Linted("x.txt", ())], EN) == "no problems; files: 1\n"


def test_colour_changes_nothing_but_colour() -> None:
    import re

    coloured = lint_text.render(all_fires(), EN, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == lint_text.render(all_fires(), EN)


@pytest.mark.parametrize(
    ("line", "begin", "end"),
    [
        ("abc", 1, 2),
        ("时间: 2026", 4, 8),
        ("时间：", 2, 3),
        ("\t\tx", 2, 3),
        ("\x1b[31m红", 5, 6),
        ("e\u0301x", 2, 3),
        ("👍👍x", 2, 3),
        ("x", 1, 1),
        ("宽" * 300, 150, 152),
        ("a" * 300, 290, 300),
        ("a" * 300, 0, 300),
    ],
)
def test_the_caret_is_under_the_place(line: str, begin: int, end: int) -> None:
    shown, carets = snippet(Excerpt(line, begin, end, False))
    column = len(carets) - len(carets.lstrip())
    width = len(carets.strip())
    # What stands above the carets, cut out by display columns, is the beginning of the place.
    above, at = "", 0
    for char in shown:
        if column <= at < column + width and cell_len(char):
            above += char
        at += cell_len(char)
    expected = line[begin:end].replace("\t", " ")
    assert above or not expected
    assert above.startswith(expected[:1]) or "\\x" in above
    assert cell_len(shown) <= 76
    if end > begin and cell_len(line) < 40:
        assert above == expected


def test_the_caret_of_a_missing_thing_stands_behind_the_line() -> None:
    assert snippet(Excerpt("时间", 2, 2, False)) == ("时间", "    ^")


@pytest.mark.parametrize("files", [all_fires, odd])
def test_sarif_is_valid(files: Any) -> None:
    schema = json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0.json").read_text("utf-8"))
    log = json.loads(lint_machine.sarif(files(), EN))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not set(uri) & set(' "\n\x1b:')


@pytest.mark.parametrize("files", [all_fires, odd])
def test_json_is_valid(files: Any) -> None:
    schema = json.loads(resources.files("wxalarm.render").joinpath("schemas/lint.json").read_text("utf-8"))
    document = json.loads(lint_machine.json(files(), EN))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert len(document["findings"]) == sum(len(file.problems) for file in files())


@pytest.mark.parametrize("files", [all_fires, odd])
def test_junit_is_read_by_junitparser(files: Any, tmp_path: Path) -> None:
    path = tmp_path / "lint.xml"
    path.write_text(lint_machine.junit(files(), EN), "utf-8")
    xml = JUnitXml.fromfile(str(path))
    assert xml.tests == len(files())
    failed = [file for file in files() if any(str(p.finding.code.severity) == "error" for p in file.problems)]
    assert xml.failures == len(failed)
    cases = [case for suite in xml for case in suite]
    assert sum(bool(case.result) for case in cases) == len(failed)


def test_github_commands_are_one_line_each_and_escaped() -> None:
    text = lint_machine.github(odd(), EN)
    lines = text.removesuffix("\n").split("\n")
    assert len(lines) == sum(len(file.problems) for file in odd())
    assert all(line.startswith(("::error file=a%3Ab%2C%251%0A", "::warning file=a%3Ab%2C%251%0A")) for line in lines)
    properties = lines[0].split("::")[1].split(",")
    assert [part.partition("=")[0] for part in properties] == [
        "error file" if lines[0].startswith("::error") else "warning file",
        "line",
        "endLine",
        "col",
        "endColumn",
        "title",
    ]
