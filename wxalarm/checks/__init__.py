"""The registry: every check, by what it looks at, in the order in which reports show them (lowest layer first)."""

from __future__ import annotations

from typing import Any

from wxalarm.checks import (
    access_log,
    app_log,
    callback_check,
    callback_ips,
    callback_url,
    dns_delegation,
    dns_resolve,
    dns_system,
    domain_registration,
    error_log,
    http_request,
    nginx_config,
    ping,
    push,
    reply_format,
    sample,
    self_check,
    tcp_connect,
    ticket_age,
    ticket_push,
    tls_handshake,
    url_verify,
    wechat_view,
)
from wxalarm.checks.check import Check
from wxalarm.checks.host import HOST

NAME: tuple[Check[Any], ...] = (
    callback_url.CHECK,
    domain_registration.CHECK,
    dns_system.CHECK,
    dns_delegation.CHECK,
    dns_resolve.CHECK,
)
"""Is the URL's host name right, everywhere?"""
CONNECTION: tuple[Check[Any], ...] = (tcp_connect.CHECK, callback_ips.CHECK, ping.CHECK)
"""Can it be reached: TCP to every address, pings to WeChat's callback addresses."""
SELF: tuple[Check[Any], ...] = (self_check.CHECK,)
"""Is it this machine that is cut off?"""
SPEECH: tuple[Check[Any], ...] = (tls_handshake.CHECK, http_request.CHECK, url_verify.CHECK, push.CHECK)
"""Does it speak as WeChat needs: TLS, HTTP, the verified and the signed push."""
REPLY: tuple[Check[Any], ...] = (reply_format.CHECK,)
"""Is the reply one that WeChat accepts?"""
SERVER: tuple[Check[Any], ...] = (nginx_config.CHECK, access_log.CHECK, error_log.CHECK, app_log.CHECK, *HOST)
"""What nginx, its logs and the machine say."""
WECHAT: tuple[Check[Any], ...] = (callback_check.CHECK, wechat_view.CHECK)
"""What WeChat itself says about us."""
PLATFORM: tuple[Check[Any], ...] = (ticket_push.CHECK, ticket_age.CHECK)
"""What only third-party platforms have."""

CHECKS = (sample.CHECK, *NAME, *CONNECTION, *SELF, *SPEECH, *REPLY, *SERVER, *WECHAT, *PLATFORM)
"""All of them; what the alarm itself proves comes first."""
