"""Every form of request lines: the push of one line is read, a damaged line is not, and nothing that the line does not
say is ever certain."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.made import Made
from wxalarm.checks.check import Skip, Untold
from wxalarm.checks.logs import access_rules
from wxalarm.checks.logs.facts import push
from wxalarm.config import Settings
from wxalarm.diagnosis import contexts
from wxalarm.logs.access_search import Search
from wxalarm.logs.durations import read, took
from wxalarm.logs.formats import TALLIED, Key, Wanted
from wxalarm.logs.frameworks import FRAMEWORKS
from wxalarm.logs.line_parser import LineParser, Within
from wxalarm.logs.mask import shown
from wxalarm.logs.moments import DAY, clock
from wxalarm.logs.parsers import NAMED, detect
from wxalarm.logs.record_parser import RecordParser
from wxalarm.logs.records import target_of
from wxalarm.logs.text_parser import TextParser
from wxalarm.model import Alarm, AlarmKind, Basis, Finding, Sample
from wxalarm.probes import access_log

QUERY = "signature=3f1d&timestamp=1700000000&nonce=1234567890&openid=oEXAMPLEopenid00000000000001"
PUSH = f"/wx?{QUERY}"
AT = 1700000000.0
CST = 8 * 3600


def document(**values: object) -> str:
    return json.dumps(values)


CLF = f'203.0.113.10 - - [15/Nov/2023:06:13:20 +0800] "POST {PUSH} HTTP/1.1" 200 7'
OTHERS: dict[str, tuple[tuple[str, ...], float | None]] = {
    "echo v4": (
        (
            document(
                time="2023-11-15T06:13:20+08:00", method="POST", uri=PUSH, status=200, latency=156425,
                latency_human="156.425µs", bytes_out=7,
            ),
        ),
        0.000156,
    ),
    "echo v5": (
        (document(time="2023-11-15T06:13:20+08:00", method="POST", uri=PUSH, status=200, latency="1ms"),),
        0.001,
    ),
    "Caddy": (
        (
            document(
                level="info", ts=1700000000.1, logger="http.log.access.log0", duration=0.001234567, size=7, status=200,
                request={"remote_ip": "203.0.113.10", "method": "POST", "host": "example.com", "uri": PUSH},
            ),
        ),
        0.001235,
    ),
    "Traefik JSON": (
        (
            document(
                ClientHost="203.0.113.10", DownstreamStatus=200, Duration=1234567, RequestMethod="POST",
                RequestPath=PUSH, StartUTC="2023-11-14T22:13:20.123456789Z", OriginDuration=1100000,
            ),
        ),
        0.001235,
    ),
    "Aliyun ALB": (
        (
            document(
                time="2023-11-15T06:13:20+08:00", client_ip="203.0.113.10", request_method="POST", request_uri=PUSH,
                status="200", request_time="0.012", upstream_status="200", upstream_response_time="0.011",
            ),
        ),
        0.012,
    ),
    "Tencent CLS": (
        (
            document(
                time_local="15/Nov/2023:06:13:20 +0800", remote_addr="203.0.113.10", request=f"POST {PUSH} HTTP/1.1",
                status="200", request_time="0.012",
            ),
        ),
        0.012,
    ),
    "pino-http": (
        (document(time=1700000000123, req={"method": "POST", "url": PUSH}, res={"statusCode": 200}, responseTime=12),),
        0.012,
    ),
    "milliseconds by the key": (
        (document(ts="2023-11-15T06:13:20+08:00", method="POST", path=PUSH, status=200, latency_ms=12),),
        0.012,
    ),
    "microseconds by the key": (
        (document(ts="2023-11-15T06:13:20+08:00", method="POST", path=PUSH, status=200, duration_us=1200),),
        0.0012,
    ),
    "JSON behind a container's time": (
        ("2023-11-14T22:13:20.123Z stdout F " + document(method="POST", uri=PUSH, status=200, took="1.5s"),),
        1.5,
    ),
    "JSON without a zone": (
        (document(time="2023-11-15 06:13:20", method="POST", uri=PUSH, status=200, elapsed="241µs"),),
        0.000241,
    ),
    "Envoy JSON": (
        (
            document(
                start_time="2023-11-14T22:13:20.123Z", method="POST", path=PUSH, response_code=200, duration=12,
                response_flags="-", upstream_host="198.51.100.20:8080", bytes_sent=7,
            ),
        ),
        0.012,
    ),
    "labelled with colons": (
        (f"2023-11-15T06:13:20+08:00 method: POST, uri: {PUSH}, status: 200, cost: 12ms",),
        0.012,
    ),
    "labelled": ((f"time=2023-11-15T06:13:20+08:00 status=499 rt=0.000 method=POST uri={PUSH}",), 0.0),
    "Heroku": (
        (
            f'2023-11-14T22:13:20.1+00:00 heroku[router]: at=info method=POST path="{PUSH}" host=example.com '
            "connect=0ms service=12ms status=200 bytes=7 protocol=https",
        ),
        0.012,
    ),
    "logfmt": (
        (f'ts=2023-11-14T22:13:20Z level=info method=POST path="{PUSH}" status=200 duration=1.2ms',),
        0.0012,
    ),
    "IIS": (
        (
            "#Software: Microsoft Internet Information Services 10.0",
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port c-ip sc-status time-taken",
            f"2023-11-14 22:13:20 198.51.100.1 POST /wx {QUERY} 443 203.0.113.10 200 12",
        ),
        0.012,
    ),
    "IIS, its columns alone": (
        (
            "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status sc-substatus time-taken",
            f"2023-11-14 22:13:20 POST /wx {QUERY} 200 0 12",
        ),
        0.012,
    ),
    "W3C in seconds": (
        (
            "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status time-taken",
            f"2023-11-14 22:13:20 203.0.113.10 POST /wx {QUERY} 200 0.012",
        ),
        0.012,
    ),
    "Tomcat JSON, seconds": (
        (
            document(
                host="203.0.113.10", time="[15/Nov/2023:06:13:20 +0800]", request=f"POST {PUSH} HTTP/1.1",
                statusCode="200", size="7", elapsedTimeS="0.012",
            ),
        ),
        0.012,
    ),
    "CSV": (
        (
            "time,client_ip,request_method,request_uri,status,request_time",
            f"2023-11-15T06:13:20+08:00,203.0.113.10,POST,{PUSH},200,0.012",
        ),
        0.012,
    ),
    "an export in Chinese": (
        (
            "日志时间,客户端IP,请求方法,请求路径,状态码,耗时（毫秒）",
            f'"2023-11-15 06:13:20","203.0.113.10","POST","{PUSH}","200","12"',
        ),
        0.012,
    ),
    "a spreadsheet": (
        (
            "时间\t方法\tURL\t响应状态码\t后端响应时间\t请求耗时(s)",
            f"2023/11/15 6:13:20\tPOST\thttps://example.com{PUSH}\t200\t0.011\t0.012",
        ),
        0.012,
    ),
    "an export of SLS": (
        (
            "__time__,__source__,client_ip,request_method,request_uri,status,request_time,upstream_status",
            f"1700000000,203.0.113.1,203.0.113.10,POST,{PUSH},200,0.012,200",
        ),
        0.012,
    ),
    "CloudFront": (
        (
            "#Version: 1.0",
            "#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status cs-uri-query time-taken",
            f"2023-11-14\t22:13:20\t214\t203.0.113.10\tPOST\t/wx\t200\t{QUERY}\t0.012",
        ),
        0.012,
    ),
    "Cloudflare Logpush": (
        (
            document(
                ClientIP="203.0.113.10", ClientRequestMethod="POST", ClientRequestURI=PUSH, EdgeResponseStatus=200,
                EdgeEndTimestamp="2023-11-14T22:13:20Z", OriginResponseStatus=200,
            ),
        ),
        None,
    ),
    "Cloudflare Logpush, nanoseconds": (
        (
            document(
                ClientRequestMethod="POST", ClientRequestURI=PUSH, EdgeResponseStatus=200,
                EdgeEndTimestamp=1700000000123000000,
            ),
        ),
        None,
    ),
    "Istio JSON": (
        (
            document(
                method="POST", path=PUSH, response_code=200, response_flags="-", duration=12, bytes_sent=7,
                start_time="2023-11-14T22:13:20.123Z", upstream_host="198.51.100.20:8080",
            ),
        ),
        0.012,
    ),
    "GCP's balancer": (
        (
            document(
                timestamp="2023-11-14T22:13:20.123Z",
                httpRequest={
                    "requestMethod": "POST", "requestUrl": f"https://example.com{PUSH}", "status": 200,
                    "latency": "0.012s",
                },
            ),
        ),
        0.012,
    ),
    "ECS": (
        (
            json.dumps(
                {
                    "@timestamp": "2023-11-14T22:13:20.123Z", "http.request.method": "POST", "url.original": PUSH,
                    "http.response.status_code": 200,
                }
            ),
        ),
        None,
    ),
    "express-winston": (
        (
            document(
                level="info", message=f"HTTP POST {PUSH}", timestamp="2023-11-14T22:13:20.123Z",
                meta={"req": {"method": "POST", "url": PUSH}, "res": {"statusCode": 200}, "responseTime": 12},
            ),
        ),
        0.012,
    ),
    "Docker's json-file": (
        (
            document(
                log=f'{CLF} "-" "Mozilla/4.0" "-" rt=0.012 uct="0.001" uht="0.011" urt="0.011"\n', stream="stdout",
                time="2023-11-14T22:13:20.2Z",
            ),
        ),
        0.012,
    ),
    "Docker's json-file, no time of its own": (
        (document(log=f"POST {PUSH} 200 12.000 ms - 7\n", stream="stdout", time="2023-11-14T22:13:20.2Z"),),
        0.012,
    ),
    "ingress behind kubectl's prefix": (
        (
            f"[pod/ingress-0/controller] 2023-11-14T22:13:20.5Z {CLF} "
            '"-" "Mozilla/4.0" 612 0.012 [default-wx-80] [] 198.51.100.20:8080 7 0.011 200 0123',
        ),
        0.012,
    ),
    "nginx behind compose's prefix": (
        (f'web-1  | {CLF} "-" "Mozilla/4.0" "-" 0.012 0.011',),
        0.012,
    ),
    "nginx by syslog": (
        (f'<190>Nov 15 06:13:20 lb nginx: {CLF} "-" "Mozilla/4.0" "-" 0.012 0.011',),
        0.012,
    ),
    "APISIX": (
        (
            f'203.0.113.10 - - [14/Nov/2023:22:13:20 +0000] example.com "POST {PUSH} HTTP/1.1" 200 7 0.012 "-" '
            '"Mozilla/4.0" 198.51.100.20:8080 200 0.011 "http://example.com"',
        ),
        0.012,
    ),
    "go-zero": (
        (
            document(
                **{"@timestamp": "2023-11-15T06:13:20.123+08:00"}, caller="handler/loghandler.go:147",
                content=f"[HTTP] 200 - POST {PUSH} - 203.0.113.10:40001 - Mozilla/4.0", duration="12.0ms", level="info",
            ),
        ),
        0.012,
    ),
    "a message of zap": (
        (document(level="info", ts=1700000000.1, msg=f"POST {PUSH} -> 200 in 12ms"),),
        0.012,
    ),
    "journalctl -o json": (
        (
            document(
                __REALTIME_TIMESTAMP="1700000000123456", _COMM="nginx",
                MESSAGE=f'web01 nginx: {CLF} "-" "Mozilla/4.0" "-" 0.012 0.011',
            ),
        ),
        0.012,
    ),
    "Filebeat": (
        (
            document(
                **{"@timestamp": "2023-11-14T22:13:21.5Z"}, input={"type": "log"}, log={"file": {"path": "/a"}},
                message=f'{CLF} "-" "Mozilla/4.0" "-" 0.012 0.011',
            ),
        ),
        0.012,
    ),
    "Kong's http-log": (
        (
            document(
                request={"method": "POST", "uri": PUSH, "size": 612}, response={"status": 200, "size": 214},
                latencies={"request": 12, "kong": 1, "proxy": 11}, started_at=1700000000123, client_ip="203.0.113.10",
            ),
        ),
        0.012,
    ),
    "Nest": (
        (f"[Nest] 4321  - 11/15/2023, 6:13:20 AM     LOG [HTTP] POST {PUSH} 200 7 - 12ms",),
        0.012,
    ),
    "tower-http": (
        (
            f"2023-11-14T22:13:20.123456Z DEBUG request{{method=POST uri={PUSH} version=HTTP/1.1}}: "
            "tower_http::trace::on_response: finished processing request latency=12 ms status=200",
        ),
        0.012,
    ),
    "Monolog": (
        (f'[2023-11-15 06:13:20] app.INFO: POST {PUSH} {{"status":200,"cost_ms":12}} []',),
        0.012,
    ),
    "Serilog": (
        (f"2023-11-15 06:13:20.123 +08:00 [INF] HTTP POST {PUSH} responded 200 in 12.0000 ms",),
        0.012,
    ),
    "loguru": (
        (f"2023-11-15 06:13:20.123 | INFO     | app:log:12 - POST {PUSH} status=200 took=0.012s",),
        0.012,
    ),
    "Apache common": ((CLF,), None),
    "Apache combined": ((CLF + ' "-" "Mozilla/4.0"',), None),
    "Kong": ((CLF + ' "-" "Mozilla/4.0" kong_request_id: "0123"',), None),
    "an escaped query": ((CLF.replace("&", "&amp;") + ' "-" "Mozilla/4.0"',), None),
}  # fmt: skip
OTHERS |= {
    "Apache common, seconds behind": ((CLF + " 0.012",), None),
    "Apache combined, milliseconds behind": ((CLF + ' "-" "Mozilla/4.0" 12ms',), 0.012),
}
FORMS = {one.name: (one.sample,) for one in FRAMEWORKS} | {name: lines for name, (lines, _) in OTHERS.items()}
NO_QUERY = ("fiber", "fiber, in columns", "Ktor", "web.py", "Rails, one line", "hypercorn")


def parser_of(lines: tuple[str, ...]) -> LineParser | None:
    return detect([line.encode() for line in lines] * 2, wanted=Wanted("/wx", signed=True), local=CST, near=AT)


def test_there_are_enough_forms() -> None:
    assert len(FORMS) >= 30


@pytest.mark.parametrize("name", FORMS)
def test_the_push_is_read(name: str) -> None:
    parser = parser_of(FORMS[name])
    assert parser is not None
    line = FORMS[name][-1].encode()
    record = parser.record(line)
    assert record is not None
    assert record["status"] == ("499" if name == "labelled" else "200")
    (at,) = parser.times(b"\n" + line + b"\n")
    assert int(parser.seconds(at) or 0) == AT
    target = target_of(record) or ""
    assert target.startswith("/index.php" if "PHP-FPM" in name else "/wx")
    assert QUERY in target or name in NO_QUERY
    if "/index.php" not in target:
        times, keys = parser.columns(b"\n" + line + b"\n")
        assert len(times) == len(keys) == 1


@pytest.mark.parametrize("name", FORMS)
def test_a_damaged_line_is_not(name: str) -> None:
    parser = parser_of(FORMS[name])
    assert parser is not None
    line = FORMS[name][-1]
    for damaged in (line[: len(line) // 4], line.replace("200", "2x0").replace("499", "4x9")):
        record = parser.record(damaged.encode())
        assert record is None or record.get("status") not in ("200", "499")


@pytest.mark.parametrize("name", [name for name, (_, seconds) in OTHERS.items() if seconds is not None])
def test_a_duration_has_its_unit(name: str) -> None:
    lines, seconds = OTHERS[name]
    parser = parser_of(lines)
    assert parser is not None
    record = parser.record(lines[-1].encode())
    assert record is not None
    assert float(record["request_time"]) == pytest.approx(seconds, abs=1e-6)
    assert "unit" not in parser.guessed


@pytest.mark.parametrize("name", [one.name for one in FRAMEWORKS])
def test_a_frameworks_duration_is_below_a_second(name: str) -> None:
    """A push that took 12 ms; no unit is off by a thousand."""
    parser = parser_of(FORMS[name])
    assert parser is not None
    record = parser.record(FORMS[name][-1].encode())
    assert record is not None
    assert 0.0005 < float(record.get("request_time", "0.001")) < 0.1


@pytest.mark.parametrize(
    ("before", "guessed", "seconds"),
    [
        ("", {"zone", "date"}, AT),
        ("2023-11-14T22:13:20.5Z ", set(), AT + 0.5),
    ],
)
def test_a_line_without_a_date_is_of_the_alarms_day(before: str, guessed: set[str], seconds: float) -> None:
    line = before + next(one.sample for one in FRAMEWORKS if one.name == "fiber")
    parser = parser_of((line,))
    assert parser is not None
    (at,) = parser.times(b"\n" + line.encode() + b"\n")
    assert parser.seconds(at) == seconds
    assert parser.guessed == guessed


@pytest.mark.parametrize(
    ("text", "near", "seconds"),
    [
        (b"23:59:58", DAY * 100 + 5, DAY * 100 - 2),
        (b"00:00:02", DAY * 100 - 5, DAY * 100 + 2),
        (b"06:13:20.5", DAY * 100, DAY * 100 + 22400),
        (b"6 o'clock", DAY * 100, None),
    ],
)
def test_the_day_is_the_nearest(text: bytes, near: float, seconds: float | None) -> None:
    assert clock(text, near) == seconds


def test_colours_of_a_terminal_are_no_part_of_a_line() -> None:
    line = FRAMEWORKS[0].sample.replace("| 200 |", "|\x1b[97;42m 200 \x1b[0m|")
    parser = parser_of((line,))
    assert parser is not None
    assert parser.name == "gin"


def test_colours_between_a_key_and_its_value_are_none_either() -> None:
    coloured = "".join(
        f" \x1b[36m{key}\x1b[0m=\x1b[35m{value}\x1b[0m"
        for key, value in (("method", "POST"), ("path", PUSH), ("status", 200), ("took", "12ms"))
    )
    line = f"2023-11-15 06:13:20 [\x1b[32minfo\x1b[0m] request_finished{coloured}"
    parser = parser_of((line,))
    assert parser is not None
    record = parser.record(line.encode()) or {}
    assert (record["status"], record["request_time"]) == ("200", "0.012")
    assert "\x1b" not in shown(line.encode())


def test_request_lines_among_others_are_found() -> None:
    noise = ["INFO starting", "Traceback (most recent call last):", '  File "app.py", line 3'] * 20
    parser = parser_of((*noise, FRAMEWORKS[0].sample))
    assert parser is not None
    assert parser.name == "gin"


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        ("156425", None, None),
        ("156425", "ns", 0.000156425),
        ("1.2s", None, 1.2),
        ("241µs", None, 0.000241),
        ("1m2.5s", None, 62.5),
        ("12 ms", None, 0.012),
        ("12", "ms", 0.012),
        ("soon", "s", None),
        ("5 apples", None, None),
    ],
)
def test_durations(text: str, unit: str | None, seconds: float | None) -> None:
    assert read(text, unit) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("flat", "seconds", "guessed"),
    [
        ({"latency": "156425"}, None, True),
        ({"latency": "0.156"}, 0.156, True),
        ({"latency": "156425.5"}, None, True),
        ({"latency": "156425", "latency_human": "156.425µs"}, 0.000156425, False),
        ({"request_time": "0.012"}, 0.012, False),
        ({"request_time": "12"}, None, True),
        ({"request_time": "12.5"}, 12.5, True),
        ({"elapsedtime": "12"}, None, True),
        ({"time-taken": "12"}, None, True),
        ({"time-taken": "12", "sc-substatus": "0"}, 0.012, False),
        ({"time-taken": "1.2"}, 1.2, False),
        ({"duration": "1234567", "downstreamstatus": "200"}, 0.001234567, False),
    ],
)
def test_who_says_the_unit(flat: dict[str, str], seconds: float | None, guessed: bool) -> None:
    found = took(flat, {})
    assert found is not None
    assert (found.seconds, found.guessed) == (None if seconds is None else pytest.approx(seconds), guessed)


@pytest.mark.parametrize(
    "flat",
    [
        {"requests": "17"},
        {"timestamp_ms": "1700000000123"},
        {"timeout_ms": "5000"},
        {"time_limit_s": "6"},
        {"times": "6"},
    ],
)
def test_what_is_no_duration(flat: dict[str, str]) -> None:
    assert took(flat, {}) is None


def test_thinkphp_says_what_was_asked_and_below_it_how_long_it_took() -> None:
    """Both when the request has ended, and no status."""
    for head in (f"[2023-11-15T06:13:26+08:00] 203.0.113.10 POST example.com{PUSH}",
                 f"[ 2023-11-15T06:13:26+08:00 ] 198.51.100.1 203.0.113.10 POST {PUSH}"):  # fmt: skip
        lines = (
            "-" * 63,
            head,
            "[ log ] example.com/wx [运行时间：6.214531s][吞吐率：0.16req/s]",
            "[ info ] INIT File",
        )
        parser = detect([line.encode() for line in lines] * 3, wanted=Wanted("/wx", signed=True))
        assert parser is not None
        times, keys = parser.columns(("\n" + "\n".join(lines * 2) + "\n").encode())
        assert [parser.seconds(at) for at in times] == [AT + 6, AT + 6]
        assert [parser.values(key)[:3] for key in keys] == [(b"", b"-", b"6.21453")] * 2
        assert (parser.record(head.encode()) or {})["request_uri"] == PUSH


@pytest.mark.parametrize(
    "line",
    [
        "2023-11-15 06:13:20 INFO worker started, 200 jobs",
        "2023-11-15 06:13:20 POST is not allowed here",
        f'2023/11/15 06:13:20 app "POST {PUSH} HTTP/1.1" 200 0.012',  # seconds, or anything else
        "# Time: 2023-11-15T06:13:20.1Z",
        document(level="info", ts=1700000000.1, msg="sent 200 messages to /wx"),
    ],
)
def test_what_is_no_request_line_of_anybody(line: str) -> None:
    assert detect([line.encode()] * 3, wanted=Wanted("/wx", signed=True), local=CST, near=AT) is None


def test_a_guess_that_one_line_refutes_is_none_for_the_others() -> None:
    """12.31 could be seconds, beside 6123.45 it cannot."""
    lines = [f"2023-11-15 06:13:20 INFO POST {PUSH} status=200 cost={cost}".encode() for cost in ("12.31", "6123.45")]
    parser = detect(lines, wanted=Wanted("/wx", signed=True), local=CST)
    assert parser is not None
    assert parser.asked == "labelled cost"
    assert [(parser.record(line) or {}).get("request_time") for line in lines] == [None, None]


END = next(one.sample for one in FRAMEWORKS if one.name == "clf")


def assert_asked(line: str, units: Mapping[str, str], seconds: float | None, asked: str | None) -> None:
    """The duration that is read of a line, and what its report asks for."""
    parser = detect([line.encode()] * 2, units=units)
    assert parser is not None
    record = parser.record(line.encode())
    assert record is not None
    assert record.get("request_time") == (None if seconds is None else f"{seconds:g}")
    assert (parser.asked, "unit" in parser.guessed) == (asked, asked is not None)
    assert asked is None or asked.split()[0] in NAMED


@pytest.mark.parametrize(
    ("line", "units", "seconds", "asked"),
    [
        (END, {}, None, "clf took"),
        (END, {"took": "us"}, 0.012345, None),
        (END, {"took": "ms"}, 12.345, None),
        (CLF + " 6", {"took": "s"}, 6.0, None),
        (CLF + ' "-" "Mozilla/4.0" "-" 6.5', {}, 6.5, "clf took"),
        (CLF + ' "-" "Mozilla/4.0" 6500ms', {}, 6.5, None),
        (CLF, {}, None, None),
        (CLF + ' "-" "Mozilla/4.0"', {"took": "us"}, None, None),
    ],
)
def test_a_number_at_the_end_of_a_line_is_asked_for(
    line: str, units: dict[str, str], seconds: float | None, asked: str | None
) -> None:
    """%D: milliseconds of Tomcat 9, microseconds of Tomcat 10.1 and Apache; %T: seconds."""
    assert_asked(line, units, seconds, asked)


FPM = next(one.sample for one in FRAMEWORKS if one.name == "PHP-FPM")


@pytest.mark.parametrize(
    ("line", "units", "seconds", "asked"),
    [
        (FPM, {}, None, "php-fpm took"),
        (FPM, {"took": "s"}, 12.345, None),
        (FPM, {"took": "ms"}, 0.012345, None),
        (FPM.replace("12.345", "12345"), {}, 0.012345, None),
        (FPM.partition(" /var")[0], {}, None, None),
    ],
)
def test_what_is_written_in_two_units_is_asked_for(
    line: str, units: dict[str, str], seconds: float | None, asked: str | None
) -> None:
    """PHP-FPM: %d are seconds, %{milli}d milliseconds, both "12.345"; its sample configuration has the second."""
    assert_asked(line, units, seconds, asked)


def left(name: str, *changes: tuple[str, str]) -> tuple[str, ...]:
    """A sample of which the client has left."""
    *heads, line = FORMS[name]
    for old, new in changes:
        assert old in line
        line = line.replace(old, new)
    return (*heads, line)


_, NAMES, LINE = OTHERS["IIS"][0][:3]
IIS = NAMES.replace("sc-status", "sc-status sc-win32-status")
GONE = {
    "HAProxy": (left("HAProxy", ("200 214 - - ----", "-1 0 - - CH--"), ("1/12/13", "1/-1/5001")), "CH--", 5.001),
    "Envoy": (left("Envoy", ("200 - 412 7 12 11", "0 DC 412 0 5001 -")), "DC", 5.001),
    "morgan dev": (left("morgan dev", ("200 1.234 ms - 7", "- - ms - -")), "-", None),
    "morgan tiny": (left("morgan tiny", ("200 7 - 1.234 ms", "- - - - ms")), "-", None),
    "AWS ALB": (left("AWS ALB", ("0.012 0.000 200 200", "-1 -1 460 -")), "460", None),
    "Envoy JSON": (
        left("Envoy JSON", ('"response_code": 200', '"response_code": 0'), ('"-"', '"DC"'), ("12", "5001")),
        "DC",
        5.001,
    ),
    "koa-logger": (left("koa-logger", ("-->", "-x-"), ("5ms", "5s")), "-x-", 5.0),
    "IIS, 64": ((IIS, LINE.replace("200 12", "200 64 5001")), "sc-win32-status 64", 5.001),
    "IIS, 1236": ((IIS, LINE.replace("200 12", "200 1236 12")), "sc-win32-status 1236", 0.012),
    "Caddy": (left("Caddy", ('"status": 200', '"status": 0'), ("0.001234567", "5.001")), "status 0", 5.001),
}


@pytest.mark.parametrize("name", GONE)
def test_a_client_that_left_is_499_whatever_its_server_writes(name: str) -> None:
    lines, mark, seconds = GONE[name]
    parser = parser_of(lines)
    assert parser is not None
    line = lines[-1].encode()
    record = parser.record(line)
    assert record is not None
    assert (record["status"], record["left"]) == ("499", mark)
    assert record.get("request_time") == (None if seconds is None else f"{seconds:g}")
    _, keys = parser.columns(b"\n" + line + b"\n")
    assert [parser.values(key)[0] for key in keys] == [b"499"]
    assert parser.needle(b"499") in line


@pytest.mark.parametrize(
    "lines",
    [
        (IIS, LINE.replace("200 12", "200 121 5001")),
        left("HAProxy", ("----", "sH--"), ("200 214", "504 214")),
        left("HAProxy", ("----", "cD--")),
        left("Envoy", ("200 - 412", "504 UT 412")),
        left("koa-logger", ("-->", "xxx"), ("200", "500")),
    ],
)
def test_what_broke_otherwise_is_not(lines: tuple[str, ...]) -> None:
    parser = parser_of(lines)
    assert parser is not None
    record = parser.record(lines[-1].encode())
    assert record is not None
    assert record["status"] != "499"
    assert record.get("left") in (None, "sc-win32-status 121")


def test_micros_of_uwsgi_are_no_milliseconds() -> None:
    line = next(one.sample for one in FRAMEWORKS if one.name == "uWSGI").replace("12 msecs", "12000 micros")
    parser = parser_of((line,))
    assert parser is not None
    assert (parser.record(line.encode()) or {})["request_time"] == "0.012"


def test_another_programs_keys_are_not_railss() -> None:
    line = f"time=2023-11-15T06:13:20+08:00 method=POST path={PUSH} status=200 duration=6.5s"
    parser = parser_of((line,))
    assert parser is not None
    assert (parser.record(line.encode()) or {})["request_time"] == "6.5"


def test_the_user_may_say_it() -> None:
    found = took({"latency": "156425"}, {"latency": "ns"})
    assert found is not None
    assert not found.guessed
    assert found.seconds == pytest.approx(0.000156425)


HINTS = ("latency_human", "+08:00", " +0800", "Z")
ALARM = Alarm(
    kind=AlarmKind.REQUEST_TIMEOUT,
    sample=Sample(openid="oEXAMPLEopenid00000000000001", stamp=1700000000, url="http://wx.example.com/wx"),
)


def judged(text: str, tmp_path: Path) -> tuple[tuple[str, ...], list[Finding]]:
    """What nothing says in a log, and its findings."""
    (ctx,) = contexts([ALARM], Settings())
    path = tmp_path / "access.log"
    path.write_text(text + "\n", "utf-8")
    seen = access_log.read(
        [str(path)],
        (),
        push(ctx),
        Wanted("/wx", signed=True),
        (AT, AT - 60, AT + 360),
        9,
        False,
    )
    return seen.guessed, list(access_rules.findings(seen, ctx))


def findings_of(text: str, tmp_path: Path) -> tuple[tuple[str, ...], dict[str, Basis]]:
    """The same, of the findings only their basis."""
    guessed, found = judged(text, tmp_path)
    return guessed, {finding.code.id: finding.code.basis for finding in found}


@pytest.fixture
def shanghai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()


@pytest.mark.parametrize("name", FORMS)
def test_what_was_guessed_is_never_certain(name: str, tmp_path: Path, shanghai: None) -> None:
    """Without what tells the unit and the zone, in all forms."""
    text = "\n".join(FORMS[name])
    doc = text.startswith("{")
    if doc:
        values = json.loads(text)
        values.pop("latency_human", None)
        for key in [key for key in values if key.lower() in ("latency", "duration", "took", "elapsed", "request_time")]:
            values[key] = 6.5  # late, in seconds as it seems
        text = json.dumps(values)
    bare = text.replace("timestamp=1700000000", "t=1")
    for hint in ("+08:00", " +0800"):
        bare = bare.replace(hint, "")
    for log in (text, bare):
        try:
            guessed, found = findings_of(log, tmp_path)
        except (Skip, Untold):
            continue  # it cannot be read any more, and that is said
        for code, basis in found.items():
            if set(guessed) - {"unit"} and code != "log-guessed":
                assert basis is not Basis.RECORDED, (log, code)
            if "unit" in guessed and code in access_rules.TIMED:
                assert basis is Basis.CONDITION, (log, code)
    os.environ.pop("TZ", None)
    time.tzset()


def test_who_left_after_five_seconds_gave_up(tmp_path: Path) -> None:
    for name in ("IIS, 64", "HAProxy", "Envoy", "Caddy"):
        _, found = findings_of("\n".join(GONE[name][0]), tmp_path)
        assert found["log-client-gave-up"] is Basis.RECORDED, name
        assert "log-client-closed" not in found
    _, found = findings_of("\n".join(GONE["IIS, 1236"][0]), tmp_path)
    assert found["log-client-closed"] is Basis.RECORDED
    _, found = findings_of("\n".join((IIS, LINE.replace("200 12", "200 121 12"))), tmp_path)
    assert not {"log-client-closed", "log-answered"} & set(found)


AFTER: dict[str, Callable[[int], tuple[str, ...]]] = {
    "HAProxy": lambda ms: left("HAProxy", ("200 214 - - ----", "-1 0 - - CH--"), ("1/12/13", f"1/-1/{ms}")),
    "Envoy": lambda ms: left("Envoy", ("200 - 412 7 12 11", f"0 DC 412 0 {ms} -")),
    "IIS, 64": lambda ms: (IIS, LINE.replace("200 12", f"200 64 {ms}")),
    "IIS, 1236": lambda ms: (IIS, LINE.replace("200 12", f"200 1236 {ms}")),
    "Caddy": lambda ms: left("Caddy", ('"status": 200', '"status": 0'), ("0.001234567", f"{ms / 1000}")),
    "Traefik": lambda ms: left("Traefik", ('" 200 7', '" 499 0'), ("1ms", f"{ms}ms")),
    "nginx": lambda ms: (
        f'203.0.113.10  - - [15/Nov/2023:06:13:20 +0800] "POST {PUSH} HTTP/1.1" 499 0 "-" "Mozilla/4.0" "-" '
        f'"wx.example.com"  "-" "192.0.2.1:80"   "-"  "{ms / 1000:.3f}"  "{ms / 1000:.3f}" ',
    ),
}
"""Lines of a client that left, by the milliseconds that the server logs."""


@pytest.mark.parametrize("name", AFTER)
@pytest.mark.parametrize(
    ("ms", "code"),
    [
        (12, "log-client-closed"),
        (3500, "log-client-closed"),
        (4600, "log-client-gave-up"),
        (7000, "log-client-gave-up"),
        (15003, "log-client-gave-up"),
    ],
)
def test_who_left_before_the_limit_was_cut_off_and_whoever_is_missed_later_gave_up(
    name: str, ms: int, code: str, tmp_path: Path
) -> None:
    """A server may notice only as it writes, after 15 s, that WeChat left at 5."""
    _, found = findings_of("\n".join(AFTER[name](ms)), tmp_path)
    assert found[code] is Basis.RECORDED
    assert not {"log-client-closed", "log-client-gave-up"} - {code} & set(found)


def test_who_left_in_a_log_of_both_kinds(tmp_path: Path) -> None:
    """Some pushes are cut at once, and some left after 5 s."""
    others = [line.replace("openid=", "openid=x") for ms in (12, 6000) for line in AFTER["Envoy"](ms)]
    for late in (4600, 15003):
        _, found = findings_of("\n".join((*others, *AFTER["Envoy"](late))), tmp_path)
        assert (found["log-client-gave-up"], found["log-client-closed"]) == (Basis.RECORDED, Basis.REPRODUCED)
    _, found = findings_of("\n".join((*others, *AFTER["Envoy"](3500))), tmp_path)
    assert (found["log-client-gave-up"], found["log-client-closed"]) == (Basis.REPRODUCED, Basis.RECORDED)


@pytest.mark.parametrize("name", [one.name for one in FRAMEWORKS])
def test_when_a_push_ended_is_told_from_when_it_began(name: str, tmp_path: Path, shanghai: None) -> None:
    """Its clock is WeChat's: a program that writes when a request began is not five seconds behind."""
    form = next(one for one in FRAMEWORKS if one.name == name)
    search = Search(push(contexts([ALARM], Settings())[0]), Wanted("/wx", signed=True), AT - 60, AT + 60)
    line = form.sample.replace("/index.php", "/wx").encode()
    parser = parser_of((line.decode(),))
    assert parser is not None
    search.window(parser, Made(), 0, b"\n" + line + b"\n")
    for hit in search.hits:
        assert abs(hit.ended - AT - (hit.request_time or 0.0) * form.starts) < 1
        assert (hit.said.get("by") == "application") is not form.passes
    assert search.hits or name in NO_QUERY
    assert search.named is (name not in NO_QUERY)


def test_nanoseconds_are_no_days(tmp_path: Path) -> None:
    """Said to be certain once: "longest 156425 s"."""
    line = document(time="2023-11-15T06:13:20+08:00", method="POST", uri=PUSH, status=200, latency=156425)
    guessed, found = findings_of(line, tmp_path)
    assert guessed == ("unit",)
    assert "log-slow" not in found
    assert found["log-guessed"] is Basis.RECORDED


def test_a_parser_of_records_says_what_it_is() -> None:
    parser = parser_of(FORMS["echo v4"])
    assert isinstance(parser, RecordParser)
    assert (parser.name, parser.guessed) == ("json", frozenset())


IN_A_STRING = (
    "Docker's json-file",
    "Docker's json-file, no time of its own",
    "go-zero",
    "a message of zap",
    "journalctl -o json",
    "Filebeat",
)
OF_NGINX = ("Docker's json-file", "journalctl -o json", "Filebeat")
DOCUMENTS = [name for name, lines in FORMS.items() if lines[-1].startswith("{") and name not in IN_A_STRING]
LEARNED = [*DOCUMENTS, *(name for name in IN_A_STRING if name not in OF_NGINX)]


def quick_and_slow(lines: tuple[str, ...]) -> tuple[LineParser, LineParser]:
    """A parser that has learned of a sample, and one that reads each line in full."""
    quick, slow = parser_of(lines), parser_of(lines)
    assert quick is not None
    assert slow is not None
    inside = slow._parser if isinstance(slow, Within) else slow
    assert isinstance(inside, RecordParser)
    assert inside._quick is not None
    inside._quick = None
    return quick, slow


@pytest.mark.parametrize("name", LEARNED)
def test_learned_keys_give_what_the_whole_document_gives(name: str) -> None:
    line = FORMS[name][-1]
    values = json.loads(line)
    bare = {key: value for key, value in values.items() if key.lower() not in ("size", "bytes_out", "upstream_status")}
    others = [
        line,
        json.dumps(bare),
        line.replace('"POST"', '"GET"'),
        line.replace("/wx?", "/wxx?"),
        line.replace("/wx?", "\\/wx?"),
        line.replace("200", "499"),
        line.replace('"status"', '"code"'),
        line.replace("0.012", "0.5").replace("1234567", "7654321"),
        line.replace("in 12ms", "in 12ms bytes=9").replace("Mozilla/4.0", "Mozilla/4.0 bytes=9"),
        "{broken /wx",
    ]
    chunk = ("\n" + "\n".join(others) + "\n").encode()
    parser, slow = quick_and_slow((line,))
    assert parser.columns(chunk) == slow.columns(chunk)
    assert len(slow.columns(chunk)[0]) >= 4


WORDS = ("POST", "GET", "-", "499", "1.5", "12ms", "http://example.com/wx?a=1", "/wx#", "POST /wx HTTP/1.1")
ANYTHING = st.one_of(
    *(st.none(), st.booleans(), st.integers(-1, 600), st.floats(allow_nan=False), st.text(max_size=9)),
    *(st.sampled_from(WORDS), st.lists(st.integers(), max_size=2), st.just({"a": 1})),
)


@given(st.sampled_from(LEARNED), st.integers(0, 99), ANYTHING)
def test_whatever_stands_in_a_document_is_counted_as_when_it_is_read_in_full(
    name: str, place: int, value: object
) -> None:
    line = FORMS[name][-1]
    parser, slow = quick_and_slow((line,))
    documents = [json.loads(line)]
    for inner in documents:
        documents += [one for one in inner.values() if isinstance(one, dict)]
    places = [(inner, key) for inner in documents for key in inner]
    inner, key = places[place % len(places)]
    inner[key] = value
    chunk = f"\n{document(**documents[0])}\n".encode()
    (times, keys), (all_times, all_keys) = parser.columns(chunk), slow.columns(chunk)
    took = TALLIED.index("request_time")  # its unit is that of the log, which one line need not say

    def without(keys: Sequence[Key]) -> list[Key]:
        return [(*key[:took], *key[took + 1 :]) for key in keys]

    assert (list(times), without(keys)) == (list(all_times), without(all_keys))


@pytest.mark.parametrize("name", OF_NGINX)
def test_lines_of_nginx_within_documents_are_read_as_nginx_wrote_them(name: str) -> None:
    line = FORMS[name][-1]
    parser = parser_of((line, line.replace("POST", "GET"), document(message="nothing of a request")))
    assert isinstance(parser, Within)
    inside = parser._parser
    assert isinstance(inside._parser if isinstance(inside, Within) else inside, TextParser)
    times, keys = parser.columns(("\n" + line + "\n" + document(message="other") + "\n" + line + "\n").encode())
    assert (len(times), len(set(keys))) == (2, 1)
    assert dict(zip(TALLIED, parser.values(keys[0]), strict=True))["request_time"] == b"0.012"


def test_documents_of_which_some_hold_another_form_are_read_one_by_one() -> None:
    lines = (FORMS["a message of zap"][-1], FORMS["Filebeat"][-1])
    parser = parser_of(lines)
    assert isinstance(parser, RecordParser)
    assert len(parser.columns("\n".join(("", *lines, "")).encode())[0]) == 2


def test_requests_among_what_else_an_application_logs_are_read_when_one_is_the_push() -> None:
    banner = ("   ____    __", " / __/___/ /  ___", "http server started on [::]:1323")
    said = [document(level="info", time="2023-11-15T06:13:20+08:00", msg=f"worker {number}") for number in range(30)]
    mine = FORMS["echo v4"][-1]
    for lines in ((*banner, mine), (*said, mine), (*said, f"level=info {FORMS['labelled'][-1]}")):
        parser = parser_of(lines)
        assert parser is not None
        assert len(parser.columns("\n".join(("", *lines, "")).encode())[0]) == 1
    # Calls to others are logged in the same form: without a push nothing says that it is an access log.
    assert parser_of((*said, mine.replace("/wx?", "/cgi-bin/token?"))) is None
    assert parser_of((*said, mine.replace("POST", "GET"))) is None


@pytest.mark.parametrize("name", [one.name for one in FRAMEWORKS])
def test_learned_parts_give_what_the_whole_line_gives(name: str) -> None:
    line = FORMS[name][-1]
    others = [line, line.replace("POST", "GET"), line.replace("/wx", "/wxx"), line.replace("200", "\x1b[31m499\x1b[0m")]
    others += [line.replace("200", "502"), line.replace("1.234", "5.678"), "nothing", line[: len(line) // 2]]
    others += [f"2023-11-15T06:13:2{number}+08:00 {line}" for number in range(2)] + [f"é 06:13:20 {line}"]
    others += [line.replace("/wx ", "/wx?timestamp=1700000005 ")]
    parser, slow = parser_of((line,)), parser_of((line,))
    if isinstance(parser, RecordParser) and isinstance(slow, RecordParser):
        slow._quick = None
        chunk = ("\n" + "\n".join(others) + "\n").encode()
        assert parser.columns(chunk) == slow.columns(chunk)
        assert "PHP-FPM" in name or len(slow.columns(chunk)[0]) >= 3


def test_the_usual_documents_are_read_by_their_keys() -> None:
    parsers = {name: parser_of(FORMS[name]) for name in DOCUMENTS}
    slow = {name for name, parser in parsers.items() if isinstance(parser, RecordParser) and parser._quick is None}
    assert slow == set()
    unread = {
        name
        for name, parser in parsers.items()
        if isinstance(parser, RecordParser)
        and parser._quick is not None
        and not parser._quick(FORMS[name][-1].encode())
    }
    assert unread == set(), "their lines are decoded whole all the same"


def of_tomcat(took: int, second: int, passed: int) -> str:
    push = PUSH.replace("1700000000", str(1700000000 + second - passed))
    return f'203.0.113.10 - - [15/Nov/2023:06:13:{20 + second:02} +0800] "POST {push} HTTP/1.1" 200 7 {took}'


@pytest.mark.parametrize(
    ("numbers", "seconds"),
    [
        ([(21544, 0, 0), (8123456, 5, 0)], 8.123456),  # as milliseconds two hours: nobody waits so long
        ([(41, 0, 0), (30018, 35, 30)], 30.018),  # as long as WeChat's clock says
        ([(6000, 6, 6), (9000, 8, 2)], None),  # the two do not agree
        ([(41, 0, 0), (30018, 35, 0)], None),  # the time at which it began: nothing tells
        ([(12, 0, 0), (41, 1, 0)], None),
    ],
)
def test_the_unit_of_whole_numbers_is_guessed_where_only_one_is_likely(
    numbers: list[tuple[int, int, int]], seconds: float | None
) -> None:
    parser = parser_of(tuple(of_tomcat(*one) for one in numbers))
    assert parser is not None
    assert (parser.guessed, parser.asked) == (frozenset({"unit"}), "clf took")
    record = parser.record(of_tomcat(*numbers[-1]).encode())
    assert record is not None
    assert record.get("request_time") == (None if seconds is None else f"{seconds:g}")


@pytest.mark.parametrize(
    ("name", "whose"),
    [("gin", "program"), ("Apache combined, %D", "unknown"), ("nginx, with the upstream's time", "application")],
)
def test_whose_time_it_was_by_whose_log_it_is(name: str, whose: str, tmp_path: Path) -> None:
    lines = {
        "gin": FORMS["gin"][-1].replace("1.234567ms", "7.5s"),
        "Apache combined, %D": f'{CLF} "-" "Mozilla/4.0" 7500000',
        "nginx, with the upstream's time": f'{CLF} "-" "Mozilla/4.0" "-" rt=7.500 uct="0.001" uht="7.400" urt="7.400"',
    }
    (ctx,) = contexts([ALARM], Settings())
    path = tmp_path / "access.log"
    path.write_text("\n".join([lines[name]] * 4) + "\n", "utf-8")
    wanted = Wanted("/wx", signed=True)
    seen = access_log.read([str(path)], (), push(ctx), wanted, (AT, AT - 60, AT + 360), 9, False)
    slow = [found for found in access_rules.findings(seen, ctx) if found.code.id in ("log-slow", "log-upstream-slow")]
    assert [found.evidence["by"] for found in slow] == [whose]


INGRESS = f'{CLF} "-" "Mozilla/4.0" 412 0.003 [wx-app-8080] [] 198.51.100.20:8080 7 0.002 404 0e1b'
GATEWAYS = {
    "HAProxy": next(one.sample for one in FRAMEWORKS if one.name == "HAProxy"),
    "Envoy": next(one.sample for one in FRAMEWORKS if one.name == "Envoy"),
    "ingress-nginx": INGRESS.replace('1.1" 200 7', '1.1" 404 7'),
}


@pytest.mark.parametrize(
    ("name", "good", "bad", "by"),
    [
        ("HAProxy", "200 214 - - ----", "504 214 - - sH--", "nginx"),
        ("HAProxy", "200 214 - - ----", "503 214 - - SC--", "nginx"),
        ("HAProxy", "200 214 - - ----", "403 214 - - PR--", "nginx"),
        ("HAProxy", "200 214 - - ----", "500 214 - - ----", "unknown"),
        ("HAProxy", "200 214 - - ----", "500 214 - - SD--", "unknown"),
        ("Envoy", " 200 - ", " 503 UF,URX ", "nginx"),
        ("Envoy", " 200 - ", " 404 NR ", "nginx"),
        ("Envoy", " 200 - ", " 503 - ", "unknown"),
        ("Envoy", " 200 - ", " 503 URX ", "unknown"),
        ("ingress-nginx", "[wx-app-8080]", "[upstream-default-backend]", "nginx"),
        ("ingress-nginx", "[wx-app-8080]", "[wx-app-8080]", "application"),
    ],
)
def test_a_gateway_says_that_a_status_is_its_own(name: str, good: str, bad: str, by: str, tmp_path: Path) -> None:
    text = GATEWAYS[name].replace(good, bad)
    assert (text != GATEWAYS[name]) is (good != bad)
    _, found = judged(text, tmp_path)
    (status,) = [one for one in found if "case" in one.evidence and str(one.evidence.get("status")) in text]
    assert status.evidence["by"] == by
    own = {"404": "404-server", "403": "403-server", "503": "503-server"}.get(status.evidence["status"])
    assert (status.evidence["case"] == own) is (by == "nginx" and own is not None)


def test_a_balancer_without_a_server_names_none() -> None:
    line = next(one.sample for one in FRAMEWORKS if one.name == "HAProxy")
    without = line.replace(" wx/app1 0/0/1/12/13 200 ", " wx/<NOSRV> 0/-1/-1/-1/0 503 ")
    assert without != line
    parser = detect([line.encode(), without.encode()], wanted=Wanted("/wx"))
    assert parser is not None
    first, second = parser.record(line.encode()), parser.record(without.encode())
    assert first is not None
    assert second is not None
    assert (first["upstream_addr"], second["upstream_addr"], second["status"]) == ("app1", "-", "503")
