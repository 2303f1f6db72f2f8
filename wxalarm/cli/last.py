"""The last word of a command that ended by an error nobody foresaw."""

from __future__ import annotations

from collections.abc import Sequence

from wxalarm import __version__
from wxalarm.cli.usage import words_of_line
from wxalarm.messages import ReasonError
from wxalarm.probes import local
from wxalarm.render.text import visible


def line(error: BaseException, args: Sequence[str]) -> str:
    """One line: this machine's trouble, or what broke and where to report it."""
    words = words_of_line(args)
    if isinstance(error, ReasonError):
        return visible(f"wxalarm: {words.reason(error.reason)}")
    if isinstance(error, OSError) or local.spent(error):
        named = getattr(error, "filename", None)
        said = local.told(error) if named is None else f"{local.told(error)}: {named!s}"
        return visible(words.ui("machine", error=said))
    return visible(words.ui("broken", error=f"{type(error).__name__}: {error}"[:500], version=__version__))
