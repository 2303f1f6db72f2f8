"""What this machine is: its addresses, its name, its processors. No traffic."""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import UTC, datetime

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


def now() -> datetime:
    """The time, in this machine's zone."""
    return zoned(datetime.now(UTC))


def zoned(moment: datetime) -> datetime:
    """A time in this machine's zone, where a naive one is taken to be; in UTC when TZ names one that cannot be."""
    try:
        return moment.astimezone()
    except (ValueError, OverflowError, OSError):
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def cores() -> int:
    """The processors that this process may use (a container's CPU set included); at least 1."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except (AttributeError, OSError):  # macOS, Windows
        return os.cpu_count() or 1
