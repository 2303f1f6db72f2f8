"""`wxalarm init`: a commented wxalarm.toml to fill in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import fail, words_of, write_file, write_stdout
from wxalarm.render.config import template


def init(
    path: Annotated[Path, typer.Argument(metavar="[PATH]")] = Path("wxalarm.toml"),
    force: Annotated[bool, typer.Option("--force")] = False,
    lang: flags.Lang = None,
) -> None:
    """Write a commented wxalarm.toml."""
    words = words_of(lang)
    if os.path.lexists(path) and not force:
        fail(words.ui("exists", path=path))
    write_file(path, template(words))
    write_stdout(f"{path}\n")
