"""From what is given (flags, files, saved cases) to settings and contexts; what is wrong with it ends the command."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from wxalarm import bounds
from wxalarm.bounds import whole
from wxalarm.cases import CaseError, from_text
from wxalarm.checks import CHECKS
from wxalarm.checks.dns.addresses import SOURCES
from wxalarm.checks.urls import split_url
from wxalarm.cli.common import fail, nearest, read_bytes, source_name
from wxalarm.cli.reading import Gathered, gather
from wxalarm.config import ConfigError, split_server
from wxalarm.diagnosis import contexts
from wxalarm.model import Alarm
from wxalarm.render.text import visible
from wxalarm.runner import plan

if TYPE_CHECKING:
    from wxalarm.cases import Case
    from wxalarm.checks.check import Context
    from wxalarm.config import Settings
    from wxalarm.messages import Catalogue


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
    for server in servers:
        try:
            split_server(server)
        except ValueError:
            fail(words.ui("bad_dns_server", server=server))


def known_checks(names: Sequence[str] | None, words: Catalogue) -> list[str]:
    """The ids that --only or --skip name; commas may join them. An unknown one ends the command."""
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
    if not url.lower().startswith(("http://", "https://")) or not split_url(url).host or not good_port(url):
        fail(words.ui("bad_url", url=url))
    return url


def good_port(url: str) -> bool:
    """Whether the port of a URL, if it names one, is one: 1 to 65535."""
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

    found: dict[str, tuple[str, ...]] = {}
    for value in values:
        host, _, rest = value.partition(":")
        port, _, listed = rest.partition(":")
        addresses = tuple(address.strip("[]") for address in listed.split(",") if address)
        try:
            host = split_url(f"http://{host}").host or ""
            number = whole(port)
            if not host or not addresses or number is None or not 0 < number < 65536:
                raise ValueError(value)
            for address in addresses:
                ipaddress.ip_address(address)
        except ValueError:
            fail(words.ui("bad_resolve", value=value))
        found[f"{host}:{number}"] = addresses
    return found


def read_alarms(
    files: Sequence[str],
    settings: Settings,
    words: Catalogue,
    url: str | None,
    account: str | None,
    resolve: Sequence[str],
    command: str = "diagnose",
) -> tuple[list[Context], Gathered]:
    """Contexts of the alarms in the inputs that are diagnosed, and all that was read; input without an alarm ends the
    command."""
    found = gather(files, command, words)
    made = contexts_of(found.alarms, settings, words, url, account, resolve)
    if found.fold.alarms > len(found.alarms):  # a storm is seen only from above
        groups = found.fold.groups
        hosts = [found.fold.accounts_at(groups[number].place) for number in found.groups]
        made = [
            replace(ctx, accounts_here=max(ctx.accounts_here, len(at))) for ctx, at in zip(made, hosts, strict=True)
        ]
    return made, found


def read_case(path: Path, words: Catalogue) -> Case:
    """A saved case, "-" from stdin; a file that is none ends the command."""
    try:
        data = read_bytes(str(path), "diagnose --from", words, limit=bounds.CASE, hint="case_hint")
        return from_text(data.decode(), source_name(str(path)))
    except UnicodeDecodeError as error:
        fail(f"{path}: {error}")
    except CaseError as error:
        fail(words.reason(error.reason))
