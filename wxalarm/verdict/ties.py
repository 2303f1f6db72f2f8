"""What ties two findings, the effect and its cause: the same address, push, upstream, zone, file, time. Pure.

A tie is told by evidence that both findings carry; what one of them does not say ties nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wxalarm.bounds import whole
from wxalarm.checks.check import NO_ANSWER
from wxalarm.checks.urls import split_url
from wxalarm.model import Basis, Finding, Severity

ADDRESS = ("address", "ip", "wechat")
"""Evidence that holds the IP address a finding is about; wechat: those that WeChat gets for the name."""
SILENT = frozenset({NO_ANSWER})
CLOSES = 444
"""The status in nginx's log when it closed the connection without an answer (`return 444`)."""
RESOLVE = 6
"""libcurl's number for a name that gave no address."""
REFUSED = 7
"""For a connection that nobody took."""
EMPTY = 52
"""For a connection that was closed without an answer."""
UNSERVED = frozenset({502, 503, 504})
"""What a proxy answers for an application that gives it nothing."""
NOBODY = ("", "-")
"""What $upstream_addr holds when nothing was passed on."""
ANY_ADDRESS = frozenset({"0.0.0.0", "::", "*"})
UPSTREAM = ("upstream_addr", "upstreams", "upstream")
PLACE = ("place", "file")
NAME = ("host", "domain", "zone")
NOW = (None, "now", "later")
"""What `when` says of a state that was not measured at the alarm's own time."""
_SCHEME = re.compile(r"^[a-z]+://")


@dataclass(frozen=True, slots=True)
class Tie:
    """One way in which two findings belong together; id is a key of [tie] in the catalogues."""

    id: str
    holds: Callable[[Finding, Finding], bool]
    """Of the effect and the cause."""


def own(finding: Finding) -> bool:
    """Whether a finding is about that very push: the alarm says so, or a line of that push does."""
    return finding.code.basis is Basis.RECORDED or bool(finding.evidence.get("own"))


def canonical(address: str) -> str:
    """An address in its one form (IPv6 has several); what is none as it is."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def addresses(finding: Finding) -> frozenset[str]:
    """The addresses that a finding is about."""
    return frozenset(map(canonical, _values(finding, ADDRESS))) - ANY_ADDRESS


def _values(finding: Finding, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(value for name in names for value in _words(finding.evidence.get(name)))


def _words(value: Any) -> Iterator[str]:
    """The words in a value of evidence: several upstreams stand in one text, with commas, or in a list."""
    if isinstance(value, str):
        yield from (part.strip() for part in value.split(",") if part.strip() not in ("", "-", "?"))
    elif isinstance(value, Mapping):
        yield from value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)


def upstreams(finding: Finding) -> frozenset[str]:
    """The application servers that a finding is about: nginx's error log writes them as URLs, its access log bare."""
    return frozenset(_SCHEME.sub("", value) for value in _values(finding, UPSTREAM))


def statuses(finding: Finding) -> frozenset[int]:
    """The HTTP statuses that a finding is about or can produce."""
    made = finding.evidence.get("makes")
    found = (finding.evidence.get("status"), *(made if isinstance(made, (list, tuple)) else ()))
    numbers = (number for status in found if (number := whole(str(status))) is not None)
    return frozenset(NO_ANSWER if status == CLOSES else status for status in numbers)


def apart(one: Finding, other: Finding) -> bool:
    """Whether two findings are about different addresses or different application servers, by what both say."""
    if _disjoint(addresses(one), addresses(other)):
        return True
    # A push that is passed on twice has two servers, and each of its lines may name another.
    return not (own(one) and own(other)) and _disjoint(_servers(one), _servers(other))


def _servers(finding: Finding) -> frozenset[str]:
    """Its application servers, ADDRESS:PORT or a socket: the name of a group may stand for any of them."""
    return frozenset(one for one in upstreams(finding) if ":" in one)


def _disjoint(here: frozenset[Any], there: frozenset[Any]) -> bool:
    return bool(here) and bool(there) and not here & there


def alike(one: Finding, other: Finding) -> bool:
    """Whether two findings can be about the same answer: no status of one contradicts the other's."""
    return not _disjoint(statuses(one), statuses(other))


def _share(names: tuple[str, ...]) -> Callable[[Finding, Finding], bool]:
    return lambda effect, cause: bool(_values(effect, names) & _values(cause, names))


def _same_name(effect: Finding, cause: Finding) -> bool:
    """One names a domain that holds the host of the other."""
    asked = {split_url(url).host or "" for url in _values(effect, ("url",))}
    hosts, domains = _values(effect, NAME) | asked, _values(cause, NAME)
    return any(host == domain or host.endswith(f".{domain.rstrip('.')}") for host in hosts for domain in domains)


def _same_push(effect: Finding, cause: Finding) -> bool:
    return own(effect) and own(cause)


def _kept(finding: Finding) -> bool:
    """Whether nginx answered by itself: its line names no application server, where it could."""
    return finding.evidence.get("upstream_addr") in NOBODY


def _same_moment(effect: Finding, cause: Finding) -> bool:
    """The cause stands in the push's own moment, and says something of the push."""
    return own(effect) and bool(cause.evidence.get("tied"))


def _same_second(effect: Finding, cause: Finding) -> bool:
    """Both are lines of one second, about one path where the cause names any, and the cause makes the status of the
    effect as few other things do."""
    second, path = effect.evidence.get("time"), cause.evidence.get("path")
    if second is None or second != cause.evidence.get("time") or not statuses(effect) & statuses(cause):
        return False
    # As what was asked for: not as a part of another path, nor in a referrer.
    bare = str(path).rstrip("/")
    asked = rf'(?<=[ "]){re.escape(bare)}{"/?" if bare else "/"}(?=[? "]|\Z)'
    return path is None or re.search(asked, str(effect.evidence.get("line"))) is not None


def _uneven(effect: Finding, cause: Finding) -> bool:
    """The effect is an answer of the one that is worse than the others, and of the kind in which it is worse."""
    if not upstreams(effect) & upstreams(cause):
        return False
    return alike(effect, cause) if cause.evidence.get("status") else effect.code.id == "log-upstream-error"


def _same_curl(effect: Finding, cause: Finding) -> bool:
    """libcurl's number for the failure of the cause is the one that the alarm prints, at the alarm's own address."""
    number = effect.evidence.get("number", effect.evidence.get("curl"))
    if number is None or cause.evidence.get("curl") != number:
        return False
    here, there = addresses(effect), addresses(cause)
    return not here or not there or bool(here & there)


def _old_address(effect: Finding, cause: Finding) -> bool:
    """The failure is at an address that the name had, and no longer has."""
    gone = _values(cause, ("ip", "address", "wechat")) - _values(cause, ("addresses", "here"))
    return bool(addresses(effect) & gone)


def _other_answer(effect: Finding, cause: Finding) -> bool:
    """nginx's line has another answer than WeChat got: the body is gone, or a good status has become this one."""
    if cause.evidence.get("how") == "empty":
        return effect.code.id == "reply-empty"
    return cause.code.severity is Severity.ERROR and bool(statuses(effect) & statuses(cause))


def _closed(effect: Finding, cause: Finding) -> bool:
    """The cause closes the connection without a byte, and that is all that the effect shows."""
    shown = statuses(effect) <= SILENT and effect.evidence.get("number", EMPTY) == EMPTY
    return shown and bool(statuses(cause) & SILENT)


def _same_zone(effect: Finding, cause: Finding) -> bool:
    zone = effect.evidence.get("zone")
    return zone is not None and zone == cause.evidence.get("zone")


def _that_time(effect: Finding, cause: Finding) -> bool:
    """The state was measured at the alarm's own time."""
    return cause.evidence.get("when") not in NOW


def _ended(effect: Finding, cause: Finding) -> bool:
    """A process ended before the push, and the effect is of an application that is not there."""
    # The kernel ends whatever is largest: only the application's own log says that it was the application, which may
    # be the one that listens.
    closed = effect.evidence.get("number") in (REFUSED, EMPTY) and cause.evidence.get("case") in ("heap", "stopped")
    return bool(cause.evidence.get("ended")) and (closed or bool(statuses(effect) & UNSERVED))


def _longer(effect: Finding, cause: Finding) -> bool:
    """The application took longer for the push than WeChat waits: no setting of the proxy would have been right."""
    seconds = cause.evidence.get("seconds")
    return own(cause) and isinstance(seconds, (int, float)) and seconds >= (effect.evidence.get("limit") or seconds)


OLD_ADDRESS = Tie("old-address", _old_address)
SAME_PUSH = Tie("push", _same_push)
PASSED_ON = Tie("push", lambda effect, cause: _same_push(effect, cause) and not _kept(effect))
SAME_MOMENT = Tie("moment", lambda effect, cause: _same_moment(effect, cause) and not _kept(effect))
SAME_SECOND = Tie("moment", lambda effect, cause: _same_second(effect, cause) and not _kept(effect))
WAITED_THEN = Tie("moment", lambda effect, cause: _same_moment(effect, cause) and bool(cause.evidence.get("waits")))
THESE_MINUTES = Tie("minutes", lambda effect, cause: cause.evidence.get("how") == "minutes" and not own(effect))
"""The effect is of no one push whose own it could be: both show what was so in the minutes looked at."""
SAME_UPSTREAM = Tie("upstream", lambda effect, cause: bool(upstreams(effect) & upstreams(cause)))
UNEVEN = Tie("upstream", _uneven)
SAME_ZONE = Tie("zone", _same_zone)
SAME_FILE = Tie("file", _share(PLACE))
SAME_STATUS = Tie("status", lambda effect, cause: bool((statuses(effect) & statuses(cause)) - {NO_ANSWER}))
SAME_NAME = Tie("name", _same_name)
SAME_NUMBER = Tie("number", _same_curl)
OTHER_ANSWER = Tie("answer", _other_answer)
ELSEWHERE = Tie("answer", lambda effect, cause: bool(cause.evidence.get("answered")))
NO_ADDRESS = Tie("number", lambda effect, cause: effect.evidence.get("number") == RESOLVE)
CLOSED = Tie("closed", _closed)
DEFAULT_SERVER = Tie("default", _share(("default_server",)))
ENDED = Tie("time", _ended)
LONGER = Tie("push", _longer)
THAT_TIME = Tie("time", _that_time)
SAME_MACHINE = Tie("machine", lambda effect, cause: True)
"""Findings about this machine are only made where it is known to be the callback's server."""
