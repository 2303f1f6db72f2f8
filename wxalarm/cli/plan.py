"""`wxalarm plan`: what diagnose would send where, which files it would read and which programs it may run, before
anything happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wxalarm.checks.urls import without_userinfo
from wxalarm.cli import flags
from wxalarm.cli.common import words_of, write_stdout
from wxalarm.cli.contexts import chosen_of, known_checks, overlay, read_alarms
from wxalarm.cli.report import sentences
from wxalarm.cli.settings import settings_of
from wxalarm.probes.command import find
from wxalarm.render.redact import Redactor
from wxalarm.render.text import visible
from wxalarm.render.view import summary
from wxalarm.runner import plan as checks_of
from wxalarm.shell import pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wxalarm.checks.check import Context
    from wxalarm.messages import Catalogue
    from wxalarm.probes.command import Call


def plan(
    files: flags.Files = None,
    url: flags.Url = None,
    account: flags.AccountName = None,
    config: flags.Config = None,
    offline: flags.Offline = False,
    push: flags.Push = False,
    dns_server: flags.DnsServers = None,
    resolve: flags.Resolve = None,
    nginx_conf: flags.NginxConf = None,
    access_log: flags.Logs = None,
    error_log: flags.ErrorLogs = None,
    app_log: flags.AppLogs = None,
    callback_check: flags.CallbackCheck = None,
    only: flags.Only = None,
    skip: flags.Skip = None,
    lang: flags.Lang = None,
) -> None:
    """Say what diagnose would send where, read and run. Sends and reads nothing else itself."""
    settings = settings_of(config, lang)
    words = words_of(lang, settings)
    settings = overlay(
        settings,
        words,
        offline=offline,
        push=push,
        dns_servers=dns_server,
        nginx_conf=nginx_conf,
        access_log=access_log,
        error_log=error_log,
        app_log=app_log,
        callback_check=callback_check,
    )
    contexts, _ = read_alarms(files or (), settings, words, url, account, resolve or (), command="plan")
    chosen = chosen_of(contexts, known_checks(only, words), words), known_checks(skip, words)
    parts = ["".join(f"{visible(sentence)}\n" for sentence in sentences(contexts, words))]
    parts += [text_of(ctx, words, *chosen) for ctx in contexts]
    write_stdout("\n".join(filter(None, parts)))


def text_of(ctx: Context, words: Catalogue, only: Sequence[str] = (), skip: Sequence[str] = ()) -> str:
    """The plan for one alarm: a line for the alarm, then one for each check of its playbook."""
    lines = [visible(summary(ctx.alarm, words))]
    values, target = values_of(ctx), ctx.target
    asked = {"url": target.url or f"{target.scheme}://{target.host}{target.path}"}
    checks = checks_of(ctx)
    width = max(len(check.id) for check in checks)
    for check in checks:
        sends = words.check(check.id, "sends", **{**values, **asked})
        runs = [words.ui("plan_runs", command=shown(call)) for call in check.runs if may_run(call, ctx)]
        if (only and check.id not in only) or check.id in skip:
            sends, runs = words.ui("plan_not_selected"), []
        elif check.network and ctx.settings.offline:
            sends, runs = words.ui("plan_offline"), []
        elif absent := [name for name in check.wants if not values[name]]:
            sends, runs = words.ui("plan_absent", name=absent[0]), []
        elif not check.sends:
            sends = words.ui("plan_nothing")
        lines.append(f"  {check.id:<{width}}  {visible(sends)}")
        lines += [f"  {'':<{width}}  {visible(line)}" for line in runs]
    return "\n".join(lines) + "\n"


def may_run(call: Call, ctx: Context) -> bool:
    """Whether a run may start the program: it is here, or it is nginx, which may stand where only its process shows."""
    return (call.offline or not ctx.settings.offline) and (call.program == "nginx" or find(call.program) is not None)


def shown(call: Call) -> str:
    """A program with its arguments; what is known only when it is run, in capitals."""
    words = (word[1:-1].upper() if word.startswith("{") else word for word in call.arguments)
    return pipeline([[find(call.program) or call.program, *words]])


def values_of(ctx: Context) -> dict[str, object]:
    """What the catalogue's `sends` sentences may name."""
    target, settings = ctx.target, ctx.settings
    host = settings.host
    override = target.resolve.get(f"{target.host}:{target.port}", ())
    return {
        "host": target.host,
        "port": target.port,
        "url": target.url,
        "alarm_ip": target.alarm_ip,
        "outer_ip": ctx.alarm.sample.outer_ip,
        "addresses": [*override, *([target.alarm_ip] if target.alarm_ip else [])] or None,
        "servers": list(settings.dns.servers) or None,
        "api": Redactor(reveal=True).text(without_userinfo(settings.api.base_url)),  # a secret may stand in its path
        "account": ctx.account.name if ctx.account else None,
        "repeat": settings.repeat,
        "push": settings.push,
        "nginx_conf": host.nginx_conf,
        "access_log": list(host.access_log) or None,
        "error_log": list(host.error_log) or None,
        "app_log": list(host.app_log) or None,
        "callback_check": settings.api.callback_check,
    }
