"""What this machine's watchmen log of an address: fail2ban and its like, and firewalls that write what they drop."""

from __future__ import annotations

import re

from wxalarm.patterns import later

_ADDRESS = rb"(?P<address>[0-9A-Fa-f][0-9A-Fa-f.:]{1,45}[0-9A-Fa-f])"
_BANNED = tuple(
    later(pattern)
    for pattern in (
        rb"\] (?:Restore )?Ban " + _ADDRESS + rb"(?![\w.:])",  # fail2ban
        rb"\bBlocking \"?" + _ADDRESS + rb"(?:/\d{1,3})?\"? ",  # sshguard
        rb"\bban on Ip " + _ADDRESS + rb"(?![\w.:])",  # CrowdSec
        rb"\blfd\[\d{1,8}\]: .{0,200}?\b" + _ADDRESS + rb" .{0,200}?\bBlocked in csf",  # csf
        rb"\[UFW (?:LIMIT )?BLOCK\] .{0,200}?\bSRC=" + _ADDRESS + rb" ",  # ufw
        rb"(?<![A-Za-z])(?i:drop|deny|block|reject)\w{0,4}\b.{0,60}? IN=.{0,200}?\bSRC="
        + _ADDRESS
        + rb" ",  # netfilter's LOG
    )
)
_RELEASED = tuple(
    later(pattern)
    for pattern in (
        rb"\] Unban " + _ADDRESS + rb"(?![\w.:])",
        rb"\bUnblocking \"?" + _ADDRESS + rb"(?:/\d{1,3})?\"? ",
    )
)


DROPS = tuple(
    later(pattern)
    for pattern in (
        rb"nf_conntrack: (?:nf_conntrack: )?table full, dropping packet",
        rb"Possible SYN flooding on port \[?[\w:.%]{0,45}\]?:?\d{0,5}\. Dropping request",
        rb"TCP: too many orphaned sockets|TCP: out of memory -- consider tuning tcp_mem",
    )
)
"""What the kernel logs when it takes no more connections, whose ever they are."""
MARKS = (b"nf_conntrack", b"SYN flooding", b"TCP: ")
"""What such lines hold."""


def drops(line: bytes) -> bool:
    """Whether a line says that the kernel dropped connections or packets for want of room."""
    return any(pattern.search(line[:1024]) is not None for pattern in DROPS)


def bans(line: bytes, address: bytes) -> bool | None:
    """Whether a line says that this address is shut out from then on (True), or let in again (False); None for any
    other line."""
    for patterns, shut in ((_BANNED, True), (_RELEASED, False)):
        if any(_of(pattern, line, address) for pattern in patterns):
            return shut
    return None


def _of(pattern: re.Pattern[bytes], line: bytes, address: bytes) -> bool:
    found = pattern.search(line[:1024])
    return found is not None and found["address"] == address
