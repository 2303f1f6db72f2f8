"""Lines of application logs: their times, whose they are, what speaks of trouble."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.checks.logs.support import OPENID, START
from tests.growth import assert_linear
from wxalarm.logs.app import (
    AppLines,
    cause,
    entry,
    errcode,
    first_of,
    has_zone,
    headline,
    is_step,
    misses,
    names_another,
    names_head,
    request,
    said,
    shape_of,
    spent,
    tag,
    telling,
    told_before,
    trouble,
    uncaught,
    waited,
    whom,
)
from wxalarm.model import BEIJING

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
    "windows": "错误\t2024/12/25 10:04:57\tIIS AspNetCore Module V2\t1018\t{}",
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


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"No servers available for service: mall-wechat", "instances"),
        (
            b"com.netflix.client.ClientException: Load balancer does not have available server for client: wx",
            "instances",
        ),
        (b"[warn] no healthy upstream", "instances"),
        (
            b"[W] [vhost/http.go:118] do http proxy request [host: a.example.com] error: no route found: a /",
            "tunnel",
        ),
        (b"RedisException: MISCONF Redis is configured to save RDB snapshots", "store"),
        (b"ERROR 1290 (HY000): The MySQL server is running with the --read-only option so it cannot execute", "store"),
        (b"http: TLS handshake error from 203.0.113.7:3821: remote error: tls: expired certificate", "certificate"),
        (b"javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown", "certificate"),
        (b"INFO registered with no available options", None),
    ],
)
def test_who_had_nobody_to_pass_a_request_on_to_and_what_takes_no_writes(line: bytes, name: str | None) -> None:
    assert cause(line) == name
    assert trouble(line) is (name is not None)


def test_windows_writes_days_and_hours_without_zeros() -> None:
    lines = [b"2024/2/3 9:04:57 started", b"2024/12/25 10:04:57 stopped"]
    assert shape_of(lines) == "windows"
    parser = AppLines("windows", 8 * 3600, 2024)
    assert [parser.time_of(line) for line in lines] == [1706922297.0, 1735092297.0]


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
        (b"Disk is full writing './a' (Errcode: 28 - No space left on device)", None),
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
        ("POST /wx?openid=oX => generated 7 bytes in 7200 msecs (HTTP/1.1 200)", 7.2),
        ('[GIN] 2024/12/25 - 10:05:04 | 200 |  7.200477213s |    203.0.113.7 | POST     "/wx?openid=oX"', 7.200477213),
        ('[GIN] 2024/12/25 - 10:05:04 | 200 |     412.608µs |    203.0.113.7 | GET      "/healthz"', 0.000412608),
        ("POST /wx?openid=oX 200 7200.123 ms - 7", 7.200123),
        (" POST /api/wx 200 in 7200ms", 7.2),
        ('"POST http://wx.example.com/wx HTTP/1.1" from 203.0.113.7:4711 - 200 7B in 7.2s', 7.2),
        ("Completed 200 OK in 7200ms (Views: 1.2ms | ActiveRecord: 7100.0ms)", 7.2),
        ("[7200.552ms] [rows:1] SELECT * FROM `logs` WHERE openid = 'oX'", 7.200552),
        ("  User Load (7200.5ms)  SELECT users.* FROM users", 7.2005),
        ("slow sql 7200 millis. SELECT 1", 7.2),
        ("push from oX: cached session (7200s)", None),
        ("heartbeat [30s] oX", None),
        ("<Content><![CDATA[cook it (30s) SELECT]]></Content>", None),
        ("<Content><![CDATA[it took 30s]]></Content>", None),
        ("oX <Content><![CDATA[it took 30s]]></Content> handled, took 1.5s", 1.5),
        ("oX <Content><![CDATA[it took 30s", None),
        ("GET /x?w=[99s] 200 1.0 ms - 5", 0.001),
        ("POST /wx?q=(9s) 200 10 ms - 7", 0.01),
        ("POST /wx?x=1|9s 200 10 ms - 7", 0.01),
        ("POST /wx?x=|200|9s| 200 10 ms - 7", 0.01),
        ("GET https://api.example.com/cgi-bin/token 200 expires in 7200s", None),
        ('"POST /wx?openid=oX" 502 retry in 10s', None),
        ("POST /wx?t=7s HTTP/1.1 200, timeout of 7200ms exceeded", None),
        ("worker 7 waits | 200 | 7.2s", None),
        ("[7 ms-steps] oX", None),
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


def test_the_journal_prints_months_as_the_locale_has_them() -> None:
    for text in ("Dec 25 10:04:57 web01 kernel: x", "12月 25 10:04:57 web01 kernel: x"):
        assert AppLines("syslog", 8 * 3600, 2024).time_of(text.encode()) == START
        assert shape_of([text.encode()]) == "syslog"
    early = AppLines("syslog", 8 * 3600, 2024).time_of(" 1月  3 00:00:00 web01 systemd[1]: x".encode())
    assert early == datetime(2024, 1, 3, tzinfo=BEIJING).timestamp()
    assert AppLines("syslog", 0, 2024).time_of("13月 25 10:04:57 web01 x".encode()) is None


def test_a_jvm_that_stood_still() -> None:
    full = b"[2026-06-16T14:20:46.928+0800][info][gc] GC(1183) Pause Full (G1 Compaction Pause) 4093M->4021M(4096M) %s"
    for text, reason in (
        (full % b"17402.118ms", "pause"),
        (full % b"402.118ms", None),
        (b"GC(1182) Pause Young (Normal) (G1 Evacuation Pause) 4090M->4081M(4096M) 8188.207ms", None),
        (b"[Full GC (Ergonomics) 4093M->4021M(4096M), 9.1 secs] [Times: user=30.1 sys=0.2, real=9.12 secs]", "pause"),
        (b"[Full GC (Ergonomics) 93M->21M(4096M), 0.1 secs] [Times: user=0.1 sys=0.0, real=0.12 secs]", None),
    ):
        assert (cause(text), trouble(text)) == (reason, reason is not None)


def test_of_a_long_line_the_error_that_it_names_is_shown() -> None:
    line = (
        b'{"level":50,"req":{"url":"'
        + b"/x" * 90
        + b'"},"err":{"type":"TypeError","stack":"TypeError: no trim at a.ts:12"}}'
    )
    assert b"TypeError: no trim at a.ts:12" in telling(line)[:160]
    assert telling(b"TypeError: " + b"x" * 300) == b"TypeError: " + b"x" * 300


THINKPHP = "[2024-12-25T10:04:57+08:00][error] [8]未定义数组索引: Content[/srv/app/controller/Wechat.php:58]".encode()


def test_levels_in_small_letters_and_as_numbers() -> None:
    for line in (
        THINKPHP,
        b"[ error ] [10500]SQLSTATE x[/srv/think/Db.php:7]",
        b'{"level":50,"time":1735092297000,"msg":"x"}',
        b'{"level": 60,"msg":"x"}',
        b"2024-12-25 10:04:57.512 error: x",
        b"2024-12-25T10:04:57Z\terror\tx",
        b"2024-12-25 10:04:57 +08:00 [error] x",
    ):
        assert trouble(line), line
    for line in (
        b"[2024-12-25T10:04:57+08:00][info] x",
        b'{"level":30,"msg":"x"}',
        b'{"level":500,"msg":"x"}',
        b"2024-12-25 10:04:57 info: 0 error in 3 s",
        b"GET /error HTTP/1.1",
        b"10:04:57 errors: none",
    ):
        assert not trouble(line), line


@pytest.mark.parametrize("piece", [b"[error] [8]", b"[error] [8]" * 60 + b"[" * 900, b"x: /a", b"0:     at x"])
def test_time_grows_with_a_hostile_line(piece: bytes) -> None:
    def made(size: int) -> Callable[[], object]:
        line = (piece * size)[:size]
        return lambda: [
            (trouble(line), uncaught(line), whom(line), is_step(line), told_before(line)) for _ in range(20)
        ]

    assert_linear(made, 4096)


def test_thinkphp_logs_what_nobody_caught() -> None:
    assert uncaught(THINKPHP)
    assert not uncaught(THINKPHP.replace(b".php:58]", b"]"))
    assert not uncaught(THINKPHP.replace(b"[error]", b"[info]"))


@pytest.mark.parametrize(
    "text",
    [
        THINKPHP,
        b'PHP Warning:  Undefined array key "EventKey" in /srv/wx.php on line 53',
        b"PHP Notice:  Trying to get property of non-object",
        b"KeyError: 'Content'",
        b"java.lang.NullPointerException: null",
        b"TypeError: Cannot read properties of undefined (reading 'trim')",
        b"TypeError: Cannot read property 'xml' of null",
        b"AttributeError: 'NoneType' object has no attribute 'text'",
        b"panic: runtime error: invalid memory address or nil pointer dereference",
        b"System.NullReferenceException: Object reference not set to an instance of an object.",
        b"NoMethodError (undefined method `strip' for nil:NilClass)",
    ],
)
def test_errors_that_something_is_not_there(text: bytes) -> None:
    assert misses(text)
    assert not misses(b"ValueError: x; SQLSTATE[42S22]: Column not found; undefined symbol; null; the key error")


def test_of_which_request_an_error_is() -> None:
    for text, whose in (
        (b"Forbidden (CSRF cookie not set.): /admin", b"/admin"),
        (b"ERROR POST https://wx.example.com/pay?x=1 failed", b"/pay?x=1"),
        (b"Exception on /pay [POST]\nTraceback", b"/pay"),
        (b"http: panic serving 203.0.113.9:38214: x", b"203.0.113.9"),
        (b"http: panic serving [2001:db8::7]:38214: x", b"2001:db8::7"),
        (b"ERROR x in /srv/app/wx.php:58", None),
        (b"KeyError: 'POST'", None),
    ):
        assert whom(text) == whose, text


def test_what_stands_before_the_line_with_its_time() -> None:
    assert told_before(b"Forbidden (CSRF cookie not set.): /pay/notify/")
    assert told_before(b"Not Found: /wx")
    assert told_before(b"Method Not Allowed (POST): /wx")
    assert not told_before(b"ERROR Forbidden: /wx")
    assert not told_before(b"Forbidden by rule: it said no")
    assert not told_before(b"Not Found: /wx was asked for")


def test_a_step_of_a_stack_with_a_time_of_its_own() -> None:
    assert is_step(b"0|wx | 2024-12-25T10:04:57:     at Layer.handle (/srv/router/layer.js:95:5)")
    assert is_step(b"web-1  |     at async /app/src/wx.js:31:19")
    assert not is_step(b"0|wx | 2024-12-25T10:04:57: arrived at 10:04:57")
    assert not is_step(b"web-1  | TypeError: x at wx.js:31:19")


def test_a_tunnel_behind_which_nobody_listens() -> None:
    for text in (
        b"[W] [client/control.go:1] [wx] connect to local service [127.0.0.1:3000] error: dial tcp: refused",
        b'lvl=warn msg="failed to open private leg" privaddr=localhost:80 err="connection refused"',
    ):
        assert cause(text) == "local"
    assert cause(b"[I] [wx] connect to local service [127.0.0.1:3000]") is None
    assert cause(b"no route found: wx.example.com /") == "tunnel"


def test_a_process_that_the_kernel_ended() -> None:
    for text in (
        b"kernel: Out of memory: Killed process 21877 (java) total-vm:4718592kB",
        b"kernel: Memory cgroup out of memory: Killed process 7 (node)",
        b"kernel: mysqldump invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0",
    ):
        assert (cause(text), trouble(text)) == ("oom", True)
    assert cause(b"java.lang.OutOfMemoryError: Java heap space") == "memory"


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


@pytest.mark.parametrize(
    ("text", "reason", "seconds"),
    [
        ("HikariPool-1 - Connection is not available, request timed out after 30000ms.", "pool", 30),
        ("com.alibaba.druid.pool.GetConnectionTimeoutException: wait millis 60000, active 20", "pool", 60),
        ("java.util.NoSuchElementException: Timeout waiting for idle object", "pool", None),
        ("redis.clients.jedis.exceptions.JedisException: Could not get a resource from the pool", "pool", None),
        ("org.apache.http.conn.ConnectionPoolTimeoutException: Timeout waiting for connection from pool", "pool", None),
        ("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00", "pool", 30),
        ("psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec", "pool", 30),
        ("KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full.", "pool", None),
        ("TimeoutError: ResourceRequest timed out", "pool", None),
        ("could not obtain a connection from the pool within 5.000 seconds (waited 5.001 seconds)", "pool", 5),
        ("Timeout expired. The timeout period elapsed prior to obtaining a connection from the pool.", "pool", None),
        ("Timed out fetching a new connection from the connection pool.", "pool", None),
        ("redis: connection pool timeout", "pool", None),
        ("mysql.connector.errors.PoolError: Failed getting connection; pool exhausted", "pool", None),
        ("Operation timed out after 5001 milliseconds with 0 bytes received", "timeout", 5.001),
        ("AxiosError: timeout of 5000ms exceeded, ETIMEDOUT", "timeout", 5),
        ("Maximum execution time of 30 seconds exceeded", "timeout", 30),
        ("got a connection from the pool", None, None),
        ("thread pool exhausted", None, None),
        ("HikariPool-1 - Pool stats (total=10, active=0, idle=10, waiting=0)", None, None),
        ("timeout of the job: none", None, None),
    ],
)
def test_a_pool_that_is_empty_and_how_long_was_waited(text: str, reason: str | None, seconds: float | None) -> None:
    assert cause(text.encode()) == reason
    assert waited(text.encode()) == (None if seconds is None else pytest.approx(seconds))
    assert trouble(text.encode()) is (reason is not None)


def test_what_nobody_caught() -> None:
    for text in (
        b"PHP Fatal error:  Uncaught HttpException: x",
        b"http: panic serving 203.0.113.7:4000: x",
        b"ERROR Servlet.service() for servlet [dispatcherServlet] threw exception",
        b"ERROR in app: Exception on /callback [POST]",
        b"Internal Server Error: /callback",
        b"Error handling request /callback",
    ):
        assert uncaught(text), text
        assert trouble(text), text
    for text in (b"PHP Warning:  Undefined array key", b"ERROR order failed", b'"POST /x" 500 Internal Server Error'):
        assert not uncaught(text), text


def test_the_head_of_an_openid_may_be_its_users() -> None:
    user = b"oAAAA0bcdefghijklmnopqrstu01"
    for text in (b"get('oAAAA0bcdefghij...')", b"oAAAA0bcdefg\xe2\x80\xa6"):
        assert names_head(text, user)
        assert not names_another(text, user)
    for text in (b"get('oAAAA0bcdeXX...')", b"get('oZZZZ0bcdefghij...')"):
        assert not names_head(text, user)
        assert names_another(text, user)
    for text in (b"get('oAAAA0bcd...')", b"openapi-and-more...", b"oAAAA0bcdefghij", b"oAAAA0bcdefghij****"):
        assert not names_head(text, user), text
        assert not names_another(text, user), text


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ('[25/Dec/2024 10:04:57] "POST /callback?openid=oA HTTP/1.0" 403 2870', True),
        ('[GIN] 2024/12/25 - 10:04:57 | 500 |  1.2ms | 203.0.113.7 | POST     "/callback?openid=oA"', True),
        ('Started POST "/callback?timestamp=200" for 203.0.113.7 at 2024-12-25 10:04:57 +0800', False),
        ("INFO POST http://wx.example.com:8080/callback begins", False),
        ("Forbidden (CSRF cookie not set.): /callback", None),
        ("INFO push of oA", None),
    ],
)
def test_a_request_line_says_how_it_ended_or_not(text: str, over: bool | None) -> None:
    assert request(text.encode()) is over


POOL = b"java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out"


def test_empty_lines_may_stand_before_a_stack_and_within() -> None:
    spring = [b"2024 ERROR x", b"", b"a.B.CException: y; nested exception is " + POOL, *[b"\tat a.B.c(B.java:1)"] * 60]
    spring += [b"Caused by: " + POOL, b"\t... 42 more", b"", b"2024 INFO y"]
    assert entry(spring, 0) == (0, len(spring) - 2, 13)
    assert headline(spring[: len(spring) - 2]) == "2024 ERROR x … ".encode() + spring[-4]
    python = [b"ERROR x", b"Traceback (most recent call last):", b"KeyError: 1", b""]
    python += [b"During handling of the above exception, another exception occurred:", b"", b"Traceback (most recent"]
    assert entry([*python, b"  File x", b"ValueError: 2", b"", b"", b"Traceback (most"], 0)[1] == 9
    assert entry([b"ERROR x", b"", b"INFO y"], 0)[1] == 1
    assert first_of(spring, 40) == 0
    assert first_of([b"INFO x", *spring[1:]], 40) == 40, "what stands before the stack is no error"


def test_what_caused_an_error_is_shown_when_only_it_names_a_reason() -> None:
    named = b"2024 ERROR java.lang.IllegalStateException: no handler"
    assert headline([named, b"Caused by: " + POOL]) == named + " … ".encode() + b"Caused by: " + POOL
    assert headline([named + b" timed out", b"Caused by: " + POOL]) == named + b" timed out"
    both = [b"ERROR x", b"### Cause: " + POOL, b"Caused by: java.io.IOException: closed"]
    assert headline(both) == "ERROR x … ".encode() + both[1]
    spring = b"2024-12-25 10:04:57.127 ERROR 1 --- [io-8080-exec-37] " + b"x" * 100
    assert headline([spring, b"Caused by: " + POOL]) == spring[:60] + "… Caused by: ".encode() + POOL
    long = b"ERROR " + "处理关注事件失败".encode() * 20
    assert "�" not in headline([long, b"Caused by: " + POOL]).decode("utf-8", "replace")


def test_the_steps_of_a_stack_say_nothing() -> None:
    lines = [b"ERROR x", b"\tat a.Pool.createTimeoutException(Pool.java:1)", b"#3 /srv/x.php(3): csrf_token()", b"end"]
    assert said(lines) == b"ERROR x\nend"


SERILOG = b"2026-06-18 03:15:48.441 +08:00 [ERR] HTTP POST /wx responded 500 in 84.1173 ms"
RAISED = b"Microsoft.EntityFrameworkCore.DbUpdateException: An error occurred while saving. See the inner exception."
INNER = b" ---> Microsoft.Data.SqlClient.SqlException (0x80131904): The transaction log for database 'Shop' is full."


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        (SERILOG, True),
        (b"[03:15:48 FTL] Host terminated", True),
        (b"fail: Microsoft.AspNetCore.Server.Kestrel[13]", True),
        (b'time="2026-06-18T03:15:48Z" level=error msg="no"', True),
        (SERILOG.replace(b"[ERR]", b"[INF]").replace(b"500", b"200"), False),
        (b"it did not fail: all is well", False),
        (b'time="2026-06-18T03:15:48Z" level=info msg="no error"', False),
    ],
)
def test_levels_of_other_loggers(line: bytes, bad: bool) -> None:
    assert trouble(line) is bad


def test_an_exception_of_dotnet_and_the_one_inside_it() -> None:
    entry = [SERILOG, RAISED, INNER, b"   at Shop.Save(Event e) in D:\\Shop.cs:line 47"]
    assert headline(entry) == SERILOG + " … ".encode() + INNER.strip()
    assert uncaught(b"\n".join(entry))
    assert not uncaught(SERILOG), "a handler may answer 500 by itself"
    assert cause(b"\n".join(entry)) == "disk"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (
            b"FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory",
            "heap",
        ),
        (b"Error writing file '/var/lib/mysql/binlog.000412' (OS errno 28 - No space left on device)", "disk"),
        (b"Error: ENOSPC: no space left on device, write", "disk"),
        (b"the disk is fuller than yesterday", None),
        (b"java.lang.OutOfMemoryError: Java heap space", "memory"),
    ],
)
def test_what_ran_out(line: bytes, name: str | None) -> None:
    assert cause(line) == name


UUID = b"8f2d3c1a-77b4-4c12-8d0a-000000000302"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"2026-05-30T14:48:16.902Z\t" + UUID + b"\tINFO\tPOST /", UUID),
        (b"START RequestId: " + UUID, UUID),
        (b"[" + UUID + b"] began", UUID),
        (b"[0123456789abcdef] began", b"0123456789abcdef"),
        (b"file-" + UUID + b".txt", None),
        (b"2026-05-30 14:48:16 nothing", None),
    ],
)
def test_the_id_of_a_request_stands_behind_its_name_or_alone(line: bytes, found: bytes | None) -> None:
    assert tag(line) == found


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b'level=ERROR msg="decrypt push failed" err="wxcrypt: pkcs7: invalid padding size 201 (-40007)"', "decrypt"),
        (b"wechatpy.exceptions.InvalidSignatureException: Error code: -40001", "decrypt"),
        (b"WXBizMsgCrypt: ValidateSignatureError", "decrypt"),
        ("解密失败，请检查 EncodingAESKey".encode(), "decrypt"),
        (b'{"errcode":40001,"errmsg":"invalid credential"}', None),
        (b"order-40007 is paid", None),
        (b"decrypted and failed over", None),
    ],
)
def test_what_could_not_be_opened(line: bytes, name: str | None) -> None:
    assert cause(line) == name
