"""WeChat's numbers and forms stand in wxalarm/wechat/limits.py and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.wechat import limits
from wxalarm.wechat.push import OPENID

HOME = ROOT / "wxalarm" / "wechat" / "limits.py"
ELSEWHERE = [path for path in sorted((ROOT / "wxalarm").rglob("*.py")) if path != HOME]
FORMS = [value for value in vars(limits).values() if isinstance(value, str) and ("{" in value or "$" in value)]
NUMBERS = {value for value in vars(limits).values() if isinstance(value, int | float)}
CLAIM = re.compile(r"WeChat (?:waits|holds|wants|gives|pushes)|WeChat's own limit")


def assigned(tree: ast.Module) -> Iterator[tuple[ast.Assign, str]]:
    """Every constant of a module with its docstring, "" when it has none."""
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.Assign):
            value = after.value if isinstance(after, ast.Expr) else None
            said = isinstance(value, ast.Constant) and isinstance(value.value, str)
            yield node, str(value.value) if said and isinstance(value, ast.Constant) else ""


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_form_or_number_of_wechat_stands_elsewhere(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            assert not [form for form in FORMS if form in node.value], f"{path.name}:{node.lineno}"
    for made, said in assigned(tree):
        if isinstance(made.value, ast.Constant) and made.value.value in NUMBERS:
            assert not CLAIM.search(said), f"{path.name}:{made.lineno}: a limit of WeChat"


def test_every_constant_says_its_meaning() -> None:
    found = {ast.unparse(node.targets[0]): said for node, said in assigned(ast.parse(HOME.read_text("utf-8")))}
    assert set(found) == {name for name in vars(limits) if name.isupper()}
    assert [name for name, said in found.items() if not said] == []


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        (limits.APPID, "wx0123456789abcdef", "wx0123456789abcde"),
        (limits.ORIGINAL_ID, "gh_0123456789ab", "gh_0123456789"),
        (limits.OPENID, OPENID, OPENID[:-1]),
    ],
)
def test_forms(form: str, right: str, wrong: str) -> None:
    assert re.fullmatch(form, right)
    assert not re.fullmatch(form, wrong)
