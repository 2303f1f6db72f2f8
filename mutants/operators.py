"""The changes: those of the tool that fit a judgement, and our own.

The tool takes the columns of `ast`, which count bytes, for characters: all are translated here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from zlib import crc32

from poodle.data_types import FileMutation, PoodleConfig
from poodle.mutate import builtin_mutators

from mutants.known import Mutation, listed
from wxalarm.model import Basis, Severity, Status

ENUMS = {enum.__name__: [member.name for member in enum] for enum in (Severity, Basis, Status)}


def at(name: str, node: ast.AST, text: str) -> FileMutation:
    """A change of the text of one node."""
    assert isinstance(node, (ast.expr, ast.stmt))
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return FileMutation(name, node.lineno, node.col_offset, *end, text)


def member(tree: ast.Module, lines: list[str]) -> Iterator[FileMutation]:
    """Each severity, basis and status → every other one; also where it has a short name (_ERROR = Severity.ERROR)."""
    short = {to.id: found for to, value in _assignments(tree) if isinstance(to, ast.Name) and (found := _member(value))}
    for node in ast.walk(tree):
        found = _member(node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found = short.get(node.id)
        if found:
            enum, own = found
            yield from (at("Member", node, f"{enum}.{name}") for name in ENUMS[enum] if name != own)


def _assignments(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is assigned at the top of a module, pair by pair."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            (target,) = node.targets
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=True)
            else:
                yield target, node.value


def _member(node: ast.AST) -> tuple[str, str] | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ENUMS:
        return (node.value.id, node.attr) if node.attr in ENUMS[node.value.id] else None
    return None


def argument(tree: ast.Module, lines: list[str]) -> Iterator[FileMutation]:
    """Each named argument of a call → None: evidence is given so."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None):
                        yield at("Argument", keyword.value, "None")


_PIECE = r"(?:\[(?:\\.|[^\]\n])+\]|\\.|[^|()\[\]\"'\n\\])+"
_ALTERNATIVES = (
    re.compile(rf"(?<=[(:\"'])(?!\?){_PIECE}\|"),  # the first of several
    re.compile(rf"\|{_PIECE}(?=[|)\"'])"),
)


def alternative(tree: ast.Module, lines: list[str]) -> Iterator[FileMutation]:
    """Each alternative of a pattern left out: a wording that no test knows."""
    sentences = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, (ast.Constant, ast.JoinedStr))]
    spoken = [range(node.lineno, (node.end_lineno or 0) + 1) for node in texts if _is_text(node, sentences)]
    for number, line in enumerate(lines, 1):
        for pattern in _ALTERNATIVES if any(number in span for span in spoken) else ():
            for found in pattern.finditer(line):
                start, end = (len(line[:place].encode()) for place in found.span())
                yield FileMutation("Alternative", number, start, number, end, "")


def _is_text(node: ast.Constant | ast.JoinedStr, sentences: set[int]) -> bool:
    return id(node) not in sentences and (isinstance(node, ast.JoinedStr) or isinstance(node.value, str))


def listed_here(tree: ast.Module, lines: list[str]) -> Iterator[FileMutation]:
    """The changes that docs/testing-mutants.md lists, each by the name of the test that notices it."""
    text = "\n".join(lines)
    for change in listed():
        for found in re.finditer(rf"(?<!\w){re.escape(change.old)}(?!\w)", text):
            start, end = _place(text, found.start()), _place(text, found.end())
            yield FileMutation(change.test, *start, *end, change.new)


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, len(before.rpartition("\n")[2].encode())


RUN = ("CHECK", "__all__")
"""How a check is run (needs, deadlines), and what a module offers: other tests and ruff see to that."""
TEXTUAL = ("Alternative", "Listed")
"""Operators that know no syntax: they change comments, too."""
OWN: dict[str, Callable[[ast.Module, list[str]], Iterator[FileMutation]]] = {
    "Member": member,
    "Argument": argument,
    "Alternative": alternative,
    "Listed": listed_here,
}


def mutations(config: PoodleConfig, parsed_ast: ast.Module, file_lines: list[str], **_: Any) -> list[FileMutation]:
    """Every mutation of a file: of the operators and the share that mutator_opts name.

    Left out: what does not compile, what changes nothing, what is changed by another in the same way, the I/O halves of
    checks (async), and how a class is kept (frozen, slots).
    """
    text = "\n".join(file_lines)
    whole = ast.dump(parsed_ast)
    spared = list(_spared(parsed_ast))
    found: dict[tuple[int, int, int, int, str], FileMutation] = {}
    for name in config.mutator_opts["operators"]:
        for raw in _made_by(name, config, text):
            one = _in_characters(raw, file_lines)
            key = (one.lineno, one.col_offset, one.end_lineno, one.end_col_offset, one.text)
            if key in found or any(one.lineno in lines for lines in spared):
                continue
            if not in_sample(described(one, parsed_ast, file_lines), config.mutator_opts["share"]):
                continue
            try:
                changed = ast.parse(applied(one, file_lines))
            except SyntaxError:
                continue
            if name not in TEXTUAL or ast.dump(changed) != whole:
                found[key] = one
    return list(found.values())


def _spared(tree: ast.Module) -> Iterator[range]:
    """The lines of I/O halves and of what only they use, of how a check is run, of the headers of classes."""
    functions = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    run = [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in RUN]
    new: list[ast.stmt] = [node for node in tree.body if node not in (*functions.values(), *run)]
    new += [node for name, node in functions.items() if not name.startswith("_")]
    judging: list[ast.stmt] = []
    while new := [node for node in new if node not in judging and not isinstance(node, ast.AsyncFunctionDef)]:
        judging += new
        named = {node.id for one in new for node in ast.walk(one) if isinstance(node, ast.Name)}
        new = [functions[name] for name in named & set(functions)]
    for part in (*functions.values(), *run):
        if part not in judging:
            yield range(part.lineno, (part.end_lineno or 0) + 1)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield range(min([one.lineno for one in node.decorator_list], default=node.lineno), node.lineno + 1)


def _made_by(name: str, config: PoodleConfig, text: str) -> list[FileMutation]:
    tree, lines = ast.parse(text), text.split("\n")  # each for itself: the tool's own operators change the tree
    if name in OWN:
        return list(OWN[name](tree, lines))
    made: list[FileMutation] = builtin_mutators[name](config=config, echo=print).create_mutations(tree, lines)
    return made


def in_sample(change: Mutation, share: float) -> bool:
    """Whether a change is in the sample: by its own words, so that it stays in when others come and go."""
    return crc32(repr(change).encode()) < share * 2**32


def _in_characters(one: FileMutation, lines: list[str]) -> FileMutation:
    def column(line: int, offset: int) -> int:
        return len(lines[line - 1].encode()[:offset].decode())

    start, end = column(one.lineno, one.col_offset), column(one.end_lineno, one.end_col_offset)
    return replace(one, col_offset=start, end_col_offset=end)


def applied(one: FileMutation, lines: list[str]) -> str:
    """The text of the mutated file."""
    head, tail = lines[one.lineno - 1][: one.col_offset], lines[one.end_lineno - 1][one.end_col_offset :]
    return "\n".join([*lines[: one.lineno - 1], head + one.text + tail, *lines[one.end_lineno :]])


def described(one: FileMutation, tree: ast.Module, lines: list[str]) -> Mutation:
    """A change in words that outlive a move of its line: where, what, into what."""
    scope = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and node.lineno <= one.lineno <= (node.end_lineno or 0)
    ]
    if not scope:
        scope = [_assigned(node) for node in tree.body if node.lineno <= one.lineno <= (node.end_lineno or 0)]
    if one.lineno == one.end_lineno:
        old = lines[one.lineno - 1][one.col_offset : one.end_col_offset]
    else:
        first, *middle, last = lines[one.lineno - 1 : one.end_lineno]
        old = " ".join([first[one.col_offset :], *middle, last[: one.end_col_offset]])
    return Mutation(".".join(scope), " ".join(old.split()), " ".join(one.text.split()))


def _assigned(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return ast.unparse(target) if target is not None else type(node).__name__
