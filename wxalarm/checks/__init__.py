"""The registry: every check, by what it looks at, in the order in which reports show them (lowest layer first)."""

from __future__ import annotations

from typing import Any

from wxalarm.checks.alarm import reply_format, sample
from wxalarm.checks.check import Check
from wxalarm.checks.dns import dns_delegation, dns_resolve, dns_system, domain_registration
from wxalarm.checks.host import (
    host_clock,
    host_cpu,
    host_disk,
    host_history,
    host_limits,
    host_memory,
    host_network,
)
from wxalarm.checks.logs import access_log, app_log, error_log
from wxalarm.checks.network import (
    http_request,
    moved_address,
    ping,
    push,
    self_check,
    tcp_connect,
    tls_handshake,
    url_verify,
)
from wxalarm.checks.nginx import nginx_config
from wxalarm.checks.wechat import callback_check, callback_ips, callback_url, ticket_age, ticket_push, wechat_view

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
HOST: tuple[Check[Any], ...] = (
    host_history.CHECK,
    host_cpu.CHECK,
    host_memory.CHECK,
    host_disk.CHECK,
    host_limits.CHECK,
    host_network.CHECK,
    host_clock.CHECK,
)
"""What the callback server itself says: the alarm's own time first."""
SERVER: tuple[Check[Any], ...] = (nginx_config.CHECK, access_log.CHECK, error_log.CHECK, app_log.CHECK, *HOST)
"""What nginx, its logs and the machine say."""
WECHAT: tuple[Check[Any], ...] = (callback_check.CHECK, wechat_view.CHECK, moved_address.CHECK)
"""What WeChat itself says about us, and whether the address that it uses is still ours."""
PLATFORM: tuple[Check[Any], ...] = (ticket_push.CHECK, ticket_age.CHECK)
"""What only third-party platforms have."""

CHECKS = (sample.CHECK, *NAME, *CONNECTION, *SELF, *SPEECH, *REPLY, *SERVER, *WECHAT, *PLATFORM)
"""All of them; what the alarm itself proves comes first."""
