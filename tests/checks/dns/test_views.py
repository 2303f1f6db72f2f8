"""Two answers may come from one pool: by network, alias or address."""

from __future__ import annotations

import pytest

from wxalarm.checks.dns.views import near


@pytest.mark.parametrize(
    ("one", "other", "pool"),
    [
        ("203.0.113.9", "203.0.200.1", True),
        ("203.0.113.9", "203.1.113.9", False),
        ("203.0.0.0", "203.0.255.255", True),
        ("2001:db8:1::1", "2001:db8:ffff::1", True),
        ("2001:db8::1", "2001:db9::1", False),
        ("203.0.113.9", "2001:db8::1", False),
    ],
)
def test_addresses_of_one_network_are_near(one: str, other: str, pool: bool) -> None:
    assert near(one, [other]) is pool
    assert near(one, ["192.0.2.1", other]) is pool
    assert near(one, []) is False
