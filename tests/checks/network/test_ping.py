"""Which addresses are pinged, and what is said of it."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from wxalarm.checks.check import Context, Skip
from wxalarm.checks.network import ping
from wxalarm.checks.wechat import callback_ips
from wxalarm.config import Account, Settings
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Alarm, Sample, Severity, Target
from wxalarm.probes import icmp
from wxalarm.probes.icmp import Method


def context(outer_ip: str | None = None, callback_ips: tuple[str, ...] = ()) -> Context:
    account = Account("shop", callback_ips=callback_ips) if callback_ips else None
    return Context(Alarm(sample=Sample(outer_ip=outer_ip)), Target(), Settings(), account)


def test_an_address_that_only_the_alarm_names_is_pinged_only_when_public() -> None:
    for inner in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "198.18.0.9", "224.0.0.1", "81.69.*.*", "", None):
        with pytest.raises(Skip):
            asyncio.run(ping.probe(context(inner)))


def test_networks_are_pinged_by_a_few_hosts() -> None:
    assert ping.hosts_of("203.0.113.0/25") == ["203.0.113.1", "203.0.113.2"]
    assert ping.hosts_of("2001:db8::/32") == ["2001:db8::1", "2001:db8::2"]
    assert ping.hosts_of("203.0.113.7") == ["203.0.113.7"]
    assert ping.hosts_of("nonsense") == []


def test_the_accounts_own_list_comes_before_the_alarm_and_is_bounded() -> None:
    made = asyncio.run(ping.probe(context("198.51.100.7", ("127.0.0.1", "127.0.1.0/30"))))
    assert made.source == "config"
    assert [one.address for one in made.pings] == ["127.0.0.1", "127.0.1.1", "127.0.1.2"]
    many = tuple(f"127.0.{n}.0/24" for n in range(50))
    assert len(ping._known(context(None, many))[1]) == ping.MOST


def test_a_failed_ping_is_a_note_that_says_it_proves_nothing() -> None:
    lost = icmp.Pinged("198.51.100.7", Method.RAW, 4, ())
    (finding,) = ping.evaluate(ping.Pings("alarm", (lost,)), context())
    assert finding.code.severity is Severity.NOTE
    assert finding.code.explains == ()
    said = [catalogue(lang).finding(finding, "text") for lang in LANGUAGES]
    assert "proves nothing" in said[0]
    assert "不能说明有问题" in said[1]


def test_what_getcallbackip_says_comes_before_the_configured_list() -> None:
    async def asked(check: Any) -> callback_ips.CallbackIps:
        return callback_ips.CallbackIps("api.example.com", (), ("127.0.0.1",))

    ready = dataclasses.replace(context("198.51.100.7", ("127.0.1.0/30",)), waiter=asked)
    made = asyncio.run(ping.probe(ready))
    assert (made.source, [one.address for one in made.pings]) == ("api", ["127.0.0.1"])
