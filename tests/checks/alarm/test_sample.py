"""The letter to the provider of a third-party platform: whole, in both languages, and as private as the report."""

from __future__ import annotations

import pytest

from tests.support import context_of
from wxalarm.checks.alarm import sample
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import AlarmKind, Finding
from wxalarm.render.redact import Redactor

APPID = "wx0000000000000001"


def finding(**group: object) -> Finding:
    alarm = {
        "kind": "invalid-response",
        "appid": APPID,
        "first_seen": "2026-01-01T12:00:00+08:00",
        "window_minutes": 5,
        "count": 33,
        "sample": {"url": "https://open.example.net/in", "ip": "192.0.2.10", "platform": "P", **group},
    }
    found = sample.evaluate(True, context_of({"alarm": alarm}))
    return next(one for one in found if one.code is sample.PLATFORM_SIDE)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("group", "saw"),
    [
        ({"http_code": 405}, "405"),
        ({"curl_error": 52}, "cURL"),
        ({"response_content": "Error 500:\nat line 7"}, "Error 500: at line 7"),
        ({"decrypt_failed": True}, {"en": "decrypt", "zh": "解密"}),
    ],
)
def test_the_letter_says_what_wechat_saw(lang: str, group: dict[str, object], saw: str | dict[str, str]) -> None:
    letter = catalogue(lang).finding(finding(**group), "letter")
    seen = saw if isinstance(saw, str) else saw[lang]
    for part in (APPID, "2026-01-01 12:00:00", "33", "open.example.net", "192.0.2.10", seen):
        assert part in letter
    assert catalogue(lang).kind(AlarmKind.INVALID_RESPONSE) in letter
    assert len(letter.splitlines()) == 8, "a body of several lines is one line here"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_that_is_redacted_has_a_redacted_letter(lang: str) -> None:
    letter = catalogue(lang).finding(Redactor().finding(finding()), "letter")
    assert "appid-" in letter
    assert APPID not in letter
    assert "192.0.2.10" not in letter
