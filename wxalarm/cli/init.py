"""`wxalarm init`: a commented wxalarm.toml to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("wxalarm.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    lang: Annotated[str | None, typer.Option("--lang", help="zh or en; else the locale.")] = None,
) -> None:
    """Write a commented wxalarm.toml."""
    from wxalarm.cli.common import fail, words_of, write_file
    from wxalarm.render.config import template

    words = words_of(lang)
    if path.exists() and not force:
        fail(words.ui("exists", path=path))
    write_file(path, template(words))
    typer.echo(str(path))
