"""What is being waited for: the longest first, and gone when it came or was given up."""

from __future__ import annotations

from contextlib import suppress

from wxalarm.probes.waiting import endpoint, waiting, waits


def test_the_longest_first_and_gone_afterwards() -> None:
    with waiting("TCP", "192.0.2.1:443", 5.0):
        with suppress(KeyError), waiting("DNS", "192.0.2.53", 3.0):
            assert [(wait.what, wait.where, wait.limit) for wait in waits()] == [
                ("TCP", "192.0.2.1:443", 5.0),
                ("DNS", "192.0.2.53", 3.0),
            ]
            raise KeyError
        assert [wait.what for wait in waits()] == ["TCP"]
    assert waits() == []


def test_an_endpoint_is_written_as_in_a_url() -> None:
    assert (endpoint("192.0.2.1", 80), endpoint("2001:db8::1", 443)) == ("192.0.2.1:80", "[2001:db8::1]:443")
