"""Sentences for people stand in the catalogues, not in Python: every string of every module is looked at.

What looks like a sentence and is none is told by where it stands and what is done with it; nothing is listed by file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGE = ROOT / "wxalarm"
MODULES = sorted(PACKAGE.rglob("*.py"))
PROSE = re.compile(
    r"[\u3400-\u9fff][^\u3400-\u9fff]{0,3}[\u3400-\u9fff]"  # two Chinese characters
    r"|[A-Za-z][a-z']*(?:[ ,;:]+[a-z'][a-z'-]*){2,}"  # three English words, the second and third in small letters
    r"|^[A-Z][a-z]* [^<>{}]*\w[.!?]$"  # an English sentence
)
FULL_STOP = re.compile(r"[\u3400-\u9fff].*[。！？]\s*$|^[A-Z][^.!?]* [^.!?]*[a-z][.!?]\s*$", re.DOTALL)
"""A whole sentence, such as no table of words holds."""
PATTERN = re.compile(r"\(\?|\.\*|\\[swdbAZ(]|\*\+|\[\^|(?<=[\w)])\|(?=[\w(])|\|\[")
"""What only a regular expression, or a part of one, holds."""
MATCHED = {"startswith", "endswith", "removeprefix", "removesuffix", "find", "rfind", "count", "index", "partition"}
"""Methods whose argument is text of others that is looked for."""
OF_OTHERS = (
    r"\ No newline at end of file",  # diff prints it, patch reads it
    "unexpected end of file, expecting",  # nginx -t prints it
    "invalid number of arguments in",  # so does it this
)
"""Words of other programs, repeated as they say them."""
FAKE = "lab"
"""The room of made-up servers: what they say, and the alarms that WeChat would write of them, is their content."""


def parents_of(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def above(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """What holds a node, from the nearest to the module."""
    while node in parents:
        node = parents[node]
        yield node


def is_table(node: ast.AST, around: list[ast.AST]) -> bool:
    """Whether it stands in a constant of the module, in capitals: labels of alarms, pages of servers, events."""
    if not isinstance(around[-2], (ast.Assign, ast.AnnAssign)):
        return False
    targets = around[-2].targets if isinstance(around[-2], ast.Assign) else [around[-2].target]
    return all(isinstance(target, ast.Name) and target.id.isupper() for target in targets)


def is_matched(node: ast.AST, around: list[ast.AST]) -> bool:
    """Whether it is compared with text of others, or looked for in it."""
    holder = next(each for each in around if not isinstance(each, (ast.Tuple, ast.Set, ast.List)))
    if isinstance(holder, ast.Compare):
        return True
    called = holder.func if isinstance(holder, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in MATCHED


def is_for_programs(around: list[ast.AST]) -> bool:
    """Whether a database is asked with it, or it is the HELP of a metric, which is English wherever Prometheus is."""
    holder = next(each for each in around if not isinstance(each, (ast.JoinedStr, ast.FormattedValue)))
    name = getattr(holder.func, "attr", getattr(holder.func, "id", "")) if isinstance(holder, ast.Call) else ""
    return name in ("execute", "executescript") or name.endswith("MetricFamily")


def is_example(value: str, around: list[ast.AST]) -> bool:
    """Whether it shows, with numbers, what WeChat would have printed: the value of `expected`."""
    return isinstance(around[0], ast.keyword) and around[0].arg == "expected" and bool(re.search(r"\d", value))


def is_for_programmers(around: list[ast.AST], text: str) -> bool:
    """Whether it is the text of an exception that a docstring of the module promises ("Raises ValueError …"), or that
    Python asks for. Exceptions are English wherever Python is."""
    raised = next((each for each in around if isinstance(each, ast.Raise)), None)
    if raised is None or not isinstance(raised.exc, ast.Call) or not isinstance(raised.exc.func, ast.Name):
        return False
    name = raised.exc.func.id
    return name == "AttributeError" or re.search(rf"\bRaises\b[^.]*\b{name}\b", text) is not None


def sentences(text: str, room: str = "") -> Iterator[tuple[int, str]]:
    """(line, string) of every sentence for people in the text of a module."""
    tree = ast.parse(text)
    parents = parents_of(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or not PROSE.search(node.value):
            continue
        around = list(above(node, parents))
        docstring = isinstance(around[0], ast.Expr)
        allowed = (
            docstring
            or room == FAKE
            or PATTERN.search(node.value)
            or any(words in node.value for words in OF_OTHERS)
            or (is_table(node, around) and not FULL_STOP.search(node.value))
            or is_matched(node, around)
            or is_for_programs(around)
            or is_example(node.value, around)
            or is_for_programmers(around, text)
        )
        if not allowed:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_sentence_for_people_in_code(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    found = [f"{path.name}:{line}: {text!r}" for line, text in sentences(path.read_text("utf-8"), room)]
    assert not found, "its home is wxalarm/messages/{en,zh}.toml"


@pytest.mark.parametrize(
    "code",
    [
        'typer.Option("--url", help="The callback URL.")',
        'def f():\n    print("no such file")',
        'def f():\n    return f"the file {name} is not there"',
        'fail("文件不存在")',
        'HELP = "Show the version."\n',
        'HELP = {"a": ("b", "域名不存在。")}',
        'def f():\n    """Say it."""\n    raise ValueError("no such file")',
        'def f():\n    Text = "no such file"',
        'say("请看 https://example.com")',
    ],
)
def test_the_measure_finds(code: str) -> None:
    assert list(sentences(code))


@pytest.mark.parametrize(
    "code",
    [
        'def f():\n    """Say what is there."""',
        'X = 1\n"""What X is for."""',
        'EVENTS = frozenset({"mass send job finish"})',
        'LABELS = {"time": "时间:"}',
        'def f():\n    return re.match("(?:时间|內容): ", text)',
        'def f():\n    return title.startswith("nginx: master process")',
        'def f():\n    return "你好" in text or text in ("再见", "再会")',
        'def f():\n    """Do it. Raises ValueError for another."""\n    raise ValueError("expected one of them")',
        'words.ui("no_match")',
    ],
)
def test_the_measure_leaves(code: str) -> None:
    assert not list(sentences(code))
