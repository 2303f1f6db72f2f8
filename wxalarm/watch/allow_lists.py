"""Allow lists against WeChat's own list: what it has that a list lacks, and what a list has that it has no more. Pure.

Read are nginx (allow, geo), what iptables-save and nft list ruleset print, and lists of rules of clouds as JSON: every
address or network on a line that does not refuse. A list that holds none of WeChat's addresses is about something else,
unless the user named it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = 100_000
"""Lines of a list that are read."""
SHOWN = 20
_REFUSES = re.compile(r"\b(?:deny|drop|reject|DROP|REJECT|Deny|Drop)\b")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?:/\d{1,3})?(?![\w.:])"
)
WHOLE = 8
"""Prefix lengths below which a network is everybody, and no list of WeChat's addresses."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What is wrong with one list."""

    place: str
    missing: tuple[str, ...]
    """WeChat's entries that it does not let through."""
    gone: tuple[tuple[int, str], ...]
    """(line, network) that WeChat named before and names no more."""


def networks(text: str) -> Iterator[tuple[int, Network]]:
    """(line, network) of what a list lets through."""
    for number, line in enumerate(text.splitlines()[:LONGEST], 1):
        bare = _COMMENT.sub("", line)
        if _REFUSES.search(bare):
            continue
        for found in _ADDRESS.findall(bare):
            network = _network(found)
            if network is not None and not network.is_loopback:
                yield number, network


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def drift(listed: Sequence[str], before: Sequence[str], lists: Mapping[str, str], named: Sequence[str]) -> list[Drift]:
    """Lists that do not fit WeChat's any more. listed, before: what it says now, and said last; lists: texts by place;
    named: the places that the user named as lists of WeChat's addresses."""
    now = [found for one in listed if (found := _network(one)) is not None]
    then = [found for one in before if (found := _network(one)) is not None]
    made = []
    for place, text in lists.items():
        everybody = list(networks(text))
        missing = [one for one in now if not any(_holds(network, one) for _, network in everybody)]
        allowed = [(line, network) for line, network in everybody if network.prefixlen >= WHOLE]
        gone = [
            (line, str(network))
            for line, network in allowed
            if any(_holds(network, one) for one in then) and not any(_meets(network, one) for one in now)
        ]
        about_wechat = place in named or any(_holds(n, one) for _, n in allowed for one in chain(now, then))
        if about_wechat and (missing or gone):
            made.append(Drift(place, tuple(map(str, missing)), tuple(gone)))
    return made


def _ends(network: Network) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address)


def _holds(network: Network, other: Network) -> bool:
    (low, high), (first, last) = _ends(network), _ends(other)
    return network.version == other.version and low <= first and last <= high


def _meets(network: Network, other: Network) -> bool:
    (low, high), (first, last) = _ends(network), _ends(other)
    return network.version == other.version and low <= last and first <= high


def changed(listed: Sequence[str], before: Sequence[str]) -> tuple[list[str], list[str]]:
    """(what is new, what is gone) of WeChat's list."""
    return sorted(set(listed) - set(before)), sorted(set(before) - set(listed))
