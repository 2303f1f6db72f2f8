"""What is kept of a window: the alarm's push, a line for each failure, how many lines at all; no file is opened."""

from __future__ import annotations

from tests.checks.logs.support import OPENID, START, joined, line
from tests.logs.made import Made
from wxalarm.logs.access import Push
from wxalarm.logs.access_search import MOST_HITS, Search, needle_of
from wxalarm.logs.formats import Wanted
from wxalarm.logs.line_parser import LineParser
from wxalarm.logs.parsers import detect


def searched(*lines: bytes, wanted: Wanted | None = None) -> tuple[Search, LineParser]:
    search = Search(
        Push(OPENID, START, "/callback"), wanted or Wanted("/callback", signed=True), START - 60, START + 360
    )
    parser = detect(lines, wanted=search.wanted)
    assert parser is not None
    search.window(parser, Made(), 1000, b"\n" + joined(lines))
    return search, parser


def test_the_push_its_place_and_an_example_of_each_failure() -> None:
    first, own = line(START, status=502), line(START + 5, OPENID, 499, 5.001, stamp=START)
    search, _ = searched(first, own, line(START + 6, status=502), line(START + 7))
    (hit,) = search.hits
    assert (hit.match, hit.status, hit.request_time, hit.stamp) == ("exact", "499", 5.001, START)
    assert hit.place == f"made.log@{1000 + len(first) + 1}"
    assert [(one.status, one.place) for one in search.examples] == [
        ("499", hit.place),
        ("502", "made.log@1000"),
    ]
    assert search.named
    assert search.tally.counts().requests == 4


def test_an_example_of_each_kind_of_499() -> None:
    search, parser = searched(line(START, status=499, took=0.01))
    for at, took in enumerate((0.02, 2.0, 5.001, 15.0)):
        search.window(parser, Made(), 2000 + at, b"\n" + joined([line(START + at, status=499, took=took)]))
    assert sorted(one.request_time or 0.0 for one in search.examples) == [0.01, 2.0, 5.001]


def test_the_best_match_first_then_failures_then_in_order() -> None:
    late = [line(START + at, OPENID, status, stamp=START + at) for at, status in ((50, 200), (40, 200), (60, 502))]
    search, _ = searched(*late, line(START + 90, OPENID, stamp=START))
    found = [(hit.match, hit.status, round(hit.ended) - START) for hit in search.hits]
    assert found == [("exact", "200", 90), ("openid", "502", 60), ("openid", "200", 40), ("openid", "200", 50)]


def test_only_so_many_lines_are_kept() -> None:
    search, _ = searched(*(line(START + at, OPENID, stamp=START + at) for at in range(2, 99)))
    assert len(search.hits) == MOST_HITS


def test_a_request_that_began_at_the_alarms_time_is_known_by_it() -> None:
    lines = [line(START - 9), line(START + 4, took=4.2), line(START + 9)]
    search, _ = searched(*lines, wanted=Wanted("/callback"))
    assert [(hit.match, round(hit.ended) - START) for hit in search.hits] == [("time", 4)]
    assert not search.named
    assert not searched(line(START + 90), line(START + 99), wanted=Wanted("/callback"))[0].hits


def test_lines_of_any_kind_in_the_window_are_counted() -> None:
    others = [line(START + at).replace(b"/callback", b"/other") for at in (-61, -60, 0, 360, 361)]
    assert searched(*others)[0].lines == 3


def test_lines_that_name_the_path_but_are_not_understood_are_named() -> None:
    others = [line(START).replace(b"/callback", b"/other")] * 20
    assert searched(*others)[0].unread is None
    assert searched(*others, b"?? POST /callback")[0].unread == "made.log"


def test_what_counts_pushes_before_the_window() -> None:
    _, parser = searched(line(START))
    assert needle_of(Wanted("/callback"), parser) == b"POST /callback"
    assert needle_of(Wanted(None, signed=True), parser) == b"nonce="
    assert needle_of(Wanted(None, signed=False), parser) == b"POST"
