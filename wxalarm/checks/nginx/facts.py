"""What the rules on an nginx configuration look at: the observation, and what follows from it for one alarm."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from msgspec import Struct

from wxalarm import nginx
from wxalarm.checks.check import NO_ANSWER, Context
from wxalarm.checks.nginx.names import host_of, near
from wxalarm.nginx.edit import Edit, diff
from wxalarm.nginx.request import Request
from wxalarm.nginx.routing import Route, route
from wxalarm.nginx.servers import Server, servers
from wxalarm.nginx.syntax import Directive
from wxalarm.probes.nginx_files import NginxFiles

CLOSE = 444
"""The status with which nginx closes a connection without an answer."""


_SETTINGS = re.compile(
    r"mime\.types|(?:fastcgi|uwsgi|scgi|proxy|grpc)[_-]params(?:\.conf)?|fastcgi\.conf|(?:koi|win)-(?:win|utf)"
    r"|(?:options[_-])?(?:ssl|tls)(?:[_.-](?!.*redirect)[\w.-]*)?|self-signed\.conf",
    re.IGNORECASE,
)
"""Names of files for settings alone: what nginx itself brings along, and options of TLS: certbot's
options-ssl-nginx.conf, ssl-params.conf, Debian's snippets."""


def leads_on(include: str) -> bool:
    """Whether a route, a redirect or a refusal may stand in an included file, by its name."""
    return _SETTINGS.fullmatch(PurePath(include).name) is None


def made(status: int | None) -> list[int] | None:
    """What `return STATUS` makes of a push; None when the status is not known."""
    return None if status is None else [NO_ANSWER if status == CLOSE else status]


class NginxConfig(Struct, frozen=True):
    """The nginx configuration of the callback server, and the limits it runs under."""

    conf: NginxFiles
    access_logs: tuple[nginx.AccessLog, ...] = ()
    """Where requests for the callback URL are logged; those of every server when there is no URL. Empty: off."""
    error_logs: tuple[str, ...] = ()
    here: bool = True
    """This machine is the callback server; False when the user gave the text."""
    serves: bool = False
    """A server_name of it matches the callback's host."""
    cores: int | None = None
    """Processors of this machine; None when the text comes from elsewhere."""
    somaxconn: int | None = None
    """net.core.somaxconn: the longest listen queue the kernel allows."""

    @property
    def usable(self) -> bool:
        """Whether any text could be read."""
        return self.conf.usable


class Facts(Struct, frozen=True):
    """A configuration read, and the way of the alarm's push through it."""

    observation: NginxConfig
    ctx: Context
    config: nginx.Config
    route: Route | None

    def diff(self, *edits: Edit | None) -> str:
        """The edits as a unified diff."""
        return diff([edit for edit in edits if edit is not None], self.config.files)

    def source(self, directive: Directive) -> str:
        """The text of the file in which a directive stands."""
        return self.config.files.get(directive.file, "")

    @property
    def push_addresses(self) -> tuple[str, ...]:
        """Addresses from which WeChat pushes, as far as known: the alarm's OuterIP, the account's callback_ips."""
        account = self.ctx.account
        known = (self.ctx.alarm.sample.outer_ip, *(account.callback_ips if account else ()))
        return tuple(dict.fromkeys(address for address in known if address))


def facts(observation: NginxConfig, ctx: Context) -> Facts:
    """Reads the configuration again from its texts: pure, the same on a replay."""
    return Facts(observation, ctx, *load_and_route(observation.conf, ctx))


def load_and_route(conf: NginxFiles, ctx: Context) -> tuple[nginx.Config, Route | None]:
    """Both, which take their time with a hostile configuration."""
    config = load(conf)
    return config, route_of(config, ctx)


def load(conf: NginxFiles) -> nginx.Config:
    """The configuration out of its texts."""
    return nginx.load(conf.path, nginx.fetch_from({file.path: file.text for file in conf.files}), conf.absent)


def route_of(config: nginx.Config, ctx: Context) -> Route | None:
    """The way of WeChat's push; None when the URL is not known or no server answers it. In a part of a configuration
    a server for other names answers only where a name comes near to the URL's: else another file may have the right
    one."""
    target = ctx.target
    if target.host is None or target.url is None:
        return None
    found = route(config, request_of(ctx))
    if not config.fragment or found is None or found.choice.by_name or not _for_others(found.choice.server):
        return found
    names = [host_of(name) for server in servers(config) for name in told_names(server)]
    return found if target.host in names or near(target.host, names) else None


def _for_others(server: Server) -> bool:
    """Whether a server has a name that somebody asks for."""
    return any(name != "localhost" for name in told_names(server))


def told_names(server: Server) -> list[str]:
    """The names that a server answers to; none for one that takes whatever comes."""
    return [name for name in server.names if name not in ("", "_")]


def request_of(ctx: Context) -> Request:
    """The push as it arrives: the alarm's URL by POST with WeChat's own marks in the query."""
    target = ctx.target
    return Request(
        host=target.host or "",
        target=target.path,
        scheme=target.scheme,
        port=target.port,
        remote=ctx.alarm.sample.outer_ip or next(iter(ctx.account.callback_ips), None)
        if ctx.account
        else ctx.alarm.sample.outer_ip,
        address=target.alarm_ip,
    )


def passes(chain: Iterable[Directive]) -> Directive | None:
    """The proxy_pass, fastcgi_pass, … in force in a chain; None when nginx answers by itself."""
    from wxalarm.nginx.locations import PASSES

    return next((found for level in reversed(tuple(chain)) for name in PASSES if (found := level.last(name))), None)
