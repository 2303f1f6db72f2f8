"""One question to one server: every way in which a server may answer, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import clock
from wxalarm.lab.dns import Fault, Running, serve
from wxalarm.probes.dns import MAX_DATAGRAMS, Answer, Outcome, Server, ask, view
from wxalarm.probes.dns_message import MAX_RECORDS, Malformed, Query

MANY = "".join(f"many.example.com. 60 IN A 203.0.113.{i}\n" for i in range(1, 200))
ZONE = f"""
example.com. 300 IN SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 300
example.com. 300 IN NS ns1.example.com.
wx.example.com. 60 IN A 203.0.113.5
wx.example.com. 60 IN A 203.0.113.6
wx.example.com. 60 IN AAAA 2001:db8::5
only6.example.com. 60 IN AAAA 2001:db8::6
text.example.com. 60 IN TXT "nothing else"
one.example.com. 600 IN CNAME two.example.com.
two.example.com. 30 IN CNAME wx.example.com.
out.example.com. 60 IN CNAME pool.example.net.
gone.example.com. 60 IN CNAME missing.example.com.
loop.example.com. 60 IN CNAME pool.example.com.
pool.example.com. 60 IN CNAME loop.example.com.
sub.example.com. 60 IN NS ns1.sub.example.com.
ns1.sub.example.com. 60 IN A 203.0.113.53
{MANY}"""


def asked(
    name: str, rtype: str = "A", *, limit: float = 5.0, recursive: bool = True, faults: dict[str, Fault] | None = None
) -> tuple[Answer, Running]:
    async def main() -> tuple[Answer, Running]:
        async with serve(ZONE, recursive=recursive, faults=faults) as server:
            answer = await ask(Server(server.address, server.port), name, rtype, limit=limit, recursive=recursive)
            return answer, server

    return clock.run(main())


def faulty(fault: Fault, limit: float = 5.0) -> Answer:
    return asked("wx.example.com", limit=limit, faults={"*": fault})[0]


def test_addresses() -> None:
    answer, _ = asked("wx.example.com")
    assert answer.outcome is Outcome.ANSWER
    assert set(answer.records) == {"203.0.113.5", "203.0.113.6"}
    assert (answer.ttl, answer.rcode, answer.tcp, answer.attempts) == (60, "NOERROR", False, 1)
    assert answer.elapsed == 0 < answer.limit == 5.0


def test_chain_and_its_smallest_ttl() -> None:
    answer, _ = asked("one.example.com")
    assert answer.chain == ("two.example.com", "wx.example.com")
    assert answer.ttl == 30
    assert len(answer.records) == 2


@pytest.mark.parametrize(
    ("name", "outcome", "zone"),
    [
        ("no.example.com", Outcome.NXDOMAIN, "example.com"),
        ("text.example.com", Outcome.NODATA, "example.com"),
        ("only6.example.com", Outcome.NODATA, "example.com"),
        ("gone.example.com", Outcome.NXDOMAIN, "example.com"),
        ("loop.example.com", Outcome.LOOP, "example.com"),
    ],
)
def test_what_a_resolver_says(name: str, outcome: Outcome, zone: str | None) -> None:
    answer, _ = asked(name)
    assert (answer.outcome, answer.records, answer.zone) == (outcome, (), zone)


def test_what_an_authoritative_server_says() -> None:
    answer, _ = asked("wx.example.com", recursive=False)
    assert answer.authoritative
    assert asked("out.example.com", recursive=False)[0].outcome is Outcome.ALIAS
    referral, _ = asked("a.sub.example.com", recursive=False)
    assert referral.outcome is Outcome.REFERRAL
    assert (referral.zone, referral.ns, referral.glue) == (
        "sub.example.com",
        ("ns1.sub.example.com",),
        (("ns1.sub.example.com", "203.0.113.53"),),
    )
    assert asked("wx.example.org", recursive=False)[0].outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.SERVFAIL, Outcome.SERVFAIL),
        (Fault.REFUSED, Outcome.REFUSED),
        (Fault.NXDOMAIN, Outcome.NXDOMAIN),
        (Fault.NOTIMP, Outcome.RCODE),
        (Fault.UPWARD, Outcome.REFERRAL),
        (Fault.NO_EDNS, Outcome.ANSWER),
        (Fault.FORGED_FIRST, Outcome.ANSWER),
        (Fault.GARBAGE, Outcome.MALFORMED),
        (Fault.LOOP, Outcome.MALFORMED),
        (Fault.FLOOD, Outcome.MALFORMED),
    ],
)
def test_each_fault_has_its_outcome_long_before_the_limit(fault: Fault, outcome: Outcome) -> None:
    answer = faulty(fault)
    assert answer.outcome is outcome
    assert answer.elapsed < answer.limit / 2


def test_a_forged_reply_is_counted_and_not_believed() -> None:
    answer = faulty(Fault.FORGED_FIRST)
    assert answer.spoofed == 1
    assert set(answer.records) == {"203.0.113.5", "203.0.113.6"}


@pytest.mark.parametrize("fault", [Fault.WRONG_ID, Fault.WRONG_NAME])
def test_only_forged_replies_are_silence(fault: Fault) -> None:
    answer = faulty(fault, limit=0.5)
    assert (answer.outcome, answer.records) == (Outcome.SILENT, ())
    assert answer.spoofed == answer.attempts == 3


def test_silence_costs_its_limit_and_says_so() -> None:
    answer = faulty(Fault.SILENT, limit=0.6)
    assert (answer.outcome, answer.attempts, answer.limit) == (Outcome.SILENT, 3, 0.6)
    assert answer.elapsed == pytest.approx(0.6)


def test_truncated_goes_on_by_tcp() -> None:
    answer, server = asked("wx.example.com", faults={"*": Fault.TRUNCATED})
    assert (answer.outcome, answer.tcp, answer.truncated, len(answer.records)) == (Outcome.ANSWER, True, True, 2)
    assert [tcp for _, _, tcp in server.questions] == [False, True]


def test_an_answer_too_large_for_a_datagram_comes_whole_and_is_capped() -> None:
    answer, server = asked("many.example.com")
    assert (answer.outcome, answer.tcp, len(answer.records)) == (Outcome.ANSWER, True, MAX_RECORDS)
    assert [tcp for _, _, tcp in server.questions] == [False, True]


def test_without_tcp_the_cut_answer_is_used_and_marked() -> None:
    answer = faulty(Fault.CUT)
    assert (answer.outcome, answer.truncated, answer.tcp) == (Outcome.ANSWER, True, False)
    assert answer.error == "ECONNRESET"


def test_a_closed_port_is_known_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    answer = clock.run(ask(Server("127.0.0.1", port), "wx.example.com", "A"))
    assert (answer.outcome, answer.error) == (Outcome.CLOSED, "ECONNREFUSED")
    assert answer.elapsed == 0


@pytest.mark.parametrize("name", ["a..example.com", "x" * 64 + ".example.com", "a." * 130 + "com"])
def test_a_name_that_dns_cannot_carry_sends_nothing(name: str) -> None:
    answer, server = asked(name)
    assert answer.outcome is Outcome.MALFORMED
    assert server.questions == []


def test_views_ask_for_both_families_at_once() -> None:
    async def main() -> None:
        async with serve(ZONE, delays={"*": 0.3}) as server:
            seen = await view(Server(server.address, server.port), "wx.example.com")
            assert set(seen.addresses) == {"203.0.113.5", "203.0.113.6", "2001:db8::5"}

    _, seconds = clock.timed(main())
    assert seconds == pytest.approx(0.3), "not one after the other"


def test_one_silent_server_costs_its_own_limit_only() -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            good = [await stack.enter_async_context(serve(ZONE)) for _ in range(3)]
            bad = [await stack.enter_async_context(serve(ZONE, faults={"*": Fault.SILENT})) for _ in range(3)]
            views = await asyncio.gather(
                *(view(Server(s.address, s.port), "wx.example.com", limit=0.8) for s in (*good, *bad))
            )
            assert [bool(seen.addresses) for seen in views] == [True] * 3 + [False] * 3

    _, seconds = clock.timed(main())
    assert seconds == pytest.approx(0.8)


@contextlib.contextmanager
def udp_server(answer: Callable[[bytes], list[bytes]]) -> Iterator[Callable[[], Coroutine[Any, Any, Answer]]]:
    """A raw server that answers one datagram with what `answer` makes of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)

        async def run() -> Answer:
            loop = asyncio.get_running_loop()

            async def reply() -> None:
                data, address = await loop.sock_recvfrom(sock, 4096)
                for datagram in answer(data):
                    await loop.sock_sendto(sock, datagram, address)

            task = asyncio.create_task(reply())
            try:
                return await ask(Server(*sock.getsockname()), "wx.example.com", "A", limit=1.0)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        yield run


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b"\x81\x80",
        b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00" + b"\xc0\x0c\x00\x01\x00\x01",
        b"\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x3f" * 400,
        b"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",  # a question, not a reply
    ],
)
def test_hostile_bytes_end_as_malformed(tail: bytes) -> None:
    with udp_server(lambda data: [data[:2] + tail]) as run:
        answer = clock.run(run())
    assert answer.outcome is Outcome.MALFORMED
    assert answer.malformed == 1


def test_a_flood_is_read_only_so_far() -> None:
    with udp_server(lambda data: [b"\x00\x00" + data[2:]] * (3 * MAX_DATAGRAMS)) as run:
        answer = clock.run(run())
    assert answer.spoofed <= MAX_DATAGRAMS
    assert answer.outcome in (Outcome.MALFORMED, Outcome.SILENT)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), st.booleans())
def test_reading_any_bytes_gives_a_reply_nothing_or_malformed(data: bytes, like_a_reply: bool) -> None:
    query = Query("wx.example.com", "A", recursive=True)
    wire = query.wire()
    head = wire[:2] + (b"\x81\x80" + wire[4:] if like_a_reply else b"")
    try:
        reply = query.read(head + data)
    except Malformed:
        return
    assert reply is None or len(reply.records) <= MAX_RECORDS
