"""What is fuzzed: a function of bytes for each reader of foreign input. It raises when a promise is broken.

The promises beside "no exception": both ways of parsing agree, what is masked stays masked, what was read can be
written. Time and memory of every single input are bounded by whoever calls (see __main__).
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h11

from wxalarm import config, nginx, shell
from wxalarm.bounds import Beyond
from wxalarm.cases import SCHEMA, CaseError, from_text
from wxalarm.cli.reading import Parts, alarms_of
from wxalarm.cli.verify import attempt_of
from wxalarm.logs import app, errors, formats, parsers
from wxalarm.logs.access import Push, Tally
from wxalarm.messages import known
from wxalarm.nginx.request import Request
from wxalarm.nginx.routing import route
from wxalarm.nginx.syntax import mend_slash_comments
from wxalarm.parser import parse
from wxalarm.parser.encoding import decode
from wxalarm.parser.stream import stream
from wxalarm.probes import dns_message, http_head
from wxalarm.render.alarms import JsonLines
from wxalarm.render.config import toml
from wxalarm.render.redact import Redactor
from wxalarm.wechat import verify
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import Pushed, dump, judge, mended

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
FINDS = Path(__file__).parent / "finds"
"""Inputs that once broke a promise, by target: tests/system/test_fuzz.py gives them to the targets again."""
PUSHES = (Pushed(), Pushed(Form.EVENT, "subscribe"), Pushed(Form.NOTICE, "authorized"), Pushed(Form.PAY))
KEYS = Keys("labtoken", "wx0000000000000001", ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0",))
QUERY = dns_message.Query("wx.example.com", "A", recursive=True)


def parsing(data: bytes) -> None:
    """Any bytes are a text, and every alarm in it has its place there."""
    text = decode(data)
    lines = text.split("\n")
    for alarm in parse(text).alarms:
        for place in (alarm.location, *alarm.fields.values()):
            assert place is not None
            assert 1 <= place.line <= place.end_line <= len(lines)


def streaming(data: bytes) -> None:
    """A text in parts has the alarms, and the problems, of the whole. The first byte says how large the parts are."""
    size, text = (data[0] + 1 if data else 1), decode(data[1:])
    whole = parse(text)
    parted = list(stream(text[at : at + size] for at in range(0, len(text), size)))
    assert [alarm for alarm, _ in parted] == list(whole.alarms)
    assert [alarm.location for alarm, _ in parted] == [alarm.location for alarm in whole.alarms]
    assert [flaw for _, flaws in parted for flaw in flaws] == list(whole.problems)


def judging(data: bytes) -> None:
    """A reply is judged whatever it is; what is mended is accepted. The first byte says for which push and mode."""
    first, body = (data[0] if data else 0), data[1:]
    push, mode = PUSHES[first % 4], config.MODES[first // 4 % len(config.MODES)]
    if dump.is_dump(body):
        response = dump.response_of(body)
        judge(response.body, status=response.status, headers=response.headers, push=push, mode=mode, keys=KEYS)
    judged = judge(body, push=push, mode=mode, keys=KEYS)
    better = None if judged.accepted else mended(body, push=push, mode=mode, keys=KEYS)
    assert better is None or judge(better, push=push, mode=mode, keys=KEYS).accepted


def configuring(data: bytes) -> None:
    """An nginx configuration is read, and the push's way through it found or not."""
    text = data.decode("utf-8", "surrogateescape")
    mend_slash_comments(text)
    try:
        read = nginx.parse(text)
    except Beyond:
        return
    chain = read.directives[:1]
    nginx.access_logs(read, chain, "/etc/nginx", "logs/access.log")
    nginx.every_access_log(read, "/etc/nginx", "logs/access.log")
    with contextlib.suppress(Beyond):
        found = route(read, Request("wx.example.com", "/callback?signature=1&timestamp=1767240000", remote="192.0.2.1"))
        if found is not None:
            found.value("$uri$args$arg_timestamp")


def logging(data: bytes) -> None:
    """A line format of its own, then lines: read as text, as JSON, as an error log, as an application's."""
    written, _, chunk = data.partition(b"\n")
    push = Push("oAAAABBBBCCCCDDDDEEEEFFFFGGGG", 1767240000, "/callback")
    lines = chunk.split(b"\n")
    own = []
    with contextlib.suppress(ValueError):
        own.append(formats.given(written.decode("utf-8", "surrogateescape")))
    found = parsers.detect(lines, own, formats.Wanted("/callback"))
    if found is not None:
        tally = Tally(0.0, 4e9)
        tally.add(found, b"\n" + chunk + b"\n")
        tally.counts()
        for line in lines:
            record = found.record(line)
            if record is not None:
                push.match(record)
    reader = errors.ErrorLines(28800.0)
    for _, message in errors.messages_of(b"\n" + chunk + b"\n"):
        errors.parse(message, reader, push)
    if (shape := app.shape_of(lines)) is not None:
        own_lines = app.AppLines(shape, 28800.0, 2026)
        for line in lines:
            own_lines.time_of(line)
            app.trouble(line)
            app.names_another(line, b"oAAAABBBBCCCCDDDDEEEEFFFFGGGG")


def heading(data: bytes) -> None:
    """The head of an answer goes to h11, and what h11 refuses has its line shown."""
    waiting = bytearray(data)
    head = http_head.take(waiting)
    if head is None:
        return
    clean, odd = http_head.legal(head)
    list(http_head.oddities(odd))
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=65536)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "wx.example.com")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(clean + bytes(waiting))
    try:
        for _ in range(10_000):
            event = connection.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                break
    except h11.RemoteProtocolError as error:
        http_head.offending(str(error), head)


def resolving(data: bytes) -> None:
    """A datagram with the right id is a reply, or Malformed."""
    with contextlib.suppress(dns_message.Malformed):
        QUERY.read(QUERY.message.id.to_bytes(2, "big") + data)


def replaying(data: bytes) -> None:
    """A saved case is read, or a CaseError says what is wrong with it."""
    with contextlib.suppress(CaseError):
        from_text(data.decode("utf-8", "replace"), "case.json")


def setting(data: bytes) -> None:
    """A wxalarm.toml gives settings, or a ConfigError with its place."""
    try:
        read = tomllib.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return
    with contextlib.suppress(config.ConfigError):
        config.from_mapping(read, "wxalarm.toml")


def redacting(data: bytes) -> None:
    """An appid does not come through, whatever stands before and behind it."""
    redactor = Redactor(b"fuzz")
    half = len(data) // 2
    planted = data[:half] + b" wx0123456789abcdef " + data[half:]
    assert "wx0123456789abcdef" not in redactor.text(planted.decode("utf-8", "surrogateescape"))
    assert b"wx0123456789abcdef" not in redactor.octets(planted)


def quoting(data: bytes) -> None:
    """A word in a printed command comes back as it was, in printable characters; else there is no command."""
    word = data.decode("utf-8", "surrogateescape")
    try:
        quoted = shell.quote(word)
    except shell.NoCommand:
        return
    assert quoted.isprintable()
    if quoted.startswith('"$('):  # printf makes it of octal escapes; tests/test_shell.py runs real shells
        assert re.fullmatch(r"\"\$\(printf '[^']*'\)\"", quoted)
    else:
        assert shlex.split(quoted) == [word]


def verifying(data: bytes) -> None:
    """What curl printed, a line of a log or a body is judged as a verification, plain or of WeCom."""
    attempt = attempt_of(data)
    verify.judge(attempt)
    verify.judge(attempt, KEYS, work=True)


def recording(data: bytes) -> None:
    """What `parse` wrote is alarms, or a ValueError says what it is instead."""
    with contextlib.suppress(ValueError):
        list(alarms_of("records", Parts(io.BytesIO(b"{" + data))))


def explaining(data: bytes) -> None:
    """A name is known or not, and what a text mentions stands in it, in order."""
    text = data.decode("utf-8", "replace")
    known.find(text[:100])
    lines = [mention.line for mention in known.mentions(text)]
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parse": parsing,
    "stream": streaming,
    "reply": judging,
    "nginx": configuring,
    "logs": logging,
    "http": heading,
    "dns": resolving,
    "case": replaying,
    "toml": setting,
    "redact": redacting,
    "quote": quoting,
    "verify": verifying,
    "records": recording,
    "known": explaining,
}


def seeds(target: str) -> Iterator[bytes]:
    """Inputs to begin with: the fixtures of the tests, and what they are made of."""
    alarms = [path.read_bytes() for path in sorted((FIXTURES / "alarms").rglob("*.txt"))]
    replies = [path.read_bytes() for path in sorted((FIXTURES / "replies").rglob("*.body"))]
    if target in ("parse", "redact", "quote"):
        yield from alarms
    elif target == "stream":
        yield from (bytes([len(text) % 256]) + text for text in alarms)
        yield from (b"\x08" + one + b"\n" + two for one, two in itertools.pairwise(alarms))
    elif target == "reply":
        yield from (bytes([index % 12]) + body for index, body in enumerate(replies))
        yield from (b"\0HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + body for body in replies[:20])
    elif target == "nginx":
        for path in sorted((FIXTURES / "observations" / "nginx-config").glob("*.json")):
            for file in json.loads(path.read_text("utf-8")).get("observation", {}).get("conf", {}).get("files", ()):
                yield file["text"].encode("utf-8", "surrogateescape")
    elif target == "logs":
        line = (
            b'192.0.2.1 - - [01/Jan/2026:12:00:00 +0800] "POST /callback?signature=1&timestamp=1767240000&openid=o'
            b'AAAABBBBCCCCDDDDEEEEFFFFGGGG HTTP/1.1" 200 7 "-" "Mozilla/4.0"'
        )
        error = (
            b"2026/01/01 12:00:00 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to "
            b'upstream, client: 192.0.2.1, request: "POST /callback?timestamp=1767240000 HTTP/1.1", upstream: '
            b'"http://127.0.0.1:8080/callback"'
        )
        made = b'{"time":"2026-01-01T12:00:00+08:00","status":200,"request":"POST /callback HTTP/1.1"}'
        for form in formats.KNOWN:
            yield form.text.encode() + b"\n" + line + b' "-" "h" "-" "u" "200" "0.1" "0.1"\n' + error + b"\n" + made
    elif target == "http":
        for status in (b"200 OK", b"404 Not Found", b"2x0 ') (expected foo"):
            for framing in (b"Content-Length: 7", b"Transfer-Encoding: chunked", b"bad name: x", b" folded"):
                yield b"HTTP/1.1 " + status + b"\r\nServer: nginx\r\n" + framing + b"\r\n\r\nsuccess"
    elif target == "dns":
        import dns.message

        answer = dns.message.make_response(QUERY.message)
        answer.answer.append(dns.rrset.from_text("wx.example.com.", 60, "IN", "A", "192.0.2.1"))
        answer.answer.append(dns.rrset.from_text("wx.example.com.", 60, "IN", "CNAME", "a.example.com."))
        answer.authority.append(
            dns.rrset.from_text("example.com.", 60, "IN", "SOA", "a. b. 1 2 3 4 5"),
        )
        yield answer.to_wire()[2:]
    elif target == "case":
        for folder in sorted((FIXTURES / "observations").iterdir()):
            for path in sorted(folder.glob("*.json"))[:3]:
                yield case_of(folder.name, json.loads(path.read_text("utf-8")))
    elif target == "verify":
        yield from (path.read_bytes() for path in sorted((FIXTURES / "verifications").iterdir()))
        asked = b"> GET /cb?echostr=12&signature=a HTTP/1.1\n> Host: wx.example.com\n"
        yield from (
            asked + b"< HTTP/1.1 200 OK\n< Content-Length: 12\n<\n{ [12 bytes data]\n",
            asked + b"< HTTP/1.1 200 OK\n< Content-Length: 2\n<\n12",
            b"curl: (28) Operation timed out\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n12",
        )
    elif target == "records":
        for text in alarms:
            written = [JsonLines().alarm(alarm) for alarm in parse(decode(text)).alarms]
            yield b"".join(line if isinstance(line, bytes) else line.encode() for line in written)[1:]
    elif target == "known":
        yield from (f"{entry.name} {entry.said}".encode() for entry in known.entries())
        yield b'{"errcode":40164,"errmsg":"invalid ip 203.0.113.5"} curl: (28) HTTP/1.1 502 OuterIP'
    elif target == "toml":
        for name, table in config.tables().items():
            head = f"[{name}.a]" if table.named else f"[{name}]"
            lines = [f"{entry.name} = {toml(entry.sample)}" for entry in table.keys.values()]
            yield "\n".join([head, *lines, ""]).encode()


def case_of(check: str, fixture: dict[str, Any]) -> bytes:
    """A saved case in which one check has the observation of a fixture."""
    entry = {
        "alarm": {"kind": "unknown", "location": None} | fixture.get("alarm", {}),
        "target": fixture.get("target", {}),
        "settings": {},
        "account": None,
        "accounts_here": 1,
        "now": "2026-01-01T12:00:00+08:00",
        "results": {
            check: {"observation": fixture["observation"], "reason": None, "unknown": False, "started": 0, "elapsed": 0}
        },
    }
    return json.dumps({"schema": SCHEMA, "cases": [entry], "problems": []}).encode()
