"""The walk of the delegation, over name servers on loopback that share a port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests import clock
from wxalarm.checks.dns.dns_delegation import fault_of
from wxalarm.lab.dns import Fault, Running, serve
from wxalarm.probes.dns import Outcome, Server
from wxalarm.probes.dns_walk import Walk, walk

SOA = "SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 300"
TOP = f"""
com. 300 IN {SOA}
com. 300 IN NS a.gtld.example.
a.gtld.example. 300 IN A 127.0.2.1
example.com. 300 IN NS ns1.example.com.
example.com. 300 IN NS ns2.example.net.
ns1.example.com. 300 IN A 127.0.2.2
"""
CHILD = f"""
example.com. 300 IN {SOA}
example.com. 300 IN NS ns1.example.com.
example.com. 300 IN NS ns2.example.net.
wx.example.com. 60 IN A 203.0.113.5
deep.example.com. 300 IN NS ns1.deep.example.com.
ns1.deep.example.com. 300 IN A 127.0.2.4
"""
DEEP = f"""
deep.example.com. 300 IN {SOA}
deep.example.com. 300 IN NS ns1.deep.example.com.
wx.deep.example.com. 60 IN A 203.0.113.6
"""
RESOLVER = """
com. 300 IN NS a.gtld.example.
a.gtld.example. 300 IN A 127.0.2.1
ns2.example.net. 300 IN A 127.0.2.3
"""


@asynccontextmanager
async def internet(
    *, first: Mapping[str, Fault] | None, second: Mapping[str, Fault] | None, resolver: str
) -> AsyncIterator[tuple[Server, int, dict[str, Running]]]:
    """The resolver, the port of all name servers, and the servers by their last byte."""
    async with AsyncExitStack() as stack:
        port, running = 0, {}
        for place, records, faults in (
            ("1", TOP, None),
            ("2", CHILD, first),
            ("3", CHILD, second),
            ("4", DEEP, None),
        ):
            server = serve(records, recursive=False, faults=faults, address=f"127.0.2.{place}", port=port)
            running[place] = await stack.enter_async_context(server)
            port = running[place].port
        helper = await stack.enter_async_context(serve(resolver))
        yield Server(helper.address, helper.port), port, running


def timed(
    host: str,
    *,
    first: Mapping[str, Fault] | None = None,
    second: Mapping[str, Fault] | None = None,
    resolver: str = RESOLVER,
) -> tuple[Walk, float]:
    async def main() -> Walk:
        async with internet(first=first, second=second, resolver=resolver) as (helper, port, _):
            return await walk(host, [helper], port=port, total=2.0)

    return clock.timed(main())


def walked(host: str, **internet: Any) -> Walk:
    return timed(host, **internet)[0]


def test_from_the_top_level_domain_down_without_root_hints() -> None:
    result = walked("wx.example.com")
    assert result.start == "com"
    (zone,) = result.zones
    assert zone.name == "example.com"
    assert set(zone.ns) == {"ns1.example.com", "ns2.example.net"}
    # ns2 has no glue: the resolver gave its address
    assert {authority.view.server.address for authority in zone.authorities} == {"127.0.2.2", "127.0.2.3"}
    assert [authority.view.addresses for authority in zone.authorities] == [("203.0.113.5",)] * 2
    assert [fault_of(authority) for authority in zone.authorities] == [None, None]


def test_every_zone_on_the_way_is_kept() -> None:
    result = walked("wx.deep.example.com")
    assert [zone.name for zone in result.zones] == ["example.com", "deep.example.com"]
    assert result.zones[-1].authorities[0].view.addresses == ("203.0.113.6",)


def test_a_lame_server_shows_although_the_other_answers() -> None:
    for fault, name in (
        (Fault.REFUSED, "refused"),
        (Fault.SERVFAIL, "servfail"),
        (Fault.LAME, "not-authoritative"),
        (Fault.UPWARD, "referral"),
        (Fault.SILENT, "silent"),
        (Fault.GARBAGE, "malformed"),
    ):
        (zone,) = walked("wx.example.com", second={"*": fault}).zones
        faults = {authority.view.server.address: fault_of(authority) for authority in zone.authorities}
        assert faults == {"127.0.2.2": None, "127.0.2.3": name}


def test_a_silent_server_costs_the_walk_no_more_than_its_limit() -> None:
    walk, seconds = timed("wx.example.com", second={"*": Fault.SILENT})
    (zone,) = walk.zones
    assert seconds <= 2.0
    assert [a.soa.outcome for a in zone.authorities] == [Outcome.ANSWER, Outcome.SILENT]


def test_a_name_server_without_an_address_is_named() -> None:
    (zone,) = walked("wx.example.com", resolver=RESOLVER.replace("ns2.example.net", "other.example.net")).zones
    assert zone.unresolved == ("ns2.example.net",)


def test_an_unregistered_domain_is_denied_by_the_zone_above() -> None:
    result = walked("wx.nowhere.com")
    (zone,) = result.zones
    assert (zone.name, zone.authorities[0].view.outcome) == ("com", Outcome.NXDOMAIN)
    assert zone.authorities[0].view.a.zone == "com"


def test_nobody_tells_where_to_begin() -> None:
    assert walked("wx.example.com", resolver="") == Walk()


def test_an_address_that_is_not_permitted_is_never_asked() -> None:
    async def main() -> tuple[Walk, Running]:
        async with internet(first=None, second=None, resolver=RESOLVER) as (helper, port, running):
            permitted = {"127.0.2.1", "127.0.2.2"}.__contains__
            return await walk("wx.example.com", [helper], port=port, permitted=permitted), running["3"]

    result, withheld = clock.run(main())
    assert result.zones[0].withheld == ("127.0.2.3",)
    assert withheld.questions == []


def test_referrals_that_lead_nowhere_end() -> None:
    """Both servers refer to their own zone again: no loop, no zone below it."""
    circle = {"wx.example.com": Fault.CIRCLE}
    walk, seconds = timed("wx.example.com", first=circle, second=circle)
    (zone,) = walk.zones
    assert [authority.view.a.outcome for authority in zone.authorities] == [Outcome.REFERRAL] * 2
    assert seconds == 0


def test_a_top_level_domain_out_of_reach_is_passed_over() -> None:
    """A network that answers NS of the top-level domain, whose servers nobody hears: the next one is a start too."""
    known = RESOLVER.replace("127.0.2.1", "127.0.2.9") + (
        "example.com. 300 IN NS ns1.example.com.\nns1.example.com. 300 IN A 127.0.2.2\n"
    )
    result = walked("wx.example.com", resolver=known)
    assert result.start == "example.com"
    assert [zone.name for zone in result.zones] == ["example.com"]
    assert result.zones[0].authorities[0].view.addresses == ("203.0.113.5",)
