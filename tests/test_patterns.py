"""Atomic groups mean what possessive ones mean; and the parser reads the same on a Python that needs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parser.mix import archive
from tests.paths import FIXTURES, ROOT
from wxalarm import patterns
from wxalarm.nginx import syntax
from wxalarm.parser import body_end, cluster, fast, parse, tokens
from wxalarm.parser.encoding import decode
from wxalarm.patterns import later

OLD = Path("/usr/bin/python3")
"""Of Debian 12: 3.11.2."""
PACKAGES = Path(msgspec.__file__).parent.parent


def is_of_ours() -> bool:
    """Whether the system's Python is of the minor version whose compiled packages are here."""
    version = [str(OLD), "-c", "import sys; print(*sys.version_info[:2])"]
    said = subprocess.run(version, capture_output=True, text=True, check=False).stdout if OLD.exists() else ""
    return said.split() == [str(part) for part in sys.version_info[:2]]


READ = """
import json, sys
from wxalarm.parser import parse
from wxalarm.patterns import IS_MENDED
texts = json.load(sys.stdin)
print(IS_MENDED)
print(json.dumps([[repr(parse(text).alarms), repr(parse(text).problems)] for text in texts]))
"""


@pytest.mark.parametrize(
    ("possessive", "expected"),
    [
        ("a*+", "a*+"),
        ("(?:a|b)*+c", "(?>(?:a|b)*)c"),
        ("(a(b)?+)++", "(?>(a(?>(b)?))+)"),
        (r"\(a\)++[)*+]{1,2}+", r"\(a\)++[)*+]{1,2}+"),
        ("(?:[^]a]|x){0,9}+", "(?>(?:[^]a]|x){0,9})"),
    ],
)
def test_groups_become_atomic(possessive: str, expected: str) -> None:
    assert patterns.atomic(possessive) == expected
    assert patterns.atomic(possessive.encode()) == expected.encode()


@pytest.mark.skipif(not patterns.IS_MENDED, reason="this Python reads possessive groups wrongly: there is no oracle")
@given(st.text("ab[]=\\n:：内容错误样例 OpenID", max_size=60))
def test_both_forms_match_the_same(text: str) -> None:
    for compiled in (fast.CLEAN, tokens._PIECE, tokens._GROUP, cluster._BETWEEN, body_end._CLOSING, syntax._WORD):
        other = re.compile(patterns.atomic(compiled.pattern), compiled.flags)
        assert [found.span() for found in other.finditer(text)] == [found.span() for found in compiled.finditer(text)]


@pytest.mark.skipif(
    not is_of_ours(), reason="no Python of the system of this minor version: msgspec is compiled for one"
)
def test_a_python_of_the_system_reads_alarms_alike() -> None:
    texts = [decode(path.read_bytes()) for path in sorted((FIXTURES / "alarms").rglob("*.txt"))]
    texts += ["".join(archive(200, 5, 0.3)), *(text.replace("内容: ", "内容：") for text in archive(50, 6))]
    done = subprocess.run(
        [OLD, "-c", READ],
        input=json.dumps(texts).encode(),
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    mended, found = done.stdout.decode().splitlines()
    assert mended in ("True", "False")
    for text, got in zip(texts, json.loads(found), strict=True):
        parsed = parse(text)
        assert got == [repr(parsed.alarms), repr(parsed.problems)]


def test_a_pattern_for_later_is_made_when_it_is_used_and_then_as_any_other() -> None:
    pattern = later(r"(\d{2})-", re.ASCII)
    assert "match" not in vars(pattern)
    found = pattern.search("a 12-")
    assert found is not None
    assert found[1] == "12"
    assert "match" in vars(pattern)
    assert (pattern.pattern, pattern.sub("", "12-3")) == (r"(\d{2})-", "3")
