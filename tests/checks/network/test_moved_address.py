"""Where there is nothing to compare; what is found: tests/fixtures/observations/moved-address."""

from __future__ import annotations

from typing import Any

import pytest

from wxalarm.checks.check import Context, Skip
from wxalarm.checks.dns.dns_system import SystemNames
from wxalarm.checks.network import moved_address
from wxalarm.checks.network.tcp_connect import TcpConnect
from wxalarm.config import Settings
from wxalarm.model import Alarm, Severity, Target
from wxalarm.probes import Failure
from wxalarm.probes.dns import Answer, Outcome, Server, View
from wxalarm.probes.tcp import Connect

HOST, OLD, NEW = "wx.example.com", "203.0.113.29", "203.0.113.30"


def context(host: str = HOST, **observed: Any) -> Context:
    named = {name.replace("_", "-"): value for name, value in observed.items()}
    return Context(Alarm(), Target(f"http://{host}/", host=host, alarm_ip=OLD), Settings(), observed=named)


def names(*ips: str) -> SystemNames:
    found = Answer("A", Outcome.ANSWER if ips else Outcome.NXDOMAIN, records=ips)
    return SystemNames(HOST, (View(Server("192.0.2.53"), found, Answer("AAAA", Outcome.NODATA)),))


def attempts(old: Failure | None) -> TcpConnect:
    return TcpConnect((Connect(OLD, 80, 0.1, failure=old), Connect(NEW, 80, 0.1)))


@pytest.mark.parametrize(
    ("ctx", "reason"), [(context(), "needs"), (context(dns_system=names()), "needs"), (context(OLD), "fixed-address")]
)
def test_nothing_to_compare_is_a_skip(ctx: Context, reason: str) -> None:
    with pytest.raises(Skip) as skip:
        list(moved_address.evaluate(True, ctx))
    assert skip.value.reason.id == reason


@pytest.mark.parametrize("failure", [*Failure, None])
def test_only_an_address_that_was_tried_and_is_dead_is_an_error(failure: Failure | None) -> None:
    ctx = context(dns_system=names(NEW), tcp_connect=attempts(failure))
    (found,) = moved_address.evaluate(True, ctx)
    expected = {None: Severity.NOTE, Failure.LOCAL: Severity.WARNING}.get(failure, Severity.ERROR)
    assert found.code.severity is expected
