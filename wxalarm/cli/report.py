"""What diagnose, probe and demo share: run with live progress, write every format asked for, exit as promised."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wxalarm.checks.check import Check, Context
    from wxalarm.messages import Catalogue
    from wxalarm.model import Finding, Report
    from wxalarm.runner import Ended, Run

FORMATS = ("text", "json")


def exit_code(reports: Sequence[Report]) -> int:
    """0 nothing worse than a warning, 1 an error finding, 3 nothing failed but something could not be told."""
    from wxalarm.model import Status, worst

    return {Status.FAIL: 1, Status.UNKNOWN: 3}.get(worst(report.status for report in reports), 0)


def run(
    contexts: Sequence[Context],
    words: Catalogue,
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    saved: Callable[[Context, Check[Any]], Ended] | None = None,
    quiet: bool = False,
) -> tuple[list[Report], bool]:
    """The reports, and whether Ctrl-C ended the run early. Shows progress on stderr when that is a terminal."""
    from wxalarm import runner

    jobs: list[Run] = []
    with _progress(jobs, words, show=not quiet and sys.stderr.isatty()) as listener:
        reports = runner.run(contexts, watch=jobs.append, only=only, skip=skip, saved=saved, listener=listener)
    return reports, jobs[0].stopped


@contextmanager
def _progress(jobs: list[Run], words: Catalogue, *, show: bool) -> Iterator[Callable[[Context, Any], None] | None]:
    """One line on stderr: how many checks have ended, and which are still being waited for."""
    if not show:
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    begun = time.monotonic()
    done = 0

    def line() -> Text:
        waiting = ", ".join(jobs[0].pending[:4]) if jobs else ""
        said = words.ui("progress", done=done, elapsed=time.monotonic() - begun, waiting=waiting)
        return Text(said, style="dim", no_wrap=True, overflow="ellipsis")

    def ended(_: Context, __: Any) -> None:
        nonlocal done
        done += 1

    with Live(get_renderable=line, console=Console(stderr=True), transient=True, refresh_per_second=8):
        yield ended


def text_of(
    format_name: str,
    reports: Sequence[Report],
    problems: Sequence[Finding],
    words: Catalogue,
    *,
    timeout: float,
    to_terminal: bool,
) -> str:
    """The reports in one format."""
    if format_name == "json":
        from wxalarm.render import json

        return json.render(reports, problems, words)
    from wxalarm.render import terminal

    color = to_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    width = terminal_width() if to_terminal else 100
    code = exit_code(reports)
    return terminal.render(reports, words, width=width, color=color, timeout=timeout, exit_code=code)


def terminal_width() -> int:
    """Columns of the terminal, at most 120: longer lines are hard to read."""
    import shutil

    return min(shutil.get_terminal_size().columns, 120)
