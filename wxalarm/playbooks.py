"""AlarmKind → the ordered checks for it. Read it like a runbook: the guide's own order, lowest layer first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wxalarm.checks import CONNECTION, NAME, PLATFORM, REPLY, SELF, SERVER, SPEECH, WECHAT
from wxalarm.checks.alarm import sample
from wxalarm.checks.check import Check
from wxalarm.model import AlarmKind


@dataclass(frozen=True, slots=True)
class Playbook:
    """What to look at for one kind of alarm, and the guide's paragraph it follows."""

    checks: tuple[Check[Any], ...]
    guide: str


NETWORK = (*NAME, *CONNECTION, *SELF, *SPEECH, *WECHAT)
"""What `wxalarm probe` runs: all that can be asked without an alarm."""

ALL = (sample.CHECK, *NAME, *CONNECTION, *SELF, *SPEECH, *REPLY, *SERVER, *WECHAT)

PLAYBOOKS: dict[AlarmKind, Playbook] = {
    AlarmKind.DNS_FAILURE: Playbook((sample.CHECK, *NAME, *SELF, *WECHAT), "DNS失败"),
    AlarmKind.DNS_TIMEOUT: Playbook((sample.CHECK, *NAME, *SELF, *WECHAT), "DNS超时"),
    AlarmKind.DNS_INVALID_DOMAIN: Playbook((sample.CHECK, *NAME, *SELF, *WECHAT), "DNS失败"),
    AlarmKind.CONNECT_TIMEOUT: Playbook((sample.CHECK, *NAME, *CONNECTION, *SELF, *SERVER, *WECHAT), "连接超时"),
    AlarmKind.REQUEST_TIMEOUT: Playbook(
        (sample.CHECK, *NAME, *CONNECTION, *SELF, *SPEECH, *SERVER, *WECHAT), "请求超时"
    ),
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
