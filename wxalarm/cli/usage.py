"""Help and usage errors in the reader's language, at the width and in the encoding of the terminal.

The sentences stand in the catalogues ([help], [usage]); names, metavars, ranges and defaults are the parameters' own.
typer's renderer is not used: it speaks English only, and looks otherwise from version to version.
"""

from __future__ import annotations

import os
import re
import string
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import PurePath
from typing import Any, TextIO

import typer
from rich.cells import cell_len

from wxalarm.cli.common import colored, language_of, terminal_width
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.render.text import visible, wrap

NARROWEST = 60
"""Columns below which nothing is squeezed further."""
STYLES: dict[str, dict[str, Any]] = {
    "": {},
    "bold": {"bold": True},
    "dim": {"dim": True},
    "option": {"fg": typer.colors.CYAN, "bold": True},
    "short": {"fg": typer.colors.GREEN, "bold": True},
    "metavar": {"fg": typer.colors.YELLOW},
    "error": {"fg": typer.colors.RED},
}
Piece = tuple[str, str]
"""A text and the name of its style."""


def words_of_line(args: Sequence[str]) -> Catalogue:
    """The catalogue that --lang names, wherever on the command line, else WXALARM_LANG, else the locale.

    A language that there is none of is for the command to complain about, not for its help.
    """
    flag = None
    for index, arg in enumerate(args):
        if arg == "--":
            break
        if arg == "--lang":
            flag = next(iter(args[index + 1 :]), None)
        elif arg.startswith("--lang="):
            flag = arg.partition("=")[2]
    return catalogue(language_of(*(lang for lang in (flag, os.environ.get("WXALARM_LANG")) if lang in LANGUAGES)))


def words_for(ctx: Any) -> Catalogue:
    """The same for a context of typer's: the group leaves the command line in `obj`."""
    return words_of_line(ctx.find_root().obj or ())


def help_text(ctx: Any) -> str:
    """What --help shows of a command, or of the group."""
    words, command = words_for(ctx), ctx.command
    page = _Page(sys.stdout)
    page.line()
    page.line((f" {_usage(ctx, words)}", "bold"))
    page.line()
    for line in wrap(words.help(command.name), page.width - 2):
        page.line((f" {line}", ""))
    page.line()
    params = [param for param in command.get_params(ctx) if not param.hidden]
    for kind in ("argument", "option"):
        page.table(
            words.usage(f"{kind}s"),
            [(_names(param), _sentence(ctx, param, words)) for param in params if param.param_type_name == kind],
        )
    if hasattr(command, "list_commands"):
        rows: list[_Row] = [([(name, "option")], words.help(name)) for name in command.list_commands(ctx)]
        page.table(words.usage("commands"), rows)
    return page.text()


def offered(sentence: str, limit: int = 70) -> str:
    """A sentence as a shell shows it beside what it completes: one line, and no markup, which typer would follow."""
    first, *more = wrap(sentence, limit)
    return (first + ("…" if more else "")).replace("[", r"\[")


def error_text(error: Any, args: Sequence[str]) -> str:
    """A usage error: how the command is used, where its help is, and what was wrong."""
    words = words_of_line(args)
    page = _Page(sys.stderr)
    ctx = getattr(error, "ctx", None)
    if ctx is not None:
        page.line((_usage(ctx, words), "bold"))
        page.line((words.usage("try", command=f"{ctx.command_path} --help"), "dim"))
    said = visible(translated(error.format_message(), words), keep_newlines=True)
    lines = [line for part in said.splitlines() for line in wrap(part, page.width - 4)]
    page.box(words.usage("error"), [[(line, "")] for line in lines], "error")
    return page.text()


def translated(message: str, words: Catalogue) -> str:
    """A sentence of typer's in the reader's language; one that is not in [usage.errors] stays English.

    The English catalogue's sentence is the pattern that tells it, what its placeholders stand for may be one again.
    """
    if words.lang != "en":
        for key, pattern in _patterns().items():
            if found := pattern.fullmatch(message):
                values = {name: translated(value, words) for name, value in found.groupdict().items()}
                return words.usage("errors", key, **values)
    return message


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    found = {}
    for key, template in catalogue("en").data["usage"]["errors"].items():
        parts = string.Formatter().parse(template)
        pattern = "".join(re.escape(text) + (f"(?P<{name}>.+)" if name else "") for text, name, _, _ in parts)
        found[key] = re.compile(pattern, re.DOTALL)
    return found


def _usage(ctx: Any, words: Catalogue) -> str:
    """How the command is called: "Usage: wxalarm explain [OPTIONS] [NAME]"."""
    params = [param for param in ctx.command.get_params(ctx) if param.param_type_name == "argument"]
    pieces = [words.usage("any_options"), *(param.metavar or param.name for param in params)]
    if hasattr(ctx.command, "list_commands"):
        pieces.append(words.usage("any_command"))
    return words.usage("usage", command=" ".join((ctx.command_path, *pieces)))


def _names(param: Any) -> list[Piece]:
    """The columns before a parameter's sentence: its long names, its short ones, what it takes."""
    if param.param_type_name == "argument":
        return [(param.metavar or param.name, "metavar")]
    long = [name for name in (*param.opts, *param.secondary_opts) if name.startswith("--")]
    short = [name for name in (*param.opts, *param.secondary_opts) if not name.startswith("--")]
    return [(", ".join(long), "option"), (", ".join(short), "short"), (param.metavar or "", "metavar")]


def _sentence(ctx: Any, param: Any, words: Catalogue) -> str:
    """A parameter's sentence, with its range, its default, and whether it must be given."""
    said = words.help(ctx.command.name, param.name)
    # In older typer the type of the parameter holds the range.
    low, high = (
        getattr(param, end, None) or getattr(getattr(param, "type", None), end, None) for end in ("min", "max")
    )
    if low is not None and high is not None:
        said += words.usage("range", low=f"{low:g}", high=f"{high:g}")
    shown = isinstance(param.default, (str, int, float, PurePath)) and not isinstance(param.default, bool)
    if shown and getattr(param, "show_default", True):
        said += words.usage("default", value=param.default)
    if param.required:
        said += words.usage("required")
    return said


_Row = tuple[list[Piece], str]


class _Page:
    """Lines and boxes for one stream, with the colours and the characters that it can show."""

    def __init__(self, stream: TextIO) -> None:
        encoding = stream.encoding or "utf-8"
        self.color = colored(stream)
        self.width = max(terminal_width(), NARROWEST)
        self.lines: list[str] = []
        corners = "╭╮╰╯─│"
        self.corners = corners if corners.encode(encoding, "replace").decode(encoding) == corners else "++++-|"

    def text(self) -> str:
        """The page, its last line without an end."""
        return "\n".join(self.lines)

    def line(self, *pieces: Piece) -> None:
        """One line of styled pieces."""
        self.lines.append("".join(typer.style(text, **STYLES[style]) if self.color else text for text, style in pieces))

    def box(self, title: str, rows: Sequence[Sequence[Piece]], border: str = "dim") -> None:
        """A box around rows that are no wider than the page less 4 columns."""
        left, right, low_left, low_right, across, down = list(self.corners)
        self.line((f"{left}{across} {title} {across * (self.width - cell_len(title) - 5)}{right}", border))
        for row in rows:
            blank = " " * (self.width - 4 - sum(cell_len(text) for text, _ in row))
            self.line((f"{down} ", border), *row, (f"{blank} {down}", border))
        self.line((f"{low_left}{across * (self.width - 2)}{low_right}", border))

    def table(self, title: str, rows: Sequence[_Row]) -> None:
        """A box of columns, the last one sentences that are wrapped; nothing when there are no rows."""
        if not rows:
            return
        columns = zip(*(pieces for pieces, _ in rows), strict=True)
        # Two blanks after a column; a column that is empty in every row takes no room.
        widths = [width + 2 if (width := max(cell_len(text) for text, _ in column)) else 0 for column in columns]
        room = self.width - 4 - sum(widths)
        boxed: list[list[Piece]] = []
        for pieces, sentence in rows:
            names = [
                (text + " " * (width - cell_len(text)), style)
                for (text, style), width in zip(pieces, widths, strict=True)
            ]
            first, *others = wrap(sentence, room)
            boxed.append([*names, (first, "")])
            boxed += [[(" " * sum(widths) + line, "")] for line in others]
        self.box(title, boxed)
