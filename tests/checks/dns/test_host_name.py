"""What a host name may be, letter by letter, and what DNS is asked."""

from __future__ import annotations

import pytest

from wxalarm.checks.dns.host_name import Fault, askable, fault, printed
from wxalarm.checks.urls import split_url
from wxalarm.model import Target


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://wx.example.com/cb", "wx.example.com"),
        ("http://wx.example.com?a=b", "wx.example.com"),
        ("http://wx.example.com#x", "wx.example.com"),
        ("http://wx.example.com:80/cb", "wx.example.com"),
        ("http://wx.example.com:/cb", "wx.example.com"),
        ("http://wx.example.com:8o/cb", "wx.example.com:8o"),
        ("http://user:secret@wx.example.com/cb", "wx.example.com"),
        (" wx.example.com/cb ", "wx.example.com"),
    ],
)
def test_the_host_as_it_is_printed(url: str, host: str) -> None:
    assert printed(Target(url=url)) == host


LABEL = "a" * 63


@pytest.mark.parametrize(
    ("host", "wrong"),
    [
        ("wx.example.com", None),
        (f"{LABEL}.example.com", None),
        (f"{LABEL}a.example.com", Fault("long-label", f"{LABEL}a", 1)),
        ("公众号.example.com", None),
        (f"wx.{'好' * 60}.com", Fault("idn", "好" * 60, 4)),
        ("wx..example.com", Fault("empty-label", ".", 4)),
        ("wx.-example.com", Fault("character", "-example", 4)),
        ("my_wx.example.com", Fault("underscore", "_", 3)),
        ("wx.example.com.", Fault("trailing-dot", ".", 15)),
        ("wx", Fault("single-label", "wx", 1)),
        ("192.0.2", Fault("numeric", "2", 7)),
    ],
)
def test_the_first_thing_that_is_wrong_and_where(host: str, wrong: Fault | None) -> None:
    assert fault(split_url(f"http://{host}/cb")) == wrong


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        *(("wx.example.com", True), ("my_wx.example.com", True), ("wx.example.com.", True), ("wx", True)),
        *(("wx..example.com", False), (f"{LABEL}a.example.com", False), ("192.0.2.1", False), ("[2001:db8::1]", False)),
    ],
)
def test_dns_is_asked_for_what_a_resolver_would_send(host: str, asked: bool) -> None:
    assert askable(split_url(f"http://{host}/cb")) is asked
    assert askable(Target()) is False
