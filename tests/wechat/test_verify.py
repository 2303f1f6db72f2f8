"""The judge of URL verifications, by its fixtures, and the forms in which people have an answer.

A fixture is tests/fixtures/verifications/<case>.txt (what somebody pastes, byte for byte) and <case>.json: {"echostr",
"token", "aes_key", "appid", "work", "accepted": true | false | null, "findings": [{"code", "severity", "basis",
"evidence"}]}. UPDATE_FINDINGS=1 writes the findings anew, for a reader of the diff to judge.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.growth import assert_linear
from tests.paths import FIXTURES
from tests.support import stated
from wxalarm.cli.verify import attempt_of
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.echo import NearMiss
from wxalarm.wechat.verify import CODES, ECHO_WRONG, Attempt, Judgement, asked, judge, query_of

CASES = sorted((FIXTURES / "verifications").glob("*.json"))


def judged(path: Path) -> tuple[Judgement, dict[str, Any]]:
    case = json.loads(path.read_text("utf-8"))
    attempt = attempt_of(path.with_suffix(".txt").read_bytes())
    if "echostr" in case:
        attempt = replace(attempt, echostr=case["echostr"])
    keys = Keys(case["token"], case.get("appid", ""), tuple(case.get("aes_keys", ()))) if "token" in case else None
    return judge(attempt, keys, work=case.get("work", False)), case


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case_gives_exactly_its_findings(path: Path) -> None:
    judgement, case = judged(path)
    found = [stated(finding) for finding in judgement.findings]
    if os.environ.get("UPDATE_FINDINGS"):
        case["findings"] = found
        path.write_text(json.dumps(case, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert found == case["findings"]
    assert judgement.accepted is case["accepted"]
    for lang in LANGUAGES:
        for finding in judgement.findings:
            for part in ("text", "hint"):
                sentence = catalogue(lang).finding(finding, part)
                assert sentence.strip()
                assert ":@" not in sentence
                assert not sentence.endswith(": ")


def test_there_are_enough_cases_and_each_code_has_one() -> None:
    found = [judged(path)[0] for path in CASES]
    assert len(CASES) >= 30
    assert {finding.code.id for one in found for finding in one.findings} >= {code.id for code in CODES}
    assert {one.accepted for one in found} == {True, False, None}
    cases = {finding.evidence["case"] for one in found for finding in one.findings if finding.code.id == ECHO_WRONG.id}
    assert len(cases) >= 12, cases


def test_what_is_harmless_to_pushes_is_not_so_to_a_verification() -> None:
    assert asked(NearMiss("empty", harmless=True)) == "empty-asked"
    assert asked(NearMiss("quotes")) == "quotes"


@pytest.mark.parametrize("target", [None, "", "/wx", "http://[", "/wx?a"])
def test_a_request_without_a_query_tells_nothing(target: str | None) -> None:
    assert query_of(target) == {} or query_of(target) == {"a": ""}
    assert judge(Attempt(target=target, body=b"123")).accepted is None


@pytest.mark.parametrize(
    "part",
    [
        b"< HTTP/1.1 200 OK\n",
        b"* Connection #0 to host ",
        b"> GET /",
        b"curl: (",
        b"{ [",
        b"GET /?echostr=1 ",
        b"/echostr=",
    ],
)
def test_a_hostile_dump_is_read_in_linear_time(part: bytes) -> None:
    def made(size: int) -> Callable[[], object]:
        data = b"* a\n" + part * (size // len(part))
        return lambda: judge(attempt_of(data), Keys("t"))

    assert_linear(made, 1 << 19)
