"""The command line: the only place that prints, reads argv, the environment and stdin, and exits.

One module a command, imported when that command runs, so that `--help` and `parse` start fast.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import signal
import sys
import traceback
from typing import Annotated, TextIO

import typer

from wxalarm import __version__
from wxalarm.cli import flags
from wxalarm.cli.commands import Group
from wxalarm.cli.common import INTERRUPTED, UNTOLD, write_stdout

COMMANDS = (
    "parse",
    "reply",
    "verify",
    "diagnose",
    "probe",
    "watch",
    "plan",
    "token",
    "lint",
    "explain",
    "checks",
    "schema",
    "init",
    "config",
    "demo",
)
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
    """The whole command line. Exit codes: 0, 1, 2, 3, 130 as docs/architecture.md says."""
    try:
        # What start-up makes stays until the end: no search for garbage in it on the way, nor thrice more at the exit.
        gc.set_threshold(50_000)
        atexit.register(gc.freeze)
        _reopen()
        app()
    except SystemExit:
        raise
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BaseException as error:  # noqa: BLE001  # the last place where it can become one line
        # Python 3.11 passes Ctrl-C on as the cause of a RuntimeError when it comes in the making of a class.
        sys.exit(INTERRUPTED if isinstance(error.__cause__, KeyboardInterrupt) else _told(error))
    finally:
        # All is written: Ctrl-C may end what is left, but not with a traceback.
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _told(error: BaseException) -> int:
    """Say in one line what ended the command: this machine's trouble, or a fault of this program and where to report
    it. WXALARM_TRACEBACK shows the rest."""
    if os.environ.get("WXALARM_TRACEBACK"):
        traceback.print_exception(error)
    try:
        # Nothing of this is loaded as long as nothing goes wrong.
        from wxalarm.cli.last import line

        said = line(error, sys.argv[1:])
    except Exception:  # noqa: BLE001  # a machine that cannot load the words
        said = f"wxalarm: {type(error).__name__}: {error}"
    with contextlib.suppress(OSError, ValueError):  # no stderr is left either
        typer.echo(said, err=True)
    return UNTOLD


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
    sys.stderr = _Aside(sys.stderr)


class _Aside(io.TextIOWrapper):
    """stderr, which never costs a report: what it takes no more (a full disk, a closed pipe) is dropped."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream.buffer, stream.encoding, "backslashreplace", line_buffering=True)
        self._stream = stream
        """Kept: the end of it would close the buffer."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
