"""Commands that are printed: pasted into a real shell they run what they show and only that, whatever the values."""

from __future__ import annotations

import re
import string
import tempfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.test_messages import leaves
from tests.shells import HOSTILE, SHELLS, Recorder, hostile
from wxalarm.checks import CHECKS
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.shell import NoCommand, quote

PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)(?::([^{}]*))?\}")
KNOWN = {"pool": "named"}
"""Placeholders of which only words of ours come: a value of another kind is never in a finding."""


def templates(lang: str) -> Iterator[tuple[str, str]]:
    """(code, template) of every command in a language, those of a basis of their own too."""
    for key, text in leaves(catalogue(lang).data["code"]):
        name, _, part = key.rpartition(".")
        if part == "verify":
            yield name.partition(".")[0], text


def expanded(template: str, lang: str) -> str:
    """A template with the words of ours in their places."""
    words: Mapping[str, Any] = catalogue(lang).data["words"]

    def known(found: re.Match[str]) -> str:
        name, table = found[1], (found[2] or "").removeprefix("@")
        return str(words[table].get(KNOWN.get(name, ""), f"{{{name}}}")) if (found[2] or "")[:1] == "@" else found[0]

    return PLACEHOLDER.sub(known, template)


COMMANDS = sorted({(code, text) for lang in LANGUAGES for code, text in templates(lang) if PLACEHOLDER.search(text)})
NAMES = sorted({name for _, text in COMMANDS for name, _ in PLACEHOLDER.findall(expanded(text, "en"))})
LISTS = {"paths", "addresses"}
PIPELINES = {"show"}
PROGRAMS = {
    word
    for lang in LANGUAGES
    for _, text in templates(lang)
    for word in re.findall(r"(?:^|[|;&]\s*|\$\()([a-z][\w-]*)(?=\s|$)", text)
} - {"for", "do", "done"} | {"sed", "tail", "zcat", "head"}


def commands(values: Mapping[str, object]) -> list[str]:
    """Every command with these values; "" for one that there is not."""
    made = []
    for number, (_, text) in enumerate(COMMANDS):
        code = Code(f"code-{number}", Severity.ERROR, Basis.REPRODUCED)
        data = {"code": {code.id: {"verify": text}}, "words": catalogue("en").data["words"]}
        made.append(Catalogue("en", data).finding(Finding(code, {**values, **KNOWN}), "verify"))
    return made


def evidence(values: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {name: [value] if name in LISTS else value for name, value in values.items()}
    return found | {name: [["sed", "-n", values[name]]] for name in PIPELINES}


def fits(argument: str, wanted: str, values: Mapping[str, str]) -> bool:
    """Whether an argument is the wanted one with the values in place of their marks; an IPv6 address may stand in
    brackets."""
    forms = [wanted, wanted]
    for name, value in values.items():
        forms[0] = forms[0].replace(f"mark{name}mark", value)
        forms[1] = forms[1].replace(f"mark{name}mark", f"[{value}]" if name == "address" and ":" in value else value)
    return argument in forms


MARKED = {name: f"mark{name}mark" for name in NAMES}


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 40
    assert {"curl", "dig", "openssl", "ss", "grep", "zgrep", "nginx", "wxalarm"} <= PROGRAMS
    assert {"host", "url", "openid", "paths", "show", "upstream", "base"} <= set(NAMES)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15, deadline=None)
@given(drawn=st.lists(hostile(), min_size=len(NAMES), max_size=len(NAMES)), offset=st.integers(0, len(HOSTILE) - 1))
def test_a_pasted_command_runs_what_it_shows_whatever_the_values(shell: str, drawn: list[str], offset: int) -> None:
    rounds = [drawn, [HOSTILE[(place + offset) % len(HOSTILE)] for place in range(len(NAMES))]]
    for texts in rounds:
        values = dict(zip(NAMES, texts, strict=True))
        given_lines, marked = commands(evidence(values)), commands(evidence(MARKED))
        assert all(marked)
        kept = [place for place, line in enumerate(given_lines) if line]
        for place, line in enumerate(given_lines):
            assert line or _awkward(place, values), COMMANDS[place]
        ran = recorded(shell, tuple(given_lines[place] for place in kept))
        meant = recorded(shell, tuple(marked))
        for calls, place in zip(ran, kept, strict=True):
            for call, wanted in zip(calls, meant[place], strict=True):
                assert len(call) == len(wanted), (call, wanted)
                assert all(fits(one, want, values) for one, want in zip(call, wanted, strict=True)), (call, wanted)


@lru_cache(maxsize=4)
def recorded(shell: str, lines: tuple[str, ...]) -> list[list[list[str]]]:
    with tempfile.TemporaryDirectory() as folder:
        return Recorder(Path(folder), PROGRAMS).run(shell, lines)


def _awkward(place: int, values: Mapping[str, str]) -> bool:
    """Whether a value of a command is one that no command can hold."""
    used = [values[name] for name, _ in PLACEHOLDER.findall(expanded(COMMANDS[place][1], "en")) if name in values]
    return any(not value or value[0] in "-+@" or not _quotable(value) for value in used)


def _quotable(value: str) -> bool:
    try:
        quote(value)
    except NoCommand:
        return False
    return True


def test_the_command_of_the_report() -> None:
    """[OpenID=';touch X;'] once gave a line that ran it."""
    code = next(code for check in CHECKS for code in check.codes if code.id == "log-request-missing")
    found = code(openid="';touch X;'", paths=["/var/log/nginx/access.log"])
    for lang in LANGUAGES:
        line = catalogue(lang).finding(found, "verify")
        assert line == "zgrep -F -e 'openid='\\'';touch X;'\\''' -- /var/log/nginx/access.log"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_word_with_a_placeholder_is_a_plain_word(lang: str) -> None:
    """What it is filled with is quoted as a whole, so that nothing of the shell's may stand in it; nor may a value be
    the program."""
    for code, template in templates(lang):
        for word in re.findall(r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"|&;<>()])+", expanded(template, lang)):
            if PLACEHOLDER.search(word):
                bare = re.sub(r"'[^']*'", "", PLACEHOLDER.sub("", word))
                assert not re.search(r"[\"$`\\*?\[~#]", bare), (code, word)
        for first in re.findall(r"(?:^|[|;&(]\s*)([^\s|;&]+)", expanded(template, lang)):
            assert not PLACEHOLDER.search(first) or first == "{show}", (code, first)


def sentences(lang: str) -> Iterator[tuple[str, str]]:
    for key, text in leaves(catalogue(lang).data):
        if not key.endswith(".verify"):
            yield key, text


OURS = {"command", "schema"}
"""Placeholders that are filled with words of the program's own."""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_command_within_a_sentence_has_a_value_in_it(lang: str) -> None:
    """A sentence is no command: its values are not quoted."""
    programs = "|".join(sorted(PROGRAMS - {"ping", "nginx"}))  # words of English, too
    command = re.compile(rf"(?<![\w-])(?:{programs})(?: [a-z]+){{0,2}} (?:-|\{{)[^;,.。；，()（）]*")
    for key, text in sentences(lang):
        for found in command.finditer(text):
            names = {name for name, _ in PLACEHOLDER.findall(found[0])}
            assert not names - OURS, (key, found[0])


def test_a_missing_value_gives_no_command() -> None:
    code = Code("x", Severity.ERROR, Basis.REPRODUCED)
    words = Catalogue("en", {"code": {"x": {"verify": "dig {host}"}}})
    assert words.finding(code(host="a.example"), "verify") == "dig a.example"
    assert words.finding(code(), "verify") == ""
    assert words.finding(code(host=None), "verify") == ""
    assert not set(string.punctuation) & set(words.finding(code(host="a"), "verify"))


def test_a_value_that_has_no_words_of_ours_is_a_value() -> None:
    """It once stood in the command as it was."""
    code = Code("x", Severity.ERROR, Basis.REPRODUCED)
    words = Catalogue("en", {"code": {"x": {"verify": "curl {a:@t}"}}, "words": {"t": {"None": "URL"}}})
    assert words.finding(code(a="';touch X;{b}'"), "verify") == "curl ''\\'';touch X;{b}'\\'''"
    assert words.finding(code(), "verify") == "curl URL"
