"""Which access and error logs belong to a place in the configuration, and in which format."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from wxalarm.nginx.config import Config
from wxalarm.nginx.syntax import Directive

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
"""The format nginx knows without being told (ngx_http_log_module)."""
_VARIABLE = re.compile(r"\$\{?\w+\}?")


class AccessLog(Struct, frozen=True):
    """One access_log directive in force."""

    path: str
    """Absolute; a variable in the name has become `*`."""
    format_name: str
    format: str
    escape: str = "default"
    """default, json or none: how nginx escapes variables in it."""
    place: str | None = None
    """FILE:LINE of the directive; None for nginx's own default."""
    format_place: str | None = None
    """FILE:LINE of its log_format; None for combined."""
    condition: str | None = None
    """if=…: only requests for which this variable is neither empty nor 0 are logged."""


def log_formats(config: Config) -> dict[str, tuple[str, str, str | None]]:
    """Every log_format by name: its text, its escaping, its place."""
    formats: dict[str, tuple[str, str, str | None]] = {"combined": (COMBINED, "default", None)}
    for directive in config.http.all("log_format") if config.http else ():
        name, *parts = directive.args or ("",)
        escape = "default"
        if parts and parts[0].startswith("escape="):
            escape = parts.pop(0).removeprefix("escape=")
        formats.setdefault(name, ("".join(parts), escape, directive.place))
    return formats


def access_logs(config: Config, chain: Sequence[Directive], prefix: str, default: str) -> tuple[AccessLog, ...]:
    """The access logs in force inside `chain` (http, server, location…, outermost first).

    prefix: what relative paths are relative to. default: the log that nginx writes when no access_log is given.
    Empty when access_log is off there.
    """
    formats = log_formats(config)
    for level in reversed(chain):
        found = list(level.all("access_log"))
        if found:
            if any(directive.args[:1] == ("off",) for directive in found):
                return ()
            return tuple(log for directive in found if (log := _access_log(directive, formats, prefix)))
    return (AccessLog(posixpath.join(prefix, default), "combined", COMBINED),)


def error_logs(config: Config, chain: Sequence[Directive], prefix: str, default: str) -> tuple[str, ...]:
    """The error logs in force inside `chain`, as absolute paths."""
    top = Directive("", (), "", 0, block=config.directives)
    for level in (*reversed(chain), top):
        if found := list(level.all("error_log")):
            return tuple(path for directive in found if (path := _path(directive, prefix)))
    return (posixpath.join(prefix, default),) if default and default != "stderr" else ()


def every_access_log(config: Config, prefix: str, default: str) -> tuple[AccessLog, ...]:
    """The access logs of every server, each path once: for when no URL says which server it is."""
    logs: dict[str, AccessLog] = {}
    for chain in _servers(config):
        for log in access_logs(config, chain, prefix, default):
            logs.setdefault(log.path, log)
    return tuple(logs.values())


def log_format_of(config: Config, path: str, prefix: str = "/") -> str | None:
    """The text of the log_format in which the access log at `path` is written; None when no access_log names it."""
    formats = log_formats(config)
    for directive in config.walk():
        if directive.name == "access_log" and (log := _access_log(directive, formats, prefix)) and log.path == path:
            return log.format
    return None


def _servers(config: Config) -> Iterator[tuple[Directive, ...]]:
    for http in config.directives:
        if http.name == "http":
            for server in http.all("server"):
                yield (http, server)


def _access_log(directive: Directive, formats: dict[str, tuple[str, str, str | None]], prefix: str) -> AccessLog | None:
    path = _path(directive, prefix)
    if path is None or directive.args[0] == "off":
        return None
    options = [arg for arg in directive.args[1:] if "=" in arg]
    names = [arg for arg in directive.args[1:] if "=" not in arg and arg != "gzip"]
    name = names[0] if names else "combined"
    text, escape, place = formats.get(name, ("", "default", None))
    condition = next((option.removeprefix("if=") for option in options if option.startswith("if=")), None)
    return AccessLog(path, name, text, escape, directive.place, place, condition)


def _path(directive: Directive, prefix: str) -> str | None:
    """The log's file; None when it goes elsewhere (syslog, stderr, memory)."""
    if not directive.args:
        return None
    path = directive.args[0]
    if path == "stderr" or path.startswith(("syslog:", "memory:", "|")):
        return None
    return posixpath.normpath(posixpath.join(prefix, _VARIABLE.sub("*", path)))
