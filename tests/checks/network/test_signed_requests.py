"""Signed requests against real servers: what they find, and where they never go."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import re
import zlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests import clock
from wxalarm import cases, config
from wxalarm.checks.check import Context
from wxalarm.checks.dns import addresses
from wxalarm.checks.network import push, signed_requests, url_verify
from wxalarm.diagnosis import contexts
from wxalarm.lab import dns as lab_dns
from wxalarm.lab import http as lab_http
from wxalarm.lab.callback import WRONG, Callback
from wxalarm.lab.web import Heard, Said, Site, serve
from wxalarm.messages import catalogue
from wxalarm.model import Alarm, AlarmKind, CheckResult, Report, Sample, Status
from wxalarm.probes import tcp
from wxalarm.runner import Run
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.push import OPENID
from wxalarm.wechat.reply import Opened

TOKEN, AES_KEY = "labtokenlabtoken", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0"
KEYS = Keys(TOKEN, "wx0000000000000001", (AES_KEY,))
ONLY = ("http-request", "url-verify", "push")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    monkeypatch.setenv("LAB_AES_KEY", AES_KEY)


def settings(url: str, **account: str) -> config.Settings:
    table = {
        "appid": KEYS.appid,
        "url": url,
        "token_env": "LAB_TOKEN",
        "encoding_aes_key_env": "LAB_AES_KEY",
        **account,
    }
    return config.from_mapping({"accounts": {"shop": table}, "dns": {"servers": [], "system": ["127.0.0.1:9"]}})


def platform(url: str) -> config.Settings:
    table = {
        "appid": KEYS.appid,
        "authorization_url": url,
        "message_url": url.replace("/callback", "/$APPID$/callback"),
        "token_env": "LAB_TOKEN",
        "encoding_aes_key_env": "LAB_AES_KEY",
    }
    return config.from_mapping({"platforms": {"mine": table}})


async def diagnosed(
    alarm: Alarm, known: config.Settings, *, send: bool = True, only: Sequence[str] = ONLY, **options: Any
) -> tuple[dict[str, CheckResult], Report, Context]:
    ready = contexts([alarm], dataclasses.replace(known, push=send), **options)
    (report,) = await Run(ready, only=only).reports()
    return {result.check: result for result in report.results}, report, ready[0]


def codes(result: CheckResult) -> list[str]:
    return [finding.code.id for finding in result.findings]


def alarm_of(url: str, kind: AlarmKind = AlarmKind.INVALID_RESPONSE, **sample: Any) -> Alarm:
    return Alarm(kind, KEYS.appid, sample=Sample(url=url, **sample))


def posts(site: Site) -> list[Heard]:
    return [heard for heard in site.heard if heard.method == "POST"]


# --- what they find --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (None, None),
        ("quoted", "verify-echo-wrong"),
        ("bom", "verify-echo-wrong"),
        ("newline", "verify-echo-wrong"),
        ("html", "verify-echo-wrong"),
        ("json", "verify-echo-wrong"),
        ("number", "verify-echo-wrong"),
        ("echo", "verify-echo-wrong"),
        ("error-page", "verify-echo-wrong"),
        ("403", "http-status"),
        ("201", "http-status"),
    ],
)
def test_url_verification_names_the_near_miss(wrong: str | None, code: str | None) -> None:
    async def main() -> None:
        async with serve(Callback(KEYS, wrong=wrong, wrong_get=True)) as site:
            url = site.url("/callback")
            results, _, _ = await diagnosed(alarm_of(url), settings(url), send=False)
            assert codes(results["url-verify"]) == ([code] if code else [])
            observation = results["url-verify"].observation
            assert isinstance(observation, url_verify.UrlVerify)
            assert len(observation.echostr) == 19
            assert observation.echostr != str(int(float(observation.echostr))), "a float may hold it"

    clock.run(main())


@pytest.mark.parametrize("answer", [b"", b"success"])
def test_a_handler_that_does_not_verify_is_noted_and_no_cause(answer: bytes) -> None:
    async def main() -> None:
        right = Callback(KEYS)
        async with serve(lambda heard: Said(answer) if heard.method == "GET" else right(heard)) as site:
            url = site.url("/callback")
            for kind in (AlarmKind.UNKNOWN, AlarmKind.INVALID_RESPONSE):
                results, report, _ = await diagnosed(alarm_of(url, kind), settings(url))
                assert (codes(results["url-verify"]), results["url-verify"].status) == (
                    ["verify-echo-wrong"],
                    Status.PASS,
                )
                assert report.cause is None

    clock.run(main())


def test_what_an_unsigned_get_says_already_is_not_said_twice() -> None:
    async def main() -> None:
        async with serve(Callback(KEYS, wrong="redirect", wrong_get=True)) as site:
            url = site.url("/callback")
            results, _, _ = await diagnosed(alarm_of(url), settings(url), send=False)
            assert codes(results["http-request"]) == ["http-redirect"]
            assert results["url-verify"].status is Status.SKIP

    clock.run(main())


@pytest.mark.parametrize("mode", config.MODES)
@pytest.mark.parametrize("event", [None, "Template Send Job Finish", "Brand New Event"])
def test_a_right_server_accepts_the_push_of_every_mode(mode: str, event: str | None) -> None:
    async def main() -> None:
        async with serve(Callback(KEYS, talkative=True)) as site:
            url = site.url("/callback")
            known = settings(url, mode=mode, original_id="gh_000000000001")
            results, _, _ = await diagnosed(alarm_of(url, event=event), known)
            assert results["push"].status is Status.PASS, results["push"]
            (heard,) = posts(site)
            assert f"openid={OPENID}" in heard.query
            assert (b"<Encrypt>" in heard.body) is (mode != "plain")
            if mode != "secure":
                assert b"gh_000000000001" in heard.body

    clock.run(main())


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("quoted", "reply-quoted"),
        ("bom", "reply-bom"),
        ("newline", "reply-whitespace"),
        ("json", "reply-json"),
        ("true", "reply-json"),
        ("error-page", "reply-html"),
        ("echo", "reply-echo"),
        ("redirect", "http-redirect"),
        ("201", "http-status"),
        ("405", "http-status"),
        ("500", "http-status"),
        ("hang-up", "http-empty"),
        ("empty", None),
    ],
)
def test_the_judge_names_what_is_wrong_with_the_reply(wrong: str, code: str | None) -> None:
    assert wrong in WRONG

    async def main() -> None:
        async with serve(Callback(KEYS, wrong=wrong)) as site:
            url = site.url("/callback")
            results, _, _ = await diagnosed(alarm_of(url), settings(url))
            assert codes(results["push"])[:1] == ([code] if code else [])
            assert codes(results["url-verify"]) == []

    clock.run(main())


def test_a_handler_that_is_slow_only_for_pushes_is_found() -> None:
    async def main() -> None:
        async with serve(Callback(KEYS, wrong="slow")) as site:
            url = site.url("/callback")
            known = dataclasses.replace(settings(url), timeout=1.5)
            results, _, _ = await diagnosed(alarm_of(url, AlarmKind.REQUEST_TIMEOUT), known)
            assert codes(results["push"]) == ["http-timeout"]
            assert codes(results["http-request"]) == ["http-status"]  # a note: an unsigned GET is refused

    clock.run(main())


@pytest.mark.parametrize("kind", [AlarmKind.TICKET_INVALID, AlarmKind.COMPONENT_TIMEOUT])
def test_a_platform_gets_a_notice_but_never_a_ticket(kind: AlarmKind) -> None:
    async def main() -> None:
        async with serve(Callback(KEYS, wrong="quoted")) as site:
            url = site.url("/callback")
            results, _, _ = await diagnosed(Alarm(kind, KEYS.appid), platform(url))
            assert codes(results["push"]) == ["reply-quoted"]
            observation = results["push"].observation
            assert isinstance(observation, push.Push)
            assert observation.pushed.name == "unauthorized"
            (heard,) = posts(site)
            assert "openid=" not in heard.query
            assert heard.body.startswith(b"<xml><AppId>")

    clock.run(main())


def test_a_payment_notification_goes_only_where_the_user_says() -> None:
    async def main() -> None:
        async with serve(Callback(KEYS)) as site:
            known = settings(site.url("/callback"))
            alarm = Alarm(AlarmKind.PAY_NOTIFY_INVALID, KEYS.appid, sample=Sample(transaction_id="42"))
            results, _, _ = await diagnosed(alarm, known)
            assert results["push"].reason is not None
            assert results["push"].reason.id == "no-notify-url"
            assert posts(site) == []
            results, _, _ = await diagnosed(alarm, known, url=site.url("/notify"))
            assert results["push"].status is Status.PASS  # FAIL is the right answer to a made-up sign
            assert len(posts(site)) == 1

    clock.run(main())


def test_alarms_about_the_same_push_share_one() -> None:
    async def main() -> None:
        async with serve(Callback(KEYS)) as site:
            url = site.url("/callback")
            known = dataclasses.replace(settings(url), push=True)
            alarms = [alarm_of(url, event="Click"), alarm_of(url, event="Click"), alarm_of(url, msg="Text")]
            await Run(contexts(alarms, known), only=ONLY).reports()
            assert len(posts(site)) == 2

    clock.run(main())


# --- where they never go ---------------------------------------------------------------------------------------------


def test_not_modified_is_a_status_and_no_redirect() -> None:
    async def main() -> None:
        async with serve(lambda heard: Said(b"", 304 if "signature" in heard.query else 200)) as site:
            url = site.url("/callback")
            results, report, _ = await diagnosed(alarm_of(url), settings(url))
            assert codes(results["url-verify"]) == codes(results["push"]) == ["http-status"]
            assert report.cause is not None
            for lang, word in (("en", "cache"), ("zh", "缓存")):
                for part in ("text", "hint"):
                    assert word in catalogue(lang).finding(report.cause.finding, part)

    clock.run(main())


@pytest.mark.parametrize(("second", "named"), [(b'"success"', "127.0.0.1, 127.0.0.2"), (b"success", "127.0.0.1")])
def test_a_wrong_reply_names_its_addresses_and_how_to_ask_them(second: bytes, named: str) -> None:
    async def main() -> tuple[Report, int]:
        async with (
            lab_http.serve(lab_http.respond(body=b'"success"')) as port,
            lab_http.serve(lab_http.respond(body=second), address="127.0.0.2", port=port),
        ):
            url = f"http://wx.example.com:{port}/callback"
            resolve = {f"wx.example.com:{port}": ("127.0.0.1", "127.0.0.2")}
            _, report, _ = await diagnosed(alarm_of(url), settings(url), only=("push",), url=url, resolve=resolve)
            return report, port

    report, port = clock.run(main())
    assert report.cause is not None
    found = report.cause.finding
    assert found.code.id == "reply-quoted"
    alone = named == "127.0.0.1"
    en, zh = catalogue("en"), catalogue("zh")
    assert en.finding(found, "text").startswith(f"{named}, while 127.0.0.2 answers" if alone else f"{named}: The reply")
    assert zh.finding(found, "text").startswith(f"{named}（127.0.0.2 " if alone else f"{named}：")
    for words in (en, zh):
        assert words.finding(found, "verify").startswith(
            f"curl -gsi --resolve wx.example.com:{port}:127.0.0.1 -X POST "
        )


def test_without_push_no_post_ever_leaves() -> None:
    async def main() -> None:
        async with serve(Callback(KEYS)) as site:
            url = site.url("/callback")
            reports = await Run(contexts([alarm_of(url, kind) for kind in AlarmKind], settings(url))).reports()
            results = [result for report in reports for result in report.results if result.check == "push"]
            assert results
            assert {result.status for result in results} == {Status.SKIP}
            assert any("signature=" in heard.query for heard in site.heard)
            assert {heard.method for heard in site.heard} == {"GET"}

    clock.run(main())


@pytest.mark.parametrize("configured", ["http://wx.example.com/callback", "https://127.0.0.1/callback", None])
def test_a_url_that_is_not_the_accounts_gets_nothing_signed(configured: str | None) -> None:
    async def main() -> None:
        async with serve(Callback(KEYS)) as trap:
            known = settings(configured) if configured else config.Settings()
            url = trap.url("/callback")
            results, _, _ = await diagnosed(alarm_of(url), known, url=url)
            assert {results[name].status for name in ("url-verify", "push")} == {Status.SKIP}
            assert all("signature" not in heard.query for heard in trap.heard)
            assert posts(trap) == []

    clock.run(main())


def test_a_redirect_is_not_followed() -> None:
    async def main() -> None:
        async with serve(lambda heard: Said()) as trap:
            there = (("Location", trap.url("/stolen")),)
            async with serve(lambda heard: Said(status=307, headers=there)) as site:
                url = site.url("/callback")
                await diagnosed(alarm_of(url), settings(url))
                assert len(posts(site)) == 1
            assert trap.heard == []

    clock.run(main())


@pytest.mark.parametrize("answer", ["127.0.0.1", "169.254.169.254"])
def test_an_answer_of_dns_that_leads_inside_gets_nothing(answer: str) -> None:
    async def main() -> None:
        async with serve(Callback(KEYS)) as trap, lab_dns.serve(f"wx.example.com. 60 IN A {answer}") as resolver:
            url = trap.url("/callback", "wx.example.com")
            known = dataclasses.replace(settings(url), dns=config.Dns(servers=(), system=(resolver.label,)))
            names = ("dns-system", *ONLY)
            results, _, _ = await diagnosed(alarm_of(url, ip="127.0.0.1"), known, only=names)
            assert results["dns-system"].observation.views[0].addresses == (answer,)
            for name in ("url-verify", "push"):
                assert results[name].status is Status.SKIP, results[name]
            assert trap.heard == []

    clock.run(main())


def test_an_address_that_only_the_alarm_names_gets_nothing_signed() -> None:
    async def main() -> tuple[list[str], list[str]]:
        url = "http://wx.example.com/callback"
        (ctx,) = contexts([alarm_of(url, ip="192.0.2.66")], settings(url))
        signed_for = [ip async for ip in addresses.arriving(ctx, alarm=False)]
        return signed_for, [ip async for ip in addresses.arriving(ctx)]

    assert clock.run(main()) == ([], ["192.0.2.66"])


def test_nothing_that_is_saved_holds_a_secret() -> None:
    """The server repeats the whole request: its query, and the push."""

    async def main() -> None:
        def parrot(heard: Heard) -> Said:
            return Said(heard.target.encode() + heard.body, headers=(("X-Target", heard.target),))

        async with serve(parrot) as site:
            url = site.url("/callback")
            _, report, ctx = await diagnosed(alarm_of(url), settings(url))
            saved = cases.to_text([report], [ctx])
            sent = [part for heard in site.heard for part in heard.query.split("&") if "signature=" in part]
            assert len(sent) == 2
            assert TOKEN not in saved
            assert AES_KEY not in saved
            for part in sent:
                assert part.partition("=")[2] not in saved

    clock.run(main())


OK = b"HTTP/1.1 200 OK\r\n"


def _sized(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    "answer",
    [
        lambda sig: _sized(b"HTTP/1.1 403 bad signature %s\r\n" % sig, b""),
        lambda sig: b"GET /cb?signature=%s\r\n\r\n" % sig,  # no HTTP: what came first is kept
        lambda sig: b"x" * (tcp.SHOWN - 30) + sig,  # cut within the signature
        lambda sig: OK + b"illegal %s\r\n\r\n" % sig,  # the library quotes the line
        lambda sig: _sized(OK + b"X-%s: 1\r\nX-Sent: %s\r\n" % (sig, sig.upper()), b"success"),
        lambda sig: _sized(OK, sig.upper()),
        lambda sig: _sized(OK, f"wanted {sig.decode()}, Token: {TOKEN} {AES_KEY}".encode()),
        lambda sig: _sized(OK, f"wanted {sig.decode()}, Token: {TOKEN} {AES_KEY}".encode("utf-16")),
        lambda sig: _sized(OK, b"x" * (signed_requests.LARGEST - 20) + sig),
        lambda sig: _sized(OK + b"Token: %s\r\n" % TOKEN.upper().encode(), b""),
    ],
)
def test_what_a_server_repeats_is_hidden_wherever_it_stands(answer: Callable[[bytes], bytes]) -> None:
    async def main() -> None:
        sent: list[str] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line = await reader.readline()
            found = re.findall(rb"signature=(\w{40})", line)
            sent.extend(each.decode() for each in found)
            await asyncio.sleep(0)
            writer.write(answer(found[-1] if found else b"0" * 40))
            writer.write_eof()
            await reader.read()
            writer.close()

        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/cb"
            results, report, ctx = await diagnosed(alarm_of(url), settings(url, mode="compatible"))
        assert len(sent) == 3
        seen = [one for name in ONLY for one in results[name].observation.exchanges]
        bodies = " ".join(one.body.replace(b"\0", b"").decode("latin-1") for one in seen)
        first = " ".join(one.first.decode("latin-1") for one in seen)
        kept = f"{bodies} {first} {cases.to_text([report], [ctx])} {report}".lower()
        for secret in (TOKEN, AES_KEY, *sent):
            assert secret.lower()[:16] not in kept

    clock.run(main())


def test_a_right_reply_that_repeats_a_secret_is_still_right() -> None:
    async def main() -> None:
        def debugging(heard: Heard) -> Said:
            sent = dict(parse_qsl(heard.query))
            if heard.method == "GET":
                return Said(sent.get("echostr", "").encode())
            text = f"{sent['signature']} of {TOKEN}"
            names = {
                "ToUserName": OPENID,
                "FromUserName": push.ORIGINAL_ID,
                "CreateTime": "1767240000",
                "MsgType": "text",
            }
            elements = "".join(f"<{name}>{value}</{name}>" for name, value in {**names, "Content": text}.items())
            return Said(f"<xml>{elements}</xml>".encode())

        async with serve(debugging) as site:
            url = site.url("/callback")
            results, _, _ = await diagnosed(alarm_of(url, msg="Text"), settings(url))
            assert codes(results["push"]) == []
            assert b"<Content>" in results["push"].observation.exchanges[0].body

    clock.run(main())


@pytest.mark.parametrize("token", ["success", "xml", "callback", "127", "1234"])
def test_a_token_that_is_a_common_word_spoils_no_answer(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", token)

    async def main() -> None:
        async with serve(Callback(Keys(token, KEYS.appid, KEYS.encoding_aes_keys), talkative=True)) as site:
            url = site.url("/callback")
            results, _, _ = await diagnosed(alarm_of(url), settings(url))
            assert [results[name].status for name in ("url-verify", "push")] == [Status.PASS, Status.PASS]
            assert results["push"].observation.exchanges[0].address == "127.0.0.1"

    clock.run(main())


def test_the_token_is_not_kept_in_the_answer_that_an_alarm_quotes() -> None:
    alarm = alarm_of("http://wx.example.com/cb", response_content=f"Token: {TOKEN}")
    (ctx,) = contexts([alarm], settings("http://wx.example.com/cb"))
    assert ctx.alarm.sample.response_content == "Token: " + "*" * len(TOKEN)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_compressed_answer_that_repeats_secrets_is_kept_without_them(pack: Callable[[bytes], bytes]) -> None:
    async def main() -> None:
        def packed(heard: Heard) -> Said:
            body = pack(f"{TOKEN} {heard.query}".encode())
            return Said(body, headers=(("Content-Encoding", "gzip" if pack is gzip.compress else "deflate"),))

        async with serve(packed) as site:
            url = site.url("/callback")
            results, _, _ = await diagnosed(alarm_of(url), settings(url))
            sent = [dict(parse_qsl(heard.query)).get("signature", TOKEN) for heard in site.heard]
        assert "reply-compressed" in codes(results["push"])
        assert "reply-length" not in codes(results["push"])
        for name in ONLY:
            (one,) = results[name].observation.exchanges
            text = zlib.decompress(one.body, 47).decode()
            assert "*" * len(TOKEN) in text
            assert not [secret for secret in sent if secret in text]

    clock.run(main())


def test_an_encrypted_reply_that_repeats_a_signature_is_kept_without_it() -> None:
    sent = "https://wx.example.com/cb?signature=" + "ab" * 20 + "&msg_signature=" + "cd" * 20
    made = signed_requests.without((Opened(plain="x" + "AB" * 20), None), sent)
    assert made == (Opened(plain="x" + "*" * 40), None)


def test_what_an_old_push_left_in_the_url_is_not_sent_again() -> None:
    url = "https://wx.example.com/cb?id=7&signature=a&timestamp=1&nonce=2&openid=o&encrypt_type=aes&msg_signature=b"
    (ctx,) = contexts([alarm_of(url)], settings("https://wx.example.com/cb"))
    assert signed_requests.address_of(ctx) == "https://wx.example.com/cb?id=7"


@pytest.mark.parametrize(
    ("alarm", "known", "reason"),
    [
        (Alarm(), config.Settings(), "no-account"),
        (alarm_of("https://wx.example.com/cb"), {"token_env": "UNSET_VARIABLE"}, "no-token"),
        (alarm_of("https://wx.example.com/cb"), {"mode": "secure", "encoding_aes_key_env": "UNSET"}, "no-aes-key"),
        (Alarm(AlarmKind.TICKET_INVALID, KEYS.appid), {}, "no-platform"),
    ],
)
def test_what_is_missing_is_said(alarm: Alarm, known: config.Settings | dict[str, str], reason: str) -> None:
    async def main() -> None:
        chosen = settings("https://wx.example.com/cb", **known) if isinstance(known, dict) else known
        results, _, _ = await diagnosed(alarm, chosen, only=("push",))
        assert results["push"].reason is not None
        assert results["push"].reason.id == reason

    clock.run(main())
