"""The command line: the only place that prints, reads argv, the environment and stdin, and exits.

One module a command; each imports what it needs inside its function, so that `--help` and `parse` start fast.
"""

from __future__ import annotations

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


@app.callback()
def _root() -> None:
    """Paste a WeChat push-failure alarm, get its cause."""


def main() -> None:
    """The console script. Exit codes: 0, 1, 2, 3, 130 as docs/architecture.md says."""
    app()
