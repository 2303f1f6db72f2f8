"""Hostile and mutated replies: judged in bounded time and memory, with no traceback and no look outside."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.growth import assert_linear
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


def repeated(part: bytes, before: bytes = b"", behind: bytes = b"") -> Callable[[int], bytes]:
    """A body of about some size that is one part again and again, between two others."""
    return lambda size: before + part * (size // len(part)) + behind


HOSTILE = {
    "entity-bomb": BOMB + b"]><xml>&j;</xml>",
    "external-entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://192.0.2.1/x">]><xml>&x;</xml>',
    "parameter-entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://192.0.2.1/x">%x;]><xml/>',
    "nul-in-xml": b"<xml><Content>\0\0</Content></xml>",
    "gzip-bomb": gzip.compress(b"\0" * (64 * MIB), 9),
}
GROWING: dict[str, Callable[[int], bytes]] = {
    "less-than": repeated(b"<"),
    "levels": lambda size: b"<xml>" + b"<a>" * (size // 7) + b"</a>" * (size // 7) + b"</xml>",
    "siblings": repeated(b"<a/>", b"<xml>", b"</xml>"),
    "cdata-open": repeated(b"<![CDATA[", b"<xml>"),
    "cdata-open-and-one-end": repeated(b"<![CDATA[", b"<xml>", b"]]>"),
    "comment-open": repeated(b"<!--", b"<xml>"),
    "ends": repeated(b"</a>"),
    "ampersands": repeated(b"&", b"<xml>"),
    "entities": repeated(b"&a;", b"<xml>"),
    "blanks": repeated(b" ", b"<xml>]", b"</a>"),
    "white": repeated(b" \r\n\t"),
    "attributes": repeated(b'a="b" ', b"<xml "),
    "invalid-utf-8": repeated(b"\xff"),
    "cut-utf-8": repeated("好".encode()[:2]),
    "nul": repeated(b"\0"),
    "quotes": repeated(b'"'),
    "json-levels": repeated(b"["),
    "json-objects": repeated(b'{"a":'),
    "big-number": repeated(b"9"),
    "title": repeated(b"x", b"<html><title>"),
    "titles": repeated(b"<title>", b"<html>"),
    "php": repeated(b"<b>Warning</b>: "),
    "escapes": repeated(b"\\u003cxml"),
    "objects": repeated(b"x", b"<Response ", b">"),
    "chunks": repeated(b"1\r\nx\r\n"),
    "lone-surrogates": repeated(b"\xed\xa0\x80"),
    "long-content": repeated(b"a", b"<xml><MsgType>text</MsgType><Content>", b"</Content></xml>"),
    "text-between": repeated(b"<a/>x", b"<xml>", b"</xml>"),
    "text-between-cut": repeated(b"<a>x<", b"<xml>"),
    "stripped-page": repeated(b"502 Bad Gateway "),
    "heads": repeated(b"HTTP/1.0 200 OK\r\n\r\n"),
    "json-members": repeated(b'"a":1,', b'{"ToUserName":"a","MsgType":"b",', b'"z":1}'),
    "return-code": repeated(b"<return_code>", b"<xml>"),
    "base64": repeated(b"A", b"<xml><Encrypt>", b"</Encrypt><MsgSignature>x</MsgSignature></xml>"),
}
HOSTILE |= {name: made(MIB) for name, made in GROWING.items()} | {"larger-than-read": b"<xml>" + b"a" * (3 * MIB)}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_judged(name: str) -> None:
    for push in (FORMS[0], FORMS[3]):
        for truncated in (False, True):
            judgement = judge(HOSTILE[name], push=push, mode="compatible", truncated=truncated)
            assert isinstance(judgement, Judgement)
    assert not judge(HOSTILE[name], push=FORMS[3]).accepted


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("name", GROWING)
def test_time_grows_as_the_body_does(name: str, truncated: bool) -> None:
    def judging(size: int) -> Callable[[], object]:
        body = GROWING[name](size)
        return lambda: judge(body, mode="compatible", truncated=truncated)

    assert_linear(judging, MIB // 2)


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
