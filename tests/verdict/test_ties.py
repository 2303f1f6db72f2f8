"""What ties two findings: the same words of evidence, and only those that checks really give."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.paths import FIXTURES
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.verdict import ties
from wxalarm.verdict.ties import Tie, addresses, alike, apart, own, statuses


def made(basis: Basis = Basis.REPRODUCED, **evidence: Any) -> Finding:
    return Code("x", Severity.ERROR, basis)(**evidence)


EVIDENCE = {
    name
    for path in (FIXTURES / "observations").glob("*/*.json")
    for finding in json.loads(path.read_text("utf-8"))["findings"]
    for name in finding["evidence"]
}


@pytest.mark.parametrize("names", [ties.ADDRESS, ties.UPSTREAM, ties.PLACE, ties.NAME], ids=" ".join)
def test_the_evidence_that_ties_is_given_by_checks(names: tuple[str, ...]) -> None:
    """Whoever renames evidence in a check would untie findings without a word."""
    assert set(names) <= EVIDENCE


@pytest.mark.parametrize("name", ["status", "own", "number", "curl", "when", "zone", "addresses", "here"])
def test_so_is_what_the_rules_ask_for_by_name(name: str) -> None:
    assert name in EVIDENCE


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        ({"address": "192.0.2.1"}, {"192.0.2.1"}),
        ({"ip": "192.0.2.1"}, {"192.0.2.1"}),
        ({"wechat": ["192.0.2.1", "192.0.2.2"]}, {"192.0.2.1", "192.0.2.2"}),
        ({"address": "192.0.2.1, 192.0.2.2"}, {"192.0.2.1", "192.0.2.2"}),
        ({"address": {"192.0.2.1": 3}}, {"192.0.2.1"}),
        ({"address": ("192.0.2.1",)}, {"192.0.2.1"}),
        ({"address": "0.0.0.0", "ip": "::", "wechat": "*"}, set()),
        ({"address": "-", "ip": "?", "wechat": ""}, set()),
        ({"address": 7}, set()),
        ({"host": "192.0.2.1"}, set()),
        ({}, set()),
    ],
)
def test_the_addresses_of_a_finding(evidence: dict[str, Any], found: set[str]) -> None:
    assert addresses(made(**evidence)) == found


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        ({"status": 502}, {502}),
        ({"status": "502"}, {502}),
        ({"makes": [502, 504]}, {502, 504}),
        ({"makes": (503,), "status": 200}, {200, 503}),
        ({"makes": "502"}, set()),
        ({"status": "-"}, set()),
        ({"status": None}, set()),
        ({}, set()),
    ],
)
def test_the_statuses_of_a_finding(evidence: dict[str, Any], found: set[int]) -> None:
    assert statuses(made(**evidence)) == found


HERE: dict[str, Any] = {"address": "192.0.2.1"}
THERE: dict[str, Any] = {"address": "192.0.2.2"}
NOWHERE: dict[str, Any] = {"address": "-"}


def test_two_findings_are_apart_only_by_what_both_say() -> None:
    assert apart(made(**HERE), made(**THERE))
    assert not apart(made(**HERE), made(**HERE))
    assert not apart(made(**HERE), made(**NOWHERE))
    assert not apart(made(**NOWHERE), made(**THERE))
    assert not apart(made(), made())


def test_two_findings_are_alike_unless_both_say_another_status() -> None:
    assert alike(made(status=502), made(status=502))
    assert alike(made(status=502), made())
    assert alike(made(), made(status=502))
    assert alike(made(), made())
    assert not alike(made(status=502), made(status=404))


def test_a_finding_is_the_pushs_own_when_it_is_recorded_or_says_so() -> None:
    assert own(made(Basis.RECORDED))
    assert own(made(own=1))
    assert not own(made(own=0))
    assert not own(made())
    assert own(made(Basis.CONDITION, own=True))


RECORDED = {"basis": Basis.RECORDED}
SECOND = {"time": "2026-01-10 20:00:01", "status": 500}
ASKED = SECOND | {"line": '"POST /wx/BOX?signature=a HTTP/1.1" 500', "upstream_addr": "127.0.0.1:8001"}
"""A line of the access log; and what an application's log says of the same second."""
UNEVEN = {"upstream": "127.0.0.1:8001"}
TIED: list[tuple[Tie, dict[str, Any], dict[str, Any], bool]] = [
    (ties.SAME_PUSH, RECORDED, {"own": 1}, True),
    (ties.SAME_PUSH, RECORDED, {}, False),
    (ties.SAME_PUSH, {}, RECORDED, False),
    (ties.SAME_PUSH, {}, {}, False),
    *(
        (ties.SAME_UPSTREAM, {one: "127.0.0.1:8001"}, {other: ["127.0.0.1:9000", "127.0.0.1:8001"]}, True)
        for one in ("upstream", "upstreams", "upstream_addr")
        for other in ("upstream", "upstreams", "upstream_addr")
    ),
    (ties.SAME_UPSTREAM, {"upstream": "127.0.0.1:8001"}, {"upstream": "127.0.0.1:9000"}, False),
    (ties.SAME_UPSTREAM, {"upstream": "-"}, {"upstream": "-"}, False),
    (ties.SAME_FILE, {"place": "/a.conf:3"}, {"file": "/a.conf:3"}, True),
    (ties.SAME_FILE, {"file": "/a.conf:3"}, {"place": "/a.conf:3"}, True),
    (ties.SAME_FILE, {"place": "/a.conf:3"}, {"place": "/a.conf:4"}, False),
    (ties.SAME_FILE, {}, {}, False),
    (ties.SAME_ZONE, {"zone": "wx"}, {"zone": "wx"}, True),
    (ties.SAME_ZONE, {"zone": "wx"}, {"zone": "other"}, False),
    (ties.SAME_ZONE, {}, {}, False),
    (ties.SAME_STATUS, {"status": 502}, {"makes": [502, 504]}, True),
    (ties.SAME_STATUS, {"status": 404}, {"makes": [502]}, False),
    (ties.SAME_STATUS, {}, {}, False),
    (ties.SAME_NAME, {"host": "wx.example.com"}, {"domain": "example.com"}, True),
    (ties.SAME_NAME, {"host": "wx.example.com"}, {"zone": "example.com."}, True),
    (ties.SAME_NAME, {"host": "wx.example.com"}, {"host": "wx.example.com"}, True),
    (ties.SAME_NAME, {"host": "badexample.com"}, {"domain": "example.com"}, False),
    (ties.SAME_NAME, {"host": "example.com"}, {"domain": "wx.example.com"}, False),
    (ties.SAME_NAME, {}, {"domain": "example.com"}, False),
    (ties.SAME_NUMBER, {"number": 7}, {"curl": 7}, True),
    (ties.SAME_NUMBER, {"curl": 7}, {"curl": 7}, True),
    (ties.SAME_NUMBER, {"number": 7}, {"curl": 28}, False),
    (ties.SAME_NUMBER, {}, {}, False),
    (ties.SAME_NUMBER, {"number": 7, **HERE}, {"curl": 7, **HERE}, True),
    (ties.SAME_NUMBER, {"number": 7, **HERE}, {"curl": 7}, True),
    (ties.SAME_NUMBER, {"number": 7}, {"curl": 7, **THERE}, True),
    (ties.SAME_NUMBER, {"number": 7, **HERE}, {"curl": 7, **THERE}, False),
    (ties.OLD_ADDRESS, HERE, {"ip": "192.0.2.1", "addresses": ["192.0.2.9"]}, True),
    (ties.OLD_ADDRESS, HERE, {"wechat": ["192.0.2.1"], "here": ["192.0.2.9"]}, True),
    (ties.OLD_ADDRESS, HERE, {"address": "192.0.2.1"}, True),
    (ties.OLD_ADDRESS, HERE, {"ip": "192.0.2.1", "addresses": ["192.0.2.1"]}, False),
    (ties.OLD_ADDRESS, HERE, {"wechat": ["192.0.2.1"], "here": ["192.0.2.1"]}, False),
    (ties.OLD_ADDRESS, HERE, {"ip": "192.0.2.2"}, False),
    (ties.OLD_ADDRESS, {}, {"ip": "192.0.2.1"}, False),
    (ties.THAT_TIME, {}, {"when": "then"}, True),
    (ties.THAT_TIME, {}, {"when": "now"}, False),
    (ties.THAT_TIME, {"when": "then"}, {}, False),
    (ties.SAME_MACHINE, {}, {}, True),
    (ties.SAME_SECOND, ASKED, SECOND, True),
    (ties.SAME_SECOND, ASKED, SECOND | {"path": "/wx/BOX"}, True),
    (ties.SAME_SECOND, ASKED, SECOND | {"path": "/wx/BOX/"}, True),
    (ties.SAME_SECOND, ASKED, SECOND | {"path": "/wx/BO"}, False),
    (ties.SAME_SECOND, ASKED, SECOND | {"path": "/wx"}, False),
    (ties.SAME_SECOND, ASKED, SECOND | {"status": 403}, False),
    (ties.SAME_SECOND, ASKED, SECOND | {"time": "2026-01-10 20:00:02"}, False),
    (ties.SAME_SECOND, ASKED | {"upstream_addr": "-"}, SECOND, False),
    (ties.SAME_SECOND, ASKED | {"time": None}, SECOND | {"time": None}, False),
    (ties.UNEVEN, UNEVEN | {"status": 502}, UNEVEN | {"status": 502}, True),
    (ties.UNEVEN, UNEVEN | {"status": 502}, UNEVEN | {"status": 403}, False),
    (ties.UNEVEN, UNEVEN | {"status": 502}, {"upstream": "127.0.0.1:9000", "status": 502}, False),
    (ties.UNEVEN, UNEVEN | {"status": 502}, UNEVEN, False),  # of another kind than those that are no answer at all
    *(
        (ties.ENDED, {"status": status}, {"ended": True}, status in (502, 503, 504))
        for status in (500, *range(502, 506))
    ),
    (ties.ENDED, {"status": 502}, {}, False),
    (ties.ENDED, {"number": 7}, {"ended": True, "case": "heap"}, True),
    (ties.ENDED, {"number": 7}, {"ended": True, "case": "memory"}, False),
]


@pytest.mark.parametrize(("tie", "effect", "cause", "holds"), TIED)
def test_a_tie_holds_of_what_both_say(tie: Tie, effect: dict[str, Any], cause: dict[str, Any], holds: bool) -> None:
    assert tie.holds(made(**effect), made(**cause)) is holds


@pytest.mark.parametrize(("upstream", "passed"), [("127.0.0.1:8001", True), ("-", False), ("", False), (None, True)])
def test_a_line_that_names_no_application_server_was_answered_by_nginx(upstream: str | None, passed: bool) -> None:
    effect, cause = made(own=True, upstream_addr=upstream), made(own=True)
    assert ties.PASSED_ON.holds(effect, cause) is passed


@pytest.mark.parametrize(("when", "then"), [("then", True), ("now", False), ("later", False), (None, False)])
def test_a_state_is_of_that_time_only_when_it_was_measured_then(when: str | None, then: bool) -> None:
    assert ties.THAT_TIME.holds(made(), made(when=when)) is then
