"""One direction, one reader: what the rooms of parser/ may hold, by their text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.parser import words as w

PARSER = ROOT / "wxalarm" / "parser"
MODULES = sorted(PARSER.rglob("*.py"))
READERS = {"tokens.py", "fast.py", "grammar.py", "body_end.py", "repair/marks.py", "repair/json_strings.py"}
"""Where patterns are made from whole labels: the reader, the fast form, the specification; and what asks whether a
stretch of text is an alarm's at all."""


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(PARSER).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_tokens_reads_labels_and_groups(path: Path) -> None:
    reads = re.search(r"w\.GROUP\b|w\.LABEL\.items|w\.GROUP_START", text_of(path))
    assert (reads is not None) == (name_of(path) == "tokens.py")


@pytest.mark.parametrize("path", [*MODULES, *(ROOT / "wxalarm" / "lint").glob("*.py")], ids=lambda path: path.name)
def test_labels_are_spelled_in_words_alone(path: Path) -> None:
    """But for the characters that the clean form begins with, and what it takes in one script only."""
    labels = {label for words in w.LABELS.values() for label in re.findall(r"[\u4e00-\u9fff]{2,}", words)}
    if path.parent != PARSER or path.name not in ("words.py", "fast.py", "body_end.py"):
        code = re.sub(r'"""[\s\S]*?"""|#[^\n]*', "", text_of(path))
        assert not {label for label in labels if f'"{label}' in code}


def test_only_body_end_decides_where_a_body_ends() -> None:
    asking = [name_of(path) for path in MODULES if re.search(r"\bBodyEnds\(", text_of(path))]
    assert sorted(asking) == ["repair/dress.py", "repair/json_strings.py", "repair/pages.py", "tokens.py"]
    deciding = [name_of(path) for path in MODULES if re.search(r"-> Body\b", text_of(path))]
    assert deciding == ["body_end.py"]
    # The clean form takes the pattern from there; the grammar is the specification that a test holds it to.
    assert "body_end.CLEAN" in text_of(PARSER / "fast.py")


def test_characters_without_width_have_one_home() -> None:
    assert [name_of(path) for path in MODULES if re.search(r"^\w*ZERO_WIDTH\b.* = ", text_of(path), re.M)] == [
        "repair/pages.py",
        "words.py",
    ]
