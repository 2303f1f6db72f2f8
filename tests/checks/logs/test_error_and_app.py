"""The error log and the application's logs: kinds, zones, the alarm's own lines, what is not told apart."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.checks.logs.support import OPENID, START, alarm, codes, joined, line, results
from wxalarm.checks.logs.error_rules import BY_KIND
from wxalarm.logs.access import Push
from wxalarm.logs.app import has_zone, names_another, shape_of, trouble
from wxalarm.logs.errors import KINDS, ErrorLines, kind_of, parse
from wxalarm.model import AlarmKind, Basis, Severity, Status

REAL = {
    "1024 worker_connections are not enough while connecting to upstream": "connections",
    "accept4() failed (24: Too many open files)": "open-files",
    'open() "/var/lib/nginx/body/1" failed (24: Too many open files)': "open-files",
    "connect() to 192.0.2.1:80 failed (99: Cannot assign requested address) while connecting to upstream": "ports",
    "connect() to unix:/run/php.sock failed (11: Resource temporarily unavailable) while connecting to upstream": (
        "queue-full"
    ),
    "connect() failed (111: Connection refused) while connecting to upstream": "refused",
    "connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream": "refused",
    "upstream timed out (110: Connection timed out) while connecting to upstream": "connect-timeout",
    "connect() failed (110: Connection timed out) while connecting to upstream": "connect-timeout",
    "connect() failed (113: No route to host) while connecting to upstream": "unreachable",
    "upstream timed out (110: Connection timed out) while reading response header from upstream": "upstream-timeout",
    "no live upstreams while connecting to upstream": "no-live-upstream",
    "upstream prematurely closed connection while reading response header from upstream": "upstream-closed",
    "upstream sent too big header while reading response header from upstream": "upstream-header",
    "client intended to send too large body: 2097152 bytes": "body-too-large",
    'limiting requests, excess: 0.500 by zone "one"': "rate-limit",
    'limiting connections by zone "addr"': "rate-limit",
    'delaying request, excess: 0.500, by zone "one"': "delayed",
    "access forbidden by rule": "denied",
    "app.example.cn could not be resolved (3: Host not found)": "resolve",
    'FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught TypeError" while reading upstream': "script",
    'FastCGI sent in stderr: "Primary script unknown" while reading response header from upstream': "not-found",
    'open() "/srv/html/callback" failed (2: No such file or directory)': "not-found",
    "connect() to unix:/run/app.sock failed (13: Permission denied) while connecting to upstream": "permission",
    'rewrite or internal redirection cycle while processing "/callback"': "cycle",
    "worker process 7 exited on signal 11 (core dumped)": "worker-died",
    "malloc(65536) failed (12: Cannot allocate memory)": "memory",
    'pwrite() "/var/lib/nginx/proxy/1" failed (28: No space left on device)': "disk",
    "recv() failed (104: Connection reset by peer) while reading response header from upstream": "reset",
    "recv() failed (104: Connection reset by peer) while waiting for request": "client-reset",
    "recv() failed (104: Connection reset by peer) while reading client request line": "client-reset",
    "client timed out (110: Connection timed out) while reading client request body": "client-timeout",
    "epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too": (
        "client-closed"
    ),
    "SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking": "tls",
    "peer closed connection in SSL handshake while SSL handshaking": "tls",
    "SSL_do_handshake() failed (SSL: error:0A00010B:wrong version number) while SSL handshaking to upstream": (
        "upstream-tls"
    ),
    "peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to upstream": (
        "upstream-tls"
    ),
    "upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream": (
        "upstream-tls"
    ),
    "SSL_read() failed (SSL: error:0A000119:SSL routines::bad mac) while reading response header from upstream": (
        "upstream-tls"
    ),
    "upstream timed out (110: Connection timed out) while SSL handshaking to upstream": "upstream-timeout",
}


def error_line(message: str, at: float = START, zone: int = 8, path: str = "/callback", openid: str = "oB") -> bytes:
    when = datetime.fromtimestamp(at, timezone(timedelta(hours=zone))).strftime("%Y/%m/%d %H:%M:%S")
    request = f'request: "POST {path}?signature=0123abcd&timestamp={int(at)}&openid={openid} HTTP/1.1"'
    return (
        f"{when} [error] 7#7: *5 {message}, client: 203.0.113.7, server: wx.example.com, {request}, "
        f'upstream: "http://192.0.2.11:8080{path}", host: "wx.example.com"'
    ).encode()


@pytest.mark.parametrize("message", REAL)
def test_every_string_stands_for_its_kind(message: str) -> None:
    assert kind_of(error_line(message)) == REAL[message]


@pytest.mark.parametrize(
    ("level", "message", "kind"),
    [
        ("info", "writev() failed (32: Broken pipe) while reading upstream", "client-closed"),
        ("info", "writev() failed (32: Broken pipe) while sending to client", "client-closed"),
        ("info", "writev() failed (104: Connection reset by peer) while reading upstream", "client-reset"),
        ("info", "recv() failed (104: Connection reset by peer) while sending to client", "client-reset"),
        ("error", "writev() failed (32: Broken pipe) while sending request to upstream", "reset"),
        ("error", "readv() failed (104: Connection reset by peer) while reading upstream", "reset"),
        ("error", "recv() failed (104: Connection reset by peer) while sending to client", "reset"),
        ("info", "client 203.0.113.7 closed keepalive connection (104: Connection reset by peer)", None),
        ("info", "recv() failed (104: Connection reset by peer) while keepalive", None),
    ],
)
def test_the_level_tells_whose_connection_broke(level: str, message: str, kind: str | None) -> None:
    assert kind_of(error_line(message).replace(b"[error]", f"[{level}]".encode())) == kind


def test_every_kind_has_a_string_here_and_a_code() -> None:
    kinds = {kind for kind, _ in KINDS}
    assert kinds - {"not-started"} == set(REAL.values())
    assert kinds | {"other"} == set(BY_KIND)


def test_what_is_no_trouble_is_passed_over() -> None:
    lines = ErrorLines(0)
    quiet = error_line("an upstream response is buffered to a temporary file /x while reading upstream")
    assert parse(quiet, lines, Push()) is None
    assert parse(b"PHP Fatal error without a time", lines, Push()) is None
    found = parse(quiet.replace(b"[error]", b"[alert]"), lines, Push())
    assert found is not None
    assert found.kind == "other"


def test_a_line_as_a_record() -> None:
    found = parse(
        error_line("connect() failed (111: Connection refused) while connecting to upstream", openid=OPENID),
        ErrorLines(8 * 3600),
        Push(OPENID, START, "/callback"),
    )
    assert found is not None
    assert (found.time, found.client, found.path) == (START, "203.0.113.7", "/callback")
    assert found.upstream == "http://192.0.2.11:8080"
    assert found.own


def test_counts_first_last_and_the_alarms_own_line(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    refused = "connect() failed (111: Connection refused) while connecting to upstream"
    lines = [error_line(refused, START - 3000)]
    lines += [error_line(refused, START + second) for second in range(0, 50, 10)]
    lines.insert(3, error_line(refused, START + 20, openid=OPENID))
    lines += [error_line("access forbidden by rule", START + 60, path="/admin")]
    path.write_bytes(joined(lines))
    os.utime(path, (START + 60, START + 60))
    result = results(error=[path])["error-log"]
    assert codes(result) == {"errlog-refused"}
    (finding,) = result.findings
    assert finding.code.basis is Basis.RECORDED
    assert finding.evidence["count"] == 6
    assert finding.evidence["first"] == "2024-12-25 10:04:57"
    assert finding.evidence["last"] == "2024-12-25 10:05:37"
    assert finding.evidence["place"] == f"{path}:4"
    assert "signature=…" in finding.evidence["line"]
    assert result.observation.others == {"denied": 1}


TRACE = (
    'FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught Exception: boom in /srv/index.php:3\n'
    'Stack trace:\n#0 {main}\n  thrown in /srv/index.php on line 3" while reading response header from upstream'
)


def test_a_message_over_several_lines_is_one_and_is_of_the_request_that_its_last_line_names(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    theirs, own = error_line(TRACE, START, path="/shop.php"), error_line(TRACE, START + 1, openid=OPENID)
    path.write_bytes(joined([theirs, theirs]))
    os.utime(path, (START, START))
    result = results(error=[path])["error-log"]
    assert (codes(result), result.observation.others) == (set(), {"script": 2})
    path.write_bytes(joined([theirs, own]))
    os.utime(path, (START + 1, START + 1))
    (finding,) = results(error=[path])["error-log"].findings
    assert (finding.code.id, finding.code.basis) == ("errlog-script", Basis.RECORDED)
    assert finding.evidence["place"] == f"{path}:5"
    assert "#0 {main}   thrown in" in finding.evidence["line"]


def test_a_push_that_only_waited_is_no_failed_push(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    waited = error_line('delaying request, excess: 0.100, by zone "one"', openid=OPENID)
    path.write_bytes(joined([waited.replace(b"[error]", b"[warn]")]))
    os.utime(path, (START, START))
    for kind, severity in (
        (AlarmKind.INVALID_RESPONSE, Severity.NOTE),
        (AlarmKind.REQUEST_TIMEOUT, Severity.WARNING),
    ):
        (finding,) = results(error=[path], of=alarm(kind=kind))["error-log"].findings
        assert (finding.code.id, finding.code.severity) == ("errlog-delayed", severity)
        assert finding.code.basis is Basis.CONDITION


def test_what_was_cut_off_before_its_request_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(joined([error_line(TRACE).partition(b"\n#0")[0]]))
    os.utime(path, (START, START))
    assert codes(results(error=[path])["error-log"]) == set()


@pytest.mark.parametrize("zone", [8, 0, -5])
def test_the_zone_is_that_of_the_files_own_time(tmp_path: Path, zone: int) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(joined(error_line("no live upstreams", START + at, zone) for at in range(-600, 700, 5)))
    os.utime(path, (START + 695, START + 695))
    observation = results(error=[path])["error-log"].observation
    assert (observation.offset, observation.offset_from) == (zone * 3600, "mtime")
    assert observation.groups[0].count == len(range(-60, 361, 5))


def test_a_copied_log_takes_the_zone_of_the_access_log_else_the_alarms(tmp_path: Path) -> None:
    errors, access = tmp_path / "error.log", tmp_path / "access.log"
    errors.write_bytes(joined(error_line("no live upstreams", START + at, 0) for at in range(-60, 360, 5)))
    os.utime(errors, (START + 7777, START + 7777))
    access.write_bytes(joined(line(START + at, zone=0) for at in range(-600, 600)))
    both = results(error=[errors], access=[access])["error-log"]
    assert (both.observation.offset, both.observation.offset_from) == (0, "access-log")
    assert codes(both) == {"errlog-no-live-upstream"}
    alone = results(error=[errors])["error-log"]
    assert (alone.observation.offset, alone.observation.offset_from) == (8 * 3600, "alarm")


def test_a_strangers_connection_is_told_from_wechats(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    tls = error_line("SSL_do_handshake() failed (SSL: error) while SSL handshaking").split(b", server")[0]
    path.write_bytes(joined([tls, tls.replace(b"203.0.113.7", b"198.51.100.9")]))
    os.utime(path, (START, START))
    result = results(error=[path])["error-log"]
    assert [f.evidence["count"] for f in result.findings] == [1]
    assert result.status is Status.FAIL
    unknown = replace(alarm(), sample=replace(alarm().sample, outer_ip=None))
    result = results(error=[path], of=unknown)["error-log"]
    assert [(f.evidence["count"], f.code.severity) for f in result.findings] == [(2, Severity.NOTE)]


def test_a_rotated_error_log_is_read_too(tmp_path: Path) -> None:
    live, old = tmp_path / "error.log", tmp_path / "error.log.1.gz"
    live.write_bytes(joined([error_line("access forbidden by rule", START + 86400)]))
    os.utime(live, (START + 86400, START + 86400))
    old.write_bytes(gzip.compress(joined(error_line("no live upstreams", START + at) for at in range(9))))
    os.utime(old, (START + 8, START + 8))
    assert codes(results(error=[live])["error-log"]) == {"errlog-no-live-upstream"}
    old.unlink()
    reason = results(error=[live])["error-log"].reason
    assert reason is not None
    assert reason.id == "log-begins-after"


FORMATS = {
    "iso": "2024-12-25 10:04:57,123 INFO handler: {}",
    "zoned": "2024-12-25T02:04:57.123Z [info] {}",
    "json": '{{"ts":1735092297.5,"level":"info","msg":"{}"}}',
    "millis": "1735092297123 {}",
    "slashed": "2024/12/25 10:04:57 handler.go:12: {}",
    "syslog": "Dec 25 10:04:57 host app[7]: {}",
    "access": '203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "{}"',
    "level-first": "[INFO] 2024-12-25 10:04:57.001 [http-nio-8080] c.e.App - {}",
}


def app_lines(form: str, message: str, at: float = START) -> bytes:
    """The line moved to another time, whatever its format."""
    local = datetime.fromtimestamp(at, timezone(timedelta(hours=8)))
    text = FORMATS[form].format(message)
    zulu = datetime.fromtimestamp(at, UTC)
    for old, new in (
        ("2024-12-25T02:04:57", zulu.strftime("%Y-%m-%dT%H:%M:%S")),
        ("2024-12-25 10:04:57", local.strftime("%Y-%m-%d %H:%M:%S")),
        ("2024/12/25 10:04:57", local.strftime("%Y/%m/%d %H:%M:%S")),
        ("Dec 25 10:04:57", local.strftime("%b %d %H:%M:%S")),
        ("25/Dec/2024:10:04:57", local.strftime("%d/%b/%Y:%H:%M:%S")),
        ("1735092297", str(int(at))),
    ):
        text = text.replace(old, new)
    return text.encode()


@pytest.mark.parametrize("form", FORMATS)
def test_the_push_is_found_in_any_format(tmp_path: Path, form: str) -> None:
    path = tmp_path / "app.log"
    lines = [app_lines(form, f"hello {at}", START + at) for at in range(-7200, 7200, 3)]
    lines.insert(2400, app_lines(form, f"push from {OPENID}", START))
    path.write_bytes(joined(lines))
    os.utime(path, (START + 7197, START + 7197))
    result = results(app=[path])["app-log"]
    assert codes(result) == {"app-log-lines"}
    observation = result.observation
    assert observation.hits[0].place == f"{path}:2401"
    assert START <= observation.hits[0].time < START + 1
    assert observation.hits[0].context[0] == lines[2398].decode()
    assert 140 <= observation.lines <= 142
    assert observation.files[0].read < path.stat().st_size


def test_a_traceback_of_the_push_and_one_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    push = app_lines("iso", f"push from {OPENID}")
    trace = [b"Traceback (most recent call last):", b'  File "app.py", line 7, in handle', b"KeyError: 'Content'"]
    other = app_lines("iso", "someone else", START + 1)
    path.write_bytes(joined([push, *trace, other]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.code.id, finding.code.basis) == ("app-log-error", Basis.RECORDED)
    assert finding.evidence["trouble"] == trace[0].decode()
    assert results(app=[path])["app-log"].observation.lines == 5
    path.write_bytes(joined([push, app_lines("iso", "bye", START), *trace, other]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.code.id, finding.code.basis) == ("app-log-error", Basis.REPRODUCED)


OTHER = "oZZZZZZZZZZZZZZZZZZZZZZZZZZ9"


def test_another_users_line_in_the_same_second_is_not_the_push(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    own = [app_lines("iso", f"push openid={OPENID} timestamp={START}"), app_lines("iso", f"replied to {OPENID}")]
    for named in (f"openid={OTHER}", '{\\"openid\\": \\"oOther01\\"}', f"<FromUserName><![CDATA[{OTHER}]]>"):
        theirs = [app_lines("iso", f"ERROR order failed {named} timestamp={START}"), b"KeyError: 'Content'"]
        path.write_bytes(joined([*own, *theirs]))
        result = results(app=[path])["app-log"]
        assert codes(result) == {"app-log-lines", "app-log-errors"}, named
        assert len(result.observation.hits) == 2
    event = [app_lines("iso", f"ERROR event SUBSCRIBE of {OTHER}"), app_lines("iso", "event SUBSCRIBE")]
    path.write_bytes(joined(event))
    of = replace(alarm(), sample=replace(alarm().sample, event="subscribe"))
    assert [hit.line for hit in results(app=[path], of=of)["app-log"].observation.hits] == [event[1].decode()]


def test_an_error_known_by_its_second_alone_is_likely_and_stands_behind_the_openids(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    nobodys = app_lines("iso", f"ERROR order failed timestamp={START}")
    path.write_bytes(joined([nobodys]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.code.id, finding.code.basis) == ("app-log-error", Basis.REPRODUCED)
    path.write_bytes(joined([nobodys, app_lines("iso", f"ERROR reply failed openid={OPENID}", START + 1)]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.evidence["needle"], finding.code.basis) == ("openid", Basis.RECORDED)
    late = app_lines("iso", "out STAMP", START + 7).replace(b"STAMP", str(START).encode())
    path.write_bytes(joined([app_lines("iso", f"in {START}"), late]))
    slow = next(found for found in results(app=[path])["app-log"].findings if found.code.id == "app-log-slow")
    assert slow.code.basis is Basis.REPRODUCED


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


def test_slow_silent_and_errors_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    quiet = [app_lines("iso", "tick", START + at) for at in range(0, 300, 10)]
    path.write_bytes(
        joined([app_lines("iso", f"in {OPENID}"), app_lines("iso", f"out {OPENID}", START + 7), *quiet[1:]])
    )
    assert codes(results(app=[path])["app-log"]) == {"app-log-slow", "app-log-lines"}
    path.write_bytes(joined(quiet))
    assert codes(results(app=[path])["app-log"]) == {"app-log-silent"}
    path.write_bytes(joined([*quiet, app_lines("iso", "redis.exceptions.ConnectionError: gone", START + 300)]))
    assert codes(results(app=[path])["app-log"]) == {"app-log-silent", "app-log-errors"}


def test_found_by_stamp_message_id_or_event(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    of = replace(alarm(openid=None), sample=replace(alarm().sample, openid=None, event="Template Send Job Finish"))
    path.write_bytes(joined([app_lines("iso", f"CreateTime={START}")]))
    assert results(app=[path], of=of)["app-log"].observation.hits[0].needle == "stamp"
    path.write_bytes(joined([app_lines("iso", "Event TEMPLATESENDJOBFINISH", START + 1)]))
    assert results(app=[path], of=of)["app-log"].observation.hits[0].needle == "event"
    path.write_bytes(joined([app_lines("iso", "Event TEMPLATESENDJOBFINISH", START + 200)]))
    assert not results(app=[path], of=of)["app-log"].observation.hits
    of = replace(of, sample=replace(of.sample, extra={"MsgId": "6054768590064713728"}))
    path.write_bytes(joined([app_lines("iso", "MsgId 6054768590064713728", START + 200)]))
    assert results(app=[path], of=of)["app-log"].observation.hits[0].needle == "id"


def test_a_log_without_times_is_searched_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(joined([b"no time at all"] * 500 + [f"push {OPENID}".encode()]))
    result = results(app=[path])["app-log"]
    assert codes(result) == {"app-log-lines"}
    assert result.observation.hits[0].place == f"{path}:501"


def test_without_a_named_log_the_check_is_skipped() -> None:
    reason = results()["app-log"].reason
    assert reason is not None
    assert reason.id == "no-app-log"


def test_what_speaks_of_trouble() -> None:
    for bad in (
        b"ERROR x",
        b"java.lang.NullPointerException: x",
        b'{"level":"error"}',
        b"panic: runtime",
        b"timed out",
    ):
        assert trouble(bad), bad
    for good in (b"0 errors", b"timeout=30", b"error_log on", b"INFO handled errors=0", b"Terror", b"x" * 5000):
        assert not trouble(good), good


def test_the_shape_of_times_is_that_of_most_lines() -> None:
    assert shape_of([FORMATS["syslog"].encode()] * 3) == "syslog"
    assert shape_of([b"nothing"] * 30 + [FORMATS["iso"].encode()]) is None
    assert has_zone([FORMATS["zoned"].encode()], "iso")
    assert not has_zone([FORMATS["iso"].encode()], "iso")
