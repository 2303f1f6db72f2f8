"""The alarm kinds in groups that fail for the same reasons: a ticket or a payment notice is a push like any other."""

from __future__ import annotations

from wxalarm.model import AlarmKind

CONNECT = (AlarmKind.CONNECT_TIMEOUT, AlarmKind.MARK_FAIL)
"""No connection in time."""
TIMEOUT = (
    AlarmKind.REQUEST_TIMEOUT,
    AlarmKind.TICKET_TIMEOUT,
    AlarmKind.COMPONENT_TIMEOUT,
    AlarmKind.PAY_NOTIFY_TIMEOUT,
    AlarmKind.MARK_FAIL,
)
"""No complete answer within 5 s."""
INVALID = (
    AlarmKind.INVALID_RESPONSE,
    AlarmKind.TICKET_INVALID,
    AlarmKind.COMPONENT_INVALID,
    AlarmKind.PAY_NOTIFY_INVALID,
    AlarmKind.MARK_FAIL,
)
"""An answer that WeChat does not accept, or a broken connection."""
SLOW = tuple(dict.fromkeys((*CONNECT, *TIMEOUT)))
"""What an overloaded server causes."""
ANY_PUSH = tuple(dict.fromkeys((*SLOW, *INVALID)))
"""Every failure behind the resolution of the name."""
NAME = (AlarmKind.DNS_FAILURE, AlarmKind.DNS_TIMEOUT, AlarmKind.DNS_INVALID_DOMAIN)
"""The name could not be resolved."""
ANY = (*NAME, *ANY_PUSH)
"""Every kind there is."""
PLATFORM = (
    AlarmKind.TICKET_TIMEOUT,
    AlarmKind.TICKET_INVALID,
    AlarmKind.COMPONENT_TIMEOUT,
    AlarmKind.COMPONENT_INVALID,
)
"""Pushes to a third-party platform's authorisation URL."""
PAY = (AlarmKind.PAY_NOTIFY_TIMEOUT, AlarmKind.PAY_NOTIFY_INVALID)
"""Payment notifications."""
