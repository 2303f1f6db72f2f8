"""`wxalarm explain`: what names mean, offline."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from wxalarm.cli import completion, flags
from wxalarm.cli.common import fail, read_bytes, source_name, words_of, write_stdout
from wxalarm.messages import Catalogue, known
from wxalarm.parser.encoding import decode
from wxalarm.render import explain as renderer


def explain(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…|-]", autocompletion=completion.names)] = None,
    lang: flags.Lang = None,
) -> None:
    """Say what names mean: a code, check, rule or alarm kind, an errcode, a label, a message of a console or a log."""
    words = words_of(lang)
    if not names and (sys.stdin is None or sys.stdin.isatty()):
        write_stdout(_listed())
    elif not names or names == ["-"]:
        _input(bool(names), words)
    else:
        _names(names, words)


def _listed() -> str:
    """Every name, ours first."""
    return "\n".join(dict.fromkeys([*renderer.names(), *(entry.name for entry in known.entries())])) + "\n"


def _input(asked: bool, words: Catalogue) -> None:
    """What stands in the text on stdin; without any, and unless it was asked for, the list."""
    data = read_bytes("-", "explain", words)
    if not data.strip():
        if asked:
            fail(words.ui("empty_input", source=source_name("-")))
        write_stdout(_listed())
        return
    given = decode(data)
    lines = [line.strip() for line in given.splitlines() if line.strip()]
    if 1 < len(lines) <= _COPIED and sum(bool(known.named(line)) for line in lines) * 2 >= len(lines):
        _names(lines, words)
        return
    if (text := renderer.found_in(given, words)) is not None:
        write_stdout(text)
        return
    if len(lines) > _COPIED or not any(renderer.explain(line, words) for line in lines):
        fail(words.ui("explain_nothing"))
    _names(lines, words)


_COPIED = 20
"""Lines that may each be a name, as somebody copied them; what has more is a log."""


def _names(names: list[str], words: Catalogue) -> None:
    """Each name; several words may be one name. What is known is said before what is not ends the command."""
    whole = " ".join(names)
    if len(names) > 1 and renderer.explain(whole, words) is not None and known.find(whole):
        names = [whole] if not any(renderer.explain(name, words) for name in names) else names
    sections = {name: renderer.explain(name, words) for name in names}
    write_stdout("\n".join(text for text in sections.values() if text))
    unknown = [name for name, text in sections.items() if text is None]
    if unknown:
        fail("\n".join(_unknown(name, words) for name in unknown))


def _unknown(name: str, words: Catalogue) -> str:
    near = renderer.nearest(name)
    return words.ui("unknown_name", name=name) + (words.ui("nearest", names=near) if near else "")
