"""Lines of application logs: their times, whose they are, what speaks of trouble."""

from __future__ import annotations

import pytest

from tests.checks.logs.support import OPENID, START
from wxalarm.logs.app import (
    AppLines,
    cause,
    errcode,
    has_zone,
    headline,
    names_another,
    shape_of,
    spent,
    tag,
    telling,
    trouble,
)

FORMATS = {
    "Django": "[25/Dec/2024 10:04:57] {}",
    "Nest": "[Nest] 77  - 12/25/2024, 10:04:57 AM     LOG {}",
    "iso": "2024-12-25 10:04:57,123 INFO handler: {}",
    "zoned": "2024-12-25T02:04:57.123Z [info] {}",
    "json": '{{"ts":1735092297.5,"level":"info","msg":"{}"}}',
    "millis": "1735092297123 {}",
    "slashed": "2024/12/25 10:04:57 handler.go:12: {}",
    "syslog": "Dec 25 10:04:57 host app[7]: {}",
    "access": '203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "{}"',
    "level-first": "[INFO] 2024-12-25 10:04:57.001 [http-nio-8080] c.e.App - {}",
}


OTHER = "oZZZZZZZZZZZZZZZZZZZZZZZZZZ9"


def test_whose_line_it_is() -> None:
    user = OPENID.encode()
    for theirs in (b"openid=oOther01 x", b'"OpenId":"' + OTHER.encode() + b'"', b"for " + OTHER.encode()):
        assert names_another(theirs, user), theirs
        assert not names_another(theirs + user, user)
    for other in (
        b"timestamp=1735092297",
        b"openid=null",
        b"openid=oAAAA****01",
        b"logger organization-service-handler",
        b"openid=" + user,
    ):
        assert not names_another(other, user), other


def test_what_speaks_of_trouble() -> None:
    for bad in (
        b"ERROR x",
        b"java.lang.NullPointerException: x",
        b'{"level":"error"}',
        b"panic: runtime",
        b"http: panic serving 203.0.113.7:4000: runtime error: index out of range",
        b"ForbiddenError: EBADCSRFTOKEN",
        b"Invalid CSRF token found for https://wx.example.com/wx",
        b"timed out",
    ):
        assert trouble(bad), bad
    for good in (
        b"0 errors",
        b"timeout=30",
        b"error_log on",
        b"INFO handled errors=0",
        b"Terror",
        b"panic button",
        b"csrf off",
        b"x" * 5000,
    ):
        assert not trouble(good), good
    for good in (b"panic button", b"csrf off"):
        assert not trouble(good), good


def test_that_the_other_side_hung_up_is_no_trouble_unless_an_error_is_named_beside_it() -> None:
    for good in (
        b"ERROR BrokenPipeError: [Errno 32] Broken pipe",
        b"org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe",
        b"ERROR write EPIPE",
        b"ERROR starlette.requests.ClientDisconnect",
    ):
        assert not trouble(good), good
    for bad in (
        b"pymysql.err.OperationalError: (2006, \"MySQL server has gone away (BrokenPipeError(32, 'Broken pipe'))\")",
        b"ERROR redis.exceptions.ConnectionError: Error 32 while writing to socket. Broken pipe.",
        b"ERROR the pipe to the printer is broken",
    ):
        assert trouble(bad), bad


def test_the_shape_of_times_is_that_of_most_lines() -> None:
    assert shape_of([FORMATS["syslog"].encode()] * 3) == "syslog"
    assert shape_of([b"nothing"] * 30 + [FORMATS["iso"].encode()]) is None
    assert has_zone([FORMATS["zoned"].encode()], "iso")
    assert not has_zone([FORMATS["iso"].encode()], "iso")


def test_an_answer_of_wechats_api_that_refuses() -> None:
    for text, number in (
        (b'{"errcode":40164,"errmsg":"invalid ip 203.0.113.9"}', 40164),
        (rb"body={\"errcode\":40001,\"errmsg\":\"x\"}", 40001),
        (b"WxErrorException errCode=-1", -1),
        (b"errcode: 45009", 45009),
        ("错误代码：45009, 错误信息：接口调用超过限制".encode(), 45009),
        ("错误代码：0, 错误信息：ok".encode(), None),
        ("错误码：500".encode(), None),
        (b'{"errcode":0,"errmsg":"ok"}', None),
        (b"errcode=", None),
        (b"errcode 40164", None),
    ):
        assert errcode(text) == number, text
        assert number is None or trouble(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("push oX handled, took 7.2s", 7.2),
        ("push oX: took: 7200 ms", 7.2),
        ("openid=oX cost_ms=7200", 7.2),
        ('{"openid":"oX","elapsedMs":7200}', 7.2),
        ("处理完成 openid=oX 耗时：7200毫秒", 7.2),
        ("处理完成 oX，耗时 7.2 秒", 7.2),
        ("oX done in 1m2.5s", 62.5),
        ("db took 12ms, reply took 6.1s", 6.1),
        ("oX took 7200", None),
        ("oX elapsed=7.2", None),
        ("oX took 7 steps", None),
        ("oX timeout_ms=7200", None),
        ("oX retry in 7s", None),
        ("oX at 10:04:57.200", None),
    ],
)
def test_how_long_a_line_says_it_took(text: str, seconds: float | None) -> None:
    assert spent(text.encode()) == (None if seconds is None else pytest.approx(seconds))


def test_times_of_php() -> None:
    slow, fatal = b"[25-Dec-2024 10:04:57]  [pool www] pid 1234", b"[25-Dec-2024 02:04:57 UTC] PHP Fatal error:  x"
    for line, zoned in ((slow, False), (fatal, True)):
        assert (
            shape_of([line, b"script_filename = /srv/index.php", b"[0x00007f0000001000] curl_exec() /srv/t.php:3"])
            == "php"
        )
        assert has_zone([line], "php") is zoned
        assert AppLines("php", 8 * 3600, 2024).time_of(line) == START
    east = b"[25-Dec-2024 11:04:57 Asia/Tokyo] PHP Warning:  x"
    assert AppLines("php", 0, 2024).time_of(east) == START
    assert AppLines("php", 8 * 3600, 2024).time_of(b"[25-Dec-2024 10:04:57 Nowhere/At_All] x") == START
    assert AppLines("php", 0, 2024).time_of(b"[35-Dec-2024 10:04:57] x") is None


def test_workers_of_php_that_are_busy_or_stuck() -> None:
    for text, reason in (
        (b"WARNING: [pool www] server reached pm.max_children setting (5), consider raising it", "workers"),
        (b"WARNING: [pool www] child 7, script '/srv/index.php' executing too slow (6.012 sec), logging", "stuck"),
        (b"[25-Dec-2024 10:04:57]  [pool www] pid 1234", "stuck"),
        (b"NOTICE: [pool www] child 7 started", None),
    ):
        assert cause(text) == reason
        assert trouble(text) is (reason is not None)


def test_an_entry_is_shown_with_the_error_that_its_stack_ends_with() -> None:
    first = b"ERROR 2024-12-25 10:04:57,512 log 7 Internal Server Error: /callback"
    trace = [
        b"Traceback (most recent call last):",
        b'  File "/srv/views.py", line 31, in callback',
        b"KeyError: 'Content'",
    ]
    assert headline([first, *trace]) == first + " … ".encode() + trace[-1]
    assert headline([first, trace[0]]) == first
    named = b"2024-12-25 10:04:57 ERROR java.lang.IllegalStateException: no handler"
    assert headline([named, b"\tat a.B.c(B.java:1)", b"Caused by: java.io.IOException: closed"]) == named


def test_a_long_line_is_shown_by_what_it_tells() -> None:
    head = b"Dec 25 10:04:57 web01 java[1234]: 2024-12-25 10:04:57.512 ERROR 1234 --- [nio-8080-exec-7] "
    for line, shown in (
        (b"2024-12-25 ERROR java.lang.OutOfMemoryError: heap", None),
        (head + b"x" * 200, None),
        (
            head + b"o.a.c.c.C.[.[.[/] : " + b"y" * 60 + b" nested is java.lang.OutOfMemoryError: heap]",
            b"java.lang.OutOf",
        ),
    ):
        assert telling(line) == line if shown is None else shown in telling(line)[:90]
        assert headline([line]) == telling(line)


def test_what_all_lines_of_one_request_have_in_common() -> None:
    for text, common in (
        (b"2024 [http-nio-8080-exec-3] INFO", b"http-nio-8080-exec-3"),
        (b"2024 [pool-2-thread-14] INFO", b"pool-2-thread-14"),
        (b"2024 INFO request_id=7f3a9c21 push", b"7f3a9c21"),
        (b'{"traceId":"abc-123456","msg":"x"}', b"abc-123456"),
        (b"2024 [0123456789abcdef0123456789abcdef] INFO", b"0123456789abcdef0123456789abcdef"),
        (b"2024 [http-nio-8080-exec-3] requestId: ab12cd34 x", b"ab12cd34"),
        (b"2024 [main] INFO", None),
        (b"2024 [nioEventLoopGroup-3-1] INFO", None),
        (b"2024 [reactor-http-epoll-2] INFO", None),
        (b"2024 [vert.x-eventloop-thread-1] INFO", None),
        (b"2024 [handler.go:12] INFO", None),
        (b"2024 [12345] INFO", None),
    ):
        assert tag(text) == common, text


@pytest.mark.parametrize(
    ("shape", "text", "at"),
    [
        ("django", b"[25/Dec/2024 10:04:57] x", 1735092297.0),
        ("nest", b"[Nest] 7  - 12/25/2024, 10:04:57 AM     LOG x", 1735092297.0),
        ("nest", "[Nest] 7  - 12/25/2024, 10:04:57\u202fAM LOG x".encode(), 1735092297.0),
        ("nest", b"[Nest] 7  - 12/25/2024, 12:00:00 AM LOG x", 1735056000.0),
        ("nest", b"[Nest] 7  - 12/25/2024, 12:00:00 PM LOG x", 1735099200.0),
        ("nest", b"[Nest] 7  - 13/25/2024, 12:00:00 PM LOG x", None),
    ],
)
def test_times_of_frameworks(shape: str, text: bytes, at: float | None) -> None:
    assert shape_of([text] * 3) == shape
    assert AppLines(shape, 28800, 2024).time_of(text) == at
