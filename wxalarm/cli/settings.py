"""The settings that a command runs with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wxalarm.cli.common import fail, words_of
from wxalarm.config import ConfigError, load

if TYPE_CHECKING:
    from wxalarm.config import Settings


def settings_of(config: Path | None, lang: str | None) -> Settings:
    """The settings of --config or of the file that is found; a mistake in it ends the command, with its place."""
    try:
        return load(config)
    except ConfigError as error:
        fail(words_of(lang).reason(error.reason))
