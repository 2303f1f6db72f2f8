"""Which server block answers: listen and server_name, in nginx's order.

Source: nginx.org/en/docs/http/request_processing.html and server_names.html.
"""

from __future__ import annotations

import ipaddress
import re
import warnings
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from wxalarm.nginx.config import Config
from wxalarm.nginx.syntax import Directive


class Listen(Struct, frozen=True):
    """One address on which a server listens."""

    address: str | None
    """None: every address of that family ("*:80" or "[::]:80"). "unix:…" for a socket file."""
    port: int
    ipv6: bool = False
    default: bool = False
    ssl: bool = False


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
    pairs = [
        (server, listen)
        for server in found
        for listen in server.listens
        if listen.port == port and not (listen.address or "").startswith("unix:")
    ]
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
    """exact name → longest `*.` wildcard → longest `.*` → first regular expression → None; and whether that is sure."""
    best: tuple[int, int] | None = None
    chosen: Server | None = None
    told = True
    for server in found:
        for name in server.names:
            rank = _rank(name, host)
            if rank is not None and (best is None or rank > best):
                best, chosen = rank, server
                told = not name.startswith("~") or compile_pcre(name[1:], True) is not None
    return chosen, told


def _rank(name: str, host: str) -> tuple[int, int] | None:
    if name.startswith("~"):
        pattern = compile_pcre(name[1:], True)
        return (1, 0) if pattern is None or pattern.search(host) else None
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
            yield from _addresses(directive.args[0], default, "ssl" in options or ssl_on)
    if not found:
        yield Listen(None, 80, ssl=ssl_on)


def _addresses(text: str, default: bool, ssl: bool) -> Iterator[Listen]:
    if text.startswith("unix:"):
        yield Listen(text, 0, default=default, ssl=ssl)
        return
    host, ports, ipv6 = text, "80", False
    if text.startswith("["):
        host, _, ports = text[1:].partition("]")
        ports, ipv6 = ports.removeprefix(":") or "80", True
    elif ":" in text:
        host, _, ports = text.rpartition(":")
    elif re.fullmatch(r"[0-9]+(-[0-9]+)?", text):
        host, ports = "*", text
    first, _, last = ports.partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()):
        return
    address = None if host in ("*", "0.0.0.0", "::") else _canonical(host)
    for port in range(int(first), min(int(last or first), int(first) + 65535) + 1):
        yield Listen(address, port, ipv6, default, ssl)


def _canonical(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "127.0.0.1" if host == "localhost" else host


_OTHER = re.compile(r"\[:\^?[a-z]+:\]|\{,|\\v")
"""What Python takes for something else."""


@cache
def compile_pcre(pattern: str, ignore_case: bool = False) -> re.Pattern[str] | None:
    """A PCRE as Python's `re`; None when it uses what Python has not (then nothing is claimed about it)."""
    if _OTHER.search(pattern):
        return None
    translated = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern)
    try:
        with warnings.catch_warnings():  # of sets within sets, which both take for text
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(translated, re.ASCII | (re.IGNORECASE if ignore_case else 0))
    except (re.error, ValueError, OverflowError, RecursionError):
        return None
