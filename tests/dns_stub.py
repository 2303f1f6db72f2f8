"""A resolver on loopback that gives one address for every name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from dnslib import QTYPE, RR, A, DNSRecord  # type: ignore[import-untyped]  # has no stubs


@asynccontextmanager
async def dns_stub(address: str) -> AsyncIterator[str]:
    """Yields "127.0.0.1:PORT"; A questions are answered with `address`, others with nothing."""

    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            question = DNSRecord.parse(data)
            reply = question.reply()
            if question.q.qtype == QTYPE.A:
                reply.add_answer(RR(question.q.qname, QTYPE.A, rdata=A(address), ttl=60))
            self.transport.sendto(reply.pack(), addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Protocol, ("127.0.0.1", 0))
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
