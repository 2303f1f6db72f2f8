"""What is kept of an application's log: the push's lines and their neighbours, and which errors are its own."""

from __future__ import annotations

from functools import partial

import pytest

from tests.checks.logs.support import OPENID, START, joined
from tests.growth import assert_linear
from tests.logs.made import Made
from tests.logs.test_app import OTHER
from wxalarm.logs.app import AppLines
from wxalarm.logs.app_search import MOST_HITS, AppPush, AppSearch

OWN = OPENID.encode()
PARSER = AppLines("epoch", 0, 2024)


def at(seconds: int, text: str) -> bytes:
    return f"{START + seconds} {text}".encode()


def searched(*lines: bytes, event: bytes = b"", path: bytes = b"/callback/") -> AppSearch:
    push = AppPush({OWN: "openid", str(START).encode() + b"!": "stamp"}, OWN, event, path)
    search = AppSearch(push, START, START - 60, START + 360)
    search.window(PARSER, Made(), 500, b"\n" + joined(lines))
    return search


def test_the_pushs_line_its_place_and_its_trouble() -> None:
    before, own = at(0, "hello"), at(1, f"ERROR of {OPENID}")
    search = searched(before, own, b"  at handler.py:3", at(2, "bye"))
    (hit,) = search.hits
    assert (hit.place, hit.needle, hit.time) == (f"made.log@{500 + len(before) + 1}", "openid", START + 1)
    assert (hit.trouble, hit.beside) == (own.decode(), False)
    assert hit.context[:2] == (before.decode(), own.decode())
    assert (search.lines, search.errors) == (4, 1)


def test_a_neighbours_trouble_is_said_to_be_one_and_anothers_is_none() -> None:
    (hit,) = searched(at(0, f"push {OPENID}"), at(0, "ERROR x")).hits
    assert (hit.trouble, hit.beside) == (at(0, "ERROR x").decode(), True)
    (hit,) = searched(at(0, f"push {OPENID}"), at(0, f"ERROR of openid={OTHER}")).hits
    assert hit.trouble is None


def test_an_entry_of_php_fpms_slow_log_is_shown_with_the_step_it_hung_at() -> None:
    own = at(1, "[pool www] pid 7")
    search = searched(own, b"script_filename = /srv/index.php", b"[0x00007f01] curl_exec() /srv/t.php:3", at(2, "bye"))
    assert search.example is not None
    assert search.example.line == own.decode() + " [0x00007f01] curl_exec() /srv/t.php:3"


def test_how_long_the_push_took_is_taken_from_its_own_line() -> None:
    first, second = searched(at(7, f"push {OPENID} took 7.2s"), at(8, f"push {OPENID}"), at(9, "took 9s")).hits
    assert (first.took, second.took) == (7.2, None)


def test_an_entry_that_ends_in_a_broken_pipe_is_no_trouble_of_the_push() -> None:
    own, trace = at(8, f"ERROR of {OPENID}"), b"Traceback (most recent call last):"
    (hit,) = searched(own, trace, b"  File x", b"BrokenPipeError: [Errno 32] Broken pipe", at(9, "bye")).hits
    assert hit.trouble is None
    (hit,) = searched(own, trace, b"BrokenPipeError: [Errno 32] Broken pipe", b"OperationalError: (2006, x)").hits
    assert hit.trouble == own.decode() + " … OperationalError: (2006, x)"


def test_only_lines_of_the_window_are_counted_with_those_that_go_on_with_them() -> None:
    first = at(-60, "ERROR first")
    search = searched(at(-61, "ERROR early"), b"  more", first, b"  Error: more", at(361, "ERROR late"))
    assert (search.lines, search.errors) == (2, 2)
    assert search.example is not None
    assert search.example.line == first.decode()


def test_the_event_tells_the_push_only_in_its_seconds_and_where_nothing_else_does() -> None:
    lines = (at(-5, "event CLICK"), at(3, "Event Click"), at(16, "event click"))
    assert [hit.time for hit in searched(*lines, event=b"click").hits] == [START + 3]
    assert [hit.needle for hit in searched(*lines, at(9, OPENID), event=b"click").hits] == ["openid"]
    assert searched(*lines).hits == ()


def test_a_second_says_nothing_where_lines_have_no_times_and_only_so_many_are_kept() -> None:
    for count, kept in ((2, 2), (99, MOST_HITS)):
        search = searched()
        search.untimed(Made(), 0, b"\n" + joined([f"{START}!".encode(), *[OWN] * count]))
        assert [hit.needle for hit in search.hits] == ["openid"] * kept


def thread(number: int, text: str) -> str:
    return f"[http-nio-8080-exec-{number}] {text}"


def test_trouble_further_down_is_the_pushs_when_its_thread_says_so() -> None:
    own = at(0, thread(3, f"push {OPENID}"))
    noise = [at(0, thread(n % 9 + 10, "hello")) for n in range(40)]
    bad = at(1, thread(3, "call failed"))
    trace = [b"java.lang.NullPointerException: x", b"\tat c.e.Handler(Handler.java:7)"]
    (hit,) = searched(own, *noise, bad, *trace).hits
    assert (hit.trouble, hit.beside, hit.tag) == (trace[0].decode(), False, "http-nio-8080-exec-3")
    for other in (
        [at(1, thread(4, "call failed")), *trace],  # another thread
        [at(1, thread(3, f"push of openid={OTHER}")), bad, *trace],  # the thread has taken another push
        [at(20, thread(3, "call failed")), *trace],  # long after
    ):
        (hit,) = searched(own, *noise, *other).hits
        assert hit.trouble is None, other


def test_trouble_in_the_next_chunk_is_found_too() -> None:
    push = AppPush({OWN: "openid"}, OWN)
    search = AppSearch(push, START, START - 60, START + 360)
    first = b"\n" + joined([at(0, thread(3, f"push {OPENID}")), *[at(0, thread(7, "x"))] * 9])
    search.window(PARSER, Made(), 0, first)
    refused = at(2, thread(3, '{"errcode":40164,"errmsg":"invalid ip"}'))
    search.window(PARSER, Made("other.log"), 0, b"\n" + joined([refused]))
    assert search.hits[0].trouble is None, "another log's thread has the same name"
    search.window(PARSER, Made(), len(first) - 1, b"\n" + joined([at(1, thread(3, "asks")), refused]))
    (hit,) = search.hits
    assert (hit.trouble, hit.errcode, hit.beside) == (refused.decode(), 40164, False)


def test_a_neighbour_of_another_thread_is_not_taken_for_the_pushs() -> None:
    own = at(0, thread(3, f"push {OPENID}"))
    (hit,) = searched(own, at(0, thread(4, "ERROR x"))).hits
    assert hit.trouble is None
    (hit,) = searched(own, at(0, thread(3, "ERROR x"))).hits
    assert (hit.trouble, hit.beside) == (at(0, thread(3, "ERROR x")).decode(), False)


CSRF = "Forbidden (CSRF cookie not set.): /callback/"


def asked(seconds: int, openid: str = OPENID, status: str = " 403 12") -> bytes:
    return at(seconds, f'"POST /callback/?openid={openid} HTTP/1.0"{status}')


def test_errors_of_the_pushs_own_moment_and_whose_they_are() -> None:
    for text, needle in (
        (CSRF, "path"),
        ("ERROR http://wx.example.com/callback: x", "path"),
        ("ERROR /callback/other: x", "second"),
        ("ERROR /srv/callback: x", "second"),
        ("ERROR x", "second"),
    ):
        search = searched(at(1, text))
        assert [hit.needle for hit in search.then] == [needle], text
        assert search.example is not None
        assert search.example.needle == "time"
    assert [hit.needle for hit in searched(at(0, "ERROR /: x"), path=b"/").then] == ["second"]
    for line in (at(6, CSRF), at(-1, CSRF), at(0, f"ERROR openid={OTHER}"), at(0, "hello")):
        assert searched(line).then == (), line


def test_errors_that_begin_with_the_push() -> None:
    for seconds in (0, 2, 5):
        search = searched(at(-30, "hello"), at(seconds, "ERROR x"))
        assert (search.onset, [hit.needle for hit in search.then]) == (True, ["second"])
    for lines in ((at(-1, "ERROR x"),), (at(6, "ERROR x"),), (at(-30, "ERROR y"), at(2, "ERROR x"))):
        search = searched(*lines)
        assert (search.onset, search.then) == (False, ())
    many = [at(1, f"    at a ({n}.js:7:1)") for n in range(9)]
    assert searched(at(1, "TypeError: x"), *many, at(1, "hello")).others == 1


def test_an_error_before_the_push_in_another_log_is_no_beginning_with_it() -> None:
    search = searched(at(1, "ERROR x"))
    search.window(PARSER, Made("other.log"), 0, b"\n" + joined([at(-1, "ERROR y")]))
    assert not search.onset


def test_time_grows_with_lines_without_a_time() -> None:
    assert_linear(lambda count: partial(searched, at(0, "x"), *[CSRF.encode()] * count), 16_000)


def test_what_a_server_says_before_its_request_line_is_of_that_time() -> None:
    late, early = at(-30, "hello"), CSRF.encode()
    (hit,) = searched(late, early, asked(0)).then
    assert (hit.needle, hit.cause, hit.time) == ("path", "csrf", START)
    assert searched(late, early, asked(30)).then == ()
    assert searched(late, b"Forbidden by rule /callback/", asked(0)).then == ()


def test_a_stack_belongs_to_the_error_above_it() -> None:
    trace = [b"", b"Traceback (most recent call last):", b"  File x", b"KeyError: 'Content'"]
    search = searched(at(0, "Internal Server Error: /callback/"), *trace, at(0, "bye"))
    (hit,) = search.then
    assert (hit.place, hit.needle, hit.uncaught) == ("made.log@500", "path", True)
    assert hit.trouble is not None
    assert hit.trouble.endswith("/callback/ … KeyError: 'Content'")
    assert searched(at(0, "ERROR x"), b"", f"a.BException: openid={OTHER}".encode()).then == ()
    (hit,) = searched(at(0, "ERROR x"), b"\tat a.B", f"Caused by: a.CException: {OPENID}".encode()).hits
    assert (hit.time, hit.beside, hit.trouble) == (
        START,
        False,
        at(0, f"ERROR x … Caused by: a.CException: {OPENID}").decode(),
    )


def test_a_reason_deep_in_the_stack_is_found() -> None:
    frames = [b"\tat com.example.Handler.handle(Handler.java:7) ~[classes!/:na]"] * 120
    pool = b"Caused by: a.SQLException: HikariPool-1 - Connection is not available, request timed out after 30000ms."
    (hit,) = searched(at(0, f"ERROR {OPENID}"), b"", b"a.BException: y", *frames, pool, b"\t... 9 more").hits
    assert (hit.cause, hit.waited, len(hit.context)) == ("pool", 30, 13)
    assert hit.trouble is not None
    assert hit.trouble.endswith(pool.decode())
    (hit,) = searched(at(0, f"ERROR {OPENID}"), b"\tat a.Pool.createTimeoutException(x)", b"a.BException: y").hits
    assert hit.cause is None, "a function's name is no reason"


def test_other_entries_of_the_moment_are_counted() -> None:
    lines = (at(0, "hello"), at(1, f"push {OPENID}"), b"  more", at(1, "ERROR x"), at(1, "bye"), at(2, "late"))
    assert searched(*lines).others == 2


def test_an_error_beside_the_pushs_request_line_with_no_request_in_between() -> None:
    (hit,) = searched(at(0, CSRF), at(0, "hello"), asked(0)).hits
    assert (hit.trouble, hit.next, hit.beside, hit.cause) == (at(0, CSRF).decode(), True, True, "csrf")
    (hit,) = searched(asked(0, status=""), at(0, "Processing"), at(0, "Can't verify CSRF token authenticity.")).hits
    assert (hit.next, hit.cause) == (True, "csrf")
    trace = (b"Internal Server Error: /callback/", b"Traceback (most recent call last):", b"KeyError: 'Content'")
    (hit,) = searched(at(-60, '"GET /x HTTP/1.0" 200 1'), *trace, asked(0, status=" 500 12")).hits
    assert (hit.trouble, hit.next) == ("Internal Server Error: /callback/ … KeyError: 'Content'", True)
    for lines in (
        (at(0, CSRF), at(0, '"GET /x HTTP/1.0" 200 1'), asked(0)),
        (at(0, CSRF), at(0, f"push openid={OTHER}"), asked(0)),
        (at(-2, CSRF), asked(0)),
        (at(0, "ERROR x"), asked(0)),
        (at(0, CSRF), at(0, f"push {OPENID}")),
        (at(0, f"push {OPENID}"), at(0, CSRF)),
        (at(0, thread(3, CSRF)), at(0, thread(4, f'"POST /callback/?openid={OPENID} HTTP/1.0" 403 12'))),
        (asked(0), at(0, CSRF)),
        (at(0, CSRF), asked(0, status="")),
    ):
        (hit,) = searched(*lines).hits
        assert not hit.next, lines


def test_a_cut_openid_is_its_users_where_it_begins_alike() -> None:
    head = f"get('{OPENID[:15]}...')"
    lines = (
        at(0, "PHP Fatal error:  Uncaught E: x"),
        b"Stack trace:",
        f"#0 /srv/x.php(3): {head}".encode(),
        b"#1 {main}",
    )
    search = searched(*lines)
    (hit,) = search.hits
    assert (hit.needle, hit.time, hit.uncaught, hit.trouble) == ("head", START, True, lines[0].decode())
    assert searched(lines[0], b"#0 x('oZZZZ0bcdefghij...')").then == (), "another user's"
    assert [hit.needle for hit in searched(at(0, f"push {OPENID} {head}")).hits] == ["openid"]


STOP, SERVE = "Application is shutting down...", "Application started. Press Ctrl+C to shut down."
POST = "HTTP POST /callback responded 200 in 39.6 ms"


@pytest.mark.parametrize(
    ("lines", "stopped"),
    [
        ([(-20, POST), (-9, STOP), (40, SERVE)], (-9, 40)),
        ([(-9, STOP), (-8, "scheduler shutting down"), (-7, "Waiting for application shutdown.")], (-9, None)),
        ([(3, STOP), (40, SERVE), (50, STOP), (60, SERVE)], (3, 40)),
        ([(-50, STOP), (-40, SERVE), (-9, STOP)], (-9, None)),
        ([(-9, STOP), (-5, POST), (40, SERVE), (41, POST)], (-9, 40)),
        ([(-9, STOP), (-3, SERVE)], None),
        ([(9, STOP), (40, SERVE)], None),
        ([(-30, STOP), (-10, POST), (40, SERVE)], None),
        ([(-90, STOP)], None),
        ([(-9, SERVE)], None),
    ],
    ids=["restart", "stays", "in-the-wait", "twice", "drains", "served-again", "later", "another-instance", "old", "-"],
)
def test_an_application_that_was_stopped_when_the_push_came(
    lines: list[tuple[int, str]], stopped: tuple[int, int | None] | None
) -> None:
    """Seconds from the push: when it stopped, and when it served again."""
    search = searched(*(at(seconds, text) for seconds, text in lines))
    if stopped is None:
        assert search.stopped is None
        return
    assert search.stopped is not None
    assert search.stopped.line.endswith(STOP)
    assert (search.stopped.time, search.back) == tuple(None if one is None else START + one for one in stopped)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([(0, "Component_Verify_Ticket received")], 1),
        ([(0, "component_verify_ticket received"), (2, "ERROR save component_verify_ticket")], 2),
        ([(0, "component_verify_ticket received"), (20, "ERROR save component_verify_ticket cost_ms=20031")], 2),
        ([(0, "component_verify_ticket received"), (20, "ERROR save component_verify_ticket cost_ms=31")], 1),
        ([(20, "component_verify_ticket received")], 0),
    ],
)
def test_lines_with_the_event_of_the_push(lines: list[tuple[int, str]], kept: int) -> None:
    search = searched(*(at(seconds, text) for seconds, text in lines), event=b"component_verify_ticket")
    assert [hit.needle for hit in search.hits] == ["event"] * kept
    assert any(hit.trouble and not hit.beside for hit in search.hits) is (kept == 2)


def test_what_became_of_an_event_may_stand_in_the_next_part_of_the_log() -> None:
    search = searched(at(0, "component_verify_ticket received"), event=b"component_verify_ticket")
    search.window(PARSER, Made(), 5000, b"\n" + joined([at(2, "ERROR save component_verify_ticket")]))
    assert [hit.trouble is not None for hit in search.hits] == [False, True]
    search.window(PARSER, Made(), 9000, b"\n" + joined([at(3, "ERROR another component_verify_ticket")]))
    assert len(search.hits) == 2


def test_a_second_that_is_but_the_time_of_its_line_is_no_pushs() -> None:
    push = AppPush({str(START).encode(): "stamp"})
    search = AppSearch(push, START, START - 60, START + 360)
    search.window(
        PARSER, Made(), 500, b"\n" + joined([at(0, "tick"), at(1, f"timestamp={START}"), at(0, f"of {START}")])
    )
    assert [hit.line.split(" ", 1)[1] for hit in search.hits] == [f"of {START}", f"timestamp={START}"]


@pytest.mark.parametrize(
    ("seconds", "text", "ended"),
    [
        (-6, b"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", True),
        (-6, b"kernel: Out of memory: Killed process 7 (java)", True),
        (3, b"kernel: Out of memory: Killed process 7 (java)", True),
        (90, b"kernel: Out of memory: Killed process 7 (java)", False),
        (-6, b"ERROR java.lang.OutOfMemoryError: Java heap space", False),
    ],
)
def test_a_process_that_ended_before_the_push_is_kept(seconds: int, text: bytes, ended: bool) -> None:
    first = at(-30, "ERROR nothing to do with it")
    search = searched(first, at(seconds, text.decode()))
    assert (search.ended is not None and text in search.ended.line.encode()) is ended
    assert search.example is not None
    assert search.example.line.encode() == first


@pytest.mark.parametrize(("of_any", "found"), [(True, True), (False, False)])
def test_a_stop_within_the_window_counts_where_there_is_no_alarm(of_any: bool, found: bool) -> None:
    search = AppSearch(AppPush({}, any=of_any), START, START - 60, START + 360)
    stops, serves = at(100, "Shutting down ExecutorService 'x'"), at(200, "Tomcat started on port 8080")
    search.window(PARSER, Made(), 0, b"\n" + joined([stops, serves]))
    assert (search.stopped is not None) is found
    assert search.back == (START + 200 if found else None)
