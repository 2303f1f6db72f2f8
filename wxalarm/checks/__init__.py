"""The registry: every check, in the order in which reports show them (lowest layer first)."""

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

CHECKS: tuple[Check[Any], ...] = (
    # what the alarm itself proves
    sample.CHECK,
    callback_url.CHECK,
    # name
    domain_registration.CHECK,
    dns_system.CHECK,
    dns_delegation.CHECK,
    dns_resolve.CHECK,
    # connection
    tcp_connect.CHECK,
    callback_ips.CHECK,
    ping.CHECK,
    self_check.CHECK,
    # TLS
    tls_handshake.CHECK,
    # HTTP and the push
    http_request.CHECK,
    url_verify.CHECK,
    push.CHECK,
    # the reply
    reply_format.CHECK,
    # nginx configuration
    nginx_config.CHECK,
    # access log, error log, application log
    access_log.CHECK,
    error_log.CHECK,
    app_log.CHECK,
    # host
    *HOST,
    # WeChat's own view
    callback_check.CHECK,
    wechat_view.CHECK,
    # third-party platform
    ticket_push.CHECK,
    ticket_age.CHECK,
)
