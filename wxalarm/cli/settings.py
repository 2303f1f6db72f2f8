"""The settings that a command runs with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from wxalarm import shell
from wxalarm.cli.common import fail, words_of
from wxalarm.config import ConfigError, load
from wxalarm.render.text import visible

if TYPE_CHECKING:
    from wxalarm.config import Settings


def settings_of(config: Path | None, lang: str | None) -> Settings:
    """The settings of --config or of the file that is found; a mistake in it ends the command, with its place. What is
    not believed of files that were found is said."""
    try:
        settings = load(config)
    except ConfigError as error:
        fail(words_of(lang).reason(error.reason))
    if (source := settings.source) and (source.refused or source.unused):
        words = words_of(lang, settings)
        said = [words.reason(reason) for reason in source.refused]
        if source.unused:
            command = shell.pipeline([["wxalarm", "config", "trust", str(source.path)]])
            said.append(words.ui("not_trusted", path=source.path, keys=source.unused, command=command))
        typer.echo(visible("\n".join(said), keep_newlines=True), err=True)
    return settings
