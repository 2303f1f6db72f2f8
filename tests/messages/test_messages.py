"""Both catalogues are complete: equal keys, equal placeholders, a sentence for everything that can be shown."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from rich.cells import cell_len

from wxalarm.checks import CHECKS
from wxalarm.messages import LANGUAGES, MESSAGES, catalogue
from wxalarm.model import AlarmKind


def leaves(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", "\n".join(value) if isinstance(value, list) else str(value)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_equal_keys_and_placeholders() -> None:
    en, zh = (dict(leaves(catalogue(lang).data)) for lang in LANGUAGES)
    assert sorted(en) == sorted(zh)
    for key in en:
        assert placeholders(en[key]) == placeholders(zh[key]), key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_check_and_code_has_its_sentences(lang: str) -> None:
    data = catalogue(lang).data
    for check in CHECKS:
        assert {"title", "about"} <= set(data["check"][check.id]), check.id
        for code in check.codes:
            assert {"title", "text", "hint"} <= set(data["code"][code.id]), code.id


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_of_lint_has_its_sentences(lang: str) -> None:
    from wxalarm.lint import ALL

    data = catalogue(lang).data
    for code in ALL:
        assert {"text", "hint"} <= set(data["code"][code.id]), code.id


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_has_its_sentences(lang: str) -> None:
    assert set(catalogue(lang).data["kind"]) == {str(kind) for kind in AlarmKind}


def test_no_code_is_described_that_does_not_exist() -> None:
    from wxalarm.lint import RULES
    from wxalarm.parser import PROBLEMS
    from wxalarm.wechat import reply, verify

    others = (*PROBLEMS, *RULES, *reply.CODES, *verify.CODES)
    known = {code.id for check in CHECKS for code in check.codes} | {code.id for code in others}
    assert set(catalogue("en").data.get("code", {})) <= known


def test_an_untrusted_value_is_never_walked_into() -> None:
    from wxalarm.messages import Catalogue
    from wxalarm.model import Basis, Code, Severity

    code = Code("x", Severity.NOTE, Basis.RECORDED)
    words = Catalogue("en", {"code": {"x": {"text": "{a.__class__} {b[0]} {gone}"}}})
    assert words.finding(code(a=1, b="{c}"), "text") == "? ? ?"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_of_words_that_a_sentence_names_is_there(lang: str) -> None:
    data = catalogue(lang).data
    for key, text in leaves(data):
        for _, _, spec, _ in string.Formatter().parse(text):
            if spec and spec.startswith("@"):
                name, _, part = spec[1:].partition(".")
                if name in MESSAGES:
                    assert all(part or "title" in message for message in data[name].values()), key
                else:
                    assert spec[1:] in data["words"], key


def test_a_value_is_said_in_the_words_of_a_table() -> None:
    from wxalarm.messages import Catalogue
    from wxalarm.model import Basis, Code, Severity

    code = Code("x", Severity.NOTE, Basis.RECORDED)
    words = Catalogue("en", {"code": {"x": {"text": "{a:@t} {b:@t} {c:@gone}"}}, "words": {"t": {"1": "one {b}"}}})
    assert words.finding(code(a=1, b="2", c="{b}"), "text") == "one 2 2 {b}"


def test_words_may_have_words_in_them_and_values_never() -> None:
    from wxalarm.messages import Catalogue
    from wxalarm.model import Basis, Code, Severity

    code = Code("x", Severity.NOTE, Basis.RECORDED)
    data = {"code": {"x": {"text": "{a:@t}; {b:@t}; {k:@kind}, {k:@kind.about}"}}, "words": {"t": {"1": "one {b:@u}"}}}
    data |= {"kind": {"mark-fail": {"title": "MarkFail", "about": "many failed"}}}
    data["words"]["u"] = {"2": "two {c}"}
    found = code(a=1, b="2", c="{a:@t}", k="mark-fail")
    assert Catalogue("en", data).finding(found, "text") == "one two {a:@t}; 2; MarkFail, many failed"
    assert Catalogue("en", data).finding(code(a="{b:@t}", b="2"), "text") == "{b:@t}; 2; -, -"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_of_checks_and_kinds_can_stand_in_a_list(lang: str) -> None:
    """A report lists them with commas: "not checked: DNS from this machine, TCP connection"."""
    words = catalogue(lang)
    names = [*(words.check(check.id) for check in CHECKS), *(words.kind(kind) for kind in AlarmKind)]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert not set(name) & set(",;:.、，；：。"), name
        assert cell_len(name) <= 42, name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_titles_of_codes_are_headings(lang: str) -> None:
    """ "Cause (likely): Port refuses connections (tcp-refused)" is one line of 80 columns."""
    for code in {code.id for check in CHECKS for code in check.codes}:
        title = catalogue(lang).data["code"][code]["title"]
        assert not set(title) & set(",;:{}、，；：。"), title
        assert cell_len(title) <= 42, title
