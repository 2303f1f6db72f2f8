"""What this machine is: its addresses, its name, its processors. No traffic."""

from __future__ import annotations

import ipaddress
import os
import socket

from msgspec import Struct


class Machine(Struct, frozen=True):
    """This machine, as far as that tells whether it is the callback server."""

    hostname: str
    addresses: tuple[str, ...] = ()
    """Of all interfaces, loopback included, without zones."""


def look() -> Machine:
    """This machine now. Addresses are empty when the system does not give them."""
    import psutil

    found: list[str] = []
    try:
        for entries in psutil.net_if_addrs().values():
            for entry in entries:
                if entry.family in (socket.AF_INET, socket.AF_INET6):
                    found.append(str(ipaddress.ip_address(entry.address.partition("%")[0])))
    except (OSError, ValueError, psutil.Error):
        pass
    return Machine(socket.gethostname(), tuple(dict.fromkeys(found)))


def cores() -> int:
    """The processors that this process may use (a container's CPU set included); at least 1."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except (AttributeError, OSError):  # macOS, Windows
        return os.cpu_count() or 1
