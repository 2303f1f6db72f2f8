"""Which addresses are targets: what strangers name never leads a probe into this network."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests import clock
from wxalarm.checks.check import Check, Context
from wxalarm.checks.dns import addresses, dns_delegation, dns_resolve, dns_system
from wxalarm.checks.dns.dns_delegation import Delegation
from wxalarm.checks.dns.dns_resolve import Names
from wxalarm.checks.dns.dns_system import SystemNames
from wxalarm.config import Settings
from wxalarm.model import Alarm, Target
from wxalarm.probes.dns import Answer, Outcome, Server, View

HOST = "wx.example.com"


def seen(*ips: str, server: str = "192.0.2.53") -> View:
    return View(
        Server(server),
        Answer("A", Outcome.ANSWER, records=tuple(ip for ip in ips if ":" not in ip)),
        Answer("AAAA", Outcome.ANSWER, records=tuple(ip for ip in ips if ":" in ip)),
    )


def context(*views: View, observed: Mapping[str, Any] | None = None, **target: Any) -> Context:
    found = {"dns-system": SystemNames(HOST, views), **(observed or {})}
    return Context(Alarm(), Target(f"http://{HOST}/cb", host=HOST, **target), Settings(), observed=found)


def permitted(ctx: Context) -> dict[str, bool]:
    return {address.ip: address.permitted for address in addresses.known(ctx)}


INNER = (
    "127.0.0.1",
    "10.0.0.5",
    "169.254.169.254",
    "::1",
    "fe80::1",
    "224.0.0.1",
    "198.18.0.9",
    "0.0.0.0",
    "100.64.0.1",
)
MAPPED = ("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1")


@pytest.mark.parametrize("ip", [*INNER, *MAPPED])
def test_an_inner_address_from_dns_is_no_target_for_a_host_that_only_the_alarm_names(ip: str) -> None:
    assert permitted(context(seen(ip, "203.0.113.5"))) == {ip: False, "203.0.113.5": True}


@pytest.mark.parametrize("ip", INNER)
def test_an_inner_address_from_the_alarm_is_no_target_even_for_a_configured_host(ip: str) -> None:
    assert permitted(context(alarm_ip=ip, named_by_user=True)) == {ip: False}


@pytest.mark.parametrize("ip", ["127.0.0.1", "169.254.169.254", "::1", "198.18.0.9", *MAPPED])
def test_dns_of_a_configured_host_leads_neither_to_this_machine_nor_to_its_cloud(ip: str) -> None:
    assert permitted(context(seen(ip), named_by_user=True)) == {ip: False}


def test_dns_of_a_configured_host_may_lead_into_its_own_network() -> None:
    assert permitted(context(seen("10.0.0.5"), named_by_user=True)) == {"10.0.0.5": True}


def test_what_the_user_gives_is_a_target() -> None:
    ctx = context(seen("203.0.113.5"), resolve={f"{HOST}:80": ("127.0.0.1",)}, alarm_ip="203.0.113.9")
    assert permitted(ctx) == {"127.0.0.1": True, "203.0.113.9": True}
    literal = Target("http://127.0.0.1/cb", host="127.0.0.1", named_by_user=True)
    assert permitted(Context(Alarm(), literal, Settings())) == {"127.0.0.1": True}
    of_alarm = Target("http://127.0.0.1/cb", host="127.0.0.1")
    assert permitted(Context(Alarm(), of_alarm, Settings())) == {"127.0.0.1": False}


def test_every_view_adds_its_addresses_and_says_so() -> None:
    observed = {
        "dns-resolve": Names(HOST, (seen("203.0.113.5", "203.0.113.6", server="182.254.116.116"),)),
        "dns-delegation": Delegation(HOST, views=(seen("203.0.113.7", server="192.0.2.1"),)),
    }
    found = addresses.known(context(seen("203.0.113.5"), observed=observed, alarm_ip="203.0.113.9"))
    assert {address.ip: address.sources for address in found} == {
        "203.0.113.5": ("192.0.2.53", "182.254.116.116"),
        "203.0.113.7": ("192.0.2.1",),
        "203.0.113.6": ("182.254.116.116",),
        "203.0.113.9": ("alarm",),
    }


def test_addresses_arrive_as_soon_as_somebody_names_them() -> None:
    """A silent resolver (here: 0.6 s) keeps nobody waiting; what only it names comes when it ends."""
    answers: dict[str, tuple[float, Any]] = {
        dns_system.CHECK.id: (0.0, SystemNames(HOST, (seen("203.0.113.5"),))),
        dns_delegation.CHECK.id: (0.3, None),
        dns_resolve.CHECK.id: (0.6, Names(HOST, (seen("203.0.113.5", "203.0.113.6", "127.0.0.1"),))),
    }

    class Waiter:
        async def __call__(self, check: Check[Any], /) -> Any:
            delay, observation = answers[check.id]
            await asyncio.sleep(delay)
            return observation

    async def main() -> list[tuple[str, float]]:
        target = Target(f"http://{HOST}/cb", host=HOST, alarm_ip="203.0.113.9")
        ctx = Context(Alarm(), target, Settings(), waiter=Waiter())
        loop = asyncio.get_running_loop()
        return [(ip, loop.time()) async for ip in addresses.arriving(ctx)]

    found = clock.run(main())
    assert found == [("203.0.113.9", 0.0), ("203.0.113.5", 0.0), ("203.0.113.6", pytest.approx(0.6))]
