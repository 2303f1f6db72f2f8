"""Lint's problems for machines: JSON, SARIF 2.1.0, GitHub workflow commands, JUnit XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import wxalarm
from wxalarm.lint import ALL, Linted
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import Code, Finding, Location, Severity
from wxalarm.records import dump
from wxalarm.render.hyperlinks import page
from wxalarm.render.json import finding_record
from wxalarm.render.text import visible

LINT_SCHEMA = "wxalarm.lint/1"
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def findings(files: Sequence[Linted]) -> Iterator[Finding]:
    """All findings in the order of the files."""
    return (problem.finding for file in files for problem in file.problems)


def json(files: Sequence[Linted], words: Catalogue) -> str:
    """`lint --format json`."""
    return dump(
        {
            "schema": LINT_SCHEMA,
            "files": [file.path for file in files],
            "findings": [
                {**finding_record(finding, words), "expected": words.finding(finding, "expected")}
                for finding in findings(files)
            ],
        }
    )


# --- SARIF -----------------------------------------------------------------------------------------------------------


def sarif(files: Sequence[Linted], words: Catalogue) -> str:
    """SARIF 2.1.0 (OASIS), for code scanning. Columns count characters, as everywhere here."""
    index = {code.id: number for number, code in enumerate(ALL)}
    driver = {
        "name": "wxalarm",
        "version": wxalarm.__version__,
        "rules": [_sarif_rule(code, words) for code in ALL],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding, index[finding.code.id], words) for finding in findings(files)],
    }
    return dump({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _sarif_rule(code: Code, words: Catalogue) -> dict[str, Any]:
    return {
        "id": code.id,
        "shortDescription": {"text": _without_values(words.summary(code, "text"))},
        "help": {"text": _without_values(words.summary(code, "hint"))},
        "helpUri": page(code.id, words.lang),
        "defaultConfiguration": {"level": str(code.severity)},
        # A viewer shows one language; whoever reads another finds it here.
        "properties": {
            lang: {part: _without_values(catalogue(lang).summary(code, part)) for part in ("text", "hint")}
            for lang in LANGUAGES
        },
    }


def _without_values(text: str) -> str:
    """A rule's sentence: what a finding fills in is not there yet."""
    return re.sub(r"\{\w+\}", "…", text)


def _sarif_result(finding: Finding, index: int, words: Catalogue) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code.id,
        "ruleIndex": index,
        "level": str(finding.code.severity),
        "message": {"text": message(finding, words)},
    }
    if (place := finding.location) is not None and place.path is not None:
        result["locations"] = [
            {"physicalLocation": {"artifactLocation": {"uri": _uri(place.path)}, "region": _region(place)}}
        ]
    return result


def _uri(path: str) -> str:
    """A relative reference (RFC 3986) whatever bytes the name has."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _region(place: Location) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def message(finding: Finding, words: Catalogue) -> str:
    """What is so, and what was expected, in one line."""
    parts = (words.finding(finding, "text"), words.finding(finding, "expected"))
    return visible("; ".join(part.rstrip(".。") for part in parts if part))


# --- GitHub ----------------------------------------------------------------------------------------------------------

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(files: Sequence[Linted], words: Catalogue) -> str:
    """Workflow commands, one a line: annotations in the changed files of a pull request."""
    return "".join(_command(finding, words) + "\n" for finding in findings(files))


def _command(finding: Finding, words: Catalogue) -> str:
    properties: dict[str, str | int] = {}
    if (place := finding.location) is not None:
        properties = {
            "file": place.path or "",
            "line": place.line,
            "endLine": place.end_line,
            "col": place.column,
            "endColumn": place.end_column,
        }
    properties["title"] = finding.code.id
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_LEVEL[finding.code.severity]} {listed}::{_data(message(finding, words))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- JUnit -----------------------------------------------------------------------------------------------------------

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(files: Sequence[Linted], words: Catalogue) -> str:
    """One test case a file: errors fail it, warnings are its output."""
    failed = sum(bool(_texts(file, words, Severity.ERROR)) for file in files)
    root = ElementTree.Element("testsuites", tests=str(len(files)), failures=str(failed), errors="0")
    suite = ElementTree.SubElement(
        root, "testsuite", name="wxalarm lint", tests=str(len(files)), failures=str(failed), errors="0", skipped="0"
    )
    suite.set("time", "0")
    for file in files:
        case = ElementTree.SubElement(
            suite, "testcase", classname="wxalarm.lint", name=_xml(file.path), file=_xml(file.path)
        )
        case.set("time", "0")
        if errors := _texts(file, words, Severity.ERROR):
            kinds = dict.fromkeys(p.finding.code.id for p in file.problems if p.finding.code.severity is Severity.ERROR)
            failure = ElementTree.SubElement(case, "failure", type=", ".join(kinds), message=errors[0])
            failure.text = "\n".join(errors)
        if warnings := _texts(file, words, Severity.WARNING):
            ElementTree.SubElement(case, "system-out").text = "\n".join(warnings)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _texts(file: Linted, words: Catalogue, severity: Severity) -> list[str]:
    return [
        _xml(f"{_where(p.finding.location)}{p.finding.code.id}: {message(p.finding, words)}")
        for p in file.problems
        if p.finding.code.severity is severity
    ]


def _where(place: Location | None) -> str:
    return f"{visible(place.path or '-')}:{place.line}:{place.column}: " if place else ""


def _xml(text: str) -> str:
    """XML 1.0 has no control characters and no surrogates, not even escaped ones."""
    return _NOT_XML.sub("\ufffd", text)
