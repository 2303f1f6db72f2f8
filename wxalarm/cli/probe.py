"""`wxalarm probe`: a callback URL without an alarm."""

from __future__ import annotations

from typing import Annotated

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import apart, outputs_of, settings_files, words_of
from wxalarm.cli.contexts import callback_url, chosen_of, contexts_of, known_checks, overlay
from wxalarm.cli.report import FORMATS, deliver
from wxalarm.cli.settings import settings_of
from wxalarm.model import Alarm
from wxalarm.playbooks import NETWORK


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
    options = {"reveal": reveal, "verbose": verbose, "quiet": quiet, "strict": strict}
    raise typer.Exit(deliver(contexts, (), words, outputs, only=only, skip=skip, save=save, **options))
