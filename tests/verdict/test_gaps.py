"""What was not looked at: which reasons leave a gap, what it could have shown, and how two rivals are told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verdict.cases import BY_ID, finding_of
from wxalarm.messages import catalogue
from wxalarm.model import Alarm, AlarmKind, CheckResult, Reason, Sample, Severity, Status, status_of
from wxalarm.verdict import cause, untold
from wxalarm.verdict.rivals import INAPPLICABLE, MOST, gap

WRONG = Alarm(kind=AlarmKind.INVALID_RESPONSE, appid="wx0000000000000001")
LATE = Alarm(kind=AlarmKind.REQUEST_TIMEOUT, appid="wx0000000000000001")


def skipped(check: str, reason: str | None = "offline") -> CheckResult:
    return CheckResult(check, Status.SKIP, reason=None if reason is None else Reason(reason))


def found(*lines: str) -> list[CheckResult]:
    results: dict[str, CheckResult] = {}
    for line in lines:
        check, one = finding_of(line)
        before = results[check].findings if check in results else ()
        results[check] = CheckResult(check, status_of((*before, one)), (*before, one))
    return list(results.values())


def test_what_there_is_nothing_to_look_at_for_is_a_reason_of_the_catalogue() -> None:
    assert set(catalogue("en").data["reason"]) >= INAPPLICABLE


@pytest.mark.parametrize("status", Status)
def test_only_what_was_not_looked_at_is_a_gap(status: Status) -> None:
    looked = status in (Status.PASS, Status.WARN, Status.FAIL)
    assert gap(CheckResult("push", status)) == (not looked)
    assert gap(CheckResult("push", status, reason=Reason("offline"))) == (not looked)
    for reason in INAPPLICABLE:
        assert not gap(CheckResult("push", status, reason=Reason(reason)))


def test_without_an_alarm_nothing_is_missing() -> None:
    assert untold(Alarm(), [skipped("tcp-connect")], BY_ID) == ()
    assert untold(LATE, [skipped("tcp-connect")], BY_ID) == ("tcp-connect",)


def test_what_another_check_could_have_shown_and_was_looked_at_is_no_gap() -> None:
    """self-check and url-verify give the codes of http-request too, but not all."""
    (could,) = [
        {code.id for code in BY_ID["http-request"].codes if code.severity == "error" and LATE.kind in code.explains}
    ]
    others = [
        check.id for check in BY_ID.values() if check.id != "http-request" and could & {code.id for code in check.codes}
    ]
    looked = [CheckResult(check, Status.PASS) for check in others]
    assert others
    assert "http-request" in untold(LATE, [skipped("http-request")], BY_ID)
    rest = could - {code.id for check in others for code in BY_ID[check].codes}
    assert ("http-request" in untold(LATE, [skipped("http-request"), *looked], BY_ID)) is bool(rest)


def test_what_wechat_itself_meets_stands_before_what_may_stand_behind_it() -> None:
    """Of a reply that is not valid: the push and the connection; a configuration or a log would only say why."""
    names = untold(WRONG, [skipped(check) for check in BY_ID], BY_ID)
    assert set(names[:4]) == {"push", "url-verify", "http-request", "tls-handshake"}
    assert names[0] == "push", "the most codes first"
    assert set(names[4:]) >= {"dns-resolve", "nginx-config", "error-log"}
    assert names.index("error-log") < names.index("nginx-config") < names.index("app-log"), "then the most codes, too"
    name = untold(Alarm(kind=AlarmKind.DNS_FAILURE, appid="wx0000000000000001"), [skipped(c) for c in BY_ID], BY_ID)
    assert name[0] == "dns-resolve"
    assert "tcp-connect" not in name


def test_what_looks_only_at_the_alarm_is_no_gap() -> None:
    assert untold(LATE, [skipped("sample"), skipped("reply-format"), skipped("self-check")], BY_ID) == ()


def test_as_many_rivals_as_a_person_reads_and_the_rest_beside() -> None:
    """Five things that explain a bad reply equally well: the first is the root, three are rivals, one is beside."""
    results = found(
        "tls-handshake tls-failed address=192.0.2.1",
        "http-request http-empty address=192.0.2.1",
        "http-request http-malformed address=192.0.2.1",
        "http-request http-reset address=192.0.2.1",
        "http-request http-too-large address=192.0.2.1",
    )
    made = cause(WRONG, results, BY_ID)
    assert made is not None
    assert (len(made.chain), len(made.rivals), len(made.also)) == (1, 3, 1)
    assert MOST == 3


@pytest.mark.parametrize(
    ("left_out", "tell"),
    [
        (skipped("error-log"), "error-log"),
        (skipped("error-log", "needs"), None),  # there was nothing to look at
        (CheckResult("error-log", Status.PASS), None),  # it was looked at
        (skipped("ticket-push"), None),  # it would show nothing of either
        (skipped("ping"), None),  # nor would notes
    ],
)
def test_a_rival_says_which_check_would_tell_the_two_apart(left_out: CheckResult, tell: str | None) -> None:
    """Of two reasons the one leads to nginx's log, the other does not: looking there tells them apart."""
    results = found("tls-handshake tls-failed address=192.0.2.1", "http-request http-empty address=192.0.2.1")
    made = cause(WRONG, [*results, left_out], BY_ID)
    assert made is not None
    assert [rival.tell for rival in made.rivals] == [tell]


@pytest.mark.parametrize("severity", Severity)
def test_a_warning_tells_two_rivals_apart_and_a_note_does_not(severity: Severity) -> None:
    log = replace(BY_ID["error-log"], codes=tuple(code.variant(severity=severity) for code in BY_ID["error-log"].codes))
    results = found("tls-handshake tls-failed address=192.0.2.1", "http-request http-empty address=192.0.2.1")
    made = cause(WRONG, [*results, skipped("error-log")], {**BY_ID, "error-log": log})
    assert made is not None
    assert [rival.tell for rival in made.rivals] == [None if severity is Severity.NOTE else "error-log"]


def test_what_two_steps_made_stands_for_the_chain_once() -> None:
    """The log's line of a push that was given up is of the late answer, and of what made that late."""
    results = found(
        "http-request http-timeout address=192.0.2.1",
        "access-log log-client-gave-up basis=recorded",
        "access-log log-upstream-slow basis=recorded",
        "error-log errlog-upstream-timeout own=1",
    )
    made = cause(LATE, results, BY_ID)
    assert made is not None
    ids = [finding.code.id for finding in made.supports]
    assert len(ids) == len(set(ids))
    assert len(made.chain) + len(ids) + len(made.also) + len(made.rivals) == 4


BAD = Alarm(kind=AlarmKind.INVALID_RESPONSE, appid="wx0000000000000001", sample=Sample(ip="192.0.2.1", http_code=502))


@pytest.mark.parametrize(
    ("passed", "against"),
    [
        (CheckResult("http-request", Status.PASS, (), {"exchanges": [{"address": "192.0.2.1"}]}), ("http-request",)),
        (CheckResult("http-request", Status.PASS, (), {"by": {"192.0.2.1": 3}}), ("http-request",)),
        (CheckResult("http-request", Status.PASS, (), {"exchanges": [{"address": "192.0.2.9"}]}), ()),
        (CheckResult("http-request", Status.SKIP, (), {"exchanges": [{"address": "192.0.2.1"}]}), ()),
        (CheckResult("tcp-connect", Status.PASS, (), {"attempts": [{"address": "192.0.2.1"}]}), ()),
        (CheckResult("access-log", Status.PASS, (), {"line": "192.0.2.1"}), ()),
    ],
)
def test_what_speaks_against_is_a_check_that_asked_that_address_and_could_have_seen_it(
    passed: CheckResult, against: tuple[str, ...]
) -> None:
    made = cause(BAD, [*found("sample http-status status=502 ip=192.0.2.1"), passed], BY_ID)
    assert made is not None
    assert made.finding.code.id == "http-status"
    assert made.contradicts == against


def test_what_a_probe_met_itself_is_not_contradicted_by_another() -> None:
    results = found("http-request http-status status=502 address=192.0.2.1")
    passed = CheckResult("url-verify", Status.PASS, (), {"exchanges": [{"address": "192.0.2.1"}]})
    made = cause(BAD, [*results, passed], BY_ID)
    assert made is not None
    assert made.contradicts == ()
