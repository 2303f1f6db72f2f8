"""Redaction: what looks like personal data becomes a stable token, joins are kept, nothing else changes."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import widened
from wxalarm.checks.network.http_request import HttpRequest
from wxalarm.messages import catalogue
from wxalarm.model import Alarm, AlarmKind, Basis, CheckResult, Code, Finding, Report, Sample, Severity, Status, Target
from wxalarm.probes.http import Exchange
from wxalarm.render import json as render_json
from wxalarm.render.redact import STAY, WHOLE, Redactor

APPID = "wx0000000000000001"
OPENID = "oAAAAAAAAAAAAAAAAAAAAAAAAA01"
TOKEN = re.compile(r"[a-z]+-[0-9a-f]{10}")


def redactor() -> Redactor:
    return Redactor(b"k" * 32)


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("appid", APPID),
        ("openid", OPENID),
        ("account", "gh_0123456789ab"),
        ("ip", "198.51.100.7"),
        ("ip", "2001:db8::1"),
        ("ip", "2001:db8:0:0:0:0:0:1"),
        ("transaction", "4200000000202601010000000001"),
        ("signature", "0123456789abcdef0123456789abcdef01234567"),
        ("key", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"),
        ("ticket", "ticket@@@AbCdEf-0123456789"),
    ],
)
def test_each_form_has_its_token_wherever_it_stands(kind: str, secret: str) -> None:
    one = redactor()
    token = one.value(kind, secret)
    assert re.fullmatch(rf"{kind}-[0-9a-f]{{10}}", token)
    for before, after in (("", ""), ("[x=", "]"), ("https://wx.example.com/", "/in?a=1"), ("给 ", " 发"), ('"', '"')):
        assert one.text(f"{before}{secret}{after}") == f"{before}{token}{after}"
    assert one.text(token) == token, "redacting twice changes nothing"


@pytest.mark.parametrize(
    "text",
    [
        "https://wx.example.com/in?signature={}&timestamp=1",
        "https://wx.example.com/in?access_token={}",
        '{{"access_token": "{}", "expires_in": 7200}}',
        "<MsgSignature><![CDATA[{}]]></MsgSignature>",
        "<ComponentVerifyTicket>x</ComponentVerifyTicket>token={}",
        "AppSecret={}; next",
        "Token: {}",
        "Token:{} wrong",
        "token：{}",
        "{{'token': '{}'}}",
        "    [token] => {}",
        'token = "{}"',
    ],
)
def test_named_secrets_of_any_form(text: str) -> None:
    out = redactor().text(text.format("S3cret-Value_1"))
    assert "S3cret" not in out
    assert TOKEN.sub("T", out) == text.format("T")


def test_a_named_value_of_a_known_form_keeps_its_join() -> None:
    one = redactor()
    assert one.text(f"token={APPID}") == f"token={one.value('appid', APPID)}"


@pytest.mark.parametrize(
    "text",
    [
        "时间: 2026-01-01 12:00:00 次数: 5分钟 31次 [Stamp=1767240000][response_length=56]",
        "https://wx.example.com/callback?id=1",
        "std::vector<int> 1.2.3 version 10.0 12:30:59 5::",
        "EventKey=abcdef wx000000000000000 oShort",
        "****** x******",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redactor().text(text).replace(redactor().value("ip", "5::"), "5::") == text


def test_another_run_has_other_tokens() -> None:
    assert Redactor().value("appid", APPID) != Redactor().value("appid", APPID)


def test_different_values_have_different_tokens() -> None:
    one = redactor()
    assert len({one.value("openid", f"{OPENID}{n}") for n in range(20_000)}) == 20_000


@pytest.mark.parametrize("text", ["", "***", "xxxxxx", "appid-0123456789"])
def test_empty_and_masked_values_stay(text: str) -> None:
    assert redactor().value("appid", text) == text


def test_an_alarm_keeps_its_joins() -> None:
    odd = "oTyped-by-hand"
    alarm = Alarm(
        appid=APPID,
        nickname="shop",
        sample=Sample(
            openid=odd,
            stamp=1767240000,
            outer_ip="192.0.2.1",
            ip="198.51.100.7",
            url=f"https://wx.example.com/{APPID}/in?openid={odd}",
            response_content=f"<xml><ToUserName>{odd}</ToUserName></xml>",
            extra={"Foo": APPID, "flag": None},
        ),
    )
    one = redactor()
    out = one.alarm(alarm)
    assert out.appid == one.value("appid", APPID)
    assert out.sample.url == f"https://wx.example.com/{out.appid}/in?openid={out.sample.openid}"
    assert out.sample.response_content == f"<xml><ToUserName>{out.sample.openid}</ToUserName></xml>"
    assert out.sample.extra == {"Foo": out.appid, "flag": None}
    assert (out.sample.stamp, out.nickname) == (1767240000, "shop")
    assert APPID not in repr(out)
    assert odd not in repr(out)


@pytest.mark.parametrize("base", [Alarm, Sample, Target, CheckResult, Finding, Report])
def test_a_field_that_is_new_is_redacted(base: type) -> None:
    made = widened(base)
    required: dict[type, tuple[object, ...]] = {
        CheckResult: ("sample", Status.PASS),
        Finding: (Code("x", Severity.NOTE, Basis.RECORDED),),
        Report: (Alarm(), Target(), (), None, 0.0),
    }
    one = redactor()
    for new in (OPENID, [OPENID], {OPENID: {"nested": (OPENID,)}}, OPENID.encode(), {frozenset({OPENID}): 1}):
        out = one.plain(made(*required.get(base, ()), new=new))
        assert OPENID not in repr(out)
    numbers = made(*required.get(base, ()), new=(1, 2.5, True, None, AlarmKind.UNKNOWN))
    assert one.plain(numbers) == numbers


def test_a_field_of_an_observation_is_redacted() -> None:
    seen = HttpRequest((Exchange("192.0.2.1", 80, status=200, detail=OPENID),))
    out = redactor().plain(seen)
    assert isinstance(out, HttpRequest)
    assert (out.exchanges[0].status, out.exchanges[0].port) == (200, 80)
    assert OPENID not in repr(out)


def test_the_exceptions_are_fields_of_an_alarm() -> None:
    known = {each.name for cls in (Alarm, Sample) for each in fields(cls)}
    assert known >= {*WHOLE, *STAY}


def test_findings_and_plain_data() -> None:
    code = Code("x", Severity.NOTE, Basis.RECORDED)
    one = redactor()
    out = one.finding(code(value=OPENID, list=[OPENID, 1], nested={"ip": "192.0.2.1"}))
    token = one.value("openid", OPENID)
    assert out.evidence == {"value": token, "list": [token, 1], "nested": {"ip": one.value("ip", "192.0.2.1")}}


@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: text.encode("utf-16"), lambda t: gzip.compress(t.encode())]
)
def test_bytes_of_an_observation_are_redacted_too(encode: Callable[[str], bytes]) -> None:
    body = encode(f'{{"openid": "{OPENID}", "ip": "192.0.2.77", "secret": "S3cret-Value_1"}}')
    seen = HttpRequest((Exchange("192.0.2.1", 80, status=200, body=body, first=body),))
    report = Report(Alarm(), Target(), (CheckResult("http-request", Status.PASS, observation=seen),), None, 0.0)
    (made,) = redactor().reports([report])
    record = json.loads(render_json.render([made], [], catalogue("en")))["reports"][0]
    (exchange,) = record["results"][0]["observation"]["exchanges"]
    for name in ("body", "first"):
        shown = base64.b64decode(exchange[name])
        assert shown
        for secret in (OPENID, "192.0.2.77", "S3cret-Value_1"):
            assert encode(secret)[-20:] not in shown
            assert secret.encode() not in shown
        assert body != shown


def test_bytes_of_another_encoding_keep_what_is_no_secret() -> None:
    one = redactor()
    text = f"错误 {OPENID} 结束"
    assert one.octets(text.encode("gbk")).decode("gbk") == one.text(text)
    assert one.octets(b"\xff\xfe ok \x1b[0m") == b"\xff\xfe ok \x1b[0m"


@given(st.text(max_size=300))
def test_never_raises_and_is_stable(text: str) -> None:
    one = redactor()
    once = one.text(text)
    assert one.text(once) == once
