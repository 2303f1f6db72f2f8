"""The official guide (报警排查指引), point by point: each is a check of the playbook, or a step that is printed.

The table is the guide's own list, in its order. A point names the checks that do it, or the number of the manual step
of the kind's catalogue entry ([kind.…] manual).
"""

from __future__ import annotations

from typing import Any

import pytest

from wxalarm.checks import CHECKS
from wxalarm.checks.check import Check
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import AlarmKind as Kind
from wxalarm.playbooks import PLAYBOOKS
from wxalarm.runner import plan
from wxalarm.verdict.links import causes_of

DNS = (Kind.DNS_FAILURE, Kind.DNS_TIMEOUT, Kind.DNS_INVALID_DOMAIN)
TIMEOUTS = (Kind.REQUEST_TIMEOUT, Kind.TICKET_TIMEOUT, Kind.COMPONENT_TIMEOUT, Kind.PAY_NOTIFY_TIMEOUT)
INVALID = (Kind.INVALID_RESPONSE, Kind.TICKET_INVALID, Kind.COMPONENT_INVALID, Kind.PAY_NOTIFY_INVALID)
TICKETS = (Kind.TICKET_TIMEOUT, Kind.TICKET_INVALID)
HOST = ("host-cpu", "host-memory", "host-disk", "host-network", "host-limits")

POINTS: tuple[tuple[tuple[Kind, ...], str, tuple[str, ...] | str], ...] = (
    # DNS失败, DNS超时
    (DNS, "1: is the URL, and the domain name in it, typed right in the platform", ("dns-system",)),
    (DNS, "1: … compare with the console", "letter by letter"),
    (DNS, "2: did the domain change: expired", ("domain-registration",)),
    (DNS, "2: did the domain change: moved", ("dns-resolve", "dns-delegation")),
    (DNS, "FAQ 1.1: does the domain resolve, and to the right IP", ("dns-system",)),
    (DNS, "FAQ 1.1: … else look at the zone in the domain host's panel", ("dns-delegation",)),
    (DNS, "FAQ 1.2: test with DNS server 182.254.116.116", ("dns-resolve",)),
    (DNS, "neither: contact the WeChat team", "WeChat team"),
    # 连接超时
    ((Kind.CONNECT_TIMEOUT,), "a: is the IP right", ("dns-resolve", "tcp-connect", "moved-address", "tls-handshake")),
    ((Kind.CONNECT_TIMEOUT,), "b: is the machine overloaded, too many connections", HOST),
    ((Kind.CONNECT_TIMEOUT,), "c: has the hosting provider a fault", "ask the provider"),
    ((Kind.CONNECT_TIMEOUT,), "d: has the carrier a fault", "Ask the carrier"),
    ((Kind.CONNECT_TIMEOUT,), "e: a firewall or network policy", ("nginx-config",)),
    ((Kind.CONNECT_TIMEOUT,), "e: … white-list WeChat's server IPs", "through every firewall"),
    ((Kind.CONNECT_TIMEOUT,), "f: 网络检测", ("wechat-view",)),
    ((Kind.CONNECT_TIMEOUT,), "FAQ 2.1: ping WeChat's callback IPs", ("ping",)),
    ((Kind.CONNECT_TIMEOUT,), "FAQ 2.2: number of connections, load", HOST),
    ((Kind.CONNECT_TIMEOUT,), "FAQ 2.2: nginx configuration and its permitted connections", ("nginx-config",)),
    ((Kind.CONNECT_TIMEOUT,), "FAQ 2.2: error log: reset by peer, timed out", ("error-log",)),
    ((Kind.CONNECT_TIMEOUT,), "FAQ 2.3: heartbeat and live monitoring", "heartbeat"),
    ((Kind.CONNECT_TIMEOUT,), "FAQ 2.4: nginx reference configuration", ("nginx-config",)),
    # 请求超时, and what follows it
    (TIMEOUTS, "a: is the IP right", ("dns-resolve", "tcp-connect", "moved-address")),
    (TIMEOUTS, "b: did that IP receive such a request", ("access-log",)),
    (TIMEOUTS, "c: did the request take too long", ("access-log", "http-request")),
    (TIMEOUTS, "FAQ 3: complete logs with the time in each module", ("nginx-config", "app-log")),
    (TIMEOUTS, "FAQ 3: … search every module's logs", "logs"),
    (TIMEOUTS, "FAQ 3.1: load too high", HOST),
    (TIMEOUTS, "FAQ 3.2: processing goes wrong", ("error-log", "app-log")),
    (TIMEOUTS, "FAQ 3.3: the machine is faulty: take it out of service", "out of service"),
    (TIMEOUTS, "plan 1: optimise, add capacity", "Plan 1"),
    (TIMEOUTS, "plan 2: asynchronous", "Plan 2"),
    # 回应失败, and what follows it
    (INVALID, "a: is the IP right", ("dns-resolve", "tcp-connect", "moved-address")),
    (INVALID, "b: had that IP a network error", ("tcp-connect", "tls-handshake", "http-request")),
    (INVALID, "c: is the reply in a documented format", ("reply-format",)),
    (INVALID, "c: … or did it enter an exception path", ("app-log", "error-log")),
    (INVALID, "c: … read the code path", "code path"),
    # MarkFail
    ((Kind.MARK_FAIL,), "the alarms before it have to be fixed", "alarms that came before"),
    ((Kind.MARK_FAIL,), "all of them", ("dns-resolve", "tcp-connect", "http-request", "reply-format", "access-log")),
    # component_verify_ticket, in the order of its own troubleshooting page
    (TICKETS, "0: the ticket push service is stopped", ("ticket-push",)),
    ((Kind.TICKET_INVALID,), "1: the URL returns success and nothing else", ("reply-format", "push")),
    (TICKETS, "2, 3: a firewall blocks the callback IPs", ("wechat-view", "nginx-config")),
    (TICKETS, "4: keep using the latest ticket", "newest ticket"),
    (TICKETS, "published with another URL", "published"),
    # Appendix 2 and 3
    ((Kind.CONNECT_TIMEOUT, *TIMEOUTS), "appendix 2: uptime, vmstat, top, free, netstat, sar, iostat", HOST),
    ((Kind.CONNECT_TIMEOUT, *TIMEOUTS), "appendix 2: … at the alarm's time", ("host-history",)),
    ((Kind.CONNECT_TIMEOUT, *TIMEOUTS), "appendix 3 step 1: request log", ("access-log",)),
    ((Kind.CONNECT_TIMEOUT, *TIMEOUTS), "appendix 3 step 2: error log", ("error-log",)),
    ((Kind.CONNECT_TIMEOUT, *TIMEOUTS), "appendix 3 step 3: connections, handles, worker limits", ("host-network",)),
)


@pytest.mark.parametrize(
    ("kinds", "point", "done_by"), POINTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_point_is_a_check_or_a_printed_step(
    kinds: tuple[Kind, ...], point: str, done_by: tuple[str, ...] | str
) -> None:
    from wxalarm.checks.check import Context
    from wxalarm.config import Settings
    from wxalarm.model import Alarm, Target

    for kind in kinds:
        run = {check.id for check in plan(Context(Alarm(kind), Target(), Settings()))}
        if isinstance(done_by, str):
            assert any(done_by in step for step in catalogue("en").steps(kind)), (kind, point)
            assert len({len(catalogue(lang).steps(kind)) for lang in LANGUAGES}) == 1
        else:
            assert set(done_by) <= run, (kind, point)


def test_every_kind_has_a_playbook_and_a_last_word() -> None:
    for kind in Kind:
        assert PLAYBOOKS[kind].checks
        assert catalogue("en").steps(kind)


# --- what a playbook looks at, and what can cause its kind ------------------------------------------------------------

KINDS = [kind for kind in Kind if kind is not Kind.UNKNOWN]
INFORMING = {
    "self-check": "says whether any check of the network can tell anything",
    "ping": "the guide's FAQ 2.1; it need not answer, so that it proves nothing",
    "ticket-push": "the ticket's own page, 0: starts what was stopped; a push that was stopped cannot fail",
    "ticket-age": "says how long the last ticket holds",
    "token-store": "the FAQ 4 of the guide: who refreshes the access_token; no push fails by it",
}
"""Checks that no alarm has its cause from, and why they are looked at all the same."""


def explaining(check: Check[Any], kind: Kind) -> bool:
    return any(kind in code.explains for code in check.codes)


def needed(checks: tuple[Check[Any], ...]) -> set[str]:
    """These checks and all that they need or use."""
    return {check.id for check in checks}.union(*(needed((*check.needs, *check.uses)) for check in checks))


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_that_can_show_a_cause_stands_in_the_playbook(kind: Kind) -> None:
    """Each of them, not only one for each code: which of them can look, is known only when it runs."""
    assert {check.id for check in CHECKS if explaining(check, kind)} <= {c.id for c in PLAYBOOKS[kind].checks}


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_of_a_playbook_can_show_a_cause_or_serves_one_that_can(kind: Kind) -> None:
    telling = tuple(check for check in PLAYBOOKS[kind].checks if explaining(check, kind))
    assert telling
    codes = {code.id for check in telling for code in check.codes}
    behind = {cause for code in codes for _, cause in causes_of(code)}
    serving = {check.id for check in CHECKS if behind & {code.id for code in check.codes}}
    assert {check.id for check in PLAYBOOKS[kind].checks} - needed(telling) - serving <= set(INFORMING)


def test_what_only_informs_is_no_cause_of_anything() -> None:
    assert set(INFORMING) == {check.id for check in CHECKS if not any(code.explains for code in check.codes)}
