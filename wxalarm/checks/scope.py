"""Which addresses the whole Internet, and so WeChat, can reach; and which are never a target."""

from __future__ import annotations

import ipaddress

from wxalarm import mechanisms
from wxalarm.model import Basis, Code, Severity

PRIVATE_ADDRESS = Code("private-address", Severity.ERROR, Basis.REPRODUCED, mechanisms.INNER_ADDRESS)
"""That the callback has an address which they cannot reach: whoever says so, the alarm or a resolver."""

_UNREACHABLE = {
    name: tuple(map(ipaddress.ip_network, networks))
    for name, networks in {
        "loopback": ("127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128"),
        "link-local": ("169.254.0.0/16", "fe80::/10"),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        "shared": ("100.64.0.0/10",),  # RFC 6598, carrier-grade NAT
        "fake-ip": ("198.18.0.0/15",),  # RFC 2544; what proxy programs answer for every name
        "multicast": ("224.0.0.0/4", "ff00::/8"),
        "reserved": ("240.0.0.0/4",),
    }.items()
}


def is_address(text: str) -> bool:
    """Whether a text is an IP address, and no name or mask."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def scope_of(address: str) -> str | None:
    """Why the whole Internet cannot reach an address ("private", "loopback", "link-local", "shared", "fake-ip",
    "multicast", "reserved"); None for a public address, for a documentation one, and for what is none (masks)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and (inner := ip.ipv4_mapped or ip.sixtofour or _nat64(ip)):
        ip = inner
    for name, networks in _UNREACHABLE.items():
        if any(ip in network for network in networks):
            return name
    return None


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside 64:ff9b::/96 (RFC 6052)."""
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
