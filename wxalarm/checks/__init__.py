"""The registry: every check, by what it looks at, in the order in which reports show them (lowest layer first)."""

from __future__ import annotations

from typing import Any

from wxalarm.checks.alarm import reply_format, sample, ticket_age
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
from wxalarm.checks.wechat import (
    callback_check,
    callback_ips,
    callback_url,
    ticket_push,
    token_store,
    wechat_view,
)

URL: tuple[Check[Any], ...] = (callback_url.CHECK,)
"""Is the URL one that WeChat pushes to?"""
NAME: tuple[Check[Any], ...] = (
    domain_registration.CHECK,
    dns_system.CHECK,
    dns_delegation.CHECK,
    dns_resolve.CHECK,
)
"""Is its host name right, everywhere?"""
CONNECTION: tuple[Check[Any], ...] = (tcp_connect.CHECK, callback_ips.CHECK, ping.CHECK)
"""Can it be reached: TCP to every address, pings to WeChat's callback addresses."""
SELF: tuple[Check[Any], ...] = (self_check.CHECK,)
"""Is it this machine that is cut off?"""
TLS: tuple[Check[Any], ...] = (tls_handshake.CHECK,)
"""Does TLS come about, in time: for libcurl it is a part of the connection."""
HTTP: tuple[Check[Any], ...] = (http_request.CHECK, url_verify.CHECK, push.CHECK)
"""Does it answer as WeChat needs: a GET, the verified and the signed push."""
REPLY: tuple[Check[Any], ...] = (reply_format.CHECK,)
"""Is the reply one that WeChat accepts?"""
NGINX: tuple[Check[Any], ...] = (nginx_config.CHECK, access_log.CHECK, error_log.CHECK)
"""What nginx and its logs say."""
APPLICATION: tuple[Check[Any], ...] = (app_log.CHECK,)
"""What the program behind it says; it sees nothing but what got through."""
MACHINE: tuple[Check[Any], ...] = (
    host_history.CHECK,
    host_cpu.CHECK,
    host_memory.CHECK,
    host_disk.CHECK,
    host_limits.CHECK,
    host_network.CHECK,
)
"""What slows the callback server down or runs out on it: the alarm's own time first."""
CLOCK: tuple[Check[Any], ...] = (host_clock.CHECK,)
"""Is its clock right?"""
HOST = (*MACHINE, *CLOCK)
"""What the callback server itself says."""
WECHAT: tuple[Check[Any], ...] = (callback_check.CHECK, wechat_view.CHECK, token_store.CHECK)
"""What WeChat itself says about us."""
ADDRESS: tuple[Check[Any], ...] = (moved_address.CHECK,)
"""Is the address that WeChat uses still ours?"""
TICKET: tuple[Check[Any], ...] = (ticket_push.CHECK, ticket_age.CHECK)
"""Do tickets still come, and how long does the last one hold?"""

CHECKS = (
    sample.CHECK,
    *URL,
    *NAME,
    *CONNECTION,
    *SELF,
    *TLS,
    *HTTP,
    *REPLY,
    *NGINX,
    *APPLICATION,
    *HOST,
    *WECHAT,
    *ADDRESS,
    *TICKET,
)
"""All of them; what the alarm itself proves comes first."""

RENAMED = {"dns-private-address": "private-address", "verify-refused": "http-status"}
"""Codes that were told by another name until it was one fault, one code (docs/decisions/0013): old → new."""
