"""Commands for a person to paste into a shell (POSIX sh, bash, zsh): the one place where a word is quoted.

A command is built as argument vectors: a template of ours has the words and operators, values only fill words. Nothing
here runs anything.
"""

from __future__ import annotations

import re
import shlex
import string
from collections.abc import Callable, Sequence
from typing import Any

_SAFE = frozenset("@%+=:,./-_" + string.ascii_letters + string.digits)
_TOKEN = re.compile(r"""(?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|&;<>()])+)|(?P<between>\s+|.)""", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\w+)(?::([^{}]*))?\}")
_OPTION = ("-", "+", "@")
"""What makes an option, or something else than a plain argument, of a word: + and @ do for dig and curl."""


class NoCommand(ValueError):
    """A value that no command can hold as it is: better no command than another one."""


def quote(word: str) -> str:
    """A word as sh reads it back, whatever it holds; printable throughout. Raises NoCommand for what no argument of a
    program can hold (NUL) or sh cannot be told in printable characters (a line break at the end)."""
    if word and set(word) <= _SAFE and word[0] != "=":  # zsh reads =NAME as the path of a program
        return word
    if word.isprintable():
        return "'" + word.replace("'", "'\\''") + "'"  # not '"'"': a shell with history would look for ! behind it
    if "\0" in word or word.endswith("\n"):
        raise NoCommand(word)
    shown = "".join(map(_octal, word))
    return "\"$(printf '" + (f"\\055{shown[1:]}" if shown.startswith("-") else shown) + "')\""


def _octal(char: str) -> str:
    if char == "%":
        return "%%"
    if char in "'\\!\"$`" or not char.isprintable():
        try:
            return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            raise NoCommand(char) from None
    return char


def pipeline(commands: Sequence[Sequence[str]]) -> str:
    """Argument vectors as one line: a pipe between them."""
    return " | ".join(" ".join(map(quote, command)) for command in commands)


def fill(template: str, value: Callable[[str, str], Any]) -> str:
    """A template of ours as a command: value(name, format) gives what stands for {name:format} in it.

    A text fills its word; a list that is a whole word is as many words; a list of lists is a pipeline. {{ and }} are
    braces. Raises NoCommand when a value is missing (None), cannot be quoted, or would be read as an option.
    """
    made: list[str] = []
    ended = False  # "--" has been: what follows is no option
    for found in _TOKEN.finditer(template):
        raw = found[0]
        if found["word"] is None:
            ended = ended and raw not in "|&;("
            made.append(raw)
        elif not any(part[1] for part in _PLACEHOLDER.finditer(raw)):
            ended = ended or raw == "--"
            made.append(_PLACEHOLDER.sub(lambda part: part[0][0], raw))
        else:
            made.append(_word(raw, value, ended))
    return "".join(made)


def _word(raw: str, value: Callable[[str, str], Any], ended: bool) -> str:
    whole = _PLACEHOLDER.fullmatch(raw)
    given = value(whole[1], whole[2] or "") if whole else None
    if isinstance(given, (list, tuple)):
        if not given:
            raise NoCommand(raw)
        if not isinstance(given[0], str):
            return pipeline(given)
        return " ".join(quote(_argument(str(each), ended)) for each in given)
    (plain,) = shlex.split(raw)

    def part(found: re.Match[str]) -> str:
        if not found[1]:
            return found[0][0]
        each = value(found[1], found[2] or "")
        if each is None or isinstance(each, (list, tuple)):
            raise NoCommand(raw)
        return str(each)

    filled = _PLACEHOLDER.sub(part, plain)
    starts = _PLACEHOLDER.match(plain)
    return quote(_argument(filled, ended) if starts and starts[1] else filled)


def _argument(word: str, ended: bool) -> str:
    if not word or (word.startswith(_OPTION) and not ended):
        raise NoCommand(word)
    return word
