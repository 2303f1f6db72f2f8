"""Stacks of any depth belong to the entry before them; a log that is mostly stacks is readable all the same."""

from __future__ import annotations

import pytest

from wxalarm.logs.app import cause, shape_of, trouble
from wxalarm.logs.errors import is_error_log
from wxalarm.logs.stacks import goes_on

FRAMES = [b"#%d /srv/app/vendor/Pipeline.php(%d): handle(Object(Request))" % (n, n) for n in range(59)]
HEAD = b'2023/11/15 06:13:20 [error] 7#0: *1 FastCGI sent in stderr: "PHP message: PHP Fatal error: Uncaught E: x'


@pytest.mark.parametrize("depth", [0, 5, 59])
def test_an_error_log_of_stacks_is_one(depth: int) -> None:
    assert is_error_log([*FRAMES[:depth], b"  thrown in /srv/x.php on line 1", HEAD])
    assert not is_error_log(FRAMES)
    assert not is_error_log([b"hello"] * 20 + [HEAD])


@pytest.mark.parametrize("depth", [0, 5, 59])
def test_an_applications_log_of_stacks_has_its_times(depth: int) -> None:
    assert shape_of([b"[2023-11-15 06:13:20] production.ERROR: x", b"[stacktrace]", *FRAMES[:depth]]) == "iso"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"#12 /srv/x.php(3): f()", True),
        (b"    at com.example.Wx.reply(Wx.java:3)", True),
        (b'  File "/srv/app.py", line 3, in reply', True),
        (b"Caused by: java.net.SocketTimeoutException", True),
        (b"... 12 more", True),
        (b"goroutine 1 [running]:", True),
        (b"2023-11-15 06:13:20 INFO at work", False),
        (b"# comment", False),
    ],
)
def test_what_goes_on(line: bytes, expected: bool) -> None:
    assert goes_on(line) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"Illuminate\\Session\\TokenMismatchException: CSRF token mismatch.", "csrf"),
        (b"Forbidden (CSRF cookie not set.): /wx", "csrf"),
        (b"ActionController::InvalidAuthenticityToken", "csrf"),
        (b"ForbiddenError: invalid csrf token", "csrf"),
        (b"PHP Fatal error: Allowed memory size of 134217728 bytes exhausted", "memory"),
        (b"java.lang.OutOfMemoryError: Java heap space", "memory"),
        (b"FATAL ERROR: JavaScript heap out of memory", "heap"),
        (b"Maximum execution time of 30 seconds exceeded", "timeout"),
        (b"Lock wait timeout exceeded; try restarting transaction", "timeout"),
        (b"requests.exceptions.ReadTimeout: HTTPSConnectionPool", "timeout"),
        (b"rpc error: context deadline exceeded", "timeout"),
        (b"KeyError: 'MsgType'", None),
        (b"timeout=5 configured", None),
    ],
)
def test_what_an_error_names_as_its_reason(text: bytes, expected: str | None) -> None:
    assert cause(text) == expected
    if expected is not None:
        assert trouble(text)
