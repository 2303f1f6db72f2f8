"""The alarm kinds in groups: by how a push fails, and by what was pushed. The one home of such groups.

A ticket or a payment notice is a push like any other, and fails for the same reasons. Which failure leads to which of
them, mechanisms.py says.
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
CONNECT = (AlarmKind.CONNECT_TIMEOUT,)
"""No connection in time."""
LATE = (
    AlarmKind.REQUEST_TIMEOUT,
    AlarmKind.TICKET_TIMEOUT,
    AlarmKind.COMPONENT_TIMEOUT,
    AlarmKind.PAY_NOTIFY_TIMEOUT,
)
"""No complete answer within 5 s."""
INVALID_MESSAGE = (AlarmKind.INVALID_RESPONSE,)
"""An answer to a message or an event that WeChat does not accept."""
INVALID_PLATFORM = (AlarmKind.TICKET_INVALID, AlarmKind.COMPONENT_INVALID)
"""A platform's answer that WeChat does not accept."""
INVALID_PAY = (AlarmKind.PAY_NOTIFY_INVALID,)
"""An answer to a payment notification that WeChat does not accept."""
INVALID = (*INVALID_MESSAGE, *INVALID_PLATFORM, *INVALID_PAY)
"""An answer that WeChat does not accept, or a broken connection."""
BLOCKED = (AlarmKind.MARK_FAIL,)
"""Pushing was suspended after many failures."""
BEFORE_BLOCKED = (AlarmKind.CONNECT_TIMEOUT, AlarmKind.REQUEST_TIMEOUT, AlarmKind.INVALID_RESPONSE)
"""What comes before that, by the guide."""
ANY_PUSH = (*CONNECT, *LATE, *INVALID, *BLOCKED)
"""Every failure behind the resolution of the name."""
ANY = (*NAME, *ANY_PUSH)
"""Every kind there is, but for the unknown."""
