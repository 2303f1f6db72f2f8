"""`wxalarm config`: which configuration is in force and how far it is trusted; trust a file that was found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import fail, nearest, words_of, write_file, write_stdout
from wxalarm.config import ConfigError, candidates, load, read
from wxalarm.render import source
from wxalarm.render.text import visible
from wxalarm.trust import agreement, unsafe

if TYPE_CHECKING:
    from wxalarm.config import Settings
    from wxalarm.messages import Catalogue

ACTIONS = ("trust", "show")


def config(
    action: Annotated[str, typer.Argument(metavar="trust|show")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]")] = None,
    lang: flags.Lang = None,
) -> None:
    """Show which wxalarm.toml is in force and where its secrets would go; agree to one that was found."""
    words = words_of(lang)
    if action not in ACTIONS:
        fail(words.ui("bad_action", action=action, known=ACTIONS) + nearest(action, ACTIONS, words))
    file = file and file.absolute()
    try:
        if action == "trust":
            file = file or _found(words)
            _trust(file, words)
        settings = read(file, "found") if file else load()
        page = _page(settings, file, words)
    except ConfigError as error:
        fail(words.reason(error.reason))
    write_stdout(page)


def _found(words: Catalogue) -> Path:
    """The file that a run from here would find."""
    found = (path for path, why in candidates() if why == "found" and path.is_file() and not unsafe(path))
    return next(found, None) or fail(words.ui("nothing_to_trust"))


def _trust(path: Path, words: Catalogue) -> None:
    """Write down that the user agrees to what the file holds now. Raises ConfigError for what is no configuration."""
    if reason := unsafe(path):
        fail(words.reason(reason))
    read(path, "named")
    data = path.read_bytes()
    record = agreement(path, data)
    if record is None:
        fail(words.ui("no_home"))
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{record.parent}: {error.strerror or error}")
    write_file(record, f"{os.path.realpath(path)}\n", 0o600)
    if reason := unsafe(record):  # what others may write there is no agreement
        fail(words.reason(reason))


def _page(settings: Settings, file: Path | None, words: Catalogue) -> str:
    """What `config show` says: the files that are not read, the one in force, its secrets. Raises ConfigError."""
    said: list[str] = []
    if file is not None and (reason := unsafe(file)):
        said.append(words.reason(reason))
    if settings.source is not None:
        said += [words.reason(reason) for reason in settings.source.refused]
    said += source.about(settings.source, words) or [words.ui("source_none")]
    if settings.source is not None and settings.source.path is not None and not settings.source.trusted:
        _, *secrets = source.about(read(Path(settings.source.path), "named").source, words)
        said += [words.ui("source_once"), *secrets] if secrets else []
    return "".join(f"{visible(line)}\n" for line in said)
