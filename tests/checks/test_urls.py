"""Callback URLs: credentials are dropped, and no shell reads anything into a command that names the host."""

from __future__ import annotations

import pytest

from wxalarm.checks.urls import pasteable, split_url, without_userinfo


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("http://admin:secret@wx.example.com/cb", "http://wx.example.com/cb"),
        ("http://a@b@wx.example.com:8080?mail=x@y", "http://wx.example.com:8080?mail=x@y"),
        ("http://wx.example.com/a@b#c@d", "http://wx.example.com/a@b#c@d"),
        ("https://a:b@[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("wx.example.com/cb", "wx.example.com/cb"),
        ("", ""),
    ],
)
def test_credentials_are_dropped(url: str, clean: str) -> None:
    assert without_userinfo(url) == clean
    assert split_url(url).url == clean


@pytest.mark.parametrize("host", ["wx.example.com", "xn--fsqu00a.example", "192.0.2.1", "2001:db8::1"])
def test_a_host_stands_in_a_command(host: str) -> None:
    assert pasteable(host) == host


@pytest.mark.parametrize("host", ["$(reboot)", "a;b", "a b", "a`b`", "a|b", "-oProxy", "a'b", "a\nb", "域名", "", None])
def test_what_a_shell_would_read_does_not(host: str | None) -> None:
    assert pasteable(host) == "HOST"
