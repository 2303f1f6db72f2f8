"""Request lines of web frameworks, servers and balancers: the table, one entry each, with a line of it.

A pattern names what it finds as nginx's variables are named; `took` is the duration. `unit` says its unit only where
the program writes no other under that form; else it stands behind the number, or is asked for. The sample is one push
to /wx at 2023-11-14 22:13:20 UTC, 06:13:20 +0800. `left` is how the program marks that the client left before
its answer, where it does not write 499 as nginx does.
Sources: the programs' own sources and manuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from re import Pattern

from wxalarm.patterns import compiled

_PUSH = "/wx?signature=3f1d&timestamp=1700000000&nonce=1234567890&openid=oEXAMPLEopenid00000000000001"
_IP = r"(?P<remote_addr>[0-9A-Fa-f.:]+)"
_METHOD = r"(?P<request_method>[A-Z]{3,9})"
_URI = r"(?P<request_uri>[^\s\"]+)"
_REQUEST = rf"{_METHOD} {_URI}(?: HTTP/[\d.]+)?"
_STATUS = r"(?P<status>\d{3})"
_SIZE = r"(?P<body_bytes_sent>\d+|-)"
_CLF = r"\[(?P<time>\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"
_NO_ZONE = r"\[(?P<time>\d\d/[A-Z][a-z][a-z]/\d{4} \d\d:\d\d:\d\d)\]"
_CTIME = r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\]"
_SLASHED = r"(?P<time>\d{4}/\d\d/\d\d(?: -)? \d\d:\d\d:\d\d)"
_ISO = r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
_CLF_LINE = rf"{_IP} \S+ \S+ {_CLF} \"{_REQUEST}\" {_STATUS} {_SIZE}"
_FPM = rf"{_IP} - \S* (?P<time>\d\d/[A-Z][a-z][a-z]/\d{{4}}:\d\d:\d\d:\d\d [+-]\d{{4}}) \"{_METHOD} {_URI}\" {_STATUS}"
_GO = r"(?P<took>[\d.]+(?:ns|µs|us|ms|s)|\d+m[\d.]+s)"


@dataclass(frozen=True)
class Framework:
    """One form of request lines."""

    name: str
    form: str
    """The pattern, from anywhere in the line: what a logger or a container puts before it does not matter."""
    sample: str
    unit: str | None = None
    """s, ms, us or ns of `took`; None when it stands behind the number, is asked for, or there is no duration."""
    left: str = ""
    """What stands in every line with such a mark, and in few others."""
    passes: bool = False
    """It passes requests on; else its lines are the application's own."""
    starts: bool = False
    """Its times are those at which requests began."""
    asks: bool = False
    """It is written in more than one unit, and only who configured it can say which."""
    fraction: bool = False
    """All who write a fraction there write seconds."""

    @cached_property
    def pattern(self) -> Pattern[str]:
        """The compiled form."""
        return compiled(self.form)


FRAMEWORKS = (
    Framework(
        "gin",
        rf"\[GIN\] {_SLASHED} \|\s*{_STATUS} \|\s*{_GO} \|\s*{_IP} \|\s*{_METHOD}\s+\"{_URI}\"",
        f'[GIN] 2023/11/15 - 06:13:20 | 200 |    1.234567ms |    203.0.113.10 | POST     "{_PUSH}"',
    ),
    Framework(
        "fiber",
        rf"\[(?P<time>\d\d:\d\d:\d\d)\] (?:{_IP} )?\s*{_STATUS} -\s+{_GO} {_METHOD}\s+{_URI}",
        "[06:13:20] 203.0.113.10 200 -    1.234567ms POST    /wx -",
    ),
    Framework(
        "fiber, in columns",
        rf"(?P<time>\d\d:\d\d:\d\d) \|\s*{_STATUS} \|\s*{_GO} \|\s*{_IP} \|\s*{_METHOD}\s*\|\s*{_URI}",
        "06:13:20 | 200 |      1.2345ms |    203.0.113.10 | POST    | /wx       | -",
    ),
    Framework(
        "chi",
        rf"{_SLASHED} (?:\[[^\]\n]*\] )?\"{_METHOD} https?://[^/\s]+{_URI} HTTP/[\d.]+\" from \S+ - {_STATUS} "
        rf"(?P<body_bytes_sent>\d+)B in {_GO}",
        f'2023/11/15 06:13:20 "POST http://example.com{_PUSH} HTTP/1.1" from 203.0.113.10:40001 - 200 7B in 1.234567ms',
    ),
    Framework(
        "GoFrame",
        rf"{_ISO} (?:\{{\w+\}} )?{_STATUS} \"{_METHOD} \S+ \S+ {_URI} HTTP/[\d.]+\" (?P<took>[\d.]+), {_IP}",
        "2023-11-15T06:13:20.123+08:00 {5f3c0a} 200 "
        f'"POST http example.com {_PUSH} HTTP/1.1" 0.001, 203.0.113.10, "-", "Mozilla/4.0"',
        unit="s",
    ),
    Framework(
        "beego",
        rf"{_SLASHED}(?:\.\d+)? .*?\|\s*{_IP}\|\s*{_STATUS}\s*\|\s*{_GO}\|\s*\w+\|\s*{_METHOD}\s+{_URI}",
        f"2023/11/15 06:13:20.123 [D] |   203.0.113.10| 200 |   1.234567ms|   match| POST     {_PUSH}   r:/wx",
    ),
    Framework(
        "web.py",
        rf"{_IP}:\d+ - - {_NO_ZONE} \"HTTP/[\d.]+ {_METHOD} {_URI}\" - {_STATUS}",
        '203.0.113.10:40001 - - [15/Nov/2023 06:13:20] "HTTP/1.1 POST /wx" - 200 OK',
    ),
    Framework(
        "Django",
        rf"(?<!- ){_NO_ZONE} (?:[A-Z]+ )?\"{_REQUEST}\" {_STATUS} {_SIZE}",
        f'[15/Nov/2023 06:13:20] "POST {_PUSH} HTTP/1.1" 200 7',
    ),
    Framework(
        "werkzeug",
        rf"{_IP} - - {_NO_ZONE} \"{_REQUEST}\" {_STATUS} {_SIZE}",
        f'203.0.113.10 - - [15/Nov/2023 06:13:20] "POST {_PUSH} HTTP/1.1" 200 -',
    ),
    Framework(
        "uvicorn",
        rf"(?:INFO:?\s+)?{_IP}:\d+ - \"{_REQUEST}\" {_STATUS}\b",
        f'INFO:     203.0.113.10:40001 - "POST {_PUSH} HTTP/1.1" 200 OK',
    ),
    Framework(
        "aiohttp",
        rf"{_IP} {_CLF} \"{_REQUEST}\" {_STATUS} {_SIZE}",
        f'203.0.113.10 [15/Nov/2023:06:13:20 +0800] "POST {_PUSH} HTTP/1.1" 200 158 "-" "Mozilla/4.0"',
        starts=True,
    ),
    Framework(
        "tornado",
        rf"\[[IWE] (?P<time>\d{{6}} \d\d:\d\d:\d\d) [\w.]+:\d+\] {_STATUS} {_METHOD} {_URI} \({_IP}\) "
        r"(?P<took>[\d.]+)ms",
        f"[I 231115 06:13:20 web:2348] 200 POST {_PUSH} (203.0.113.10) 1.23ms",
        unit="ms",
    ),
    Framework(
        "morgan dev",
        rf"(?:^|\s){_METHOD} (?P<request_uri>/\S*) (?:{_STATUS}|(?P<left>-)) (?P<took>[\d.]+|-) ms - {_SIZE}",
        f"POST {_PUSH} 200 1.234 ms - 7",
        unit="ms",
        left=" - - ms",
    ),
    Framework(
        "morgan tiny",
        rf"(?:^|\s){_METHOD} (?P<request_uri>/\S*)(?: HTTP/[\d.]+)? (?:{_STATUS}|(?P<left>-)) {_SIZE} - "
        r"(?P<took>[\d.]+|-) ms",
        f"203.0.113.10 - POST {_PUSH} HTTP/1.1 200 7 - 1.234 ms",
        unit="ms",
        left=" - - - ms",
    ),
    Framework(
        "koa-logger",
        rf"(?:-->|xxx|(?P<left>-x-)) {_METHOD} (?P<request_uri>/\S*) {_STATUS} (?P<took>[\d.]+m?s)",
        f"  --> POST {_PUSH} 200 5ms 7b",
        left="-x-",
    ),
    Framework(
        "Traefik",
        rf"{_IP} - \S+ {_CLF} \"{_REQUEST}\" {_STATUS} {_SIZE} \"[^\"]*\" \"[^\"]*\" \d+ \"[^\"]*\" "
        r"\"(?:https?://)?(?P<upstream_addr>[^\"]*)\" (?P<took>\d+)ms",
        f'203.0.113.10 - - [14/Nov/2023:22:13:20 +0000] "POST {_PUSH} HTTP/1.1" 200 7 "-" "Mozilla/4.0" 42 "wx@docker" '
        '"http://198.51.100.20:8080" 1ms',
        unit="ms",
        passes=True,
        starts=True,
    ),
    Framework(
        "HAProxy",
        rf"{_IP}:\d+ \[(?P<time>\d\d/[A-Z][a-z][a-z]/\d{{4}}:\d\d:\d\d:\d\d\.\d+)\] \S+ "
        r"\S+/(?:<NOSRV>|(?P<upstream_addr>\S+)) "
        rf"-?\d+/-?\d+/-?\d+/-?\d+/\+?(?P<took>\d+) (?P<status>\d{{3}}|-1) \+?{_SIZE} \S+ \S+ "
        rf"(?:(?P<left>C[\w-]{{3}})|(?P<termination_state>\S+)) .*?\"{_REQUEST}\"",
        "Nov 15 06:13:20 lb haproxy[1234]: 203.0.113.10:40001 [15/Nov/2023:06:13:20.123] https~ wx/app1 0/0/1/12/13 "
        f'200 214 - - ---- 1/1/0/0/0 0/0 "POST {_PUSH} HTTP/1.1"',
        unit="ms",
        left=" C",
        passes=True,
        starts=True,
    ),
    Framework(
        "Envoy",
        rf"\[{_ISO}\] \"{_REQUEST}\" (?P<status>\d{{3}}|0) (?:(?P<left>(?:\w+,)*DC(?:,\w+)*)|(?P<response_flags>\S+)) "
        rf"(?:.*? )??\d+ {_SIZE} (?P<took>\d+) (?P<upstream_ms>\d+|-) ",
        f'[2023-11-14T22:13:20.123Z] "POST {_PUSH} HTTP/1.1" 200 - 412 7 12 11 "203.0.113.10" "Mozilla/4.0" '
        '"6f1c1d2e" "example.com" "198.51.100.20:8080"',
        unit="ms",
        left="DC",
        passes=True,
        starts=True,
    ),
    Framework(
        "AWS ALB",
        rf"\S+ {_ISO} app/\S+ {_IP}:\d+ (?P<upstream_addr>\S+) (?:-1|\d+\.\d{{3}}) (?:(?P<took>\d+\.\d{{3}})|-1) "
        rf"(?:-1|\d+\.\d{{3}}) (?:(?P<left>460)|{_STATUS}) (?P<upstream_status>\d{{3}}|-) \d+ {_SIZE} "
        rf"\"{_METHOD} https?://[^/\s\"]*{_URI} HTTP/[\d.]+\"",
        "https 2023-11-14T22:13:20.186641Z app/wx/50dc6c495c0c9188 203.0.113.10:40001 198.51.100.20:80 0.000 0.012 "
        f'0.000 200 200 612 214 "POST https://example.com:443{_PUSH} HTTP/1.1" "Mozilla/4.0" ECDHE-RSA TLSv1.2',
        unit="s",
        left=" 460 ",
        passes=True,
    ),
    Framework(
        "Tencent CLB",
        rf"\[\w+\] {_CLF} \[[A-Z]+\] \[[^\]]*\] \[[^\]]*\] \[{_IP}:\d+\] \[{_STATUS}\] \[(?P<upstream_addr>[^\]]*)\] "
        rf"\[(?P<upstream_status>[^\]]*)\] \[[^\]]*\] \[{_REQUEST}\] \[\d+\] \[\d+\] \[[^\]]*\] \[[^\]]*\] \[[^\]]*\] "
        r"\[(?P<took>\d+\.\d{3})\] \[(?P<upstream_response_time>[^\]]*)\]",
        "[1a2b3c] [15/Nov/2023:06:13:20 +0800] [HTTPS] [198.51.100.1:443] [example.com] [203.0.113.10:40001] [200] "
        f"[198.51.100.20:80] [200] [-] [POST {_PUSH} HTTP/1.1] [612] [214] [example.com] [Mozilla/4.0] [-] [0.012] "
        "[0.011] [0.001] [0.011]",
        unit="s",
        passes=True,
    ),
    Framework(
        "uWSGI",
        rf"\[pid: \d+\|.*?\] {_IP} \(.*?\) \{{.*?\}} {_CTIME} {_METHOD} {_URI} => generated (?P<body_bytes_sent>\d+) "
        rf"bytes in (?P<took>\d+ (?:msecs|micros)) \(HTTP/[\d.]+ {_STATUS}\)",
        "[pid: 1234|app: 0|req: 415/1850] 203.0.113.10 () {66 vars in 1417 bytes} [Wed Nov 15 06:13:20 2023] "
        f"POST {_PUSH} => generated 7 bytes in 12 msecs (HTTP/1.1 200) 2 headers in 80 bytes",
        starts=True,  # core/logging.c: start_of_request_in_sec
    ),
    Framework(
        "PHP built-in",
        rf"{_CTIME} \[?{_IP}\]?:\d+ \[{_STATUS}\]: (?:{_METHOD} )?(?P<request_uri>/\S*)",
        f"[Wed Nov 15 06:13:20 2023] 203.0.113.10:40001 [200]: POST {_PUSH}",
    ),
    Framework(
        "PHP-FPM, %{micro}d",
        rf"{_FPM} (?P<upstream_script>/\S+) (?P<took>\d+)(?=\s|$)",
        f'203.0.113.10 -  15/Nov/2023:06:13:20 +0800 "POST /index.php{_PUSH[3:]}" 200 /var/www/index.php 12345 2048',
        unit="us",  # the one of its units that has no fraction
        starts=True,
    ),
    Framework(
        "PHP-FPM",  # %d are seconds, %{milli}d milliseconds, both with three decimals
        rf"{_FPM}(?: (?P<upstream_script>/\S+) (?P<took>\d+\.\d+))?",
        f'203.0.113.10 -  15/Nov/2023:06:13:20 +0800 "POST /index.php{_PUSH[3:]}" 200 /var/www/index.php 12.345 2048',
        asks=True,
        starts=True,
    ),
    Framework(
        "Rails, one line",
        rf"method={_METHOD} path=(?P<request_uri>[^\s\"]+) .*?controller=\S+ action=\S+ .*?status={_STATUS} "
        r"duration=(?P<took>[\d.]+)(?=\s|$)",
        "I, [2023-11-15T06:13:20.123456 #1234]  INFO -- : method=POST path=/wx format=html controller=WxController "
        "action=create status=200 duration=12.34 view=0.01",
        unit="ms",
    ),
    Framework(
        # %D of Tomcat 9 are milliseconds, of Tomcat 10.1 and Apache microseconds; %T are seconds, of Tomcat 9
        # with a fraction; %(L)s of gunicorn, too.
        "clf",
        rf"{_CLF_LINE}(?: \"[^\"]*\"){{0,3}} \"?(?P<took>\d+(?:\.\d+)?(?:[mun]?s|µs)?)\"?\s*\Z",
        f'203.0.113.10 - - [15/Nov/2023:06:13:20 +0800] "POST {_PUSH} HTTP/1.1" 200 7 "-" "Mozilla/4.0" 12345',
        passes=True,
        asks=True,
        fraction=True,
    ),
    Framework(
        "hypercorn",
        rf"{_IP}:\d+ - - {_CLF} \"{_METHOD} {_URI} [\d.]+\" {_STATUS} {_SIZE}",
        '203.0.113.10:40001 - - [15/Nov/2023:06:13:20 +0800] "POST /wx 1.1" 200 7 "-" "Mozilla/4.0"',
    ),
    Framework(
        "Apache vhost_combined",
        rf"\S+:\d+ {_IP} \S+ \S+ {_CLF} \"{_REQUEST}\" {_STATUS} {_SIZE}",
        "example.com:443 203.0.113.10 - - [15/Nov/2023:06:13:20 +0800] "
        f'"POST {_PUSH} HTTP/1.1" 200 7 "-" "Mozilla/4.0"',
        passes=True,
        starts=True,
    ),
    Framework(
        "gunicorn, in a log of the machine",
        rf"{_IP} - \S+ {_CLF} \"{_REQUEST}\" {_STATUS} {_SIZE}",
        "Nov 15 06:13:20 host gunicorn[1234]: "
        f'203.0.113.10 - - [15/Nov/2023:06:13:20 +0800] "POST {_PUSH} HTTP/1.1" 200 7 "-" "Mozilla/4.0"',
    ),
    Framework(
        "ASP.NET Core",
        rf"Request finished HTTP/[\d.]+ {_METHOD} https?://[^/\s]+{_URI} (?:\S* ?(?:\d+|-)? )?- {_STATUS} {_SIZE}"
        r"[^\n]*? (?P<took>[\d.]+ms)",
        f"      Request finished HTTP/1.1 POST http://example.com{_PUSH} - 200 7 text/plain;+charset=utf-8 1.2345ms",
    ),
    Framework(
        "Ktor",
        rf"{_ISO}[^\n]{{0,120}}? {_STATUS} [A-Z][\w' -]{{1,40}}: {_METHOD} - {_URI}(?: in (?P<took>\d+ms))?",
        "2023-11-15 06:13:20.123 [eventLoopGroupProxy-4-1] INFO  Application - 200 OK: POST - /wx in 12ms",
    ),
    Framework(
        "GoFrame and others, plain",
        rf"{_ISO}[^\n\"]{{0,80}}? \"?{_METHOD} (?P<request_uri>/\S*?)(?: HTTP/[\d.]+)?\"? {_STATUS}(?: {_GO})?(?=\s|$)",
        f"2023-11-15T06:13:20+08:00 INFO http POST {_PUSH} 200 1.234ms",
    ),
)
"""The more particular ones first."""
