"""A word that is quoted is one word again in a real shell, nothing else; values cannot change a template's shape."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shells import HOSTILE, SHELLS, hostile
from wxalarm.shell import NoCommand, fill, pipeline, quote


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=60, deadline=None)
@given(words=st.lists(hostile(), min_size=1, max_size=40))
def test_a_word_comes_back_as_it_was(shell: str, words: list[str]) -> None:
    given_words = [word for word in [*words, *HOSTILE] if quotable(word)]
    line = "printf '%s\\0' " + " ".join(map(quote, given_words))
    assert line.isprintable()
    done = subprocess.run([shell, "-c", line], capture_output=True, env={"PATH": "/nowhere"}, check=True)
    assert done.stderr == b""
    assert done.stdout.split(b"\0")[:-1] == [word.encode("utf-8", "surrogateescape") for word in given_words]


def quotable(word: str) -> bool:
    try:
        quote(word)
    except NoCommand:
        return False
    return True


@given(hostile())
def test_only_what_no_argument_can_hold_is_refused(word: str) -> None:
    odd = any(0xD800 <= ord(char) < 0xDC80 or 0xDCFF < ord(char) < 0xE000 for char in word)
    assert quotable(word) or odd or "\0" in word or word.endswith("\n")


@given(st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" ")))
def test_printable_words_are_quoted_as_shlex_reads_them(word: str) -> None:
    assert shlex.split(quote(word)) == [word]


def test_an_interactive_shell_with_history_reads_the_same() -> None:
    """! is an event of history within double quotes; a quote inside the word must not open any."""
    bash = shutil.which("bash")
    assert bash is not None, "the tests need bash"
    words = ["a'b!c", "!!", "it's !$ isn't", "a\x1b!x"]
    line = "set -o history -H\nfalse\nprintf '%s\\0' " + " ".join(map(quote, words)) + "\n"
    done = subprocess.run([bash, "--norc", "-i"], input=line.encode(), capture_output=True, check=False)
    assert done.stdout.split(b"\0")[:-1] == [word.encode() for word in words]


def filled(template: str, **values: object) -> str:
    return fill(template, lambda name, spec: values.get(name))


def test_a_value_fills_its_word_and_a_list_as_many() -> None:
    assert filled("curl --resolve {host}:{port}:x {url} | head", host="a b", port=80, url="http://x/?a=1&b") == (
        "curl --resolve 'a b:80:x' 'http://x/?a=1&b' | head"
    )
    assert filled("grep 'openid={openid}' -- {paths}", openid="'; touch x;'", paths=["-a b", "c"]) == (
        "grep 'openid='\\''; touch x;'\\''' -- '-a b' c"
    )
    assert filled("{show}", show=[["zcat", "--", "a b"], ["sed", "-n", "5{p;q}"]]) == "zcat -- 'a b' | sed -n '5{p;q}'"
    assert filled("awk '{{print $4}}' | x {a} 2>&1", a=1) == "awk '{print $4}' | x 1 2>&1"
    assert pipeline([["a", "b c"], ["d"]]) == "a 'b c' | d"


@pytest.mark.parametrize("value", [None, "", [], "-x", "+x", "@x", "a\0", "a\n", ["a", "-x"], "\ud800"])
def test_what_would_be_another_command_is_none(value: object) -> None:
    with pytest.raises(NoCommand):
        filled("dig {host}", host=value)


def test_behind_the_end_of_options_a_word_may_begin_as_one() -> None:
    assert filled("cat -- {file}; echo -- x | y z", file="-x") == "cat -- -x; echo -- x | y z"
    with pytest.raises(NoCommand):
        filled("cat -- a; cat {file}", file="-x")
    assert filled("curl http://{host}/", host="-x") == "curl http://-x/"


def test_a_list_within_a_word_is_none() -> None:
    with pytest.raises(NoCommand):
        filled("dig @{servers}", servers=["a", "b"])


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_named_by_a_control_character_is_found(shell: str, tmp_path: Path) -> None:
    path = tmp_path / "a\tb\n\x1b[31m\u202ec'd"
    path.write_text("here")
    line = filled("cat -- {path}", path=str(path))
    assert subprocess.run([shell, "-c", line], capture_output=True, check=True).stdout == b"here"
