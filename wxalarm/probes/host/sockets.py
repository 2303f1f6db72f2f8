"""TCP sockets by state, port and peer, out of /proc/net/tcp and tcp6: the guide's netstat line, bounded.

A machine in trouble has hundreds of thousands of them, so the tables are scanned by one pattern, chunk by chunk, up to
a limit of bytes and seconds.
"""

from __future__ import annotations

import ipaddress
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from wxalarm.probes import local

STATES = {
    b"01": "ESTABLISHED",
    b"02": "SYN_SENT",
    b"03": "SYN_RECV",
    b"04": "FIN_WAIT1",
    b"05": "FIN_WAIT2",
    b"06": "TIME_WAIT",
    b"07": "CLOSED",
    b"08": "CLOSE_WAIT",
    b"09": "LAST_ACK",
    b"0A": "LISTEN",
    b"0B": "CLOSING",
    b"0C": "SYN_RECV",
}
"""include/net/tcp_states.h, named as netstat and the guide name them."""
MOST_BYTES = 160 * 1024 * 1024
"""About a million sockets."""
MOST_SECONDS = 2.0
_CHUNK = 1024 * 1024
_LINE = re.compile(
    rb"^ *\d++: ((?:[0-9A-F]{24})?[0-9A-F]{8}):([0-9A-F]{4}) ((?:[0-9A-F]{24})?[0-9A-F]{8}:[0-9A-F]{4})"
    rb" ([0-9A-F]{2}) [0-9A-F]{8}:([0-9A-F]{8})",
    re.MULTILINE,
)


class Tables(Struct):
    """What both tables hold."""

    states: Counter[str] = field(default_factory=Counter)
    by_port: Counter[tuple[str, int]] = field(default_factory=Counter)
    """CLOSE_WAIT and SYN_RECV by local port."""
    peers: Counter[bytes] = field(default_factory=Counter)
    """Sockets with an ephemeral local port by peer, as printed; in every state."""
    waiting_peers: Counter[bytes] = field(default_factory=Counter)
    """Those of them in TIME_WAIT."""
    listening: list[tuple[str, int, int]] = field(default_factory=list)
    """(address, port, connections that wait to be accepted)."""
    complete: bool = True
    """False: the tables were longer than the limits."""


def scan(low: int, high: int, root: str = "") -> Tables:
    """Both tables; low, high: the range of ephemeral ports."""
    tables = Tables()
    until = time.monotonic() + MOST_SECONDS
    for name in ("tcp", "tcp6"):
        for chunk in _chunks(Path(f"{root}/proc/net/{name}")):
            _add(tables, chunk, low, high)
            if time.monotonic() > until:
                tables.complete = False
                return tables
    return tables


def _chunks(path: Path) -> Iterator[bytes]:
    """Whole lines; nothing when the file is not there."""
    rest, total = b"", 0
    try:
        with path.open("rb") as file:
            while total < MOST_BYTES and (chunk := file.read(_CHUNK)):
                total += len(chunk)
                lines, newline, rest = (rest + chunk).rpartition(b"\n")
                yield lines + newline
                rest = rest[-4096:]
    except OSError as error:
        local.asked(error)
        return


def _add(tables: Tables, chunk: bytes, low: int, high: int) -> None:
    states: Counter[bytes] = Counter()
    listening = {entry[1] for entry in tables.listening}  # they stand first in a table
    for address, port_text, peer, state, queue in _LINE.findall(chunk):
        states[state] += 1
        port = int(port_text, 16)
        if state == b"0A":
            tables.listening.append((printed(address), port, int(queue, 16)))
            listening.add(port)
        elif low <= port <= high and port not in listening:
            tables.peers[peer] += 1
            if state == b"06":
                tables.waiting_peers[peer] += 1
        if state in (b"08", b"03", b"0C"):
            tables.by_port[STATES[state], port] += 1
    for state, number in states.items():
        tables.states[STATES.get(state, "UNKNOWN")] += number


def printed(address: bytes) -> str:
    """An address of /proc/net/tcp (words in this machine's byte order) as people write it."""
    data = bytes.fromhex(address.decode("ascii"))
    if sys.byteorder == "little":
        data = b"".join(data[index : index + 4][::-1] for index in range(0, len(data), 4))
    ip = ipaddress.ip_address(data)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def printed_peer(peer: bytes) -> str:
    """ADDRESS:PORT of a peer as it is printed in the tables."""
    address, _, port = peer.partition(b":")
    text = printed(address)
    return f"[{text}]:{int(port, 16)}" if ":" in text else f"{text}:{int(port, 16)}"
