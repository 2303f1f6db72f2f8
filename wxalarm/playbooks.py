"""AlarmKind → the ordered checks for it. Read it like a runbook: the guide's own order, lowest layer first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wxalarm.checks import (
    ADDRESS,
    APPLICATION,
    CONNECTION,
    HOST,
    HTTP,
    MACHINE,
    NAME,
    NGINX,
    REPLY,
    SELF,
    TICKET,
    TLS,
    URL,
    WECHAT,
)
from wxalarm.checks.alarm import sample
from wxalarm.checks.check import Check
from wxalarm.model import AlarmKind


@dataclass(frozen=True, slots=True)
class Playbook:
    """What to look at for one kind of alarm, and the guide's paragraph it follows."""

    checks: tuple[Check[Any], ...]
    guide: str


NETWORK = (*URL, *NAME, *CONNECTION, *SELF, *TLS, *HTTP, *WECHAT, *ADDRESS)
"""What `wxalarm probe` runs: all that can be asked without an alarm."""

RESOLUTION = (sample.CHECK, *NAME, *SELF, *WECHAT)
WAY = (sample.CHECK, *URL, *NAME, *CONNECTION, *SELF, *TLS)
CONNECTING = (*WAY, *NGINX, *APPLICATION, *MACHINE, *WECHAT, *ADDRESS)
LATE = (*WAY, *HTTP, *NGINX, *APPLICATION, *MACHINE, *WECHAT, *ADDRESS)
ALL = (*WAY, *HTTP, *REPLY, *NGINX, *APPLICATION, *HOST, *WECHAT, *ADDRESS)

PLAYBOOKS: dict[AlarmKind, Playbook] = {
    AlarmKind.DNS_FAILURE: Playbook(RESOLUTION, "DNS失败"),
    AlarmKind.DNS_TIMEOUT: Playbook(RESOLUTION, "DNS超时"),
    AlarmKind.DNS_INVALID_DOMAIN: Playbook(RESOLUTION, "DNS失败"),
    AlarmKind.CONNECT_TIMEOUT: Playbook(CONNECTING, "连接超时"),
    AlarmKind.REQUEST_TIMEOUT: Playbook(LATE, "请求超时"),
    AlarmKind.INVALID_RESPONSE: Playbook(ALL, "回应失败"),
    AlarmKind.MARK_FAIL: Playbook(ALL, "MarkFail（自动屏蔽）"),
    AlarmKind.TICKET_TIMEOUT: Playbook((*LATE, *TICKET), "推送component_verify_ticket超时"),
    AlarmKind.TICKET_INVALID: Playbook((*ALL, *TICKET), "推送component_verify_ticket失败"),
    AlarmKind.COMPONENT_TIMEOUT: Playbook(LATE, "推送组件消息超时"),
    AlarmKind.COMPONENT_INVALID: Playbook(ALL, "推送组件消息失败"),
    AlarmKind.PAY_NOTIFY_TIMEOUT: Playbook(LATE, "请求超时"),
    AlarmKind.PAY_NOTIFY_INVALID: Playbook(ALL, "回应失败"),
    AlarmKind.UNKNOWN: Playbook(ALL, "报警排查指引"),
}
