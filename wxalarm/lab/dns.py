"""A DNS server on loopback, by UDP and TCP on one port, that is right or wrong in every way a resolver may meet.

Zones are written as in a master file. As a resolver it follows CNAMEs over everything it knows; as an authoritative
server it answers for the zones whose SOA it has, refers to delegated ones, and refuses the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class Fault(StrEnum):
    """How a server misbehaves for a name."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    NXDOMAIN = "nxdomain"
    NOTIMP = "notimp"
    NO_EDNS = "no-edns"
    """FORMERR to every question with EDNS."""
    SILENT = "silent"
    TRUNCATED = "truncated"
    """By UDP an empty reply with TC; the whole by TCP."""
    CUT = "cut"
    """By UDP the records with TC; TCP is closed at once."""
    WRONG_ID = "wrong-id"
    WRONG_NAME = "wrong-name"
    FORGED_FIRST = "forged-first"
    """A reply with a wrong id and another address, then the right one."""
    GARBAGE = "garbage"
    LOOP = "compression-loop"
    """A name that points to itself."""
    FLOOD = "flood"
    """A hundred wrong replies."""
    LAME = "lame"
    """The records without the authority bit."""
    UPWARD = "upward"
    """A referral to the root."""
    CIRCLE = "circle"
    """A referral to the zone that was asked."""


@dataclass(slots=True)
class Running:
    """A server that runs."""

    address: str
    port: int
    questions: list[tuple[str, str, bool]] = field(default_factory=list)
    """(name, type, by TCP) of everything that was asked."""

    @property
    def label(self) -> str:
        """As in settings.dns: "127.0.0.1:5300"."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Book:
    """What a server knows and how it behaves."""

    rrsets: Mapping[tuple[dns.name.Name, int], dns.rrset.RRset]
    faults: Mapping[str, Fault]
    delays: Mapping[str, float]
    recursive: bool

    def of(self, name: dns.name.Name, rtype: int) -> dns.rrset.RRset | None:
        return self.rrsets.get((name, rtype))

    def fault(self, name: dns.name.Name) -> Fault | None:
        return self.faults.get(_text(name), self.faults.get("*"))

    def delay(self, name: dns.name.Name) -> float:
        return self.delays.get(_text(name), self.delays.get("*", 0.0))

    def exists(self, name: dns.name.Name) -> bool:
        return any(owner.is_subdomain(name) for owner, _ in self.rrsets)


@asynccontextmanager
async def serve(
    records: str = "",
    *,
    faults: Mapping[str, Fault] | None = None,
    delays: Mapping[str, float] | None = None,
    recursive: bool = True,
    address: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Running]:
    """Serve `records` (lines "name ttl IN type data", full names) on loopback; port 0 takes a free one.

    faults and delays (seconds) are by name without the final dot, "*" for all others. Raises OSError when the port is
    taken, dns.exception.DNSException for lines that cannot be read.
    """
    book = _Book(_read(records), faults or {}, delays or {}, recursive)
    async with AsyncExitStack() as stack:
        running = await _listen(stack, book, address, port)
        yield running


def _read(records: str) -> dict[tuple[dns.name.Name, int], dns.rrset.RRset]:
    """Lines "name ttl IN type data". dnspython's reader of zone files holds one zone only."""
    data: dict[tuple[str, int, str], list[str]] = {}
    for line in filter(None, map(str.strip, records.splitlines())):
        name, ttl, _, rtype, rest = line.split(None, 4)
        data.setdefault((name, int(ttl), rtype), []).append(rest)
    rrsets = [dns.rrset.from_text(name, ttl, "IN", rtype, *rest) for (name, ttl, rtype), rest in data.items()]
    return {(rrset.name, int(rrset.rdtype)): rrset for rrset in rrsets}


async def _listen(stack: AsyncExitStack, book: _Book, address: str, port: int) -> Running:
    """Both sockets on one port. With port 0 the port that TCP got may be taken for UDP: then once more."""
    loop = asyncio.get_running_loop()
    for attempt in range(10):
        running = Running(address, port)
        handlers: set[asyncio.Task[None]] = set()
        tcp = await asyncio.start_server(lambda r, w: _tcp(r, w, book, running, handlers), address, port)  # noqa: B023  # awaited in this turn
        running.port = tcp.sockets[0].getsockname()[1]
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Udp(book, running, handlers),  # noqa: B023  # awaited in this turn
                local_addr=(address, running.port),
            )
        except OSError:
            tcp.close()
            await tcp.wait_closed()
            if port or attempt == 9:
                raise
            continue
        stack.push_async_callback(_stop, tcp, transport, handlers)
        return running
    raise AssertionError("the last attempt raises")


async def _stop(tcp: asyncio.Server, transport: asyncio.BaseTransport, handlers: set[asyncio.Task[None]]) -> None:
    tcp.close()
    transport.close()
    for task in handlers:
        task.cancel()
    await asyncio.gather(*handlers, return_exceptions=True)
    await asyncio.sleep(0)  # the loop closes the datagram socket in its next turn


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, book: _Book, running: Running, handlers: set[asyncio.Task[None]]) -> None:
        self.book, self.running, self.handlers = book, running, handlers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.create_task(self._answer(data, addr))
        self.handlers.add(task)
        task.add_done_callback(self.handlers.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        for reply in await _replies(data, self.book, self.running, tcp=False):
            self.transport.sendto(reply, addr)


async def _tcp(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    book: _Book,
    running: Running,
    handlers: set[asyncio.Task[None]],
) -> None:
    task = asyncio.current_task()
    assert task is not None
    handlers.add(task)
    try:
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        for reply in await _replies(data, book, running, tcp=True):
            writer.write(len(reply).to_bytes(2, "big") + reply)
        await writer.drain()
    except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
        pass
    finally:
        handlers.discard(task)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _replies(data: bytes, book: _Book, running: Running, *, tcp: bool) -> Sequence[bytes]:
    """The datagrams that answer one, after its delay; none for silence and for what is no question."""
    try:
        query = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError):
        return ()
    if not query.question:
        return ()
    name = query.question[0].name
    running.questions.append((_text(name), dns.rdatatype.to_text(query.question[0].rdtype), tcp))
    await asyncio.sleep(book.delay(name))
    return _misbehave(query, book, book.fault(name), tcp=tcp)


def _misbehave(query: dns.message.Message, book: _Book, fault: Fault | None, *, tcp: bool) -> Sequence[bytes]:
    honest = _honest(query, book)
    rcodes = {
        Fault.SERVFAIL: dns.rcode.SERVFAIL,
        Fault.REFUSED: dns.rcode.REFUSED,
        Fault.NXDOMAIN: dns.rcode.NXDOMAIN,
        Fault.NOTIMP: dns.rcode.NOTIMP,
    }
    if fault is None or (tcp and fault is Fault.TRUNCATED):
        return (_wire(honest, tcp),)
    if fault in rcodes or (fault is Fault.NO_EDNS and query.edns >= 0):
        reply = dns.message.make_response(query)
        reply.set_rcode(rcodes.get(fault, dns.rcode.FORMERR))
        return (reply.to_wire(),)
    if fault is Fault.SILENT or (tcp and fault is Fault.CUT):
        return ()
    header = struct.pack("!HHHHHH", query.id, 0x8180, 1, 1, 0, 0)
    if fault is Fault.GARBAGE:
        return (query.id.to_bytes(2, "big") + b"\xff" * 40,)
    if fault is Fault.LOOP:  # the question's name is a pointer to itself
        return (
            header + b"\xc0\x0c\x00\x01\x00\x01" + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\x7f\x00\x00\x01",
        )
    if fault in (Fault.WRONG_ID, Fault.FLOOD, Fault.FORGED_FIRST):
        wire = _wire(honest, tcp)
        forged = (query.id ^ 0x5555).to_bytes(2, "big") + wire[2:]
        return {Fault.WRONG_ID: (forged,), Fault.FLOOD: (forged,) * 100, Fault.FORGED_FIRST: (forged, wire)}[fault]
    return (_changed(query, honest, fault).to_wire(),)


def _changed(query: dns.message.Message, honest: dns.message.Message, fault: Fault) -> dns.message.Message:
    """The honest reply with one thing wrong."""
    if fault is Fault.WRONG_NAME:
        other = dns.message.make_query("other.example.net", query.question[0].rdtype)
        other.id = query.id
        return dns.message.make_response(other)
    if fault in (Fault.TRUNCATED, Fault.CUT):
        honest.flags |= dns.flags.TC
        if fault is Fault.TRUNCATED:
            honest.answer.clear()
    elif fault is Fault.LAME:
        honest.flags &= ~dns.flags.AA
    elif fault in (Fault.UPWARD, Fault.CIRCLE):
        honest = dns.message.make_response(query)
        zone = "." if fault is Fault.UPWARD else query.question[0].name.parent().to_text()
        honest.authority.append(dns.rrset.from_text(zone, 300, "IN", "NS", "ns1.example.com."))
        honest.additional.append(dns.rrset.from_text("ns1.example.com.", 300, "IN", "A", "127.0.2.2"))
    return honest


def _honest(query: dns.message.Message, book: _Book) -> dns.message.Message:
    """The right reply of a resolver, or of an authoritative server (RFC 1034 section 4.3.2)."""
    reply = dns.message.make_response(query, recursion_available=book.recursive)
    name, rtype = query.question[0].name, query.question[0].rdtype
    zone = _zone(book, name)
    if not book.recursive:
        if zone is None:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        if (cut := _cut(book, name, zone)) is not None:
            reply.authority.append(cut)
            for target in cut:
                reply.additional += [
                    rrset for kind in ("A", "AAAA") if (rrset := book.of(target.target, dns.rdatatype.from_text(kind)))
                ]
            return reply
        reply.flags |= dns.flags.AA
    for _ in range(20):
        if rrset := book.of(name, rtype):
            reply.answer.append(rrset)
            return reply
        alias = book.of(name, dns.rdatatype.CNAME)
        if alias is None:
            break
        reply.answer.append(alias)
        name = alias[0].target
        if not book.recursive and _zone(book, name) is None:
            return reply
    if not book.exists(name):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    soa_of = _zone(book, name)
    if soa_of is not None and (soa := book.of(soa_of, dns.rdatatype.SOA)):
        reply.authority.append(soa)
    return reply


def _zone(book: _Book, name: dns.name.Name) -> dns.name.Name | None:
    """The apex of the closest zone that holds `name`."""
    apexes = [owner for owner, rtype in book.rrsets if rtype == dns.rdatatype.SOA and name.is_subdomain(owner)]
    return max(apexes, key=len, default=None)


def _cut(book: _Book, name: dns.name.Name, zone: dns.name.Name) -> dns.rrset.RRset | None:
    """The delegation between the zone's apex and `name`."""
    while name != zone:
        if found := book.of(name, dns.rdatatype.NS):
            return found
        name = name.parent()
    return None


def _wire(reply: dns.message.Message, tcp: bool) -> bytes:
    """A reply as bytes; one that does not fit a datagram is cut and says so."""
    limit = 65535 if tcp else max(512, reply.request_payload or 512)
    try:
        return reply.to_wire(max_size=limit)
    except dns.exception.TooBig:
        reply.answer.clear()
        reply.flags |= dns.flags.TC
        return reply.to_wire()


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
