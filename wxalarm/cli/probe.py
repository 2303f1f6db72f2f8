"""`wxalarm probe`: a callback URL without an alarm."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wxalarm import runner
from wxalarm.cli import flags
from wxalarm.cli.common import apart, fail, outputs_of, settings_files, words_of, write_file, write_stdout
from wxalarm.cli.contexts import callback_url, chosen_of, contexts_of, known_checks, overlay
from wxalarm.cli.report import FORMATS, deliver, exit_code
from wxalarm.cli.settings import settings_of
from wxalarm.model import Alarm, Reason
from wxalarm.playbooks import NETWORK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wxalarm.checks.check import Context
    from wxalarm.messages import Catalogue


def probe(
    url: Annotated[str, typer.Argument(metavar="URL")],
    account: flags.AccountName = None,
    config: flags.Config = None,
    push: flags.Push = False,
    dns_server: flags.DnsServers = None,
    timeout: flags.Timeout = None,
    resolve: flags.Resolve = None,
    repeat: flags.Repeat = 1,
    only: flags.Only = None,
    skip: flags.Skip = None,
    save: flags.Save = None,
    formats: flags.Format = None,
    lang: flags.Lang = None,
    reveal: flags.Reveal = False,
    verbose: flags.Verbose = False,
    quiet: flags.Quiet = False,
    strict: flags.Strict = False,
    nagios: Annotated[bool, typer.Option("--nagios")] = False,
    textfile: Annotated[Path | None, typer.Option("--textfile", metavar="FILE")] = None,
) -> None:
    """Check a callback URL without an alarm: every network check and, with --push, the signed push."""
    settings = settings_of(config, lang)
    words = words_of(lang, settings)
    settings = overlay(settings, words, push=push, repeat=repeat, timeout=timeout, dns_servers=dns_server)
    outputs = outputs_of(formats or (), FORMATS, "text", words, save)
    apart((*(output.path for output in outputs), save), lambda: settings_files(settings), words)
    contexts = contexts_of([Alarm()], settings, words, callback_url(url, words), account, resolve or ())
    only = chosen_of(contexts, known_checks(only, words), words) or [check.id for check in NETWORK]
    skip = known_checks(skip, words)
    if nagios or textfile:
        if formats or save:
            fail(words.ui("for_schedulers_alone"))
        raise typer.Exit(_for_schedulers(contexts[0], words, only, skip, nagios, textfile))
    options: dict[str, Any] = {"reveal": reveal, "verbose": verbose, "quiet": quiet, "strict": strict}
    raise typer.Exit(deliver(contexts, (), words, outputs, only=only, skip=skip, save=save, **options))


def _for_schedulers(
    ctx: Context, words: Catalogue, only: Sequence[str], skip: Sequence[str], nagios: bool, textfile: Path | None
) -> int:
    """--nagios and --textfile: one round for somebody else's scheduler."""
    # Most runs are for people.
    from wxalarm.watch.nagios import plugin
    from wxalarm.watch.rounds import numbers_of
    from wxalarm.watch.targets import Watched

    (report,) = runner.run([ctx], only=only, skip=skip)
    if textfile is not None:
        if find_spec("prometheus_client") is None:
            fail(words.reason(Reason("watch-extra", {"name": "prometheus-client"})))
        # Of the extra, and for this flag only.
        from wxalarm.watch.metrics import textfile as written

        url, account = ctx.target.url or "", ctx.account.name if ctx.account else None
        write_file(textfile, written(Watched(account or url, url, account), numbers_of(report), time.time()).decode())
    if not nagios:
        return exit_code([report])
    code, text = plugin(report, words)
    write_stdout(text)
    return code
