"""AlarmKind → the ordered checks for it. Read it like a runbook: the guide's own order, lowest layer first."""

from __future__ import annotations

from dataclasses import dataclass
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
from wxalarm.model import AlarmKind


@dataclass(frozen=True, slots=True)
class Playbook:
    """What to look at for one kind of alarm, and the guide's paragraph it follows."""

    checks: tuple[Check[Any], ...]
    guide: str


NAME: tuple[Check[Any], ...] = (
    callback_url.CHECK,
    domain_registration.CHECK,
    dns_system.CHECK,
    dns_delegation.CHECK,
    dns_resolve.CHECK,
    self_check.CHECK,
)
"""Is the URL's host name right, everywhere?"""
CONNECTION: tuple[Check[Any], ...] = (tcp_connect.CHECK, callback_ips.CHECK, ping.CHECK)
"""Can it be reached: TCP to every address, pings to WeChat's callback addresses."""
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

NETWORK = (*NAME, *CONNECTION, *SPEECH, *WECHAT)
"""What `wxalarm probe` runs: all that can be asked without an alarm."""

ALL = (sample.CHECK, *NAME, *CONNECTION, *SPEECH, *REPLY, *SERVER, *WECHAT)

PLAYBOOKS: dict[AlarmKind, Playbook] = {
    AlarmKind.DNS_FAILURE: Playbook((sample.CHECK, *NAME, *WECHAT), "DNS失败"),
    AlarmKind.DNS_TIMEOUT: Playbook((sample.CHECK, *NAME, *WECHAT), "DNS超时"),
    AlarmKind.DNS_INVALID_DOMAIN: Playbook((sample.CHECK, *NAME, *WECHAT), "DNS失败"),
    AlarmKind.CONNECT_TIMEOUT: Playbook((sample.CHECK, *NAME, *CONNECTION, *SERVER, *WECHAT), "连接超时"),
    AlarmKind.REQUEST_TIMEOUT: Playbook((sample.CHECK, *NAME, *CONNECTION, *SPEECH, *SERVER, *WECHAT), "请求超时"),
    AlarmKind.INVALID_RESPONSE: Playbook(ALL, "回应失败"),
    AlarmKind.MARK_FAIL: Playbook(ALL, "MarkFail（自动屏蔽）"),
    AlarmKind.TICKET_TIMEOUT: Playbook((*ALL, *PLATFORM), "推送component_verify_ticket超时"),
    AlarmKind.TICKET_INVALID: Playbook((*ALL, *PLATFORM), "推送component_verify_ticket失败"),
    AlarmKind.COMPONENT_TIMEOUT: Playbook((*ALL, *PLATFORM), "推送组件消息超时"),
    AlarmKind.COMPONENT_INVALID: Playbook((*ALL, *PLATFORM), "推送组件消息失败"),
    AlarmKind.PAY_NOTIFY_TIMEOUT: Playbook(ALL, "请求超时"),
    AlarmKind.PAY_NOTIFY_INVALID: Playbook(ALL, "回应失败"),
    AlarmKind.UNKNOWN: Playbook(ALL, "报警排查指引"),
}
