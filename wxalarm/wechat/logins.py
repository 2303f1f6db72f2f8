"""JSON by which frameworks and their filters say that a login is wanted: whoever answers so keeps WeChat out."""

from __future__ import annotations

import re

from wxalarm.patterns import later

_LOGIN = later(
    r"未登录|请先?登[录陆]|登[录陆](?:状态)?已?(?:过期|失效|超时)|未授权|认证失败|无效的?令牌"
    r"|\b(?:unauthori[sz]ed|unauthenticated|not logged in|login required|please log ?in)\b"
    r"|\b(?:token|session) (?:has )?expired\b"
    r"|\"(?:code|status|errcode)\"\s{0,4}:\s{0,4}\"?(?:401|40101|50014)\b",
    re.I,
)


def wants_login(text: str) -> bool:
    """Whether a JSON answer says so."""
    return _LOGIN.search(text[:2000]) is not None
