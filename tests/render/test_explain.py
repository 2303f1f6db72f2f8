"""`wxalarm explain`: every name in both languages, however it is written; near names for a wrong one."""

from __future__ import annotations

import re

import pytest

from wxalarm.checks import CHECKS
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import AlarmKind
from wxalarm.render.explain import explain, found_in, names, nearest


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_name_is_explained(lang: str) -> None:
    words = catalogue(lang)
    for name in names():
        text = explain(name, words)
        assert text is not None
        assert len(text.splitlines()) >= 2, name
        other = explain(name.upper().replace("-", "_"), words) or ""  # NOT_UTF8 is an error code of payments, too
        assert other.startswith(text.rstrip("\n"))
        assert not re.search(r"\{\w*:|:@|\{(?:show|diff)\}", text), "to be read by people, not by str.format"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_titles_are_names_too(lang: str) -> None:
    """A report says 请求超时, not request-timeout."""
    words = catalogue("en")
    for kind in AlarmKind:
        assert (explain(catalogue(lang).kind(kind), words) or "").startswith(f"{kind}:")
    for check in CHECKS:
        assert explain(catalogue(lang).check(check.id), words), check.id


@pytest.mark.parametrize("wrong", ["tcp-refusd", "TCP_REFUSD", " tcp refusd "])
def test_a_wrong_name_has_near_ones(wrong: str) -> None:
    assert explain(wrong, catalogue("en")) is None
    assert nearest(wrong)[0] == "tcp-refused"


def test_another_number_is_no_misspelling() -> None:
    assert nearest("86600") == nearest("-40099") == []


@pytest.mark.parametrize("nothing", ["", " ", "-", "\x1b[31m"])
def test_nothing_is_no_name(nothing: str) -> None:
    assert explain(nothing, catalogue("en")) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_depends_on_a_value_is_told_by_all_its_choices(lang: str) -> None:
    words = catalogue(lang)
    said = {name: explain(name, words) or "" for name in ("http-status", "log-status", "tcp-timeout", "reply-quoted")}
    for key in ("419", "526", "4xx"):
        assert words.ui("labelled", label=f"      {key}", text="") in said["http-status"]
    assert "wxalarm explain http-status" in said["log-status"]
    assert "      419: " not in said["log-status"]
    assert " / " in said["tcp-timeout"], "a few stand in the sentence"
    assert "{address}" in said["tcp-timeout"]
    assert "pool" not in said["reply-quoted"], "what may be added to a sentence is left out"


@pytest.mark.parametrize(("lang", "says"), [("en", "  says: "), ("zh", "  含义：")])
def test_a_name_of_others_comes_with_meaning_and_source(lang: str, says: str) -> None:
    text = explain("40164", catalogue(lang)) or ""
    assert text.startswith({"en": "40164 (errcode", "zh": "40164（errcode"}[lang])
    assert says in text
    assert "https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html" in text
    assert re.match("mark-fail(: |：)", explain("markfail", catalogue(lang)) or ""), "first the kind itself"


def test_a_text_is_explained_by_what_stands_in_it() -> None:
    words = catalogue("en")
    text = found_in("x\n\x1b[31merrcode=40164\nerrcode=7654321\nerrcode=40164", words) or ""
    assert text.startswith("line 2, 2 times: 40164\n40164 (errcode, Official Account)")
    assert text.endswith("Errcodes that are not in the list:\nline 3: 7654321\n")
    assert found_in("nothing here", words) is None


@pytest.mark.parametrize(("name", "source"), [("418", "RFC 9110"), ("HTTP 451", "RFC 9110"), ("460", "no registry")])
def test_a_status_that_only_findings_speak_of_is_explained_too(name: str, source: str) -> None:
    text = explain(name, catalogue("en")) or ""
    assert f"{name[-3:]} (HTTP status)" in text
    assert source in text
    assert explain("599999", catalogue("en")) is None
