"""Rules on nginx's logs: without the times of requests nobody can tell who was slow. Never a cause: notes."""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm.checks.nginx_facts import Facts, passes
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.nginx.edit import Edit, put_first, rewrite
from wxalarm.nginx.syntax import Directive

NGINX_LOG_TIMES_MISSING = Code("nginx-log-times-missing", Severity.NOTE, Basis.CONDITION)
NGINX_LOG_OFF = Code("nginx-log-off", Severity.NOTE, Basis.CONDITION)
CODES = (NGINX_LOG_TIMES_MISSING, NGINX_LOG_OFF)

WANTED = ("request", "status", "request_time")
WANTED_BEHIND_PROXY = ("upstream_addr", "upstream_status", "upstream_response_time")
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
            edit = rewrite(off, f"access_log {_log_path(known)} {NAME};")
            yield NGINX_LOG_OFF(None, place=off.place, diff=known.diff(edit, _new_format(known)))
            return
    proxied = passes(route.chain) is not None if route is not None else True
    wanted = (*WANTED, *WANTED_BEHIND_PROXY) if proxied else WANTED
    for log in known.observation.access_logs:
        if not log.format:
            continue
        missing = [name for name in wanted if not _has(log.format, name)]
        if missing:
            yield NGINX_LOG_TIMES_MISSING(
                None,
                path=log.path,
                format=log.format_name,
                place=log.format_place or log.place or known.observation.conf.path,
                missing=[f"${name}" for name in missing],
                line=f"log_format {NAME} {FORMAT};",
                diff=known.diff(*_edits(known, log.place)),
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


def _new_format(known: Facts) -> Edit | None:
    http = known.config.http
    if http is None or any(d.args[:1] == (NAME,) for d in http.all("log_format")):
        return None
    return put_first(http, f"log_format {NAME} {FORMAT};", known.source(http))


def _edits(known: Facts, place: str | None) -> Iterable[Edit | None]:
    """Name a new format and use it: the old one may have other readers."""
    yield _new_format(known)
    directive = _at(known, place)
    if directive is not None:
        options = [arg for arg in directive.args[1:] if "=" in arg]
        yield rewrite(directive, " ".join(("access_log", directive.args[0], NAME, *options)) + ";")
    elif known.config.http is not None:
        http = known.config.http
        yield put_first(http, f"access_log {_log_path(known)} {NAME};", known.source(http))


def _at(known: Facts, place: str | None) -> Directive | None:
    return next((d for d in known.config.walk() if d.name == "access_log" and d.place == place), None)
