"""Ping: ICMP echo to one address, by whatever this machine permits, saying by what.

In this order: a datagram ICMP socket (no privilege, net.ipv4.ping_group_range), a raw one (root, CAP_NET_RAW), the
program ping (often setuid), and at last the time that a TCP handshake takes, refused or not.
"""

from __future__ import annotations

import asyncio
import re
from enum import StrEnum

from msgspec import Struct

from wxalarm.probes import Failure, command, tcp
from wxalarm.probes.waiting import waiting

COUNT = 4
INTERVAL = 0.2
"""Seconds between two echoes: the least that ping(8) grants to anybody."""
WAIT = 1.0
"""Seconds until an echo counts as lost."""
TCP_PORT = 443
_TIME = re.compile(r"time[=<](\d{1,9}(?:\.\d{1,9})?) ?ms")


class Method(StrEnum):
    """How it was measured."""

    DATAGRAM = "datagram"
    RAW = "raw"
    PROGRAM = "program"
    TCP = "tcp"


class Pinged(Struct, frozen=True):
    """What came back from one address."""

    address: str
    method: Method
    sent: int
    times: tuple[float, ...]
    """Round trips in seconds, of the echoes that came back."""

    @property
    def lost(self) -> int:
        """Echoes without an answer."""
        return self.sent - len(self.times)


async def ping(address: str, count: int = COUNT, wait: float = WAIT) -> Pinged:
    """Ping an address; takes at most count * (wait + INTERVAL) seconds. Never raises for what the network does."""
    with waiting("ping", address, count * (wait + INTERVAL)):
        for method in (_datagram, _raw, _program):
            if (found := await method(address, count, wait)) is not None:
                return found
    return await _tcp(address, count, wait)


async def _datagram(address: str, count: int, wait: float) -> Pinged | None:
    return await _icmp(address, count, wait, Method.DATAGRAM)


async def _raw(address: str, count: int, wait: float) -> Pinged | None:
    return await _icmp(address, count, wait, Method.RAW)


async def _icmp(address: str, count: int, wait: float, method: Method) -> Pinged | None:
    """By icmplib; None when this machine does not let us have such a socket."""
    from icmplib import ICMPLibError, async_ping

    privileged = method is Method.RAW
    try:
        host = await async_ping(address, count, INTERVAL, wait, privileged=privileged)
    except (ICMPLibError, OSError):
        return None
    return Pinged(address, method, host.packets_sent or count, tuple(rtt / 1000 for rtt in host.rtts))


async def _program(address: str, count: int, wait: float) -> Pinged | None:
    """By ping(8); None when there is none or it says nothing of packets."""
    values = {"count": str(count), "interval": str(INTERVAL), "wait": f"{wait:g}", "address": address}
    result = await command.run(command.PING, count * (wait + INTERVAL) + 1, **values)
    if result is None or "transmitted" not in result[1]:
        return None
    times = tuple(float(found) / 1000 for found in _TIME.findall(result[1]))
    return Pinged(address, Method.PROGRAM, count, times[:count])


async def _tcp(address: str, count: int, wait: float) -> Pinged:
    """By TCP: an answer to a SYN proves the way there and back, also when it refuses."""
    times = []
    for place in range(count):
        if place:
            await asyncio.sleep(INTERVAL)
        async with tcp.room(address, wait) as limit:
            attempt, sock = await tcp.connected(address, TCP_PORT, limit)
            if sock is not None:
                sock.close()
        if attempt.failure in (None, Failure.REFUSED):
            times.append(attempt.seconds)
    return Pinged(address, Method.TCP, count, tuple(times))
