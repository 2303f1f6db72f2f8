"""Two texts that look alike: which character differs, where, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wechat.reply.test_judge import CASES, judged, name_of, read
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.wechat.reply import codes, judge
from wxalarm.wechat.reply.unseen import MOST, taken_for, unlike


@pytest.mark.parametrize(
    ("old", "new", "odd"),
    [
        ("success\n", "success", ["U+000A LINE FEED (1:8)"]),
        ("\u3000success", "success", ["U+3000 IDEOGRAPHIC SPACE (1:1)"]),
        ("suc\u200bcess", "success", ["U+200B ZERO WIDTH SPACE (1:4)"]),
        ("a\nb\u00a0", "a\nb", ["U+00A0 NO-BREAK SPACE (2:2)"]),
        (
            "<a＞ \t</a>",
            "<a></a>",
            ["U+FF1E FULLWIDTH GREATER-THAN SIGN (1:3)", "U+0020 SPACE (1:4)", "U+0009 TAB (1:5)"],
        ),
        ("Ａ\ufeff", "A", ["U+FF21 FULLWIDTH LATIN CAPITAL LETTER A (1:1)", "U+FEFF ZERO WIDTH NO-BREAK SPACE (1:2)"]),
        ("  x", "x", ["U+0020 SPACE (1:1)"]),
        ("\x01x", "x", ["U+0001 CONTROL (1:1)"]),
    ],
)
def test_what_nobody_sees_is_named(old: str, new: str, odd: list[str]) -> None:
    assert unlike(old, new) == odd


@pytest.mark.parametrize(
    ("old", "new"), [("success", "success"), ("success ok", "success"), ("Success", "success"), ("", "success")]
)
def test_what_can_be_seen_is_not(old: str, new: str) -> None:
    assert unlike(old, new) == []


def test_a_wide_blank_is_named_by_the_judge() -> None:
    finding = judge(b"\xe3\x80\x80success").findings[0]
    assert finding.code.id == codes.WHITESPACE.id
    assert "U+3000 IDEOGRAPHIC SPACE (1:1)" in catalogue("en").finding(finding, "text")


def test_only_some_are_named() -> None:
    assert unlike("ｓｕｃｃｅｓｓ", "success")[MOST:] == ["…"]
    assert taken_for(" ｔ\u200be\u00a0xt\ufeff") == "text"


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_every_correction_that_looks_like_the_body_is_explained(path: Path) -> None:
    """A diff of two equal lines is no help; that of a byte order mark is explained by its own sentence."""
    body = read(path)[0].decode("utf-8", "backslashreplace")
    for finding in judged(path).findings:
        corrected = finding.evidence.get("corrected", "")
        alike = corrected not in ("", body) and taken_for(corrected) == taken_for(body)
        assert "characters" in finding.evidence or not alike
        for character in finding.evidence.get("characters", ()):
            for words in map(catalogue, LANGUAGES):
                assert character in words.finding(finding, "text") or finding.code.id == codes.BOM.id
