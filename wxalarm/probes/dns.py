"""One DNS question to one server gives one Answer, whatever that server does: says no, lies, babbles, or says nothing.

Our own UDP and TCP, so that rcode, silence, a closed port, spoofed and malformed replies stay apart (a resolver library
folds them into one exception). Where to ask stands in probes/resolvers.py, the walk of the delegation in
probes/dns_walk.py, the reading of messages in probes/dns_message.py.
"""

from __future__ import annotations

import asyncio
import errno
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from wxalarm.probes import local
from wxalarm.probes.waiting import waiting
from wxalarm.wechat.limits import WAIT

if TYPE_CHECKING:  # dnspython is loaded when the first question is asked
    from wxalarm.probes.dns_message import Query, Reply

RESEND = (0.0, 0.2, 0.6)
"""When the datagram is sent, in parts of the limit: one lost packet must not make a server silent."""
MAX_DATAGRAMS = 64
"""Datagrams read for one question: a flood ends it."""


class Outcome(StrEnum):
    """What became of one question."""

    ANSWER = "answer"
    """Records of the asked type."""
    ALIAS = "alias"
    """An authoritative server gives a CNAME that leads out of its zones."""
    REFERRAL = "referral"
    """An authoritative server names the servers of a child zone."""
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    RCODE = "rcode"
    """Another error code: NOTIMP, NOTAUTH, FORMERR without EDNS too."""
    LOOP = "loop"
    """CNAMEs that lead back to themselves, or a chain longer than any resolver follows."""
    MALFORMED = "malformed"
    """Only bytes that are no DNS message, or a flood of replies that are not ours."""
    SILENT = "silent"
    CLOSED = "closed"
    """ICMP port unreachable, or TCP refused or reset."""
    UNREACHABLE = "unreachable"
    """No route: the operating system or a router says so."""


MUTE = frozenset({Outcome.SILENT, Outcome.UNREACHABLE, Outcome.CLOSED})
"""Outcomes in which no DNS server said anything."""


class Server(Struct, frozen=True):
    """Where to ask."""

    address: str
    port: int = 53
    name: str | None = None
    """The NS name of an authoritative server."""

    @property
    def label(self) -> str:
        """How reports show it: "192.0.2.53", "192.0.2.53:5300", "ns1.example.com (192.0.2.53)"."""
        shown = f"[{self.address}]" if ":" in self.address and self.port != 53 else self.address
        place = shown if self.port == 53 else f"{shown}:{self.port}"
        return f"{self.name} ({place})" if self.name else place


class Answer(Struct, frozen=True):
    """What one server answered to one question."""

    rtype: str
    outcome: Outcome
    rcode: str | None = None
    records: tuple[str, ...] = ()
    """Addresses, NS names or the SOA serial, at the end of the chain."""
    chain: tuple[str, ...] = ()
    """CNAME targets in order."""
    ttl: int | None = None
    """Seconds: the smallest of the chain and the records."""
    zone: str | None = None
    """The zone that denies (owner of the SOA), or the child that is delegated."""
    ns: tuple[str, ...] = ()
    glue: tuple[tuple[str, str], ...] = ()
    authoritative: bool = False
    truncated: bool = False
    """The UDP reply was cut."""
    tcp: bool = False
    """The answer came by TCP."""
    extended: tuple[str, ...] = ()
    """Extended DNS errors (RFC 8914)."""
    elapsed: float = 0.0
    """Seconds."""
    limit: float = WAIT
    """Seconds it might have taken."""
    attempts: int = 0
    """Datagrams sent."""
    spoofed: int = 0
    """Replies with another id or question: ignored."""
    malformed: int = 0
    error: str | None = None
    """Why the last attempt failed, as the system or dnspython names it."""

    @property
    def said(self) -> bool:
        """Whether a DNS server said anything at all."""
        return self.outcome not in MUTE


class _Tally(Struct):
    attempts: int = 0
    spoofed: int = 0
    malformed: int = 0
    read: int = 0
    truncated: bool = False
    tcp: bool = False
    error: str | None = None
    partial: Reply | None = field(default=None)


async def ask(server: Server, name: str, rtype: str, *, limit: float = WAIT, recursive: bool = True) -> Answer:
    """Ask `server` for `name`; UDP with resends, then TCP when the reply is cut. Never raises but for cancellation."""
    from wxalarm.probes.dns_message import Query

    loop = asyncio.get_running_loop()
    begun = loop.time()
    tally = _Tally()
    reply: Reply | None = None
    outcome = Outcome.SILENT
    try:
        query = Query(name, rtype, recursive=recursive)
        with waiting("DNS", server.label, limit):
            async with asyncio.timeout_at(begun + limit):
                reply = await _udp(server, query, tally, begun, limit)
                if reply is not None and reply.truncated:
                    tally.truncated, tally.partial = True, reply
                    reply = await _tcp(server, query, tally)
                    tally.tcp = True
    except TimeoutError:
        pass
    except OSError as error:
        if not local.no_ipv6(server.address, error):
            local.asked(error, socket=True)
        outcome, tally.error = _failure(error), errno.errorcode.get(error.errno or 0, type(error).__name__)
    except ValueError:  # no DNS name: nothing was sent
        outcome, tally.error = Outcome.MALFORMED, "name"
    if reply is None and tally.partial is not None and tally.partial.records:
        reply = tally.partial  # what a resolver without TCP would use
    values: dict[str, Any] = {
        "elapsed": loop.time() - begun,
        "limit": limit,
        "attempts": tally.attempts,
        "spoofed": tally.spoofed,
        "malformed": tally.malformed,
        "truncated": tally.truncated,
        "tcp": tally.tcp,
        "error": tally.error,
    }
    if reply is None:
        if outcome is Outcome.SILENT and (tally.malformed or tally.read >= MAX_DATAGRAMS):
            outcome = Outcome.MALFORMED
            values["error"] = tally.error or "flood"
        return Answer(rtype, outcome, **values)
    return Answer(
        rtype,
        outcome_of(reply, recursive),
        reply.rcode,
        reply.records,
        reply.chain,
        reply.ttl,
        reply.zone,
        reply.ns,
        reply.glue,
        reply.authoritative,
        extended=reply.extended,
        **values,
    )


def outcome_of(reply: Reply, recursive: bool) -> Outcome:
    """What a reply means: to a resolver's answer, and to that of an authoritative server."""
    if reply.loop:
        return Outcome.LOOP
    by_rcode = {"NXDOMAIN": Outcome.NXDOMAIN, "SERVFAIL": Outcome.SERVFAIL, "REFUSED": Outcome.REFUSED}
    if reply.rcode != "NOERROR":
        return by_rcode.get(reply.rcode, Outcome.RCODE)
    if reply.records:
        return Outcome.ANSWER
    if not recursive and reply.chain:
        return Outcome.ALIAS
    if reply.ns and not reply.negative and not reply.authoritative:
        return Outcome.REFERRAL
    return Outcome.NODATA


class _Datagrams(asyncio.DatagramProtocol):
    """Queues what arrives on a connected UDP socket; the kernel drops what other addresses send."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes | Exception] = asyncio.Queue(MAX_DATAGRAMS)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.arrived.full():
            self.arrived.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        if not self.arrived.full():
            self.arrived.put_nowait(exc)


async def _udp(server: Server, query: Query, tally: _Tally, begun: float, limit: float) -> Reply | None:
    """The first valid reply by UDP; None when none came. Raises OSError for a closed port or no route."""
    from wxalarm.probes.dns_message import FORMERR

    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(server.address, server.port))
    try:
        ends = [begun + limit * part for part in (*RESEND[1:], 1.0)]
        for end in ends:
            transport.sendto(query.wire())
            tally.attempts += 1
            reply = await _await_reply(protocol, query, tally, end)
            if reply is not None and reply.rcode == FORMERR and query.has_edns:
                query.drop_edns()
                transport.sendto(query.wire())
                tally.attempts += 1
                reply = await _await_reply(protocol, query, tally, ends[-1])
            # A malformed reply may be another's: a valid one is waited for as long as this attempt lasts.
            if reply is not None or tally.malformed or tally.read >= MAX_DATAGRAMS:
                return reply
        return None
    finally:
        transport.close()


async def _await_reply(protocol: _Datagrams, query: Query, tally: _Tally, end: float) -> Reply | None:
    """The first valid reply before `end` (event-loop time)."""
    from wxalarm.probes.dns_message import Malformed

    while tally.read < MAX_DATAGRAMS:
        try:
            async with asyncio.timeout_at(end):
                item = await protocol.arrived.get()
        except TimeoutError:
            return None
        if isinstance(item, Exception):
            raise item
        tally.read += 1
        try:
            reply = query.read(item)
        except Malformed as error:
            tally.malformed += 1
            tally.error = str(error)
            continue
        if reply is not None:
            return reply
        tally.spoofed += 1
    return None


async def _tcp(server: Server, query: Query, tally: _Tally) -> Reply | None:
    """The reply by TCP (RFC 7766): two bytes of length, then the message. Raises OSError."""
    from wxalarm.probes.dns_message import Malformed

    reader, writer = await asyncio.open_connection(server.address, server.port, limit=2**16 + 2)
    try:
        wire = query.wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        reply = query.read(data)
        tally.spoofed += reply is None
        return reply
    except asyncio.IncompleteReadError:
        raise ConnectionResetError(errno.ECONNRESET, "closed") from None
    except Malformed as error:
        tally.malformed += 1
        tally.error = str(error)
        return None
    finally:
        writer.transport.abort()


def _failure(error: OSError) -> Outcome:
    if isinstance(error, (ConnectionRefusedError, ConnectionResetError)):
        return Outcome.CLOSED
    return Outcome.UNREACHABLE


class View(Struct, frozen=True):
    """The callback's name as one server sees it."""

    server: Server
    a: Answer
    aaaa: Answer

    @property
    def addresses(self) -> tuple[str, ...]:
        """A, then AAAA."""
        return tuple(
            record for answer in (self.a, self.aaaa) if answer.outcome is Outcome.ANSWER for record in answer.records
        )

    @property
    def outcome(self) -> Outcome:
        """What A and AAAA say together: addresses if either has any, else the word of A (WeChat is IPv4 only)."""
        return Outcome.ANSWER if self.addresses else self.a.outcome

    @property
    def said(self) -> bool:
        """Whether the server said anything."""
        return self.a.said or self.aaaa.said

    @property
    def elapsed(self) -> float:
        """Seconds until the A answer was there, the one that WeChat waits for."""
        return self.a.elapsed


async def view(server: Server, host: str, *, limit: float = WAIT, recursive: bool = True) -> View:
    """A and AAAA of `host` from one server, asked at once."""
    a, aaaa = await asyncio.gather(
        ask(server, host, "A", limit=limit, recursive=recursive),
        ask(server, host, "AAAA", limit=limit, recursive=recursive),
    )
    return View(server, a, aaaa)
