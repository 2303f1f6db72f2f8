"""Foreign patterns: what they match and capture, as Python's engine says where the two agree on the language; and in
bounded time, whatever they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wxalarm.bounds import PATTERN_WORK, Beyond
from wxalarm.nginx.pattern import compile

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "/",
        ".",
        r"\.",
        r"\d",
        r"\w",
        r"\S",
        "[a-c]",
        "[^/]",
        "[]x-]",
        "[^]a]",
        r"[\w-]",
        "^",
        "$",
        r"\b",
        r"\B",
        "{",
        "x{",
        "}",
    ]
)
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{2,}", "{0,2}?"])
PATTERNS = st.recursive(
    st.tuples(ATOMS, QUANTIFIERS).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        st.tuples(st.sampled_from(["(", "(?:", "(?=", "(?!"]), inner, st.just(")"), QUANTIFIERS).map("".join),
        st.tuples(st.sampled_from(["(?<=", "(?<!"]), st.sampled_from(["a", "/", "[ab]b"]), st.just(")"), inner).map(
            "".join
        ),
    ),
    max_leaves=8,
)
SUBJECTS = st.text("ab/cx.1-_{}]\n", max_size=14)


@settings(max_examples=1500)
@given(PATTERNS, SUBJECTS, st.booleans())
def test_it_matches_what_another_engine_matches(pattern: str, text: str, ignore_case: bool) -> None:
    ours = compile(pattern, ignore_case)
    if ours is None:
        return
    try:
        theirs = re.compile(pattern, re.ASCII | (re.IGNORECASE if ignore_case else 0))
    except re.error:
        return  # Python knows less of PCRE here: {0,2}? behind an assertion, a brace that is a text
    assume(text or r"\B" not in pattern)  # which matches nothing at all, but in Python before 3.14
    expected, got = theirs.search(text), ours.search(text)
    assert (got and got.groups) == (expected and (expected[0], *expected.groups()))


def test_most_patterns_of_configurations_are_told() -> None:
    told = {
        r"\.php$": ("/x/index.php", (".php",)),
        r"^/(.+\.php)(/.*)?$": ("/a/b.php/c", ("/a/b.php/c", "a/b.php", "/c")),
        r"\.(?:gif|jpe?g)$": ("/a.jpeg", (".jpeg",)),
        r"^/(?!api|static).*": ("/callback", ("/callback",)),
        r"^/(?<first>[a-z]+)/?$": ("/abc/", ("/abc/", "abc")),
        r"^/b{1,2}$": ("/bb", ("/bb",)),
        r"/\x2e[[:alpha:]_]+": ("/.git", ("/.git",)),
        "^/..$": ("/é", ("/é",)),  # nginx counts bytes
        "/图.$": ("/图x", ("/图x",)),
    }
    for pattern, (text, groups) in told.items():
        found = compile(pattern)
        assert found is not None, pattern
        match = found.search(text)
        assert match is not None, pattern
        assert match.groups == groups
    named = compile(r"^(?<who>\w+)\.(?P<zone>.*)$")
    assert named is not None
    host = named.search("me.example.org")
    assert host is not None
    assert host.names == {"who": "me", "zone": "example.org"}
    assert (upper := compile("[a-c]X", True)) is not None
    assert upper.search("Bx") is not None


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            r"(a)\1",
            r"a++",
            r"(?>a)b",
            r"(?i:a)",
            r"\Qa\E",
            r"\p{L}",
            r"\K",
            "(*UTF8)a",
            "(?(1)a|b)",
            r"(?<=a*)b",
            "a{,2}",
        ),
        *("(a*)*", "(", ")", "[a", "a**", "*", "{2}", "[z-a]", "(?<1>a)", "\\", "(?=(a))b", "[[:blank:]]"),
        *("x{1001}", "(" * 60 + ")" * 60, "((((x{10}){10}){10}){10}){10}"),
    ],
)
def test_what_is_not_supported_is_not_guessed(pattern: str) -> None:
    assert compile(pattern) is None


EVIL = {
    "nested": (r"^/([a-z0-9_-]+/?)+$", "/" + "a" * 28 + "!"),
    "nested, long": (r"^/([a-z0-9_-]+/?)+$", "/" + "a" * 2000 + "!"),
    "alternatives": (r"^(a|a)*$", "a" * 2000 + "b"),
    "stars": (".*.*.*.*.*.*.*=", "x" * 2000),
    "optional": ("a?" * 40 + "a" * 40, "a" * 39),
}


@pytest.mark.parametrize("name", EVIL)
def test_evil_patterns_are_told_in_few_steps(name: str) -> None:
    pattern, text = EVIL[name]
    found = compile(pattern)
    assert found is not None
    assert found.search(text) is None  # and it comes back: another engine takes more than the age of the universe


@pytest.mark.parametrize("pattern", ["x{500}y", "(?=.*a.*b.*c)" * 8 + "z", "(?!" + "(?:a|b|ab)*" * 9 + "c)d"])
def test_what_takes_too_many_steps_is_not_told(pattern: str) -> None:
    found = compile(pattern)
    assert found is not None
    with pytest.raises(Beyond) as error:
        found.search("ab" * 4000)
    assert error.value.limit == PATTERN_WORK
