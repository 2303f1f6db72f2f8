"""From what is given (flags, files, saved cases) to settings and contexts; what is wrong with it ends the command."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
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
from wxalarm.cli.common import fail, nearest, none_found, read_bytes, source_name
from wxalarm.cli.reading import Gathered, gather
from wxalarm.config import ConfigError, split_server
from wxalarm.diagnosis import contexts
from wxalarm.logs.times import CHINA, last_time, last_zone, span
from wxalarm.model import BEIJING, Alarm
from wxalarm.nginx.values import seconds
from wxalarm.parser.near import near
from wxalarm.probes.machine import now
from wxalarm.render.text import visible
from wxalarm.runner import plan
from wxalarm.wechat.symptoms import is_notice

if TYPE_CHECKING:
    from wxalarm.cases import Case
    from wxalarm.checks.check import Context
    from wxalarm.config import Settings
    from wxalarm.messages import Catalogue


SINCE = 900.0
"""Seconds before now that are looked at without an alarm."""


def overlay(settings: Settings, words: Catalogue, **flags: Any) -> Settings:
    """The settings with the command line's flags laid over them; a flag that was not given changes nothing."""
    dns = settings.dns
    if servers := flags.pop("dns_servers", None):
        known_servers(servers, words)
        dns = replace(dns, servers=tuple(dict.fromkeys((*dns.servers, *servers))))
    logs = {name: flags.pop(name, None) for name in ("nginx_conf", "access_log", "error_log", "app_log")}
    _sort(logs, words)
    if not logs["error_log"] and not settings.host.error_log:
        # What a container's nginx writes is one log: its requests, and its errors among them.
        logs["error_log"] = [path for path in logs["access_log"] or () if _holds_errors(path)] or None
    named: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in logs.items() if v}
    host = replace(settings.host, **named)
    api = settings.api
    if pasted := flags.pop("callback_check", None):
        api = replace(api, callback_check=pasted)
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(settings, dns=dns, host=host, api=api, **given)


def _sort(logs: dict[str, Any], words: Catalogue) -> None:
    """The logs of the flags by what stands in them, which is said where it is not what they were given as: an error log
    may be of another program, as PHP-FPM's, and either may be a table of requests, as those of IIS, of HTTP.sys and of
    web firewalls."""
    for name in ("error_log", "app_log"):
        for path in tuple(logs[name] or ()):
            kind = _kind(path)
            if kind in (None, name) or (name, kind) == ("app_log", "error_log"):
                continue
            typer.echo(visible(words.ui("log_of_others", path=path, given=name, kind=kind)), err=True)
            logs[name] = [one for one in logs[name] if one != path]
            logs[str(kind)] = [*(logs[str(kind)] or ()), path]


def _sample(path: str) -> Sequence[bytes]:
    """Some lines of a file; none where another program would have to unpack it."""
    # Hardly ever wanted.
    from wxalarm.probes import logfiles, logsource

    if not os.path.isfile(path) or path.endswith(logsource.SUFFIXES):
        return ()
    source = logfiles.opened(path)
    if isinstance(source, logfiles.LogFile):
        return ()
    with source:
        return source.sample()


def _holds_errors(path: str) -> bool:
    # Only where an access log was named.
    from wxalarm.logs.errors import is_error_log

    return is_error_log(_sample(path))


def _kind(path: str) -> str | None:
    """What a file given as a log is: access_log, error_log (nginx's) or app_log; None where that cannot be told, or not
    without another program."""
    # Hardly ever wanted.
    from wxalarm.logs import app
    from wxalarm.logs.errors import is_error_log
    from wxalarm.logs.firewalls import are_firewalls
    from wxalarm.logs.parsers import FIELDS

    lines = _sample(path)
    if any(line.startswith(FIELDS) for line in lines) or are_firewalls(lines):
        return "access_log"
    if not lines or is_error_log(lines):
        return "error_log" if lines else None
    return "app_log" if app.shape_of(lines) is not None else None


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
    for ctx in made:
        own, other = ctx.account and ctx.account.appid, ctx.alarm.appid
        if account and own and other and own != other and not (ctx.account and ctx.account.platform):
            typer.echo(visible(words.ui("other_account", name=account, own=own, other=other)), err=True)
            break
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
    looked: Looked | None = None,
    command: str = "diagnose",
    *,
    clip: bool = False,
    ocr: bool = False,
) -> tuple[list[Context], Gathered]:
    """Contexts of the alarms in the inputs that are diagnosed, and all that was read; input without an alarm ends the
    command.

    looked: what is looked at when there is none, or only what a follower sees: a URL, files, the last minutes.
    """
    if looked is not None and looked.instead(files) and not clip:
        return contexts_of([looked.alarm(words)], settings, words, url, account, resolve), Gathered()

    def symptom(text: str) -> Alarm | None:
        nonlocal url
        if looked is None:
            return None
        if (close := near(text)) is not None and close.alarm is not None:
            typer.echo(visible(none_found(text, "-", words)), err=True)
            if not (looked.since or looked.at):
                return close.alarm
            then = looked.alarm(words)
            return replace(close.alarm, first_seen=then.first_seen, window_minutes=then.window_minutes)
        if not is_notice(text):
            return None
        url = url or _only_url(settings, account)
        if not (url or looked.named):
            fail(words.ui("notice_alone"))
        typer.echo(words.ui("notice_no_alarm"), err=True)
        return looked.alarm(words)

    found = gather(files, command, words, symptom, clip=clip, ocr=ocr)
    if looked is not None and (looked.since or looked.at) and any(alarm.places is not None for alarm in found.alarms):
        typer.echo(words.ui("window_of_alarm"), err=True)
    made = contexts_of(found.alarms, settings, words, url, account, resolve)
    if found.fold.alarms > len(found.alarms):  # a storm is seen only from above
        groups = found.fold.groups
        hosts = [found.fold.accounts_at(groups[number].place) for number in found.groups]
        made = [
            replace(ctx, accounts_here=max(ctx.accounts_here, len(at))) for ctx, at in zip(made, hosts, strict=True)
        ]
    return made, found


def _only_url(settings: Settings, account: str | None) -> str | None:
    """The URL of the one account that is configured, or that is named."""
    own = [one for one in settings.accounts if one.url and account in (None, one.name)]
    return own[0].url if len(own) == 1 else None


_TO_THE_MINUTE = re.compile(r"(?:\A|[T ])\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?\Z")
_TAIL = 1 << 16
"""Bytes at the end of a log in which a time is looked for."""
_COPIED, _OLD = 60.0, 86400.0
"""Seconds: a log that was written so long after its last line is a copy; one with a last line so old grows no more."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked at without an alarm."""

    since: str | None = None
    """--since: how long before `at` the window begins."""
    at: str | None = None
    """--at: the time at which it ends; now by default."""
    named: bool = False
    """A URL, a log or a configuration was named: there is something to look at."""
    stdin: bool = False
    """What stands on stdin is something else."""
    logs: Sequence[str] = ()
    """Their clock is the one of --at, where they say its zone."""

    def instead(self, files: Sequence[str]) -> bool:
        """Whether no alarm is expected: no file is named, nothing comes on stdin, but there is something to look at."""
        return not files and (self.named or bool(self.since or self.at)) and (self.stdin or not _piped())

    def alarm(self, words: Catalogue) -> Alarm:
        """An alarm that says nothing but the window; a wrong --since or --at ends the command."""
        length = seconds(self.since) if self.since is not None else SINCE
        if not length:
            fail(words.ui("bad_since", value=self.since))
        end = self._end(length, words) if self.at is not None else self._last(length, words) or now()
        minutes = max(1, round(length / 60))
        return Alarm(first_seen=(end - timedelta(minutes=minutes)).astimezone(BEIJING), window_minutes=minutes)

    def _end(self, length: float, words: Catalogue) -> datetime:
        """The time of --at: on the clock of the logs; where they hold nothing then, on this machine's or in Beijing, if
        they do hold those minutes, which is said."""
        zone, spans = self._zone(), list(_spans(self.logs))
        whole = timedelta(minutes=1 if _TO_THE_MINUTE.search(self.at or "") else 0)  # that minute, too
        found = [time_of(self.at or "", words, "--at", one) + whole for one in (zone, None, BEIJING)]
        for end in found:
            if any(first <= end.timestamp() and end.timestamp() - length <= last for first, last in spans):
                if end != found[0]:
                    shown = f"{(end - whole).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
                    typer.echo(words.ui("at_read_as", value=self.at, time=shown), err=True)
                return end
        return found[0]

    def _zone(self) -> timezone | None:
        """The zone of the first log that tells one."""
        zones = (0 if _w3c(path) else last_zone(text) for path, text, _ in _tails(self.logs))
        zone = next((one for one in zones if one is not None), None)
        return timezone(timedelta(seconds=zone)) if zone is not None else None

    def _last(self, length: float, words: Catalogue) -> datetime | None:
        """When logs end that were copied before the minutes that would be looked at, which is said; None where one may
        be growing still: there silence says something."""
        found = [(last_time(text) or _last_plain(path, text), written) for path, text, written in _tails(self.logs)]
        today = now().timestamp()
        ends = [end for end, written in found if end is not None and (written - end > _COPIED or today - end > _OLD)]
        if not found or len(ends) < len(found) or max(ends) >= today - length:
            return None
        last = datetime.fromtimestamp(max(ends) + 1, BEIJING)
        typer.echo(words.ui("logs_end", time=f"{last:%Y-%m-%d %H:%M:%S}"), err=True)
        return last


def _tails(paths: Sequence[str]) -> Iterator[tuple[str, bytes, float]]:
    """(path, the end, when it was last written in Unix seconds) of each log that is a file; a pipe is read once."""
    for path in paths:
        with contextlib.suppress(OSError):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                    yield path, file.read(), os.fstat(file.fileno()).st_mtime


def _last_plain(path: str, text: bytes) -> float | None:
    """The last time of a log that says no zone: in that which WeChat's own seconds in its lines tell, else on a clock
    in Beijing, as such logs are read elsewhere than on their server."""
    # Hardly ever wanted.
    from wxalarm.logs import moments

    pushed = [(span(line, 0), moments.STAMP.search(line)) for line in text.split(b"\n") if b"timestamp=" in line]
    zone = 0 if _w3c(path) else moments.zone((found[0], float(stamp[1])) for found, stamp in pushed if found and stamp)
    found = span(text, CHINA if zone is None else zone)
    return found[1] if found is not None else None


def _head(path: str) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(_TAIL)
    return b""


def _w3c(path: str) -> bool:
    """Whether a log is in the W3C's extended format, whose times are GMT."""
    # Hardly ever wanted.
    from wxalarm.logs.parsers import FIELDS

    return FIELDS in _head(path)


def _spans(paths: Sequence[str]) -> Iterator[tuple[float, float]]:
    """(first, last) of the times of each log whose zone is known, as Unix seconds."""
    for path, text, _ in _tails(paths):
        zone = 0 if _w3c(path) else None
        found = [one for part in (_head(path), text) if (one := span(part, zone)) is not None]
        if found:
            yield min(first for first, _ in found), max(last for _, last in found)


def _piped() -> bool:
    """Whether something may come on stdin that is no terminal: a file or a pipe with nothing in it has come to its
    end."""
    if sys.stdin is None or sys.stdin.isatty():
        return False
    peek = getattr(sys.stdin.buffer, "peek", None)
    return bool(peek(1)) if peek is not None else True


def time_of(text: str, words: Catalogue, flag: str, zone: timezone | None = None) -> datetime:
    """The time that a flag names: ISO 8601, or a time of today, where no zone is named in `zone`, else on this
    machine's clock; or Unix seconds."""
    if text.isascii() and text.isdigit() and len(text) >= 9:
        return datetime.fromtimestamp(int(text[:12]), UTC)
    today = now().astimezone(zone)
    try:
        found = datetime.fromisoformat(text if "-" in text[:8] else f"{today:%Y-%m-%d}T{text}")
    except ValueError:
        fail(words.ui("bad_at", flag=flag, value=text))
    return found if found.tzinfo is not None else found.replace(tzinfo=zone) if zone is not None else found.astimezone()


def read_case(path: Path, words: Catalogue) -> Case:
    """A saved case, "-" from stdin; a file that is none ends the command."""
    try:
        data = read_bytes(str(path), "diagnose --from", words, limit=bounds.CASE, hint="case_hint")
        return from_text(data.decode(), source_name(str(path)))
    except UnicodeDecodeError as error:
        fail(f"{path}: {error}")
    except CaseError as error:
        fail(words.reason(error.reason))
