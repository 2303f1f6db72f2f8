"""Single steps of the chain: what can have made the alarm, what is nearest, how far down it is still likely."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.verdict.cases import BY_ID, finding_of
from wxalarm.kinds import LATE
from wxalarm.model import Alarm, AlarmKind, Basis, Certainty, Finding, Sample, Step
from wxalarm.verdict import OLD
from wxalarm.verdict.chain import Case, Fact, aged, chain_of, depth_of, facts_of, makes
from wxalarm.wechat.limits import WAIT


def fact(line: str, place: int = 0) -> Fact:
    check, finding = finding_of(line)
    return Fact(finding, check, (place, 0))


def case(kind: AlarmKind, *facts: Fact, **sample: Any) -> Case:
    return Case(Alarm(kind=kind, appid="wx0000000000000001", sample=Sample(**sample)), facts)


def step(line: str, certainty: Certainty) -> Step:
    check, finding = finding_of(line)
    return Step(finding, check, certainty)


REPRODUCED, RECORDED = "tcp-connect tcp-timeout", "tcp-connect tcp-timeout basis=recorded"
SURE, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE


def test_what_fails_now_says_little_of_what_failed_more_than_a_day_ago() -> None:
    assert OLD == 24 * 60 * 60
    chain = (step(REPRODUCED, LIKELY), step("moved-address dns-ip-moved", LIKELY))
    assert tuple(aged(chain, None, BY_ID)) == chain
    assert tuple(aged(chain, OLD, BY_ID)) == chain
    assert [one.certainty for one in aged(chain, OLD + 1, BY_ID)] == [POSSIBLE, POSSIBLE]


def test_what_is_so_now_is_likely_below_an_old_record_that_agrees_else_possible() -> None:
    record = step("access-log log-client-gave-up basis=recorded", SURE)
    now = step(REPRODUCED, SURE)
    for tie in (None, "machine", "number", "status", "zone", "file"):
        found = aged((record, replace(now, tie=tie)), 400 * OLD, BY_ID)
        assert [one.certainty for one in found] == [SURE, POSSIBLE if tie in (None, "machine") else LIKELY], tie
    assert [one.certainty for one in aged((now, record), 400 * OLD, BY_ID)] == [POSSIBLE, POSSIBLE]


@pytest.mark.parametrize(
    ("sure", "depth"),
    [
        ((LIKELY,), 0),
        ((POSSIBLE, POSSIBLE), 0),
        ((SURE, LIKELY, POSSIBLE), 1),
        ((SURE, SURE), 1),
        ((SURE, POSSIBLE, POSSIBLE), 0),
    ],
)
def test_the_root_is_the_deepest_likely_step_else_the_first(sure: tuple[Certainty, ...], depth: int) -> None:
    assert depth_of([step(REPRODUCED, one) for one in sure]) == depth


BAD, LATE_KIND = AlarmKind.INVALID_RESPONSE, AlarmKind.REQUEST_TIMEOUT
MADE: list[tuple[AlarmKind, str, dict[str, Any], bool]] = [
    # the status of the alarm
    (BAD, "http-request http-status status=502", {"http_code": 502}, True),
    (BAD, "http-request http-status status=404", {"http_code": 502}, False),
    (BAD, "http-request http-status status=404", {"http_code": 200}, True),
    (BAD, "http-request http-status status=404", {}, True),
    (BAD, "http-request http-empty", {"http_code": 502}, False),  # an answer came
    (BAD, "http-request http-malformed", {"http_code": 502}, True),
    # libcurl's number
    (BAD, "tcp-connect tcp-refused curl=7", {"curl_error": 7}, True),
    (BAD, "tcp-connect tcp-refused curl=7", {"curl_error": 28}, False),
    (BAD, "tcp-connect tcp-refused curl=7", {}, True),
    (BAD, "tcp-connect tcp-refused", {"curl_error": 28}, True),
    (BAD, "tcp-connect tcp-refused curl=7", {"curl_error": 0}, True),
    # an answer within the time that WeChat waits makes no alarm of lateness
    (LATE_KIND, "http-request http-status status=502 seconds=4", {}, False),
    (LATE_KIND, "http-request http-status status=502 seconds=5", {}, True),
    (LATE_KIND, "http-request http-status status=502", {}, True),
    (LATE_KIND, "http-request http-empty seconds=4", {}, True),
    (BAD, "http-request http-status status=502 seconds=4", {}, True),
]


@pytest.mark.parametrize(("kind", "line", "sample", "can"), MADE)
def test_what_can_have_made_what_the_alarm_shows(kind: AlarmKind, line: str, sample: dict[str, Any], can: bool) -> None:
    assert WAIT == 5
    assert case(kind, **sample).made(fact(line)) is can


def test_behind_a_failure_in_which_no_whole_answer_came_stands_no_answer() -> None:
    """By libcurl's numbers: a name, a connection, TLS, the time, an answer broken off."""
    reply, served = fact("reply-format reply-json"), fact("http-request http-status status=502")
    none = {number for number in range(1, 100) if not case(BAD, curl_error=number).made(reply)}
    assert none == {6, 7, 28, 35, 51, 52, 55, 56, 58, 60}
    assert none == {number for number in range(1, 100) if not case(BAD, curl_error=number).made(served)}


def test_a_push_that_was_answered_well_met_nothing_of_what_fails_now() -> None:
    sure = {}
    for basis in Basis:
        seen = fact(f"tcp-connect tcp-timeout basis={basis}")
        before, after = (
            replace(case(LATE_KIND, seen), answered=answered).certainty(seen) for answered in (False, True)
        )
        assert before is basis.certainty
        sure[basis] = after
    assert sure.pop(Basis.RECORDED) is Basis.RECORDED.certainty
    assert set(sure.values()) == {POSSIBLE}


def test_a_step_ages_by_the_one_right_above_it() -> None:
    record, now = (
        step("access-log log-client-gave-up basis=recorded", SURE),
        replace(step(REPRODUCED, SURE), tie="status"),
    )
    found = aged((record, now, now), 2 * OLD, BY_ID)
    assert [one.certainty for one in found] == [SURE, LIKELY, POSSIBLE]
    assert [one.certainty for one in aged((record, now, record), 2 * OLD, BY_ID)] == [SURE, LIKELY, LIKELY]


def test_every_kind_of_lateness_and_no_other_wants_a_late_answer() -> None:
    quick = fact("http-request http-status status=502 seconds=1")
    for kind in AlarmKind:
        assert case(kind).made(quick) is ("timeout" not in kind or kind in ("dns-timeout", "connect-timeout")), kind
    assert len(LATE) == 4


def test_another_address_than_the_alarms_is_elsewhere_and_only_possible() -> None:
    at = fact("tcp-connect tcp-timeout address=192.0.2.1")
    assert not case(LATE_KIND, ip="192.0.2.1").elsewhere(at)
    assert case(LATE_KIND, ip="192.0.2.2").elsewhere(at)
    assert not case(LATE_KIND).elsewhere(at)
    assert not case(LATE_KIND, ip="192.0.2.2").elsewhere(fact("tcp-connect tcp-timeout"))
    assert case(LATE_KIND, ip="192.0.2.2").certainty(at) is POSSIBLE
    assert case(LATE_KIND, ip="192.0.2.1").certainty(at) is LIKELY


def test_the_order_of_candidates() -> None:
    """The alarm's own address, then errors, then what is recorded, then the lowest layer."""
    order = [
        fact("tcp-connect tcp-timeout basis=recorded address=192.0.2.1", 9),
        fact("tcp-connect tcp-timeout address=192.0.2.1", 3),
        fact("tcp-connect tcp-timeout address=192.0.2.1", 4),
        fact("tcp-connect tcp-timeout basis=condition address=192.0.2.1", 0),
        fact("tcp-connect tcp-slow basis=recorded address=192.0.2.1", 1),
        fact("tcp-connect tcp-timeout basis=recorded address=192.0.2.2", 2),
    ]
    assert case(LATE_KIND, *reversed(order), ip="192.0.2.1").candidates() == order


def test_what_cannot_explain_is_no_candidate_but_an_unknown_kind_may_be_anything() -> None:
    dns, late = fact("dns-resolve dns-nxdomain"), fact("tcp-connect tcp-timeout")
    assert case(LATE_KIND, dns, late).candidates() == [late]
    assert case(AlarmKind.UNKNOWN, dns, late).candidates() == [dns, late]
    assert case(AlarmKind.UNKNOWN, fact("sample platform-side"), fact("sample markfail-block")).candidates() == []


def test_whose_server_it_is_answers_only_when_nothing_else_does() -> None:
    whose = fact("sample platform-side")
    assert [one.finding for one in chain_of(case(LATE_KIND, whose, fact("sample platform-side", 1)))] == [whose.finding]
    late = fact("tcp-connect tcp-timeout", 2)
    assert [one.finding for one in chain_of(case(LATE_KIND, whose, late))] == [late.finding]
    assert chain_of(case(LATE_KIND)) == ()
    assert chain_of(case(LATE_KIND, whose))[0].certainty is SURE


def test_a_note_is_no_fact() -> None:
    from wxalarm.model import CheckResult, Status

    findings: list[Finding] = [finding_of("tcp-connect tcp-times")[1], finding_of("tcp-connect tcp-timeout")[1]]
    (only,) = facts_of([CheckResult("ping", Status.PASS), CheckResult("tcp-connect", Status.FAIL, tuple(findings))])
    assert (only.code, only.check, only.place) == ("tcp-timeout", "tcp-connect", (1, 1))
    assert only.finding.code.basis is Basis.REPRODUCED


def test_makes_goes_one_way() -> None:
    moved = finding_of("moved-address dns-ip-moved ip=192.0.2.1 addresses=192.0.2.9")[1]
    late = finding_of("tcp-connect tcp-timeout address=192.0.2.1")[1]
    assert makes(moved, late)
    assert not makes(late, moved)
    assert not makes(moved, finding_of("tcp-connect tcp-timeout address=192.0.2.9")[1])
