"""The command line: the only place that prints, reads argv, the environment and stdin, and exits.

One module a command; each imports what it needs inside its function, so that `--help` and `parse` start fast.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from wxalarm.cli import demo, diagnose, explain, init, lint, parse, plan, reply

app = typer.Typer(name="wxalarm", no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)

# One line a command, in the order of --help.
app.command("parse")(parse.parse)
app.command("reply")(reply.reply)
app.command("diagnose")(diagnose.diagnose)
app.command("probe")(diagnose.probe)
app.command("plan")(plan.plan)
app.command("lint")(lint.lint)
app.command("explain")(explain.explain)
app.command("checks")(explain.checks)
app.command("init")(init.init)
app.command("demo")(demo.demo)


def _version(wanted: bool) -> None:
    if wanted:
        from wxalarm import __version__

        typer.echo(f"wxalarm {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")]


@app.callback()
def _root(version: Version = False) -> None:
    """Paste a WeChat push-failure alarm, get its cause."""


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
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))
