"""Hostile and mutated replies: judged in bounded time and memory, with no traceback and no look outside."""

from __future__ import annotations

import gzip
import random
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.paths import FIXTURES
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import Judgement, Pushed, dump, judge, mended

MIB = 1 << 20
FORMS = [Pushed(), Pushed(Form.EVENT, "subscribe"), Pushed(Form.NOTICE, "authorized"), Pushed(Form.PAY)]
GOOD = [path.read_bytes() for path in sorted((FIXTURES / "replies" / "accepted").glob("*.body"))]
BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
HOSTILE = {
    "less-than": b"<" * MIB,
    "entity-bomb": BOMB + b"]><xml>&j;</xml>",
    "external-entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://192.0.2.1/x">]><xml>&x;</xml>',
    "parameter-entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://192.0.2.1/x">%x;]><xml/>',
    "levels": b"<xml>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</xml>",
    "siblings": b"<xml>" + b"<a/>" * 250_000 + b"</xml>",
    "cdata-open": b"<xml>" + b"<![CDATA[" * 110_000,
    "cdata-open-and-one-end": b"<xml>" + b"<![CDATA[" * 110_000 + b"]]>",
    "comment-open": b"<xml>" + b"<!--" * 250_000,
    "ends": b"</a>" * 250_000,
    "ampersands": b"<xml>" + b"&" * MIB,
    "entities": b"<xml>" + b"&a;" * 300_000,
    "blanks": b"<xml>]" + b" " * MIB + b"</a>",
    "white": b" \r\n\t" * 260_000,
    "attributes": b"<xml " + b'a="b" ' * 170_000,
    "invalid-utf-8": b"\xff" * MIB,
    "cut-utf-8": "好".encode()[:2] * 500_000,
    "nul": b"\0" * MIB,
    "nul-in-xml": b"<xml><Content>\0\0</Content></xml>",
    "quotes": b'"' * MIB,
    "json-levels": b"[" * 200_000,
    "json-objects": b'{"a":' * 200_000,
    "big-number": b"9" * 200_000,
    "title": b"<html><title>" + b"x" * MIB,
    "titles": b"<html>" + b"<title>" * 150_000,
    "php": b"<b>Warning</b>: " * 60_000,
    "escapes": b"\\u003cxml" * 100_000,
    "objects": b"<Response " + b"x" * MIB + b">",
    "chunks": b"1\r\nx\r\n" * 150_000,
    "gzip-bomb": gzip.compress(b"\0" * (64 * MIB), 9),
    "lone-surrogates": b"\xed\xa0\x80" * 300_000,
    "long-content": b"<xml><MsgType>text</MsgType><Content>" + b"a" * MIB + b"</Content></xml>",
    "larger-than-read": b"<xml>" + b"a" * (3 * MIB),
    "base64": b"<xml><Encrypt>" + b"A" * 900_000 + b"</Encrypt><MsgSignature>x</MsgSignature></xml>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_judged_in_bounded_time(name: str) -> None:
    body = HOSTILE[name]
    begun = time.process_time()
    for push in (FORMS[0], FORMS[3]):
        for truncated in (False, True):
            judgement = judge(body, push=push, mode="compatible", truncated=truncated)
            assert isinstance(judgement, Judgement)
    assert not judge(body, push=FORMS[3]).accepted
    assert time.process_time() - begun < 20, "a deadline only: each takes well under a second"


@pytest.mark.slow
def test_memory_stays_within_a_few_times_the_body() -> None:
    for body in HOSTILE.values():
        tracemalloc.start()
        judge(body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 80 * MIB


def test_nothing_outside_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket, no file: a DTD that names one is refused before it could matter."""
    import builtins
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the judge looked outside")

    for body in HOSTILE.values():
        judge(body)  # whatever is imported lazily is there now
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    for name in ("entity-bomb", "external-entity", "parameter-entity"):
        assert [f.code.id for f in judge(HOSTILE[name]).findings] == ["reply-doctype"]


@given(
    st.binary(max_size=300), st.sampled_from(FORMS), st.sampled_from(["plain", "compatible", "secure"]), st.booleans()
)
@example(b"\xef\xbb\xbf\xef\xbb\xbf", FORMS[0], "plain", True)
def test_any_bytes_are_judged(body: bytes, push: Pushed, mode: str, truncated: bool) -> None:
    judgement = judge(body, push=push, mode=mode, truncated=truncated)
    assert judgement.accepted is all(f.code.severity != "error" for f in judgement.findings)
    better = mended(body, push=push, mode=mode)
    assert better is None or judge(better, push=push, mode=mode).accepted


@settings(max_examples=300)
@given(st.sampled_from(GOOD), st.integers(0, 2**32), st.sampled_from(FORMS))
def test_mutations_of_good_replies_are_judged(body: bytes, seed: int, push: Pushed) -> None:
    rng = random.Random(seed)
    pieces = [
        b"<",
        b">",
        b"]]>",
        b"<![CDATA[",
        b"</xml>",
        b"&",
        b'"',
        b"\0",
        b"\xff",
        b"\n",
        b"<xml>",
        b"{",
        b"\xef\xbb\xbf",
    ]
    for _ in range(rng.randint(1, 4)):
        place, length = rng.randint(0, len(body)), rng.randint(0, 6)
        body = body[:place] + rng.choice([b"", rng.choice(pieces), rng.randbytes(2)]) + body[place + length :]
    keys = Keys("token", "wx0000000000000001", ("A" * 43,))
    for mode in ("plain", "secure"):
        for finding in judge(body, push=push, mode=mode, keys=keys).findings:
            if "offset" in finding.evidence:
                assert 0 <= finding.evidence["offset"] <= len(body)
    better = mended(body, push=push)
    assert better is None or judge(better, push=push).accepted


@given(st.binary(max_size=200))
@example(b"HTTP/1.1 200 OK")
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nHTTP/1.1 200 OK\r\n")
@example(b"HTTP/1.1 200 OK\n\n" * 30)
def test_any_dump_is_read(rest: bytes) -> None:
    for data in (b"HTTP/1.1 200 OK\r\n" + rest, rest):
        if dump.is_dump(data):
            response = dump.response_of(data)
            judge(response.body, status=response.status, headers=response.headers)
