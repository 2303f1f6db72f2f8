"""Which failure can lead to which alarm: each code has its mechanism, each way its reason, and libcurl's rules hold."""

from __future__ import annotations

import json

import pytest

from tests.paths import FIXTURES
from wxalarm import kinds, mechanisms
from wxalarm.checks import CHECKS
from wxalarm.mechanisms import GROUPS, MECHANISMS, Mechanism
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import AlarmKind, Code, Severity
from wxalarm.wechat.reply import CODES as REPLY_CODES

CODES: dict[str, Code] = {code.id: code for code in (*(code for check in CHECKS for code in check.codes), *REPLY_CODES)}
TIMED_OUT = 28
"""CURLE_OPERATION_TIMEDOUT."""
EITHER = {
    "tcp-unreachable": "whoever filters ICMP meets silence where others are told at once",
    "tcp-refused": "what refuses now may have hung before it was stopped",
    "dns-ip-moved": "the number is that of the old address",
    "api-dns-differs": "the number is that of the old address",
    "dns-view-differs": "the number is that of the old address",
    "app-log-error": "the number is that of a certificate that the client did not take; other errors come late",
    "errlog-tls": "of a handshake that broke the line has the alert; others were given up",
}
TWOFOLD = {"dns-view-differs": (mechanisms.UNRESOLVED, mechanisms.MISDIRECTED)}
"""Codes of two mechanisms: a view without an answer, and one that leads to a dead address."""


def test_every_code_that_explains_anything_has_its_mechanism() -> None:
    assert {id for id, code in CODES.items() if code.explains and not isinstance(code.explains, Mechanism)} == set()
    used = {code.explains.id for code in CODES.values() if isinstance(code.explains, Mechanism)}
    assert used == {mechanism.id for mechanism in MECHANISMS}
    assert len(used) == len(MECHANISMS)


def test_one_name_has_one_mechanism_wherever_it_is_found() -> None:
    for code in (code for check in CHECKS for code in check.codes):
        assert code.explains in (CODES[code.id].explains, *TWOFOLD.get(code.id, ())), code.id


def test_a_note_causes_nothing() -> None:
    assert {code.id for code in CODES.values() if code.severity is Severity.NOTE and code.explains} == set()


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda one: one.id)
def test_a_kind_is_reached_by_one_way_only(mechanism: Mechanism) -> None:
    reached = [kind for way in mechanism.ways for kind in way.kinds]
    assert sorted(reached) == sorted(mechanism)
    assert len(set(reached)) == len(reached)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_way_has_its_reason_and_its_source(lang: str) -> None:
    data = catalogue(lang).data
    shared = set(data["mechanism"]["any"])
    assert set(data["mechanism"]) == {"any", *(mechanism.id for mechanism in MECHANISMS)}
    for mechanism in MECHANISMS:
        told = set(data["mechanism"][mechanism.id])
        assert told - {"title"} <= {way.group for way in mechanism.ways} <= told | shared, mechanism.id
    assert set(data["words"]["source"]) == {way.source for mechanism in MECHANISMS for way in mechanism.ways}


def test_every_kind_has_causes_and_every_group_is_used() -> None:
    assert set().union(*MECHANISMS) == set(kinds.ANY)
    assert set(GROUPS) == {way.group for mechanism in MECHANISMS for way in mechanism.ways}


def stated() -> dict[str, set[int]]:
    """The numbers of libcurl that the fixtures' findings bear, by code."""
    found: dict[str, set[int]] = {}
    for path in sorted((FIXTURES / "observations").glob("*/*.json")):
        for finding in json.loads(path.read_text("utf-8"))["findings"]:
            if (number := finding["evidence"].get("curl")) is not None:
                found.setdefault(finding["code"], set()).add(number)
    return found


def test_what_runs_out_of_time_is_a_timeout_and_what_breaks_is_none() -> None:
    """libcurl has one number for all timeouts; any other comes at once and is printed under 回应失败."""
    numbers = stated()
    assert {"tcp-timeout", "tls-timeout", "http-timeout", "tcp-refused", "tls-expired", "http-reset"} <= set(numbers)
    for code, seen in numbers.items():
        if code in EITHER or CODES[code].severity is Severity.NOTE:
            continue
        assert TIMED_OUT not in seen or seen == {TIMED_OUT}, f"{code} has both natures: {seen}"
        explains = set(CODES[code].explains)
        assert (AlarmKind.INVALID_RESPONSE in explains) is (TIMED_OUT not in seen), code
        assert bool(explains & {*kinds.CONNECT, AlarmKind.REQUEST_TIMEOUT}) is (TIMED_OUT in seen), code


@pytest.mark.parametrize(
    ("code", "kind", "can"),
    [
        ("tls-timeout", AlarmKind.CONNECT_TIMEOUT, True),  # libcurl's connect timeout ends with the handshake
        ("tls-slow", AlarmKind.CONNECT_TIMEOUT, True),
        ("http-timeout", AlarmKind.CONNECT_TIMEOUT, False),
        ("tls-expired", AlarmKind.REQUEST_TIMEOUT, False),  # cURL error 60
        ("tls-expired", AlarmKind.INVALID_RESPONSE, True),
        ("tls-expiring", AlarmKind.INVALID_RESPONSE, False),  # it has not expired
        ("tcp-refused", AlarmKind.CONNECT_TIMEOUT, True),  # cURL error 7, at once; but it may have hung before
        ("tcp-refused", AlarmKind.INVALID_RESPONSE, True),
        ("tcp-timeout", AlarmKind.INVALID_RESPONSE, False),
        ("nginx-rate-limit", AlarmKind.CONNECT_TIMEOUT, False),  # nginx limits what it has accepted
        ("http-status", AlarmKind.REQUEST_TIMEOUT, False),
        ("dns-nxdomain", AlarmKind.CONNECT_TIMEOUT, False),
        ("markfail-block", AlarmKind.MARK_FAIL, False),  # what the alarm means is not why it came
    ],
)
def test_what_can_cause_what(code: str, kind: AlarmKind, can: bool) -> None:
    assert (kind in CODES[code].explains) is can
