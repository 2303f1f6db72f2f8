"""Which server block answers: listen and server_name, in nginx's order.

Source: nginx.org/en/docs/http/request_processing.html and server_names.html.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from msgspec import Struct

from wxalarm.bounds import whole
from wxalarm.nginx import pattern
from wxalarm.nginx.config import Config
from wxalarm.nginx.syntax import Directive


class Listen(Struct, frozen=True):
    """One address, or one with a range of ports, on which a server listens."""

    address: str | None
    """None: every address of that family ("*:80" or "[::]:80"). "unix:…" for a socket file."""
    first: int
    last: int
    """The ports; the same number for one."""
    ipv6: bool = False
    default: bool = False
    ssl: bool = False

    def has(self, port: int) -> bool:
        """Whether it listens on this TCP port."""
        return self.first <= port <= self.last and not (self.address or "").startswith("unix:")


class Server(Struct, frozen=True):
    """A server block with what it listens on and the names it answers to."""

    http: Directive
    block: Directive
    listens: tuple[Listen, ...]
    names: tuple[str, ...]


class Choice(Struct, frozen=True):
    """The server that answers, and how sure that is."""

    server: Server
    listen: Listen
    by_name: bool
    """server_name matches the host; else it answers as the default server of the port."""
    port_matches: bool = True
    """False: nothing here listens on the URL's port; a load balancer or a port mapping must stand in front."""


def servers(config: Config) -> tuple[Server, ...]:
    """Every server of every http block, in the order in which nginx reads them."""
    return tuple(
        Server(http, block, tuple(_listens(block)), _names(block))
        for http in config.directives
        if http.name == "http"
        for block in http.all("server")
    )


def choose(found: tuple[Server, ...], host: str, port: int, address: str | None = None) -> Choice | None:
    """The server for a request to host:port that arrives at `address` (None: unknown); None when there is none.

    None as well when that depends on a name that cannot be judged.

    When nothing listens on the port, the server that has the name on any port answers in its place, if there is one.
    """
    host = host.lower().removesuffix(".")
    group = _group(found, port, address)
    named, told = by_name([server for server, _ in group] or list(found), host)
    if not told:
        return None
    if group:
        default = next((pair for pair in group if pair[1].default), group[0])
        chosen = next(pair for pair in group if pair[0] is named) if named else default
        return Choice(chosen[0], chosen[1], named is not None)
    if named is not None and named.listens:
        return Choice(named, named.listens[0], True, port_matches=False)
    return None


def _group(found: tuple[Server, ...], port: int, address: str | None) -> list[tuple[Server, Listen]]:
    """The servers that share the socket which accepts the connection: the exact address wins over the wildcard."""
    pairs = [(server, listen) for server in found for listen in server.listens if listen.has(port)]
    ipv6 = address is not None and ":" in address
    for wanted in (address, None):
        group = [pair for pair in pairs if pair[1].address == wanted and (wanted is not None or pair[1].ipv6 == ipv6)]
        if group:
            return group
    # The address may be that of a NAT or a load balancer: any socket of that port may be the one.
    if pairs:
        first = pairs[0][1]
        return [pair for pair in pairs if (pair[1].address, pair[1].ipv6) == (first.address, first.ipv6)]
    return []


def by_name(found: list[Server], host: str) -> tuple[Server | None, bool]:
    """exact name → longest `*.` wildcard → longest `.*` → first regular expression → None; and whether that is sure.

    Raises Beyond for a pattern that takes too many steps.
    """
    best: tuple[int, int] | None = None
    chosen: Server | None = None
    told = True
    for server in found:
        for name in server.names:
            rank = _rank(name, host)
            if rank is not None and (best is None or rank > best):
                best, chosen = rank, server
                told = not name.startswith("~") or pattern.compile(name[1:], True) is not None
    return chosen, told


def _rank(name: str, host: str) -> tuple[int, int] | None:
    if name.startswith("~"):
        compiled = pattern.compile(name[1:], True)
        return (1, 0) if compiled is None or compiled.search(host) else None
    name = name.lower()
    if name.startswith(".") and (host == name[1:] or host.endswith(name)):
        return (3, len(name))
    if name.startswith("*.") and host.endswith(name[1:]) and len(host) > len(name) - 1:
        return (3, len(name) - 1)
    if name.endswith(".*") and host.startswith(name[:-1]) and len(host) > len(name) - 1:
        return (2, len(name) - 1)
    return (4, 0) if name == host else None


def _names(block: Directive) -> tuple[str, ...]:
    names = tuple(name for directive in block.all("server_name") for name in directive.args)
    return names or ("",)


def _listens(block: Directive) -> Iterator[Listen]:
    found = False
    ssl_on = (ssl := block.last("ssl")) is not None and ssl.args == ("on",)
    for directive in block.all("listen"):
        if directive.args:
            found = True
            options = directive.args[1:]
            default = "default_server" in options or "default" in options
            listen = _address(directive.args[0], default, "ssl" in options or ssl_on)
            if listen is not None:
                yield listen
    if not found:
        yield Listen(None, 80, 80, ssl=ssl_on)


def _address(text: str, default: bool, ssl: bool) -> Listen | None:
    """The address of a `listen`; None when it is none."""
    if text.startswith("unix:"):
        return Listen(text, 0, 0, default=default, ssl=ssl)
    host, ports, ipv6 = text, "80", False
    if text.startswith("["):
        host, _, ports = text[1:].partition("]")
        ports, ipv6 = ports.removeprefix(":") or "80", True
    elif ":" in text:
        host, _, ports = text.rpartition(":")
    elif re.fullmatch(r"[0-9]+(-[0-9]+)?", text):
        host, ports = "*", text
    low, dash, high = ports.partition("-")
    first = whole(low)
    last = whole(high) if dash else first
    if first is None or last is None:
        return None
    return Listen(None if host in ("*", "0.0.0.0", "::") else _canonical(host), first, last, ipv6, default, ssl)


def _canonical(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "127.0.0.1" if host == "localhost" else host
