"""One name as several servers see it: what they say in short, whether they agree. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from wxalarm.checks.scope import scope_of
from wxalarm.probes.dns import Answer, Outcome, View

MAX_SHOWN = 4
"""Addresses of one view that a sentence shows."""


class Kind(StrEnum):
    """Who was asked."""

    SYSTEM = "system"
    SERVER = "server"
    """A resolver of settings.dns.servers."""
    AUTHORITATIVE = "authoritative"


class Seen(Struct, frozen=True):
    """A view and who gave it."""

    kind: Kind
    view: View

    @property
    def positive(self) -> bool:
        """It gives an address that is not made up by a proxy."""
        return any(scope_of(address) != "fake-ip" for address in self.view.addresses)

    @property
    def denies(self) -> bool:
        """The server says that there is no such name, or no address behind it."""
        return self.view.outcome in (Outcome.NXDOMAIN, Outcome.NODATA)

    @property
    def public(self) -> bool:
        """It says what the Internet sees: the server stands on a public address."""
        return self.kind is not Kind.SYSTEM and scope_of(self.view.server.address) is None

    @property
    def text(self) -> str:
        """The view in short, the same in every language: "192.0.2.53: NXDOMAIN"."""
        return f"{self.view.server.label}: {_shown(self.view.addresses) or said(self.view.a)}"


def _shown(addresses: Sequence[str]) -> str:
    more = len(addresses) - MAX_SHOWN
    return " ".join(addresses[:MAX_SHOWN]) + (f" (+{more})" if more > 0 else "")


def said(answer: Answer) -> str:
    """What a server said, in the words of the protocol."""
    if answer.outcome is Outcome.ANSWER:
        return _shown(answer.records)
    if answer.outcome is Outcome.SILENT:
        return f"{answer.elapsed:.1f} s / {answer.limit:.1f} s"
    if answer.outcome is Outcome.ALIAS:
        return f"CNAME {answer.chain[-1]}"
    if answer.outcome is Outcome.RCODE:
        return answer.rcode or "?"
    if answer.outcome in (Outcome.CLOSED, Outcome.UNREACHABLE):
        return answer.error or answer.outcome.upper()
    return answer.outcome.upper()


def heard(view: View) -> bool:
    """Whether anybody outside this machine took part, were it with the word that the port is closed."""
    closed = Outcome.CLOSED in (view.a.outcome, view.aaaa.outcome)
    return view.said or (closed and scope_of(view.server.address) != "loopback")


def texts(seen: Iterable[Seen]) -> list[str]:
    """All views in short."""
    return [one.text for one in seen]


def of(seen: Iterable[Seen], *kinds: Kind) -> list[Seen]:
    """The views of some kinds."""
    return [one for one in seen if one.kind in kinds]


def same_pool(one: View, other: View) -> bool:
    """Whether two answers may come from one pool: a common address, CNAME target or network (/16, IPv6 /32).

    A CDN or geographic DNS answers each resolver differently on purpose.
    """
    if set(one.addresses) & set(other.addresses):
        return True
    if set(one.a.chain) & set(other.a.chain):
        return True
    return bool(_networks(one.addresses) & _networks(other.addresses))


def _networks(addresses: Iterable[str]) -> set[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    found = set()
    for address in addresses:
        ip = ipaddress.ip_address(address)
        found.add(ipaddress.ip_network(f"{ip}/{16 if ip.version == 4 else 32}", strict=False))
    return found
