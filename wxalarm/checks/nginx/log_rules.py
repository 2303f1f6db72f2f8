"""Rules on nginx's logs: without the times of requests nobody can tell who was slow. Never a cause: notes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count

from wxalarm.checks.nginx.facts import Facts, passes
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.nginx import AccessLog
from wxalarm.nginx.edit import Edit, put_first, rewrite
from wxalarm.nginx.syntax import Directive, quoted

NGINX_LOG_TIMES_MISSING = Code("nginx-log-times-missing", Severity.NOTE, Basis.CONDITION)
NGINX_LOG_OFF = Code("nginx-log-off", Severity.NOTE, Basis.CONDITION)
CODES = (NGINX_LOG_TIMES_MISSING, NGINX_LOG_OFF)

WANTED = ("request", "status", "request_time")
WANTED_BEHIND_PROXY = ("upstream_addr", "upstream_status", "upstream_response_time")
_ALL = (*WANTED, *WANTED_BEHIND_PROXY)
FORMAT = (
    """'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent ' """
    """'"$http_referer" "$http_user_agent" "$http_x_forwarded_for" "$host" ' """
    """'"$upstream_addr" "$upstream_status" "$request_time" "$upstream_response_time"'"""
)
"""The guide's fields (附录 3) without the cookie that only Tencent has."""
NAME = "wechat"


def findings(known: Facts) -> Iterable[Finding]:
    """access_log off on the callback path; log formats without the fields that later checks need."""
    route = known.route
    if route is not None:
        off = next((d for d in route.inherited("access_log") if d.args[:1] == ("off",)), None)
        if off is not None:
            name, added = _format(known, off)
            edit = rewrite(off, f"access_log {_log_path(known)} {name};")
            yield NGINX_LOG_OFF(None, place=off.place, diff=known.diff(added, edit))
            return
    proxied = passes(route.chain) is not None if route is not None else True
    wanted = _ALL if proxied else WANTED
    for log in known.observation.access_logs:
        if not log.format:
            continue
        missing = [name for name in wanted if not _has(log.format, name)]
        if missing:
            directive = _at(known, log.place)
            name, added = _format(known, directive)
            yield NGINX_LOG_TIMES_MISSING(
                None,
                path=log.path,
                format=log.format_name,
                place=log.format_place or log.place or known.observation.conf.path,
                missing=[f"${name}" for name in missing],
                line=f"log_format {name} {FORMAT};",
                diff=known.diff(added, _use(known, log, directive, name)),
            )


def _has(text: str, name: str) -> bool:
    """Whether a format holds a variable: ${request} and the longer $request_time are told apart from $request."""
    padded = text.replace("${" + name + "}", f"${name} ") + " "
    found = padded.find(f"${name}")
    while found >= 0:
        after = padded[found + len(name) + 1]
        if not (after.isalnum() or after == "_"):
            return True
        found = padded.find(f"${name}", found + 1)
    if name == "request":  # its parts do as well
        return _has(text, "request_uri") and _has(text, "request_method")
    return False


def _log_path(known: Facts) -> str:
    return "logs/access.log" if known.observation.conf.prefix.startswith("/usr/local") else "/var/log/nginx/access.log"


def _format(known: Facts, user: Directive | None) -> tuple[str, Edit | None]:
    """A format with all fields for an access_log: one that stands above it, else a new one of a free name."""
    taken = set()
    above = user is not None
    for directive in known.config.walk():
        above = above and directive is not user
        if directive.name == "log_format" and directive.args:
            taken.add(directive.args[0])
            fields = "".join(directive.args[1:])
            if above and directive.args[0] == NAME and all(_has(fields, name) for name in _ALL):
                return NAME, None
    name = next(name for name in chain((NAME,), (f"{NAME}{number}" for number in count(2))) if name not in taken)
    http = known.config.http
    return name, put_first(http, f"log_format {name} {FORMAT};", known.source(http)) if http is not None else None


def _use(known: Facts, log: AccessLog, directive: Directive | None, name: str) -> Edit | None:
    """Name the format in the access_log: its old one may have other readers."""
    if directive is not None:
        words = ("access_log", directive.args[0], name, *directive.args[2:])
        return rewrite(directive, " ".join(map(quoted, words)) + ";")
    http = known.config.http
    return put_first(http, f"access_log {quoted(log.path)} {name};", known.source(http)) if http is not None else None


def _at(known: Facts, place: str | None) -> Directive | None:
    return next((d for d in known.config.walk() if d.name == "access_log" and d.place == place), None)
