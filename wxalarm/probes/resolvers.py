"""Which resolvers there are: those of this machine, those of the configuration. Opens no socket."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from wxalarm.config import Dns, split_server
from wxalarm.probes import local
from wxalarm.probes.dns import Server

RESOLV_CONF = Path("/etc/resolv.conf")
MAX_BYTES = 65_536
MAX_SERVERS = 3
"""Nameserver lines that the C library reads (resolv.conf(5), MAXNS)."""


def system(settings: Dns) -> tuple[Server, ...]:
    """This machine's resolvers, or what `settings.system` names in their place; () when there is none."""
    if settings.system:
        return servers(settings.system)
    if sys.platform in ("win32", "darwin"):
        return _by_dnspython()
    try:
        with open(RESOLV_CONF, encoding="utf-8", errors="replace") as file:
            lines = file.read(MAX_BYTES).splitlines()
    except OSError as error:
        local.asked(error)
        return ()
    named = [words[1] for line in lines if len(words := line.split()) >= 2 and words[0] == "nameserver"]
    return servers(text for text in named[:MAX_SERVERS] if "%" not in text)


def servers(texts: Iterable[str]) -> tuple[Server, ...]:
    """Servers of "IP", "IP:PORT" or "[IPv6]:PORT", each once; what is none of these is left out."""
    found = []
    for text in texts:
        try:
            found.append(Server(*split_server(text)))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))


def _by_dnspython() -> tuple[Server, ...]:
    """Windows keeps them in the registry, macOS per interface: dnspython knows how to read both."""
    import dns.exception
    import dns.resolver

    try:
        return servers(str(server) for server in dns.resolver.get_default_resolver().nameservers)
    except (dns.exception.DNSException, OSError):
        return ()
