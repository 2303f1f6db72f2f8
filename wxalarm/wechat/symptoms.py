"""What a follower sees when an account does not answer: a symptom, where there is no alarm."""

from __future__ import annotations

NOTICES = (
    "该公众号提供的服务出现故障",
    "该公众号暂时无法提供服务",
    "该服务号提供的服务出现故障",
    "该服务号暂时无法提供服务",
)
"""The first is what users quote from the client, the second what 被动回复用户消息 says; 服务号 stands in the guide."""


def is_notice(text: str) -> bool:
    """Whether a text has such a notice in it."""
    plain = "".join(text.split())
    return any(notice in plain for notice in NOTICES)
