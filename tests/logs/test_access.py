"""The alarm's push among the lines of an access log, and counts over them."""

from __future__ import annotations

import pytest

from tests.logs.test_parsers import AT, GUIDE
from wxalarm.logs.access import Push, Tally, split_499
from wxalarm.logs.formats import KNOWN, Wanted
from wxalarm.logs.parsers import detect
from wxalarm.logs.text_parser import TextParser


def test_the_push_is_recognised_by_openid_and_timestamp() -> None:
    push = Push("oAAAA", 1735092297, "/callback")
    parser = TextParser(KNOWN[0])

    def match(line: bytes) -> str | None:
        record = parser.record(line)
        assert record is not None
        return push.match(record)

    assert match(GUIDE) == "exact"
    assert match(GUIDE.replace(b"timestamp=1735092297", b"timestamp=1735092350")) == "openid"
    assert match(GUIDE.replace(b"timestamp=1735092297", b"timestamp=1735092897")) is None
    assert match(GUIDE.replace(b"timestamp=1735092297&", b"")) == "openid"
    assert match(GUIDE.replace(b"&openid=oAAAA", b"")) == "timestamp"
    assert match(GUIDE.replace(b"openid=oAAAA", b"openid=oBBBB")) is None
    assert match(GUIDE.replace(b"/callback", b"/other")) is None


@pytest.mark.parametrize(
    ("took", "kind"),
    [
        (None, "untimed_499"),
        (0.0, "closed"),
        (0.99, "closed"),
        (1.0, "other_499"),
        (3.99, "other_499"),
        (4.0, "gave_up"),
        (5.001, "gave_up"),
        (6.6, "gave_up"),
        (15.003, "gave_up"),
    ],
)
def test_a_client_that_left_by_when_it_was_missed(took: float | None, kind: str) -> None:
    assert split_499(took) == kind


def test_counts_do_not_depend_on_how_the_log_is_cut() -> None:
    parser = TextParser(KNOWN[0], Wanted("/callback"))
    kinds = [(b"200", b"0.010"), (b"499", b"5.001"), (b"499", b"0.002"), (b"502", b"0.001"), (b"200", b"4.100")]
    lines = []
    for index in range(3000):
        status, took = kinds[index % 5]
        time_ = b"25/Dec/2024:10:%02d:%02d" % (index // 60 % 60, index % 60)
        line = GUIDE.replace(b'" 200 7', b'" ' + status + b" 7").replace(b'"0.203"', b'"' + took + b'"')
        lines.append(line.replace(b"25/Dec/2024:10:04:57", time_))
    results = []
    for size in (1, 7, 500, 3000):
        tally = Tally(AT - 297, AT + 302)
        for at in range(0, len(lines), size):
            tally.add(parser, b"\n" + b"\n".join(lines[at : at + size]) + b"\n")
        results.append(tally.counts())
    assert all(result == results[0] for result in results)
    assert results[0].gave_up == results[0].closed == results[0].statuses["502"] == results[0].slow
    assert results[0].requests == sum(results[0].statuses.values()) == sum(count for _, count in results[0].minutes)
    assert results[0].requests == 600


def test_answers_are_counted_for_a_server_that_a_balancer_only_names() -> None:
    line = (
        "Nov 15 06:13:20 lb haproxy[1234]: 203.0.113.10:40001 [15/Nov/2023:06:13:20.123] https~ wx/{} 0/0/1/12/13 "
        '{} 214 - - ---- 1/1/0/0/0 0/0 "POST /callback?timestamp=1700000000 HTTP/1.1"'
    )
    lines = [line.format(*one).encode() for one in (("app1", 200), ("app2", 502), ("app2", 502), ("app1", 200))]
    parser = detect(lines, wanted=Wanted("/callback"), local=8 * 3600)
    assert parser is not None
    tally = Tally(1700000000.0 - 60, 1700000000.0 + 60)
    tally.add(parser, b"\n" + b"\n".join(lines) + b"\n")
    found = {one.addr: (one.requests, one.errors) for one in tally.counts().upstreams}
    assert found == {"app1": (2, 0), "app2": (2, 2)}


def test_a_request_that_got_no_answer_is_counted_once_however_long_it_took() -> None:
    parser = TextParser(KNOWN[1], Wanted("/callback"))
    head = '203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback?nonce=1 HTTP/1.1" '
    ends = (("499 0", "-", "5.001"), ("504 9", "504", "60.000"), ("200 7", "200", "4.200"), ("200 7", "200", "0.010"))
    lines = [
        f'{head}{status} "-" "-" "-" "wx.example.com" "192.0.2.11:80" "{upstream}" "{took}" "{took}"'
        for status, upstream, took in ends
    ]
    tally = Tally(AT - 297, AT + 302)
    tally.add(parser, b"\n" + "\n".join(lines).encode() + b"\n")
    (found,) = tally.counts().upstreams
    assert (found.requests, found.errors, found.slow) == (4, 2, 1)
