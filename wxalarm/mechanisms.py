"""What can happen to a push on its way, and to which alarms that leads: the data behind every code's `explains`.

WeChat pushes with libcurl. Two rules follow, and hold where nothing else is known: time that runs out leads to the
alarm of a timeout, that of the phase in which it ran out (libcurl's connect timeout ends with the TLS handshake); what
breaks at once has a number of libcurl or a status, and those WeChat prints under 回应失败. Each way is a fact or an
inference with its source; why it leads there, [mechanism] of the catalogues says. docs/{en,zh}/causes.md is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from wxalarm import kinds
from wxalarm.model import AlarmKind

Source: TypeAlias = Literal[
    "guide", "tickets", "alarms", "staff", "console", "documents", "libcurl", "systems", "analogy"
]
"""Keys of [words.source]."""

GROUPS: dict[str, tuple[AlarmKind, ...]] = {
    "name": kinds.NAME,
    "connect": kinds.CONNECT,
    "late": tuple(kind for kind in kinds.LATE if kind not in kinds.PAY),
    "payment-late": (AlarmKind.PAY_NOTIFY_TIMEOUT,),
    "invalid": (*kinds.INVALID_MESSAGE, *kinds.INVALID_PLATFORM),
    "message": kinds.INVALID_MESSAGE,
    "platform": kinds.INVALID_PLATFORM,
    "payment": kinds.INVALID_PAY,
    "platform-any": kinds.PLATFORM,
    "payment-any": kinds.PAY,
    "others": (*kinds.PLATFORM, *kinds.PAY),
    "blocked": kinds.BLOCKED,
}
"""Groups of kinds that share a reason, by the key that it has under [mechanism.ID], or under [mechanism.any]."""
LIKE = {"late": "payment-late", "invalid": "payment"}
"""The guide has a platform's alarms searched like those of messages; that payments are like them is concluded."""


@dataclass(frozen=True, slots=True)
class Way:
    """That a mechanism leads to alarms of one group of kinds."""

    group: str
    fact: bool
    """Somebody said or saw it; otherwise it is concluded."""
    source: Source
    """Who said it, or what it is concluded from."""

    @property
    def kinds(self) -> tuple[AlarmKind, ...]:
        """The kinds of the group."""
        return GROUPS[self.group]


class Mechanism(tuple[AlarmKind, ...]):
    """A class of failures: the kinds that it can lead to, and by which ways. A code's `explains` is one of them."""

    id: str
    ways: tuple[Way, ...]

    def __new__(cls, id: str, *ways: Way) -> Mechanism:
        """What leads to one alarm leads to those that are like it, and those that come before MarkFail lead there."""
        told = {way.group for way in ways}
        like = (inferred(LIKE[group], "analogy") for group in LIKE if group in told and LIKE[group] not in told)
        before = [way.fact for way in ways if not set(way.kinds).isdisjoint(kinds.BEFORE_BLOCKED)]
        blocked = [Way("blocked", any(before), "guide")] if before else []
        ways = (*ways, *like, *blocked)
        self = super().__new__(cls, dict.fromkeys(kind for way in ways for kind in way.kinds))
        self.id, self.ways = id, ways
        return self


def fact(group: str, source: Source) -> Way:
    """A way that a source states, or in which alarms were seen."""
    return Way(group, True, source)


def inferred(group: str, source: Source) -> Way:
    """A way that is concluded."""
    return Way(group, False, source)


# --- the name, and where it leads ---
UNRESOLVED = Mechanism("unresolved", fact("name", "guide"), inferred("others", "analogy"))
RESOLVED_LATE = Mechanism(
    "resolved-late", fact("name", "guide"), inferred("connect", "libcurl"), inferred("late", "libcurl")
)
MISDIRECTED = Mechanism("misdirected", fact("connect", "guide"), fact("late", "guide"), fact("invalid", "guide"))
INNER_ADDRESS = Mechanism(
    "inner-address",
    inferred("name", "analogy"),
    inferred("connect", "systems"),
    inferred("late", "systems"),
    inferred("invalid", "libcurl"),
)
IPV6_ONLY = Mechanism(
    "ipv6-only",
    inferred("name", "alarms"),
    inferred("connect", "systems"),
    inferred("message", "libcurl"),
    inferred("others", "analogy"),
)
ELSEWHERE = Mechanism(
    "elsewhere",
    inferred("name", "alarms"),
    inferred("connect", "alarms"),
    fact("late", "alarms"),
    fact("invalid", "alarms"),
)
PLATFORM_URL = Mechanism("platform-url", fact("platform-any", "staff"))
PAYMENT_URL = Mechanism("payment-url", fact("payment-any", "documents"))

# --- the connection ---
REFUSED = Mechanism("refused", inferred("connect", "systems"), inferred("late", "systems"), fact("invalid", "alarms"))
SILENT = Mechanism("silent", fact("connect", "guide"), inferred("late", "systems"), inferred("platform", "guide"))
UNREACHABLE = Mechanism(
    "unreachable",
    inferred("connect", "systems"),
    inferred("message", "libcurl"),
    inferred("others", "analogy"),
)
SLOW_WAY = Mechanism("slow-way", fact("connect", "guide"), inferred("late", "systems"))
FIREWALL = Mechanism("firewall", fact("connect", "guide"), inferred("late", "systems"), fact("invalid", "staff"))
NOT_ARRIVED = Mechanism(
    "not-arrived", inferred("connect", "systems"), inferred("late", "systems"), inferred("invalid", "systems")
)

# --- TLS ---
TLS_LATE = Mechanism(
    "tls-late", inferred("connect", "libcurl"), inferred("late", "libcurl"), inferred("platform", "guide")
)
TLS_BROKEN = Mechanism("tls-broken", inferred("invalid", "libcurl"))
CERTIFICATE = Mechanism("certificate", inferred("invalid", "console"))
TLS_LOGGED = Mechanism(
    "tls-logged", inferred("connect", "libcurl"), inferred("late", "libcurl"), inferred("invalid", "libcurl")
)

# --- the answer ---
BROKEN_OFF = Mechanism("broken-off", fact("invalid", "alarms"))
UNREADABLE = Mechanism("unreadable", inferred("invalid", "libcurl"))
ANSWERED_LATE = Mechanism("answered-late", fact("late", "guide"), fact("payment-late", "alarms"))
REQUEST_LOST = Mechanism("request-lost", inferred("late", "systems"))
CLOSED_EARLY = Mechanism("closed-early", inferred("late", "systems"), inferred("invalid", "systems"))
STATUS = Mechanism("status", fact("invalid", "alarms"))
REDIRECTED = Mechanism("redirected", fact("invalid", "alarms"))
PRINTED = Mechanism(
    "printed",
    inferred("name", "libcurl"),
    inferred("connect", "libcurl"),
    inferred("late", "libcurl"),
    fact("invalid", "alarms"),
)

# --- the reply ---
REPLY = Mechanism("reply", fact("invalid", "guide"), fact("payment", "alarms"))
PASSIVE_REPLY = Mechanism("passive-reply", fact("message", "guide"))
INCOMPLETE_REPLY = Mechanism("incomplete-reply", fact("message", "guide"), fact("payment", "documents"))
EMPTY_REPLY = Mechanism("empty-reply", fact("message", "alarms"), fact("platform", "guide"), fact("payment", "alarms"))
NOT_SUCCESS = Mechanism("not-success", fact("message", "alarms"), fact("platform", "guide"))
PAYMENT_REPLY = Mechanism("payment-reply", fact("payment", "alarms"))
ECHO = Mechanism("echo", inferred("message", "systems"), inferred("platform", "systems"))

# --- the server ---
OVERLOADED = Mechanism("overloaded", fact("connect", "guide"), fact("late", "guide"), inferred("invalid", "systems"))
BACKEND = Mechanism("backend", fact("late", "guide"), fact("invalid", "guide"))
LIMITED = Mechanism("limited", inferred("late", "systems"), inferred("invalid", "systems"))
CLOCK = Mechanism("clock", inferred("invalid", "systems"))

MECHANISMS = tuple(value for value in tuple(vars().values()) if isinstance(value, Mechanism))
"""All of them, in the order in which a push meets them."""
