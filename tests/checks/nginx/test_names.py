"""Names that come near to a host, and names of the same site that do not."""

from __future__ import annotations

import pytest

from wxalarm.checks.nginx.names import near


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("wx.example.com", "weixin.example.com"),
        ("wechat.example.com", "WX.example.com"),
        ("example.com", "www.example.com"),
        ("www.example.com", "example.com"),
        ("wx.example.com", "wx.example.net"),
        ("wx.example.com", "wx.example.com.cn"),
        ("wx.example.com", "www.weixin.example.com"),
        ("wx.example.com", "wx.exmaple.com"),
        ("callback.example.com", "calback.example.com"),
    ],
)
def test_a_name_that_was_meant(host: str, name: str) -> None:
    assert near(host, ["shop.example.org", name]) == [name]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("wx.example.com", "wx.example.com"),
        ("wx.example.com", "shop.example.com"),
        ("wx.example.com", "example.com"),
        ("wx.example.com", "m.example.com"),
        ("wx.example.com", "api.example.com"),
        ("wx.example.com", "weixin.example.net"),
        ("wx.example.com", "mp.another.com"),
        ("wx.cn", "mp.cn"),
        ("example.com", "localhost"),
        ("localhost", "_"),
        ("wx.example.com", "~^wx.*"),
        ("wx.example.com", ""),
    ],
)
def test_another_name_of_the_site_or_of_another(host: str, name: str) -> None:
    assert near(host, [name]) == []
