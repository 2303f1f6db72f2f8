"""What diagnose, probe and demo share: run with live progress, write every format asked for, exit as promised."""

from __future__ import annotations

import functools
import os
import platform
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import typer
from msgspec import Struct

from wxalarm import deadline, runner
from wxalarm.bounds import RENDERING, RENDERING_EACH
from wxalarm.cli.common import (
    INTERRUPTED,
    UNTOLD,
    Checked,
    Output,
    all_of,
    fail,
    has_links,
    in_color,
    looked_over,
    on_screen,
    terminal_width,
    write_outputs,
)
from wxalarm.cli.state import redaction_key
from wxalarm.incidents import overview
from wxalarm.model import BEIJING, CheckResult, Finding, Reason, Report, Severity, Status, worst
from wxalarm.probes import local, waiting
from wxalarm.probes.machine import now
from wxalarm.render import chat, handoff, html, json, markdown, source, terminal
from wxalarm.render.alarms import problem_line
from wxalarm.render.case import case_of
from wxalarm.render.incidents import Page, page_from, page_of
from wxalarm.render.redact import Redactor
from wxalarm.render.shortened import short, shortened
from wxalarm.render.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wxalarm.checks.check import Check, Context
    from wxalarm.cli.reading import Gathered
    from wxalarm.messages import Catalogue
    from wxalarm.runner import Ended, Run, Stage

T = TypeVar("T")
FORMATS = ("text", "json", "html", "markdown", "handoff", "chat")
SHOWN_PROBLEMS = 20
"""Problem lines on stderr; the others are counted."""
GRACE = 2.0
"""Seconds that the writing of an output goes on behind Ctrl-C: most are ready by then."""


def exit_code(reports: Sequence[Report], strict: bool = False) -> int:
    """0 all that matters was looked at and nothing is worse than a warning, 1 an error finding, 3 nothing failed but
    something that matters could not be told or was not looked at. strict: a warning is 1, too."""
    found = worst(report.status for report in reports)
    warned = any(result.status is Status.WARN for report in reports for result in report.results)
    if found is Status.FAIL or (strict and warned):
        return 1
    return UNTOLD if found is Status.UNKNOWN or any(report.untold for report in reports) else 0


def run(
    contexts: Sequence[Context] | Stage,
    words: Catalogue,
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    saved: Callable[[Context, Check[Any]], Ended] | None = None,
    quiet: bool = False,
    interrupted: Callable[[], bool] = lambda: False,
) -> tuple[list[Report], Run]:
    """The reports, and the run that made them (its contexts; whether Ctrl-C stopped it). Progress goes to a terminal's
    stderr. interrupted: whether Ctrl-C came before the run could."""
    jobs: list[Run] = []

    def begun(job: Run) -> None:
        jobs.append(job)
        if interrupted():
            job.stop()

    with _progress(jobs, words, show=not quiet and sys.stderr.isatty()) as listener:
        reports = runner.run(contexts, watch=begun, only=only, skip=skip, saved=saved, listener=listener)
    return reports, jobs[0]


@contextmanager
def _progress(
    jobs: list[Run], words: Catalogue, *, show: bool
) -> Iterator[Callable[[Context, CheckResult], None] | None]:
    """One line on stderr: what is being waited for, how many checks of how many have ended, how long of the time there
    is. At its end stands what may be cut."""
    if not show:
        yield None
        return
    # Only a terminal sees progress.
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    begun = time.monotonic()
    done = skipped = 0

    def line() -> Text:
        if not jobs:
            return Text()
        job, comma = jobs[0], words.ui("list_comma")
        timeout = max((ctx.settings.timeout for ctx in job.contexts), default=0.0)
        said = words.ui(
            "progress",
            done=done,
            total=job.planned - skipped,
            elapsed=time.monotonic() - begun,
            timeout=timeout,
            waiting=_waited_for(words) or comma.join(words.check(check) for check in job.pending[:2]),
        )
        return Text(visible(said) if job.pending else "", style="dim", no_wrap=True, overflow="ellipsis")

    def ended(_: Context, result: CheckResult) -> None:
        nonlocal done, skipped
        if result.status is Status.SKIP:
            skipped += 1
        else:
            done += 1

    with Live(get_renderable=line, console=Console(stderr=True), transient=True, refresh_per_second=8):
        yield ended


def _waited_for(words: Catalogue) -> str:
    """The answer that has been waited for longest, against its limit, and how many others; "" when there is none."""
    if not (waits := waiting.waits()):
        return ""
    first = waits[0]
    return words.ui(
        "progress_wait",
        what=first.what,
        where=first.where,
        waited=min(first.waited, first.limit),
        limit=first.limit,
        more=words.ui("progress_more", count=len(waits) - 1) if len(waits) > 1 else "",
    )


def deliver(
    contexts: Sequence[Context] | Stage,
    problems: Sequence[Finding],
    words: Catalogue,
    outputs: Sequence[Output],
    *,
    found: Gathered | None = None,
    save: Path | None = None,
    reveal: bool = False,
    verbose: bool = False,
    quiet: bool = False,
    strict: bool = False,
    **options: Any,
) -> int:
    """Run the checks, write every output, give the exit code. Ctrl-C, whenever it comes, keeps what has finished.
    found: what the contexts' alarms were chosen from.
    verbose: the text has everything; quiet: the verdict alone, and no progress. strict: a warning is exit code 1."""
    pressed: list[bool] = []
    with runner.interruptible(lambda: pressed.append(True)):
        return _delivered(
            *(contexts, problems, words, outputs, pressed),
            found=found,
            save=save,
            reveal=reveal,
            strict=strict,
            detail=Detail(verbose=verbose, quiet=quiet),
            **options,
        )


class Detail(Struct, frozen=True):
    """How much of a report its text shows: everything, the verdict alone, or what is read in five seconds."""

    verbose: bool = False
    quiet: bool = False


def _delivered(
    contexts: Sequence[Context] | Stage,
    problems: Sequence[Finding],
    words: Catalogue,
    outputs: Sequence[Output],
    pressed: list[bool],
    *,
    found: Gathered | None,
    save: Path | None,
    reveal: bool,
    strict: bool,
    detail: Detail,
    **options: Any,
) -> int:
    reports, job = run(contexts, words, quiet=detail.quiet, interrupted=lambda: bool(pressed), **options)
    never = Redactor(reveal=True)
    if not any(output.format == "json" and output.path is None for output in outputs):
        say_problems(problems, words)
    stopped = job.stopped or bool(pressed)
    if stopped:
        typer.echo(words.ui("interrupted"), err=True)
    timeout = max((ctx.settings.timeout for ctx in job.contexts), default=0.0)
    limit = RENDERING + RENDERING_EACH * len(reports)
    redactors = never, never if reveal else Redactor(redaction_key())
    folded = found is not None and len(found.groups) == len(reports)
    page = (
        page_of(overview(found.fold, by_group(found.groups, reports)), reports)
        if found and folded
        else page_from(reports)
    )
    # What was only counted could not be told.
    counted = UNTOLD if any(not one["reports"] for one in page["incidents"]) else 0
    code = INTERRUPTED if stopped else exit_code(reports, strict) or counted
    shown = [redacted(reports, problems, page, redactor) for redactor in redactors]

    def made(output: Output) -> Checked:
        # What one reads on one's own screen is shown as it is, but for secrets; what is passed on (files, machine
        # formats) is not.
        passed_on = output.path is not None or output.format != "text"
        # A letter names what its receiver has to find, and nothing else: a token finds nothing in anybody's log.
        letter = output.format == "handoff"
        text = text_of(output, *shown[passed_on and not letter](), words, timeout, code, job.contexts, detail)
        return looked_over(output, text, personal=not reveal and not letter)

    def ready(output: Output) -> Checked:
        nonlocal shown, code
        whole = in_time(lambda: made(output), limit, pressed)
        if not isinstance(whole, Reason):
            return whole
        less = shortened(reports, whole)
        few = [short(problem) for problem in problems[:SHOWN_PROBLEMS]]
        shown = [redacted(less, few, page, each) for each in redactors]
        code = INTERRUPTED if stopped or pressed else exit_code(less, strict) or counted
        return made(output)

    def case(output: Output) -> Checked:
        text = in_time(lambda: looked_over(output, case_of(reports, job.contexts, problems, never)), limit, pressed)
        if isinstance(text, Reason):
            late = words.ui("case_late", path=output.path, reason=words.reason(text))
            fail(late, INTERRUPTED if stopped or pressed else UNTOLD)
        return text

    refused: list[bool] = []
    # The report first: whatever becomes of a file, it is read.
    all_of(
        lambda: refused.append(write_outputs(outputs, ready, words)),
        lambda: refused.append(write_outputs([Output("json", save)] if save else [], case, words, 0o600)),
    )
    return code or UNTOLD if any(refused) else code


def in_time(call: Callable[[], T], limit: float, pressed: list[bool]) -> T | Reason:
    """What is made of the reports; or why it is not: it took too long, alone or behind Ctrl-C, or this machine has run
    out of something."""
    before = len(pressed)

    def stop() -> None:
        pressed.append(True)
        raise KeyboardInterrupt

    try:
        with runner.interruptible(stop):
            return deadline.within(call, limit, GRACE)
    except TimeoutError:
        return Reason("shortened-interrupted") if pressed[before:] else Reason("shortened-late", {"limit": limit})
    except (MemoryError, RuntimeError) as error:
        if not local.spent(error):
            raise
        return Reason("shortened-machine", {"error": local.told(error)})


def say_problems(problems: Sequence[Finding], words: Catalogue) -> None:
    """What could not be read in the alarms, on stderr; notes are no news. -f json has them all."""
    found = [problem for problem in problems if problem.code.severity is not Severity.NOTE]
    for problem in found[:SHOWN_PROBLEMS]:
        typer.echo(problem_line(problem, words), err=True)
    if len(found) > SHOWN_PROBLEMS:
        typer.echo(words.ui("parse_more", count=len(found) - SHOWN_PROBLEMS), err=True)


Shown: TypeAlias = "tuple[Sequence[Report], Sequence[Finding], Page]"
"""What renderers are given."""


def redacted(
    reports: Sequence[Report], problems: Sequence[Finding], page: Page, redactor: Redactor
) -> Callable[[], Shown]:
    """Reports, problems and page for whoever reads them; made once, on the first call, with one set of tokens."""

    @functools.cache
    def made() -> Shown:
        return redactor.reports(reports), [redactor.finding(problem) for problem in problems], redactor.plain(page)

    return made


def text_of(
    output: Output,
    reports: Sequence[Report],
    problems: Sequence[Finding],
    page: Page,
    words: Catalogue,
    timeout: float,
    code: int,
    contexts: Sequence[Context] = (),
    detail: Detail = Detail(),  # it is frozen
) -> str:
    """The reports in one format, with where the settings of their contexts came from."""
    settings = contexts[0].settings.source if contexts else None
    match output.format:
        case "json":
            return json.render(reports, problems, words, source.record(settings), page, run_record(reports, contexts))
        case "markdown":
            return markdown.render(reports, words, sentences(contexts, words), page)
        case "handoff":
            return handoff.render(reports, words, page, platform.node())
        case "chat":
            return chat.render(reports, words, page)
        case "html":
            return html.render(reports, words, sentences(contexts, words), page, run_record(reports, contexts))

    width = terminal_width() if on_screen(output.path) or "COLUMNS" in os.environ else 100
    text = terminal.render(
        *(reports, words),
        width=width,
        color=in_color(output.path),
        timeout=timeout,
        exit_code=code,
        settings=sentences(contexts, words),
        page=page,
        plain=output.path is None and not (sys.stdout.encoding or "").lower().startswith("utf"),
        last=on_screen(output.path),
        verbose=detail.verbose,
        quiet=detail.quiet,
    )
    if not has_links(output.path):
        return text
    # Only a terminal sees them.
    from wxalarm.render.hyperlinks import linked

    return linked(text, words.lang)


def run_record(reports: Sequence[Report], contexts: Sequence[Context]) -> dict[str, Any]:
    """By which version, when, on which host and how long, for JSON."""
    return {
        "version": version("wxalarm"),
        "time": min((ctx.now for ctx in contexts), default=now()).astimezone(BEIJING).isoformat(timespec="seconds"),
        "host": platform.node() or None,
        "elapsed": round(max((report.elapsed for report in reports), default=0.0), 3),
    }


def by_group(groups: Sequence[int], reports: Sequence[Report]) -> dict[int, list[Report]]:
    """The reports of each group, by its number. groups: that of each report."""
    made: dict[int, list[Report]] = {}
    for group, report in zip(groups, reports, strict=True):
        made.setdefault(group, []).append(report)
    return made


def sentences(contexts: Sequence[Context], words: Catalogue) -> list[str]:
    """Which configuration a run goes by, and where the secrets of its accounts are read and go to."""
    accounts = {ctx.account.name for ctx in contexts if ctx.account}
    return source.about(contexts[0].settings.source, words, accounts) if contexts else []
