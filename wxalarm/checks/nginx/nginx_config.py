"""Looks at the nginx configuration that serves the callback: does it load, is it large enough, what does a push meet.

Why WeChat cares: a push that nginx refuses, redirects, limits or holds is a failure like any other. The guide's
paragraphs are 连接超时 (FAQ 2) and 附录 3, whose own sample does not load: its comments begin with //.
The text comes from `nginx -T` where that may be run (probes/nginx_files.py), else from the usual places, --nginx-conf
FILE or --nginx-conf -.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from wxalarm import bounds, mechanisms, nginx
from wxalarm.checks import is_this_server
from wxalarm.checks.check import NO_ANSWER, Check, Context, Skip, by_target
from wxalarm.checks.nginx import capacity_rules, limit_rules, log_rules, path_rules
from wxalarm.checks.nginx.facts import Facts, NginxConfig, facts, leads_on, load_and_route
from wxalarm.deadline import in_thread
from wxalarm.model import Basis, Code, Finding, Location, Severity
from wxalarm.nginx.foreign import foreign
from wxalarm.nginx.syntax import mend_slash_comments
from wxalarm.patch import unified
from wxalarm.probes import machine, nginx_files, processes
from wxalarm.probes.command import NGINX_BUILT, NGINX_DUMP, NGINX_TEST
from wxalarm.probes.nginx_files import NginxFiles

NGINX_INVALID = Code("nginx-invalid", Severity.ERROR, Basis.CONDITION, mechanisms.REFUSED)
_OF_THE_TEXT = re.compile(
    r"unexpected |is not terminated by|has no opening|invalid number of arguments|is duplicate|unknown log format"
)
"""What `nginx -t` finds wrong on every machine; a missing file, folder, name or module may be there on another."""
NGINX_SLASH_COMMENT = Code("nginx-slash-comment", Severity.ERROR, Basis.CONDITION, mechanisms.REFUSED)
NGINX_INCLUDE_UNREAD = Code("nginx-include-unread", Severity.WARNING, Basis.CONDITION)
_MOST_NAMES = 6


async def probe(ctx: Context) -> NginxConfig:
    """The configuration's text, and the limits of the nginx that runs. Skips when this is not the callback server."""
    given = ctx.settings.host.nginx_conf
    found = await nginx_files.find(given, ask=not ctx.settings.offline)
    this = await asyncio.to_thread(machine.look)
    by_address = is_this_server.by_address(ctx, this)
    if found is None:
        raise Skip("no-nginx") if by_address else is_this_server.elsewhere(ctx, this)
    if not found.files and found.source == "stdin":
        raise Skip("nginx-stdin-empty")
    if not found.files:
        raise Skip("nginx-unreadable", path=found.path, files=", ".join(found.unreadable) or found.path)
    if (owner := foreign(found.files[0].text)) is not None:
        raise Skip(f"nginx-{owner}", path=found.path)
    if not "".join(re.sub(r"#[^\n]*", "", file.text) for file in found.files).strip():
        raise Skip("nginx-empty", path=found.path)
    config, way = await in_thread(lambda: load_and_route(found, ctx))
    serves = way is not None and way.choice.by_name
    if given is None and not by_address and not serves:
        raise is_this_server.elsewhere(ctx, this)
    is_here = (
        by_address or (given is None and serves) or (found.running is not None and found.running.conf == found.path)
    )
    default = found.access_log
    logs = (
        nginx.access_logs(config, way.chain, found.prefix, default)
        if way is not None
        else nginx.every_access_log(config, found.prefix, default)
    )
    return NginxConfig(
        conf=found,
        access_logs=logs,
        error_logs=nginx.error_logs(config, way.chain if way else (), found.prefix, found.error_log),
        here=is_here,
        serves=serves,
        cores=machine.cores() if is_here else None,
        somaxconn=processes.number("/proc/sys/net/core/somaxconn") if is_here else None,
    )


def evaluate(observation: NginxConfig, ctx: Context) -> Iterable[Finding]:
    """Whether it loads first; then what its directives do to the callback."""
    known = facts(observation, ctx)
    broken = list(_broken(known))
    yield from broken
    if broken and known.config.http is None:
        return
    # What stands around a part of a configuration is not known.
    around = () if known.config.fragment else (capacity_rules, log_rules)
    for rules in (path_rules, limit_rules, *around):
        yield from rules.findings(known)
    yield from _unread(known)


def _broken(known: Facts) -> Iterable[Finding]:
    """nginx-slash-comment and nginx-invalid. nginx itself is the authority where it could be asked."""
    conf = known.observation.conf
    slashes = False
    for path, text in known.config.files.items():
        mended, lines = mend_slash_comments(text)
        if lines:
            slashes = True
            diff = unified(text, mended, path) if len(lines) <= bounds.NGINX_EDITS else ""
            yield NGINX_SLASH_COMMENT(
                _place(path, lines[0]), file=path, line=lines[0], count=len(lines), diff=diff, makes=[NO_ANSWER]
            )
    if slashes:
        return  # what nginx says of the file is a consequence of them
    if conf.tested is False and (known.observation.here or _OF_THE_TEXT.search(conf.message)):
        yield NGINX_INVALID(
            _place_of(conf), message=conf.message, told_by="nginx -t", file=conf.path, makes=[NO_ANSWER]
        )
    elif conf.tested is not True and (problem := next(_serious(known), None)) is not None:
        message = f"{problem.message} in {problem.file}:{problem.line}"
        yield NGINX_INVALID(
            _place(problem.file, problem.line), message=message, told_by="wxalarm", file=conf.path, makes=[NO_ANSWER]
        )


def _unread(known: Facts) -> Iterable[Finding]:
    """What a part of a configuration includes, and is not there: a redirect, a refusal, a route may stand in it."""
    opened = (problem.message.split('"')[1] for problem in known.config.problems if _is_elsewhere(known, problem))
    names = [PurePath(path).name for path in opened if leads_on(path)]
    patterns = {
        one.args[0]: None for one in known.config.walk() if one.name == "include" and nginx.is_glob(one.args[0])
    }
    names += ["/".join(PurePath(pattern).parts[-2:]) for pattern in patterns]
    if names:
        yield NGINX_INCLUDE_UNREAD(None, file=known.observation.conf.path, count=len(names), names=names[:_MOST_NAMES])


def _serious(known: Facts) -> Iterator[nginx.ConfigProblem]:
    """Problems of the text itself."""
    return (problem for problem in known.config.problems if not _is_elsewhere(known, problem))


def _is_elsewhere(known: Facts, problem: nginx.ConfigProblem) -> bool:
    """Whether a problem is an include that could not be opened, and not one that should be there: in a part of a
    configuration it is relative to a folder that the part does not tell."""
    conf = known.observation.conf
    elsewhere = conf.source == "stdin" or not known.observation.here or known.config.fragment is not None
    missing = problem.message.startswith("open() ")
    return missing and (elsewhere or any(path in problem.message for path in conf.unreadable))


def _place(path: str, line: int) -> Location:
    return Location(path, line, 1, line, 1)


def _place_of(conf: NginxFiles) -> Location | None:
    """The "in FILE:LINE" at the end of nginx's message."""
    _, found, place = conf.message.rpartition(" in ")
    path, _, line = place.rpartition(":")
    return _place(path, number) if found and (number := bounds.whole(line)) and PurePath(path).is_absolute() else None


CHECK = Check(
    id="nginx-config",
    codes=(
        NGINX_INVALID,
        NGINX_SLASH_COMMENT,
        NGINX_INCLUDE_UNREAD,
        *path_rules.CODES,
        *limit_rules.CODES,
        *capacity_rules.CODES,
        *log_rules.CODES,
    ),
    observation=NginxConfig,
    probe=probe,
    evaluate=evaluate,
    key=by_target,
    network=False,
    runs=(NGINX_BUILT, NGINX_DUMP, NGINX_TEST),
)
