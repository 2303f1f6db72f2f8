"""`wxalarm diagnose` and `wxalarm probe`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wxalarm.cases import Case
    from wxalarm.checks.check import Context
    from wxalarm.config import Settings
    from wxalarm.messages import Catalogue
    from wxalarm.model import Alarm, Finding

Files = Annotated[list[str] | None, typer.Argument(metavar="[FILE…|-]", help="Alarm texts; none or - is stdin.")]
Url = Annotated[str | None, typer.Option("--url", help="The callback URL, when the alarm has none or another.")]
# The backslashes: help is rich markup, which takes [accounts] for a style.
AccountName = Annotated[str | None, typer.Option("--account", help=r"A name under \[accounts] or \[platforms].")]
Config = Annotated[Path | None, typer.Option("--config", help="The configuration file; else wxalarm.toml is found.")]
Offline = Annotated[bool, typer.Option("--offline", help="Open no socket at all.")]
Push = Annotated[bool, typer.Option("--push", help="Also send the signed push to the account's configured URL.")]
DnsServers = Annotated[
    list[str] | None, typer.Option("--dns-server", metavar="IP[:PORT]", help="Compare with this resolver too.")
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="S", min=0.1, max=3600, help="Seconds for the whole run.")
]
Resolve = Annotated[
    list[str] | None, typer.Option("--resolve", metavar="HOST:PORT:ADDR", help="Use this address, like curl.")
]
Repeat = Annotated[int, typer.Option("--repeat", min=1, max=100, help="Connect and ask this often: p50, p95, max.")]
NginxConf = Annotated[str | None, typer.Option("--nginx-conf", metavar="F", help="nginx.conf to read.")]
Logs = Annotated[list[str] | None, typer.Option("--access-log", metavar="F", help="Access logs; globs work.")]
ErrorLogs = Annotated[list[str] | None, typer.Option("--error-log", metavar="F", help="nginx error logs.")]
AppLogs = Annotated[list[str] | None, typer.Option("--app-log", metavar="F", help="Your application's logs.")]
CallbackCheck = Annotated[
    str | None,
    typer.Option("--callback-check", metavar="F", help="A pasted answer of WeChat's callback/check (网络检测)."),
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="CHECK", help="Run only these checks, and what they need.")
]
Skip = Annotated[list[str] | None, typer.Option("--skip", metavar="CHECK", help="Do not run these checks.")]
Save = Annotated[Path | None, typer.Option("--save", metavar="F", help="Save alarm and observations, for --from.")]
From = Annotated[Path | None, typer.Option("--from", metavar="F", help="Diagnose a saved case again, no network.")]
MAX_CASE = 256 * 1024 * 1024
"""Bytes of a saved case: a storm of alarms with their observations."""
Format = Annotated[
    list[str] | None,
    typer.Option("-f", "--format", metavar="FORMAT[=FILE]", help="text, json, markdown, html; may be repeated."),
]
Lang = Annotated[str | None, typer.Option("--lang", help="zh or en; else the configuration, else the locale.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Do not redact appids, OpenIDs, IPs in files and json.")]


def diagnose(
    files: Files = None,
    url: Url = None,
    account: AccountName = None,
    config: Config = None,
    offline: Offline = False,
    push: Push = False,
    dns_server: DnsServers = None,
    timeout: Timeout = None,
    resolve: Resolve = None,
    repeat: Repeat = 1,
    nginx_conf: NginxConf = None,
    access_log: Logs = None,
    error_log: ErrorLogs = None,
    app_log: AppLogs = None,
    callback_check: CallbackCheck = None,
    only: Only = None,
    skip: Skip = None,
    save: Save = None,
    from_case: From = None,
    formats: Format = None,
    lang: Lang = None,
    reveal: Reveal = False,
) -> None:
    """Find the cause of an alarm: DNS, connection, TLS, HTTP, the reply, nginx, its logs and this machine."""
    from wxalarm.cli.common import fail, outputs_of, settings_of, words_of, writable
    from wxalarm.cli.report import FORMATS, deliver

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
    )
    outputs = outputs_of(formats or (), FORMATS, "text", words)
    only, skip = known_checks(only, words), known_checks(skip, words)
    if str(save) == "-":
        fail(words.ui("save_stdout"))
    writable(save, words)
    if from_case is not None:
        if files or save:
            fail(words.ui("from_alone"))
        case = read_case(from_case, words)
        only = chosen_of(case.contexts, only, words)
        code = deliver(case.contexts, (), words, outputs, only=only, skip=skip, saved=case.outcome, reveal=reveal)
    else:
        if settings.host.nginx_conf == "-" and (not files or "-" in files):
            fail(words.ui("two_stdin"))
        contexts, problems = read_alarms(files or (), settings, words, url, account, resolve or ())
        only = chosen_of(contexts, only, words)
        code = deliver(contexts, problems, words, outputs, only=only, skip=skip, save=save, reveal=reveal)
    raise typer.Exit(code)


def probe(
    url: Annotated[str, typer.Argument(help="The callback URL.")],
    account: AccountName = None,
    config: Config = None,
    push: Push = False,
    dns_server: DnsServers = None,
    timeout: Timeout = None,
    resolve: Resolve = None,
    repeat: Repeat = 1,
    only: Only = None,
    skip: Skip = None,
    save: Save = None,
    formats: Format = None,
    lang: Lang = None,
    reveal: Reveal = False,
) -> None:
    """Check a callback URL without an alarm: every network check and, with --push, the signed push."""
    from wxalarm.cli.common import outputs_of, settings_of, words_of, writable
    from wxalarm.cli.report import FORMATS, deliver
    from wxalarm.model import Alarm
    from wxalarm.playbooks import NETWORK

    settings = settings_of(config, lang)
    words = words_of(lang, settings)
    settings = overlay(settings, words, push=push, repeat=repeat, timeout=timeout, dns_servers=dns_server)
    outputs = outputs_of(formats or (), FORMATS, "text", words)
    contexts = contexts_of([Alarm()], settings, words, callback_url(url, words), account, resolve or ())
    only = chosen_of(contexts, known_checks(only, words), words) or [check.id for check in NETWORK]
    skip = known_checks(skip, words)
    writable(save, words)
    raise typer.Exit(deliver(contexts, (), words, outputs, only=only, skip=skip, save=save, reveal=reveal))


def overlay(settings: Settings, words: Catalogue, **flags: Any) -> Settings:
    """The settings with the command line's flags laid over them; a flag that was not given changes nothing."""
    dns = settings.dns
    if servers := flags.pop("dns_servers", None):
        known_servers(servers, words)
        dns = replace(dns, servers=tuple(dict.fromkeys((*dns.servers, *servers))))
    logs = {name: flags.pop(name, None) for name in ("nginx_conf", "access_log", "error_log", "app_log")}
    named: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in logs.items() if v}
    host = replace(settings.host, **named)
    api = settings.api
    if pasted := flags.pop("callback_check", None):
        api = replace(api, callback_check=pasted)
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(settings, dns=dns, host=host, api=api, **given)


def known_servers(servers: Sequence[str], words: Catalogue) -> None:
    """Ends the command at the first --dns-server that is no address."""
    from wxalarm.cli.common import fail
    from wxalarm.config import split_server

    for server in servers:
        try:
            split_server(server)
        except ValueError:
            fail(words.ui("bad_dns_server", server=server))


def known_checks(names: Sequence[str] | None, words: Catalogue) -> list[str]:
    """The ids that --only or --skip name; commas may join them. An unknown one ends the command."""
    from wxalarm.checks import CHECKS
    from wxalarm.cli.common import fail, nearest

    ids = [check.id for check in CHECKS]
    wanted = [name.strip() for value in names or () for name in value.split(",") if name.strip()]
    if names and not wanted:
        fail(words.ui("no_check_named"))
    for name in wanted:
        if name not in ids:
            fail(words.ui("unknown_check", name=name, nearest=nearest(name, ids, words)))
    return wanted


def chosen_of(contexts: Sequence[Context], only: Sequence[str], words: Catalogue) -> list[str]:
    """--only with what its checks need; those that connect bring the checks that they build on when none of these was
    named: there is no HTTP without an address, no address without DNS.

    A check that no playbook here has is said; the command ends when none has any.
    """
    from wxalarm.checks.dns.addresses import SOURCES
    from wxalarm.cli.common import fail
    from wxalarm.runner import plan

    planned = {check.id: check for ctx in contexts for check in plan(ctx)}
    if absent := [words.ui("only_unused", name=name) for name in only if name not in planned]:
        if len(absent) == len(only):
            fail("\n".join(absent))
        typer.echo("\n".join(absent), err=True)
    chosen = list(only)
    for name in chosen:  # grows while it is walked: what they build on builds on others
        if name in planned:
            chosen += [check.id for check in planned[name].needs if check.id not in chosen]
            below = [check.id for check in planned[name].uses if check.network]
            if set(SOURCES) <= set(planned[name].uses) and not set(below) & set(chosen):
                chosen += below
    return chosen


def callback_url(url: str, words: Catalogue) -> str:
    """--url as given, if it is an http or https URL with a host; else the command ends."""
    from wxalarm.checks.urls import split_url
    from wxalarm.cli.common import fail

    if not url.lower().startswith(("http://", "https://")) or not split_url(url).host or not good_port(url):
        fail(words.ui("bad_url", url=url))
    return url


def good_port(url: str) -> bool:
    """Whether the port of a URL, if it names one, is one: 1 to 65535."""
    from urllib.parse import urlsplit

    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def contexts_of(
    alarms: Sequence[Alarm],
    settings: Settings,
    words: Catalogue,
    url: str | None,
    account: str | None,
    resolve: Sequence[str],
) -> list[Context]:
    """Contexts for the alarms; wrong flags and unknown accounts end the command."""
    from wxalarm.cli.common import fail
    from wxalarm.config import ConfigError
    from wxalarm.diagnosis import contexts
    from wxalarm.render.text import visible

    try:
        overrides = resolve_overrides(resolve, words)
        chosen = callback_url(url, words) if url else None
        made = contexts(alarms, settings, url=chosen, account=account, resolve=overrides)
    except ConfigError as error:
        fail(words.reason(error.reason))
    used = {f"{ctx.target.host}:{ctx.target.port}" for ctx in made}
    for name in overrides:
        if name not in used:
            typer.echo(visible(words.ui("resolve_unused", name=name, targets=", ".join(sorted(used)))), err=True)
    return made


def resolve_overrides(values: Sequence[str], words: Catalogue) -> dict[str, tuple[str, ...]]:
    """--resolve HOST:PORT:ADDR[,ADDR…] as curl reads it; IPv6 addresses may stand in brackets."""
    import ipaddress

    from wxalarm.checks.urls import split_url
    from wxalarm.cli.common import fail

    found: dict[str, tuple[str, ...]] = {}
    for value in values:
        host, _, rest = value.partition(":")
        port, _, listed = rest.partition(":")
        addresses = tuple(address.strip("[]") for address in listed.split(",") if address)
        try:
            host = split_url(f"http://{host}").host or ""
            if not host or not addresses or not 0 < int(port) < 65536:
                raise ValueError(value)
            for address in addresses:
                ipaddress.ip_address(address)
        except ValueError:
            fail(words.ui("bad_resolve", value=value))
        found[f"{host}:{int(port)}"] = addresses
    return found


def read_alarms(
    files: Sequence[str],
    settings: Settings,
    words: Catalogue,
    url: str | None,
    account: str | None,
    resolve: Sequence[str],
    command: str = "diagnose",
) -> tuple[list[Context], list[Finding]]:
    """Contexts of all alarms in the inputs, and the problems of parsing; input without an alarm ends the command."""
    from wxalarm.cli.common import fail, read_texts
    from wxalarm.parser import parse

    alarms: list[Alarm] = []
    problems: list[Finding] = []
    for name, text in read_texts(files, command, words):
        parsed = parse(text, name)
        if not parsed.alarms:
            fail(words.ui("no_alarm", source=name))
        alarms += parsed.alarms
        problems += parsed.problems
    return contexts_of(alarms, settings, words, url, account, resolve), problems


def read_case(path: Path, words: Catalogue) -> Case:
    """A saved case, "-" from stdin; a file that is none ends the command."""
    from wxalarm.cases import CaseError, from_text
    from wxalarm.cli.common import fail, read_bytes, source_name

    try:
        data = read_bytes(str(path), "diagnose --from", words, limit=MAX_CASE, hint="case_hint")
        return from_text(data.decode(), source_name(str(path)))
    except UnicodeDecodeError as error:
        fail(f"{path}: {error}")
    except CaseError as error:
        fail(words.reason(error.reason))
