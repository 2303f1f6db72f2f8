"""The command line: the only place that prints, reads argv, the environment and stdin, and exits.

One module a command, imported when that command runs, so that `--help` and `parse` start fast.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from wxalarm import __version__
from wxalarm.cli import flags
from wxalarm.cli.commands import Group
from wxalarm.cli.common import write_stdout

COMMANDS = ("parse", "reply", "diagnose", "probe", "plan", "lint", "explain", "checks", "init", "config", "demo")
"""In the order of --help. NAME is the function NAME in the module wxalarm.cli.NAME."""


class _Wxalarm(Group):
    names = COMMANDS


app = typer.Typer(name="wxalarm", cls=_Wxalarm, add_completion=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        write_stdout(f"wxalarm {__version__}\n")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)]


@app.callback()
def _root(ctx: typer.Context, version: Version = False, lang: flags.Lang = None) -> None:
    """Paste a WeChat push-failure alarm, get its cause."""
    if lang is not None:
        ctx.default_map = {name: {"lang": lang} for name in COMMANDS}


def main() -> None:
    """The console script. Exit codes: 0, 1, 2, 3, 130 as docs/architecture.md says."""
    # What start-up makes stays until the end: no search for garbage in it on the way, nor thrice more at the exit.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    _reopen()
    app()


def _reopen() -> None:
    """Stand /dev/null in for a standard stream that was closed (cron, <&-, >&-): the exit code still tells, and no file
    or socket that is opened later gets its number."""
    for name, mode_flags, mode in (
        ("stdin", os.O_RDONLY, "r"),
        ("stdout", os.O_WRONLY, "w"),
        ("stderr", os.O_WRONLY, "w"),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, mode_flags), mode, encoding="utf-8"))
