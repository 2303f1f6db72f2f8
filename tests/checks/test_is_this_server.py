"""Whether this machine is the callback server, and what a skip says when nothing shows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import context_of
from wxalarm.checks.is_this_server import by_address, elsewhere
from wxalarm.probes.machine import Machine

HERE = Machine("web1", ("192.0.2.10", "2001:db8::10", "127.0.0.1"))
USER = {"named_by_user": True}


@pytest.mark.parametrize(
    ("target", "settings", "here"),
    [
        ({"host": "wx.example.com", "alarm_ip": "192.0.2.10"}, {}, True),
        ({"host": "wx.example.com", "alarm_ip": "2001:DB8::0010"}, {}, True),
        ({"host": "192.0.2.10"}, {}, True),
        ({"host": "web1"}, {}, True),
        ({"host": "wx.example.com", "alarm_ip": "192.0.2.11"}, {}, False),
        ({"host": "wx.example.com"}, {}, False),
        ({}, {}, False),
        # behind a NAT: the user says which addresses lead here
        ({"host": "wx.example.com", "alarm_ip": "203.0.113.9"}, {"host": {"addresses": ["203.0.113.9"]}}, True),
        ({"host": "wx.example.com", "port": 80, "resolve": {"wx.example.com:80": ["192.0.2.10"]}}, {}, True),
        ({"host": "wx.example.com", "port": 80, "resolve": {"wx.example.com:443": ["192.0.2.10"]}}, {}, False),
        # every machine has a loopback address: out of an alarm it says nothing
        ({"host": "127.0.0.1"}, {}, False),
        ({"host": "127.0.0.1", **USER}, {}, True),
        ({"host": "127.0.0.2", **USER}, {}, True),
        ({"host": "localhost"}, {}, False),
        ({"host": "localhost", **USER}, {}, True),
        ({"host": "wx.example.com", **USER}, {}, False),
    ],
)
def test_by_address(target: dict[str, Any], settings: dict[str, Any], here: bool) -> None:
    assert by_address(context_of({"target": target, "settings": settings}), HERE) is here


@pytest.mark.parametrize(
    ("target", "reason", "values"),
    [
        ({}, "no-host", {}),
        ({"host": "wx.example.com"}, "elsewhere", {"target": "wx.example.com", "address": "wx.example.com"}),
        (
            {"host": "wx.example.com", "alarm_ip": "192.0.2.9"},
            "elsewhere",
            {"target": "wx.example.com", "address": "192.0.2.9"},
        ),
        ({"alarm_ip": "192.0.2.9"}, "elsewhere", {"target": "192.0.2.9", "address": "192.0.2.9"}),
        (
            {"host": "wx.example.com", "resolve": {"wx.example.com:80": ["192.0.2.7", "192.0.2.8"]}},
            "elsewhere",
            {"target": "wx.example.com", "address": "192.0.2.7, 192.0.2.8"},
        ),
    ],
)
def test_the_reason_of_a_skip(target: dict[str, Any], reason: str, values: dict[str, str]) -> None:
    skip = elsewhere(context_of({"target": target}), HERE).reason
    assert (skip.id, skip.values) == (reason, {"machine": "web1", **values} if values else {})
