"""Where nginx passes requests on to: the servers behind a proxy_pass, fastcgi_pass, …"""

from __future__ import annotations

import re

from wxalarm.nginx.routing import Route
from wxalarm.nginx.syntax import Directive

_LOCAL = re.compile(r"(?:127\.[0-9.]{5,11}|\[::1\]|localhost):([0-9]{1,5})")


def upstream_of(route: Route, target: str | None) -> Directive | None:
    """The upstream block that a pass names ("http://app/x", "app"); None for an address."""
    name = _address(target)
    return next((block for block in route.chain[0].all("upstream") if block.args[:1] == (name,)), None)


def ports_behind(route: Route) -> set[int]:
    """The TCP ports of this machine's loopback that the route's pass may lead to."""
    target = route.outcome.target if route.outcome.kind == "pass" else None
    upstream = upstream_of(route, target)
    addresses = [_address(target)]
    if upstream is not None:
        addresses = [server.args[0] for server in upstream.all("server") if server.args]
    return {int(match[1]) for address in addresses if (match := _LOCAL.fullmatch(address))}


def _address(target: str | None) -> str:
    text = target or ""
    return (text.partition("://")[2] or text).partition("/")[0]
