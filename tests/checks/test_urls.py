"""Callback URLs: credentials are dropped, and no shell reads anything into a command that names the host."""

from __future__ import annotations

import pytest

from wxalarm.checks.urls import split_url, without_userinfo


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
