"""What is looked at for an alarm: a host that somebody masked, or that a tool cut, is none to ask."""

from __future__ import annotations

import pytest

from wxalarm.checks.logs.facts import path_of
from wxalarm.config import Settings
from wxalarm.diagnosis import contexts
from wxalarm.model import Alarm, Sample


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://wx.example.com/callback", "wx.example.com", "/callback"),
        ("https://wx.example.com/callback?to=..", "wx.example.com", "/callback"),
        ("https://wx.exa...", None, None),
        ("https://wx.exam…", None, None),
        ("https://wx..example.com/callback", "wx..example.com", "/callback"),
        ("https://***.example.com/callback", None, "/callback"),
        ("https://wx.example.com/call...", "wx.example.com", None),
        ("https://wx.example.com/wx/***", "wx.example.com", None),
    ],
)
def test_the_target_of_an_alarm(url: str, host: str | None, path: str | None) -> None:
    (ctx,) = contexts([Alarm(sample=Sample(url=url))], Settings())
    assert (ctx.target.host, path_of(ctx)) == (host, path)


def test_the_user_says_what_is_hidden() -> None:
    alarm = Alarm(sample=Sample(url="https://***.example.com/callback"))
    (ctx,) = contexts([alarm], Settings(), url="https://wx.example.com/callback")
    assert ctx.target.host == "wx.example.com"
    assert ctx.target.named_by_user
