"""The listen queues, by netlink (sock_diag(7)): /proc/net/tcp says how many connections wait, not how many may.

This is what `ss -ltn` prints, without needing ss.
"""

from __future__ import annotations

import contextlib
import socket
import struct

from msgspec import Struct

from wxalarm.probes.host.sockets import Tables

_SOCK_DIAG = 4
_BY_FAMILY = 20
_DUMP = 0x301
_DONE, _ERROR = 3, 2
_LISTEN = 1 << 10
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=BBBB2s2s16s16sI8sIIIII")
"""struct inet_diag_msg: …, source port, …, source address, …, rqueue, wqueue, uid, inode."""
MOST = 4096


class Listening(Struct, frozen=True):
    """One listening socket and its queue of connections that are complete and not yet accepted."""

    address: str
    port: int
    waiting: int
    backlog: int | None = None
    """How long the queue may be; None: could not be asked."""


def listeners(tables: Tables, ask_kernel: bool) -> tuple[Listening, ...]:
    """Every listening socket: from the kernel where it may be asked, else from the tables."""
    found: list[Listening] = []
    if ask_kernel:
        with contextlib.suppress(OSError, struct.error, ValueError):
            for family in (socket.AF_INET, socket.AF_INET6):
                found += _ask(family)
    if not found:
        found = [Listening(*entry) for entry in tables.listening[:MOST]]
    return tuple(sorted(found, key=lambda one: (one.port, one.address)))


def _ask(family: int) -> list[Listening]:
    """Raises OSError where there is no sock_diag."""
    request = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, _LISTEN)
    found: list[Listening] = []
    with socket.socket(getattr(socket, "AF_NETLINK", 16), socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.settimeout(1.0)
        kernel.send(_HEADER.pack(_HEADER.size + len(request), _BY_FAMILY, _DUMP, 1, 0) + request)
        while len(found) < MOST:
            data = kernel.recv(65536)
            while len(data) >= _HEADER.size:
                length, kind, *_ = _HEADER.unpack_from(data)
                if kind in (_DONE, _ERROR) or length < _HEADER.size:
                    return found
                if kind == _BY_FAMILY and length >= _HEADER.size + _MESSAGE.size:
                    found.append(_listening(family, data[_HEADER.size :]))
                data = data[(length + 3) & ~3 :]
    return found


def _listening(family: int, data: bytes) -> Listening:
    fields = _MESSAGE.unpack_from(data)
    port, address = int.from_bytes(fields[4], "big"), fields[6]
    text = socket.inet_ntop(family, address[:4] if family == socket.AF_INET else address)
    return Listening(text, port, waiting=fields[11], backlog=fields[12])
