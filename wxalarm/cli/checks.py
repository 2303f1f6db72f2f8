"""`wxalarm checks`: every check and what it can find, offline."""

from __future__ import annotations

from wxalarm.cli import flags
from wxalarm.cli.common import words_of, write_stdout
from wxalarm.render.explain import check_list


def checks(lang: flags.Lang = None) -> None:
    """List every check and the codes it can find."""
    write_stdout(check_list(words_of(lang)))
