"""The callback's host name before anything is asked: is it legal (RFC 952, 1123, 5890), does it need DNS at all."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable

from msgspec import Struct

from wxalarm.checks.check import Context
from wxalarm.model import Target

MAX_NAME = 253
MAX_LABEL = 63
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", re.IGNORECASE)


class Fault(Struct, frozen=True):
    """What is wrong with a host name, and where."""

    case: str
    """A key of [words.name_fault]."""
    part: str
    """The wrong part as printed."""
    position: int
    """Where it begins in the printed name, counted from 1."""


def fixed(target: Target) -> tuple[str, ...]:
    """The addresses that are given without DNS: those of --resolve, or the host itself when it is an address.

    localhost counts as an address only when the user named it.
    """
    if target.host is None:
        return ()
    if given := target.resolve.get(f"{target.host}:{target.port}"):
        return given
    if target.host == "localhost" and target.named_by_user:
        return ("127.0.0.1",)
    try:
        return (str(ipaddress.ip_address(target.host)),)
    except ValueError:
        return ()


def printed(target: Target) -> str:
    """The host part of the URL as it was printed, a port included when it is no number."""
    if target.url is None:
        return target.host or ""
    rest = target.url.strip().partition("://")[2] or target.url.strip()
    for end in "/?#":
        rest = rest.partition(end)[0]
    rest = rest.rpartition("@")[2]
    name, colon, port = rest.rpartition(":")
    return name if colon and (port == "" or (port.isascii() and port.isdigit())) else rest


def fault(target: Target) -> Fault | None:
    """The first thing that makes the host name illegal; None when it is legal or an address."""
    if target.host is None or fixed(target):
        return None
    name = printed(target)
    if (at := name.find(":")) >= 0:
        return Fault("port", name[at:], at + 1)
    for case, found in (("space", re.search(r"\s", name)), ("underscore", re.search("_", name))):
        if found:
            return Fault(case, found.group(), found.start() + 1)
    if name.endswith("."):
        return Fault("trailing-dot", ".", len(name))
    labels = name.split(".")
    start = 1
    for label in labels:
        if wrong := _label_fault(label):
            return Fault(wrong, label or ".", start)
        start += len(label) + 1
    if len(target.host) > MAX_NAME:
        return Fault("long-name", target.host[MAX_NAME:], MAX_NAME + 1)
    if len(labels) == 1:
        return Fault("single-label", name, 1)
    if labels[-1].isdigit():
        return Fault("numeric", labels[-1], len(name) - len(labels[-1]) + 1)
    return None


def _label_fault(label: str) -> str | None:
    if not label:
        return "empty-label"
    ascii_form = label
    if not label.isascii():
        try:
            ascii_form = label.encode("idna").decode("ascii")
        except UnicodeError:
            return "idn"
    if len(ascii_form) > MAX_LABEL:
        return "long-label"
    return None if _LABEL.match(ascii_form) else "character"


def key(ctx: Context) -> Hashable:
    """The DNS probes depend on the name, and on whether and how it needs DNS."""
    return (ctx.target.host, fixed(ctx.target), askable(ctx.target))


def limit(ctx: Context, seconds: float) -> float:
    """The seconds that asking may take: silence must be told as such before the run's own deadline cuts it off."""
    return min(seconds, 0.9 * ctx.limit(seconds / 0.9))


def askable(target: Target) -> bool:
    """Whether DNS can be asked for the name at all: what a resolver would refuse to send is not sent."""
    wrong = fault(target)
    return target.host is not None and not fixed(target) and (wrong is None or wrong.case in ASKED_ALL_THE_SAME)


ASKED_ALL_THE_SAME = frozenset({"underscore", "trailing-dot", "single-label"})
"""Not legal as a host name, but DNS carries it."""
