"""WeChat's own numbers and forms: how long it waits, how much it shows, what its names look like. Their one home.

Constants only. Each says its unit and its source: "guide" is 接口报警和排查指引, a chapter of the official documents is
named, and what no document says but every known alarm shows is marked as observed.
"""

from __future__ import annotations

WAIT = 5.0
"""Seconds that WeChat waits for an answer, a resolver, and by the alarm's words for a connection (guide, 报警类型)."""
SLOW_AFTER = 3.0
"""Seconds within which the guide's procedure wants a connection (排查: 3S); an answer later than that is tomorrow's
alarm."""
BLOCK = 60
"""Seconds for which WeChat pushes nothing after MarkFail (guide, 自动屏蔽)."""
PORTS = {"http": 80, "https": 443}
"""The port of each scheme; WeChat pushes to no other (接入指南, 填写服务器配置)."""
GUIDE_RESOLVER = "182.254.116.116"
"""The resolver with which the guide tells developers to test (DNS失败, 常见问题 1). That WeChat's pushes use the same
one is suggested, not said."""
APPID_PLACE = "$APPID$"
"""What stands in a platform's message URL for the account's appid (第三方平台, 消息与事件接收URL)."""

TICKET_EVERY = 10
"""Minutes between two pushes of component_verify_ticket (验证票据)."""
TICKET_TRIES = 3
"""Tries of each push of a ticket, each counted in alarms: 9 in 30 minutes, 3 in 10 (observed)."""
TICKET_VALID = 12
"""Hours for which a ticket can be used (验证票据排查, 4)."""

BODY_SHOWN = 900
"""Bytes of an answer after which, at the latest, an alarm cuts it with "..." (observed: 750 to 900)."""
CONTENT = 2048
"""Bytes of Content in a text reply. Unofficial: only one source says so."""
ARTICLES_FOR_MESSAGE = 1
"""Articles of a news reply to text, image, voice, video, link or location, since 2018-10-12 (被动回复, 图文消息)."""
ARTICLES = 8
"""Articles of a news reply to anything else (被动回复, 图文消息)."""
AES_KEY = 43
"""Letters and digits of an EncodingAESKey (消息加解密)."""

APPID = r"wx[0-9a-f]{16}"
"""An appid, as a pattern (observed)."""
ORIGINAL_ID = r"gh_[0-9a-f]{12}"
"""An account's original id, ToUserName of its pushes, as a pattern (observed)."""
OPENID_LENGTH = 28
"""Characters of an OpenID, which begins with an o and goes on with OPENID_CHARACTER (observed)."""
OPENID_CHARACTER = "[0-9A-Za-z_-]"
"""A character of an OpenID, as a pattern."""
OPENID = rf"o{OPENID_CHARACTER}{{{OPENID_LENGTH - 1}}}"
"""An OpenID, as a pattern."""
TRANSACTION_LENGTH = 28
"""Digits of a transaction_id of WeChat Pay (observed)."""
