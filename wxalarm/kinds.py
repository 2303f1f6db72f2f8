"""The alarm kinds in groups: by how a push fails, and by what was pushed. The one home of such groups.

A ticket or a payment notice is a push like any other, and fails for the same reasons.
"""

from __future__ import annotations

from wxalarm.model import AlarmKind

TICKET = (AlarmKind.TICKET_TIMEOUT, AlarmKind.TICKET_INVALID)
"""Pushes of component_verify_ticket."""
PLATFORM = (*TICKET, AlarmKind.COMPONENT_TIMEOUT, AlarmKind.COMPONENT_INVALID)
"""Pushes to a third-party platform's authorisation URL."""
PAY = (AlarmKind.PAY_NOTIFY_TIMEOUT, AlarmKind.PAY_NOTIFY_INVALID)
"""Payment notifications."""

NAME = (AlarmKind.DNS_FAILURE, AlarmKind.DNS_TIMEOUT, AlarmKind.DNS_INVALID_DOMAIN)
"""The name could not be resolved."""
UNRESOLVED = (*NAME, *PLATFORM, *PAY)
"""What a name that cannot be resolved leads to. Inference for platforms and payments: no kind of theirs says so, and
their pushes have to resolve the name as well. MarkFail follows failures behind the resolution only (guide)."""
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
INVALID_PLATFORM = (AlarmKind.TICKET_INVALID, AlarmKind.COMPONENT_INVALID)
"""A platform's answer that WeChat does not accept."""
INVALID_PAY = (AlarmKind.PAY_NOTIFY_INVALID,)
"""An answer to a payment notification that WeChat does not accept."""
INVALID_MESSAGE = (AlarmKind.INVALID_RESPONSE, AlarmKind.MARK_FAIL)
"""An answer to a message or an event that WeChat does not accept."""
INVALID = (AlarmKind.INVALID_RESPONSE, *INVALID_PLATFORM, *INVALID_PAY, AlarmKind.MARK_FAIL)
"""An answer that WeChat does not accept, or a broken connection."""
SLOW = tuple(dict.fromkeys((*CONNECT, *TIMEOUT)))
"""What an overloaded server causes."""
ANY_PUSH = tuple(dict.fromkeys((*SLOW, *INVALID)))
"""Every failure behind the resolution of the name."""
ANY = (*NAME, *ANY_PUSH)
"""Every kind there is, but for the unknown."""
