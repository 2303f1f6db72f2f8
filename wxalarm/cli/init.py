"""`wxalarm init`: a commented wxalarm.toml to fill in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from wxalarm import shell
from wxalarm.cli import flags
from wxalarm.cli.common import fail, words_of, write_file, write_stdout
from wxalarm.render.config import template
from wxalarm.trust import home


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
    if not _is_own(path):
        command = shell.pipeline([["wxalarm", "config", "trust", str(path)]])
        typer.echo(words.ui("init_next", command=command), err=True)


def _is_own(path: Path) -> bool:
    """Whether a file lies in the user's own configuration folder, where it counts as it stands."""
    try:
        return path.absolute().parent == home()
    except OSError:  # the current folder is gone
        return False
