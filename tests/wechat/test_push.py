"""Pushes byte for byte, read back in every mode, and by wechatpy, which knows nothing of us."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxalarm.wechat import catalogue
from wxalarm.wechat.catalogue import ENTRIES, Answer, Entry, Form
from wxalarm.wechat.crypto import CryptoError, Keys, envelope, signature
from wxalarm.wechat.push import (
    OPENID,
    Moment,
    PushError,
    elements_of,
    payment,
    push,
    read,
    verification,
    verified,
    with_query,
)

URL = "https://wx.example.com/callback"
KEYS = Keys("wxalarmtoken", "wx0000000000000001", ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0",))
NOW = Moment(1767240000, "1514711492", b"0123456789abcdef")
PUSHED = [entry for entry in ENTRIES if entry.form is not Form.PAY]
TEXT = catalogue.by_name(Form.MESSAGE, "text")


def query_of(url: str) -> str:
    return urlsplit(url).query


def test_verification() -> None:
    request = verification(URL, "AAAAA", Moment(1714036504, "1514711492"), "4375120948345356249")
    assert request.method == "GET"
    assert request.body == b""
    assert request.url == (
        f"{URL}?signature=f464b24fc39322e44b38aa78f5edd27bd1441696&timestamp=1714036504&nonce=1514711492"
        "&echostr=4375120948345356249"
    )
    assert verified(query_of(request.url), "AAAAA") == "4375120948345356249"
    assert verified(query_of(request.url), "AAAAB") is None


def test_a_text_message_in_plaintext_mode() -> None:
    request = push(URL, TEXT, KEYS, NOW, account="gh_000000000001")
    assert request.body.decode() == (
        f"<xml><ToUserName><![CDATA[gh_000000000001]]></ToUserName>\n<FromUserName><![CDATA[{OPENID}]]></FromUserName>\n"
        "<CreateTime>1767240000</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n"
        "<Content><![CDATA[wxalarm]]></Content>\n<MsgId>3795119002091520001</MsgId></xml>"
    )
    assert parse_qs(query_of(request.url)) == {
        "signature": [signature("wxalarmtoken", "1767240000", "1514711492")],
        "timestamp": ["1767240000"],
        "nonce": ["1514711492"],
        "openid": [OPENID],
    }
    assert dict(request.headers) == {
        "User-Agent": "Mozilla/4.0",
        "Accept": "*/*",
        "Pragma": "no-cache",
        "Content-Type": "text/xml",
        "Content-Length": str(len(request.body)),
    }


@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
@pytest.mark.parametrize("entry", PUSHED, ids=lambda e: e.name)
def test_every_push_is_read_back(entry: Entry, mode: str) -> None:
    request = push(URL, entry, KEYS, NOW, account="gh_000000000001", mode=mode)
    assert request == push(URL, entry, KEYS, NOW, account="gh_000000000001", mode=mode)
    received = read(query_of(request.url), request.body, KEYS)
    assert received.name == entry.name
    assert received.encrypted is (mode != "plain" or entry.form is Form.NOTICE)
    assert ("openid" in received.query) is (entry.form is not Form.NOTICE)
    if mode == "secure" or entry.form is Form.NOTICE:
        outer = {"AppId"} if entry.form is Form.NOTICE else {"ToUserName"}
        assert set(elements_of(request.body)) == outer | {"Encrypt"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=200))
def test_any_text_survives(content: str) -> None:
    content = "".join(char for char in content if char not in "\ufffe\uffff")
    for mode in ("plain", "secure"):
        request = push(URL, TEXT, KEYS, NOW, account="gh_000000000001", mode=mode, values={"Content": content})
        assert read(query_of(request.url), request.body, KEYS).elements["Content"] == content


def test_a_query_is_appended_as_wechat_does() -> None:
    assert with_query("http://a.example.com/x?id=1", {"b": "2"}) == "http://a.example.com/x?id=1&b=2"
    assert with_query("http://a.example.com/x#top", {"b": "2"}) == "http://a.example.com/x?b=2"
    request = push("https://p.example.com/$APPID$/cb", TEXT, KEYS, NOW, account="gh_1", authorizer="wx0000000000000002")
    assert request.url.startswith("https://p.example.com/wx0000000000000002/cb?signature=")


def test_a_push_that_needs_a_key_says_so() -> None:
    with pytest.raises(CryptoError) as caught:
        push(URL, TEXT, Keys("t", "wx0000000000000001"), NOW, account="gh_1", mode="secure")
    assert caught.value.code == -40004


def test_a_forged_push_is_refused() -> None:
    request = push(URL, TEXT, KEYS, NOW, account="gh_1", mode="secure")
    other = Keys("another", KEYS.appid, KEYS.encoding_aes_keys)
    with pytest.raises(CryptoError, match="signature"):
        read(query_of(request.url), request.body, other)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>', "dtd"),
        (b"<xml><a></xml>", "xml"),
        (b"", "xml"),
        (b"<xml>" + b" " * (1 << 20) + b"</xml>", "size"),
    ],
)
def test_what_is_no_push_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(PushError, match=reason):
        elements_of(body)


def test_a_payment_notification_is_signed() -> None:
    import hashlib

    request = payment(URL, NOW, appid="wx0000000000000001", merchant_key="k" * 32)
    fields = elements_of(request.body)
    sign = fields.pop("sign")
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields)) + "&key=" + "k" * 32
    assert sign == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.mark.parametrize(
    ("label", "form", "name"),
    [
        ({"event": "Template Send Job Finish"}, Form.EVENT, "TEMPLATESENDJOBFINISH"),
        ({"event": "Click Menu Url", "msg_type": 20000}, Form.EVENT, "VIEW"),
        ({"event": "Click"}, Form.EVENT, "CLICK"),
        ({"event": "Scan QRCode"}, Form.EVENT, "SCAN"),
        ({"event": "Location Report"}, Form.EVENT, "LOCATION"),
        ({"msg": "Subscribe", "event": "UnSubscribe"}, Form.EVENT, "unsubscribe"),
        ({"msg": "Subscribe", "event": "Subscribe"}, Form.EVENT, "subscribe"),
        ({"msg": "Subscribe"}, Form.EVENT, "subscribe"),
        ({"msg": "Text"}, Form.MESSAGE, "text"),
        ({"msg_type": 1}, Form.MESSAGE, "text"),
        ({"event": "Component Ticket"}, Form.NOTICE, "component_verify_ticket"),
        ({"event": "Component Info"}, Form.NOTICE, "unauthorized"),
        ({"msg_type": 20100}, Form.NOTICE, "component_verify_ticket"),
        ({"event": "TEMPLATESENDJOBFINISH"}, Form.EVENT, "TEMPLATESENDJOBFINISH"),
    ],
)
def test_names_of_alarms(label: dict[str, str | int], form: Form, name: str) -> None:
    found = catalogue.by_label(**label)  # type: ignore[arg-type]  # one parameter table for three types
    assert found is not None
    assert (found.form, found.name, found.known) == (form, name, True)


def test_unknown_names_are_kept() -> None:
    found = catalogue.by_label(event="Brand New Event")
    assert found == Entry(Form.EVENT, "Brand New Event", Answer.UNDOCUMENTED, known=False)
    assert catalogue.by_label(event="New Notice", msg_type=20101) == Entry(
        Form.NOTICE, "New Notice", Answer.UNDOCUMENTED, known=False
    )
    assert catalogue.by_label() is None
    assert catalogue.by_label(msg_type=20000) is None


def test_names_are_listed_once() -> None:
    names = [(entry.form, entry.name) for entry in ENTRIES]
    assert len(names) == len(set(names))


# --- an oracle that knows nothing of us ----------------------------------------------------------------------------


def test_wechatpy_opens_what_we_seal_and_the_reverse() -> None:
    from wechatpy.crypto import WeChatCrypto
    from wechatpy.utils import check_signature

    crypto = WeChatCrypto(KEYS.token, KEYS.encoding_aes_keys[0], KEYS.appid)
    for content in ("", "x", "微信" * 40, "m" * 17):
        request = push(URL, TEXT, KEYS, NOW, account="gh_1", mode="secure", values={"Content": content})
        query = {name: values[0] for name, values in parse_qs(query_of(request.url)).items()}
        check_signature(KEYS.token, query["signature"], query["timestamp"], query["nonce"])
        opened = crypto.decrypt_message(request.body, query["msg_signature"], query["timestamp"], query["nonce"])
        assert elements_of(opened.encode() if isinstance(opened, str) else opened)["Content"] == content

        theirs = crypto.encrypt_message(f"<xml><Content>{content}</Content></xml>", "1514711492", "1767240000")
        outer = elements_of(theirs.encode())
        sealed = f"<xml><Encrypt>{outer['Encrypt']}</Encrypt></xml>".encode()
        signed_query = (
            f"encrypt_type=aes&msg_signature={outer['MsgSignature']}"
            f"&timestamp={outer['TimeStamp']}&nonce={outer['Nonce']}"
        )
        assert read(signed_query, sealed, KEYS).elements["Content"] == content


def test_our_envelope_has_the_signature_that_wechatpy_gives() -> None:
    from wechatpy.crypto import WeChatCrypto

    body = elements_of(envelope(b"<xml/>", KEYS, "1767240000", "n", b"0123456789abcdef"))
    crypto = WeChatCrypto(KEYS.token, KEYS.encoding_aes_keys[0], KEYS.appid)
    wrapped = f"<xml><ToUserName>x</ToUserName><Encrypt>{body['Encrypt']}</Encrypt></xml>"
    opened = crypto.decrypt_message(wrapped, body["MsgSignature"], body["TimeStamp"], body["Nonce"])
    assert opened in ("<xml/>", b"<xml/>")
