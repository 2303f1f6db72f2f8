"""DNS messages as bytes: a question, and what a reply says, reduced to plain facts. Sans-IO; here dnspython is used.

Everything in a reply is untrusted: counts are capped, chains are walked a bounded number of steps, and whatever
dnspython makes of hostile bytes ends as one exception, Malformed.
"""

from __future__ import annotations

import ipaddress

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from msgspec import Struct

from wxalarm.probes import local

MAX_RECORDS = 64
"""Records kept of one reply: no honest pool is larger, and every address is probed."""
MAX_CHAIN = 16
"""CNAMEs followed in one reply; resolvers give up at 8 to 16 (RFC 1034 sets no number)."""
PAYLOAD = 1232
"""Bytes of UDP reply asked for by EDNS: what passes every path unfragmented (DNS flag day 2020)."""
FORMERR = "FORMERR"


class Malformed(Exception):
    """A reply with the right id cannot be read as a DNS message."""


class Reply(Struct, frozen=True):
    """What one reply says about its question."""

    rcode: str
    records: tuple[str, ...] = ()
    """Data of the asked type at the end of the CNAME chain: addresses, names of NS, the serial of SOA."""
    chain: tuple[str, ...] = ()
    """Targets of CNAMEs in order."""
    ttl: int | None = None
    """Seconds: the smallest of the chain and the records."""
    zone: str | None = None
    """The owner of SOA or NS in the authority section: the zone that denies, or the child that is delegated."""
    ns: tuple[str, ...] = ()
    """The names of a delegation in the authority section."""
    glue: tuple[tuple[str, str], ...] = ()
    """(name, address) of the additional section."""
    negative: bool = False
    """The authority section holds a SOA: the server denies on that zone's behalf (RFC 2308)."""
    authoritative: bool = False
    truncated: bool = False
    loop: bool = False
    """The CNAMEs lead back to themselves."""
    extended: tuple[str, ...] = ()
    """Extended DNS errors (RFC 8914), as "6 DNSSEC Bogus"."""


class Query:
    """One question, with its random id."""

    def __init__(self, name: str, rtype: str, *, recursive: bool) -> None:
        """Raises ValueError when `name` is no DNS name."""
        try:
            self.message = dns.message.make_query(
                dns.name.from_text(name),
                rtype,
                use_edns=0,
                payload=PAYLOAD,
                flags=dns.flags.RD if recursive else 0,
            )
        except (dns.exception.DNSException, UnicodeError) as error:
            raise ValueError(f"{name!r}: {error}") from None

    @property
    def has_edns(self) -> bool:
        """Whether the next `wire` carries EDNS."""
        return self.message.edns >= 0

    def drop_edns(self) -> None:
        """Ask without EDNS from now on: some old servers answer FORMERR to it (RFC 6891 section 7)."""
        self.message.use_edns(False)

    def wire(self) -> bytes:
        """The bytes to send."""
        return self.message.to_wire()

    def read(self, data: bytes) -> Reply | None:
        """What a datagram says; None when it does not belong to this question (another id, name or type: a spoof).

        Raises Malformed for bytes with the right id that are no reply.
        """
        if data[:2] != self.message.id.to_bytes(2, "big"):
            return None
        try:
            message = dns.message.from_wire(data, one_rr_per_rrset=False, raise_on_truncation=False)
        except Exception as error:  # noqa: BLE001  # hostile bytes end here, whatever they make dnspython raise
            local.asked(error)  # dnspython loads the module of a record type when it meets the type
            raise Malformed(type(error).__name__) from None
        if not message.flags & dns.flags.QR:
            raise Malformed("QR=0")
        if not self.message.is_response(message):
            return None
        try:
            return _read(message, self.message.question[0])
        except Exception as error:  # noqa: BLE001  # as above: record data is read lazily
            local.asked(error)
            raise Malformed(type(error).__name__) from None


def _read(message: dns.message.Message, question: dns.rrset.RRset) -> Reply:
    name, rtype = question.name, question.rdtype
    chain: list[str] = []
    ttls: list[int] = []
    seen = {name}
    loop = False
    cnames = {
        rrset.name: rrset for rrset in message.answer[:MAX_RECORDS] if rrset.rdtype == dns.rdatatype.CNAME and rrset
    }
    while rtype != dns.rdatatype.CNAME and name in cnames:
        ttls.append(cnames[name].ttl)
        name = cnames[name][0].target
        if name in seen or len(chain) >= MAX_CHAIN:
            loop = True
            break
        seen.add(name)
        chain.append(_text(name))
    records: list[str] = []
    for rrset in message.answer[:MAX_RECORDS]:
        if rrset.rdtype == rtype and rrset.name == name:
            ttls.append(rrset.ttl)
            records += [_data(rdata) for rdata in list(rrset)[:MAX_RECORDS]]
    soa = next((r for r in message.authority[:MAX_RECORDS] if r.rdtype == dns.rdatatype.SOA), None)
    ns = next((r for r in message.authority[:MAX_RECORDS] if r.rdtype == dns.rdatatype.NS), None)
    zone = soa or ns
    return Reply(
        rcode=dns.rcode.to_text(message.rcode()),
        records=tuple(sorted(set(records)))[:MAX_RECORDS],  # servers rotate them; reports should not
        chain=tuple(chain),
        ttl=min(ttls) if ttls else None,
        zone=_text(zone.name) if zone else None,
        ns=tuple(sorted({_data(rdata) for rdata in list(ns)[:MAX_RECORDS]})) if ns else (),
        glue=tuple(_glue(message))[:MAX_RECORDS],
        negative=soa is not None,
        authoritative=bool(message.flags & dns.flags.AA),
        truncated=bool(message.flags & dns.flags.TC),
        loop=loop,
        extended=tuple(
            f"{int(option.code)} {option.text or ''}".strip()
            for option in message.options
            if isinstance(option, dns.edns.EDEOption)
        )[:4],
    )


def _glue(message: dns.message.Message) -> list[tuple[str, str]]:
    return [
        (_text(rrset.name), _data(rdata))
        for rrset in message.additional[:MAX_RECORDS]
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
        for rdata in list(rrset)[:MAX_RECORDS]
    ]


def _data(rdata: dns.rdata.Rdata) -> str:
    """The one value of a record that we compare."""
    if rdata.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
        return str(ipaddress.ip_address(rdata.address))  # type: ignore[attr-defined]  # each type has its own class
    if rdata.rdtype == dns.rdatatype.NS:
        return _text(rdata.target)  # type: ignore[attr-defined]  # as above
    if rdata.rdtype == dns.rdatatype.SOA:
        return str(rdata.serial)  # type: ignore[attr-defined]  # as above
    return rdata.to_text()[:1024]


def _text(name: dns.name.Name) -> str:
    """A name as we write it everywhere: lower case, no final dot; "." for the root."""
    return name.to_text(omit_final_dot=True).lower() or "."
