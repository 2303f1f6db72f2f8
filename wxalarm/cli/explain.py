"""`wxalarm explain`: what a name means, offline."""

from __future__ import annotations

from typing import Annotated

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import fail, words_of, write_stdout
from wxalarm.render import explain as renderer


def explain(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None,
    lang: flags.Lang = None,
) -> None:
    """Say what a code, check, rule or alarm kind means."""
    words = words_of(lang)
    if name is None:
        write_stdout("\n".join(renderer.names()) + "\n")
        return
    text = renderer.explain(name, words)
    if text is None:
        near = renderer.nearest(name)
        hint = words.ui("nearest", names=near) if near else ""
        fail(words.ui("unknown_name", name=name) + hint)
    write_stdout(text)
