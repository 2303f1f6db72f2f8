"""The commands as typer sees them: a group that knows their names, and imports a command's module when it is run."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from wxalarm.cli.common import INTERRUPTED, USAGE, write_stdout


class _Speaking:
    """What group and commands have in common: their help is in the reader's language."""

    name: str | None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        # Only help and usage errors need the catalogue.
        from wxalarm.cli.usage import help_text

        # As typer's own help, it does not go through the formatter: a full disk and a closed pipe are our business. The
        # end of the last line is typer's.
        write_stdout(help_text(ctx))

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """What the shell offers, each with its sentence."""
        # As above.
        from wxalarm.cli.usage import offered, words_for

        words = words_for(ctx)
        for param in ctx.command.get_params(ctx):
            param.help = offered(words.help(ctx.command.name, param.name))
        return super().shell_complete(ctx, incomplete)  # type: ignore[misc]  # TyperGroup or TyperCommand has it


class Command(_Speaking, TyperCommand):
    """One command, its module imported."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # explain -40001: no option begins with a number.
        ctx.ignore_unknown_options = any(re.fullmatch(r"-\d{2,}", arg) for arg in args)
        return super().parse_args(ctx, args)


class Named(TyperCommand):
    """A command that is known by name only: listed and completed as it is, imported when it is run or asked for help.

    `wxalarm.cli.NAME` holds the function NAME.
    """

    def loaded(self) -> Any:
        """The command itself."""
        function = getattr(import_module(f"wxalarm.cli.{self.name}"), str(self.name))
        app = typer.Typer(add_completion=False)
        app.command(self.name, cls=Command)(function)
        return get_command(app)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.loaded().make_context(info_name, args, parent, **extra)

    def get_short_help_str(self, limit: int = 45) -> str:
        # Only a shell that completes asks for it.
        from wxalarm.cli.usage import offered, words_of_line

        return offered(words_of_line(()).help(str(self.name)), limit)


class Group(_Speaking, TyperGroup):
    """`wxalarm`: usage errors and help in the reader's language, the exit codes as promised."""

    names: tuple[str, ...] = ()
    """The commands, in the order of --help."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name in self.names:
            self.add_command(Named(name))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command. What typer would say of a usage error is said in the reader's language."""
        extra.setdefault("obj", tuple(sys.argv[1:] if args is None else args))  # where --lang is looked for
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.Abort as abort:  # older typer makes one of Ctrl-C
            sys.exit(INTERRUPTED if isinstance(abort.__cause__, KeyboardInterrupt) else 1)
        except Exception as error:
            # typer has no public name for the class of its usage errors; these two attributes are its promise.
            if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
                raise
            # Only help and usage errors need the catalogue.
            from wxalarm.cli.usage import error_text

            typer.echo(error_text(error, extra["obj"]), err=True)
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)
