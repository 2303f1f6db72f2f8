"""Lines of nginx's error log: every string stands for its kind; a line as a record."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.checks.logs.support import OPENID, START
from wxalarm.checks.logs.error_rules import BY_KIND
from wxalarm.logs.access import Push
from wxalarm.logs.errors import KINDS, ErrorLines, is_error_log, kind_of, messages_of, parse

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
    'ModSecurity: Access denied with code 406 (phase 2). Matched "Operator `Ge\'" [id "949110"]': "denied",
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


def error_line(
    message: str, at: float = START, zone: int = 8, path: str = "/callback", openid: str = "oB", stamp: int = 0
) -> bytes:
    when = datetime.fromtimestamp(at, timezone(timedelta(hours=zone))).strftime("%Y/%m/%d %H:%M:%S")
    request = f'request: "POST {path}?signature=0123abcd&timestamp={stamp or int(at)}&openid={openid} HTTP/1.1"'
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
    assert found.upstream == "192.0.2.11:8080"
    assert found.own
    assert found.zone is None


REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"


@pytest.mark.parametrize(
    "before",
    [
        "nginx-1  | ",
        "[pod/ingress-7/controller] ",
        "2024-12-25T02:04:58.123456789Z ",
        "2024-12-25T02:04:58.123456789Z stderr F ",
        "Dec 25 10:04:58 web1 nginx[77]: ",
    ],
)
def test_a_containers_log_has_both(before: str) -> None:
    """Each line stands by itself there: what follows is no part of the message."""
    access = '203.0.113.7 - - [25/Dec/2024:10:04:58 +0800] "POST /callback HTTP/1.1" 502 157'
    lines = [before.encode() + line for line in (access.encode(), error_line(REFUSED), access.encode())]
    assert is_error_log(lines)
    chunk = b"\n" + b"\n".join(lines) + b"\n"
    parser = ErrorLines(8 * 3600)
    assert [parser.seconds(time) for time in parser.times(chunk)] == [START]
    (_, (place, message)) = messages_of(chunk)
    assert (chunk[place : place + len(message)], message) == (lines[1], lines[1])
    found = parse(message, parser, Push())
    assert found is not None
    assert (found.kind, found.upstream, found.path) == ("refused", "192.0.2.11:8080", "/callback")


@pytest.mark.parametrize(
    "line",
    [
        '203.0.113.9 - - [25/Dec/2024:10:05:00 +0800] "GET /z HTTP/1.1" 404 0 "-" "x (111: Connection refused) y"',
        '{"uri":"/z","agent":"x (111: Connection refused) y"}',
    ],
)
def test_a_message_ends_where_a_request_is_logged(line: str) -> None:
    """What a visitor sends is no word of nginx's; the stack of a PHP error is."""
    notice = b"2024/12/25 10:04:57 [error] 7#7: *5 FastCGI sent in stderr: x\n#0 {main}\n  thrown in /srv/x.php"
    chunk = b"\n" + notice + b"\n" + line.encode() + b"\n" + error_line(REFUSED) + b"\n"
    first, second = messages_of(chunk)
    assert first == (1, notice)
    assert second[1].rstrip() == error_line(REFUSED)


def test_whose_line_it_is_and_which_zone_it_names() -> None:
    limited = 'limiting requests, excess: 0.500 by zone "wx"'
    for openid, stamp, user, own in (
        (OPENID, START, OPENID, True),
        (OPENID, START + 20, OPENID, False),  # the same user, another push
        ("oB", START, OPENID, False),
        (OPENID, START, None, False),  # a masked OpenID: there may be many in that second
    ):
        line = error_line(limited, START + 1, openid=openid, stamp=stamp)
        found = parse(line, ErrorLines(8 * 3600), Push(user, START, "/callback"))
        assert found is not None
        assert (found.own, found.zone) == (own, "wx")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://192.0.2.11:8080/callback", "192.0.2.11:8080"),
        ("http://[2001:db8::7]:80/a:b", "[2001:db8::7]:80"),
        ("http://unix:/run/app.sock:/callback", "unix:/run/app.sock"),
        ("fastcgi://unix:/run/php.sock:", "unix:/run/php.sock"),
        ("fastcgi://127.0.0.1:9000", "127.0.0.1:9000"),
        ("http://marked/callback", "marked"),
    ],
)
def test_an_upstream_is_named_as_the_access_log_names_it(url: str, address: str) -> None:
    line = error_line("no live upstreams").replace(b"http://192.0.2.11:8080/callback", url.encode())
    found = parse(line, ErrorLines(0), Push())
    assert found is not None
    assert found.upstream == address


def test_the_upstream_of_an_encrypted_push_is_read_behind_its_long_query() -> None:
    path = "/callback?" + "&".join(
        f"{name}={'a' * 40}" for name in ("signature", "nonce", "openid", "msg_signature", "x")
    )
    line = error_line("connect() failed (111: Connection refused) while connecting to upstream", path=path)
    found = parse(line, ErrorLines(8 * 3600), Push())
    assert found is not None
    assert found.upstream == "192.0.2.11:8080"
