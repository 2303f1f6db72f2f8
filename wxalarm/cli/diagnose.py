"""`wxalarm diagnose`: the alarms, or a saved case, and what can be found out about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import apart, fail, outputs_of, paths_of, settings_files, words_of
from wxalarm.cli.contexts import Looked, chosen_of, known_checks, overlay, read_alarms, read_case, time_of
from wxalarm.cli.report import FORMATS, deliver
from wxalarm.cli.settings import settings_of

From = Annotated[Path | None, typer.Option("--from", metavar="F")]


def diagnose(
    files: flags.Files = None,
    url: flags.Url = None,
    account: flags.AccountName = None,
    config: flags.Config = None,
    offline: flags.Offline = False,
    push: flags.Push = False,
    dns_server: flags.DnsServers = None,
    timeout: flags.Timeout = None,
    resolve: flags.Resolve = None,
    repeat: flags.Repeat = 1,
    nginx_conf: flags.NginxConf = None,
    access_log: flags.Logs = None,
    error_log: flags.ErrorLogs = None,
    app_log: flags.AppLogs = None,
    callback_check: flags.CallbackCheck = None,
    only: flags.Only = None,
    skip: flags.Skip = None,
    save: flags.Save = None,
    from_case: From = None,
    formats: flags.Format = None,
    lang: flags.Lang = None,
    reveal: flags.Reveal = False,
    clipboard: flags.Clipboard = False,
    ocr: flags.Ocr = False,
    verbose: flags.Verbose = False,
    quiet: flags.Quiet = False,
    strict: flags.Strict = False,
    since: flags.Since = None,
    at: flags.At = None,
    last_ticket: flags.LastTicket = None,
) -> None:
    """Find the cause of an alarm: DNS, connection, TLS, HTTP, the reply, nginx, its logs and this machine."""
    settings = settings_of(config, lang)
    words = words_of(lang, settings)
    settings = overlay(
        settings,
        words,
        offline=offline,
        push=push,
        repeat=repeat,
        timeout=timeout,
        dns_servers=dns_server,
        nginx_conf=nginx_conf,
        access_log=access_log,
        error_log=error_log,
        app_log=app_log,
        callback_check=callback_check,
        last_ticket=time_of(last_ticket, words, "--last-ticket").timestamp() if last_ticket else None,
    )
    if str(save) == "-":
        fail(words.ui("save_stdout"))
    outputs = outputs_of(formats or (), FORMATS, "text", words, save)
    only, skip = known_checks(only, words), known_checks(skip, words)
    inputs = [*paths_of(files or (), words), *([str(from_case)] if from_case else [])]
    apart((*(output.path for output in outputs), save), lambda: [*inputs, *settings_files(settings)], words)
    options: dict[str, Any] = {"skip": skip, "reveal": reveal, "verbose": verbose, "quiet": quiet, "strict": strict}
    if from_case is not None:
        if files or save or since or at or last_ticket:
            fail(words.ui("from_alone"))
        case = read_case(from_case, words)
        only, saved = chosen_of(case.contexts, only, words), case.outcome
        code = deliver(case.contexts, case.problems, words, outputs, only=only, saved=saved, **options)
    else:
        logs = (*settings.host.access_log, *settings.host.error_log, *settings.host.app_log)
        taken = [settings.host.nginx_conf, *logs].count("-")
        alarm_too = not clipboard and ("-" in (files or ()) or not (files or url))
        if taken > 1 or (taken and alarm_too):
            fail(words.ui("two_stdin"))
        looked = Looked(since, at, bool(url or nginx_conf or access_log or error_log or app_log), bool(taken), logs)
        given = settings, words, url, account, resolve or (), looked
        contexts, found = read_alarms(files or (), *given, clip=clipboard, ocr=ocr)
        only = chosen_of(contexts, only, words)
        folded = found if found.fold.alarms else None
        code = deliver(contexts, found.problems, words, outputs, found=folded, only=only, save=save, **options)
    raise typer.Exit(code)
