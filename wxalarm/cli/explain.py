"""`wxalarm explain` and `wxalarm checks`: what a name means, offline."""

from __future__ import annotations

from typing import Annotated

import typer

Lang = Annotated[str | None, typer.Option("--lang", help="zh or en; else the configuration, else the locale.")]


def explain(
    name: Annotated[str | None, typer.Argument(help="A code, check, rule or alarm kind; none: list them all.")] = None,
    lang: Lang = None,
) -> None:
    """Say what a code, check, rule or alarm kind means."""
    from wxalarm.cli.common import fail, words_of, write_stdout
    from wxalarm.render import explain as renderer

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


def checks(lang: Lang = None) -> None:
    """List every check and the codes it can find."""
    from wxalarm.cli.common import words_of, write_stdout
    from wxalarm.render.explain import check_list

    write_stdout(check_list(words_of(lang)))
