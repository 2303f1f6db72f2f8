"""Patterns with possessive groups, on every Python that takes them.

Before 3.11.5 `re` loses its way in `(…|…)*+` (python/cpython, issue 106052): Debian 12 has 3.11.2. An atomic group of
the greedy repetition, `(?>(…|…)*)`, means the same and is right there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, AnyStr, cast

IS_MENDED = sys.version_info >= (3, 11, 5)


def compiled(pattern: AnyStr, flags: int | re.RegexFlag = 0) -> re.Pattern[AnyStr]:
    """re.compile, for a pattern that may repeat groups possessively."""
    return re.compile(pattern if IS_MENDED else atomic(pattern), flags)


def later(pattern: AnyStr, flags: int | re.RegexFlag = 0) -> re.Pattern[AnyStr]:
    """The same, compiled when it is first used: for what most runs have no use for, as the lines of a log."""
    return cast("re.Pattern[AnyStr]", _Later(lambda: compiled(pattern, flags)))


class _Later:
    """Stands for a pattern. What was looked up once is found on the object itself."""

    def __init__(self, make: Callable[[], object]) -> None:
        self.make = make

    def __getattr__(self, name: str) -> Any:
        made = self.make()
        self.__dict__.update({method: getattr(made, method) for method in dir(made) if method[0] != "_"})
        return getattr(made, name)


def atomic(pattern: AnyStr) -> AnyStr:
    """The pattern with atomic groups in place of groups that are repeated possessively. Single characters stay: they
    are right in every version."""
    if isinstance(pattern, bytes):
        return _atomic(pattern.decode("latin-1")).encode("latin-1")
    return _atomic(pattern)


def _atomic(text: str) -> str:
    possessive = re.compile(r"([*+?]|\{[0-9]*,?[0-9]*\})\+")
    made: list[str] = []
    opened: list[int] = []
    group: int | None = None
    """Where in `made` the group begins that ends right before `at`."""
    at = 0
    while at < len(text):
        char = text[at]
        if group is not None and (repeated := possessive.match(text, at)) is not None:
            made[group] = "(?>" + made[group]
            made.append(f"{repeated[1]})")
            at, group = repeated.end(), None
            continue
        group = None
        end = at + 1
        if char == "\\":
            end = at + 2
        elif char == "[":
            end = _class_end(text, at)
        elif char == "(":
            opened.append(len(made))
        elif char == ")":
            group = opened.pop()
        made.append(text[at:end])
        at = end
    return "".join(made)


def _class_end(text: str, at: int) -> int:
    """Where a class of characters ends that begins at `at`."""
    at += 1
    at += text.startswith("^", at)
    at += text.startswith("]", at)
    while text[at] != "]":
        at += 2 if text[at] == "\\" else 1
    return at + 1
