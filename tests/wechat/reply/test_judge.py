"""The judge of replies, by its fixtures: every code fires, and stays quiet at its near neighbour.

A fixture is tests/fixtures/replies/<code>/<case>.body (bytes) or .http (as `curl -i` prints), and <case>.json:
{"push": name, "openid", "account", "json", "work", "mode", "status", "keys", "truncated", "length", "accepted": bool,
 "findings": [{"code": "reply-json", "severity": "error", "basis": "recorded", "evidence": {…}}]}.
"findings" is exactly what the judge gives, the cause first. A case that does not find the folder's code is its near
neighbour. UPDATE_FINDINGS=1 writes them anew, for a reader of the diff to judge.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.paths import FIXTURES
from tests.support import stated
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Severity
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import CODES, Judgement, Pushed, dump, judge, mended
from wxalarm.wechat.reply.pushes import named

FOLDER = FIXTURES / "replies"
CASES = sorted(FOLDER.glob("*/*.json"))
READ: dict[Path, tuple[bytes, dict[str, Any], dict[str, Any]]] = {}


def read(path: Path) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """(body, arguments of judge, the case)."""
    if path in READ:
        return READ[path]
    case = json.loads(path.read_text("utf-8"))
    pushed: Pushed = (named(case["push"]) if "push" in case else Pushed()) or Pushed()
    if "push" in case:
        assert pushed.name or case["push"] == "pay", case["push"]
    known = {key: case[key] for key in ("openid", "account", "json", "work") if key in case}
    pushed = replace(pushed, **known)
    known = {key: case[key] for key in ("mode", "status", "truncated", "length") if key in case}
    known["push"] = pushed
    if keys := case.get("keys"):
        known["keys"] = Keys(keys["token"], keys["appid"], tuple(keys["encoding_aes_keys"]))
    if (http := path.with_suffix(".http")).exists():
        response = dump.response_of(http.read_bytes())
        body, known["status"], known["headers"] = response.body, response.status, response.headers
    else:
        body = path.with_suffix(".body").read_bytes()
    READ[path] = body, known, case
    return READ[path]


def judged(path: Path) -> Judgement:
    body, known, _ = read(path)
    return judge(body, **known)


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def codes_of(case: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in case["findings"]]


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_case_gives_exactly_its_findings(path: Path) -> None:
    judgement, case = judged(path), read(path)[2]
    found = [stated(finding) for finding in judgement.findings]
    if os.environ.get("UPDATE_FINDINGS"):
        case["findings"] = found
        path.write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert found == case["findings"]
    assert judgement.accepted is case["accepted"]
    errors = [f for f in judgement.findings if f.code.severity is Severity.ERROR]
    assert judgement.accepted is not bool(errors)
    for part in ("slip", "page"):
        assert case.get(part) in (None, *(f.evidence.get(part) for f in judgement.findings))


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.id)
def test_every_code_has_a_case_that_fires_and_a_near_neighbour_that_does_not(code: Any) -> None:
    cases = [read(path)[2] for path in CASES if path.parent.name == code.id]
    assert any(code.id in codes_of(case) for case in cases)
    assert any(code.id not in codes_of(case) for case in cases)


def test_there_are_at_least_ninety_cases_and_no_folder_that_is_no_code() -> None:
    assert len(CASES) >= 90
    assert {path.parent.name for path in CASES} == {code.id for code in CODES} | {"accepted"}


@pytest.mark.parametrize("path", [p for p in CASES if p.parent.name == "accepted"], ids=name_of)
def test_documented_replies_are_accepted_without_a_word(path: Path) -> None:
    """Only of an encrypted one without keys it is noted that the inside was not seen."""
    judgement = judged(path)
    assert judgement.accepted
    assert {f.code.id for f in judgement.findings} <= {"reply-sealed"}


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_a_place_is_in_the_body_and_a_correction_helps(path: Path) -> None:
    body, known, _ = read(path)
    for finding in judged(path).findings:
        evidence = finding.evidence
        if "offset" in evidence and not evidence["inner"]:
            assert 0 <= evidence["offset"] <= len(body) or "reply-compressed" in codes_of(read(path)[2])
            assert evidence["line"] >= 1
            assert evidence["column"] >= 1
        if "corrected" in evidence and not evidence["inner"]:
            fixed = str(evidence["corrected"]).encode("utf-8", "surrogatepass")
            calm = {key: value for key, value in known.items() if key not in ("headers", "status", "length")}
            assert finding.code.id not in [f.code.id for f in judge(fixed, **calm).findings], finding.code.id


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_what_is_mended_is_accepted(path: Path) -> None:
    body, known, _ = read(path)
    calm = {key: value for key, value in known.items() if key not in ("headers", "status", "length")}
    better = mended(body, **calm)
    assert better is None or judge(better, **calm).accepted


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_every_finding_has_a_whole_sentence(path: Path, lang: str) -> None:
    words = catalogue(lang)
    for finding in judged(path).findings:
        for part in ("text", "hint"):
            sentence = words.finding(finding, part)
            assert sentence.strip(), finding.code.id
            assert (
                "?" not in sentence.replace("<?", "").replace("?>", "")
                or finding.evidence.get("encoding") == "?"
                or (finding.evidence.get("push") == "?")
            ), sentence
