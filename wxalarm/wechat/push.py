"""Pushes as WeChat sends them, byte for byte, and how to read one back. Sans-IO.

Source: 接入指南 (verification), 接收普通消息 and 接收事件推送 (bodies), 消息加解密技术方案 (encryption), 验证票据
(tickets); the query and the headers as receivers have logged them.
The same arguments give the same bytes: time, nonce and random bytes come from the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode
from xml.parsers import expat

from wxalarm.wechat.catalogue import Element, Entry, Form, Value
from wxalarm.wechat.crypto import BAD_KEY, BAD_SIGNATURE, CryptoError, Keys, decrypt, encrypt, signature, signed
from wxalarm.wechat.message_url import filled

OPENID = "oWXALARM-diagnosis-no-user-0"
"""The marked OpenID of our pushes: 28 characters like a real one, and a handler or a log reader can tell."""
LARGEST = 1 << 20
"""Bytes of a push that `read` looks at."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to send."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Moment:
    """What differs from push to push. The same moment gives the same bytes."""

    timestamp: int
    nonce: str
    random: bytes = field(repr=False, default=bytes(16))
    """16 bytes; fresh for each encrypted push."""


def headers(url: str, body: bytes) -> tuple[tuple[str, str], ...]:
    """The headers of a push; Host is the HTTP client's."""
    found = [("User-Agent", "Mozilla/4.0"), ("Accept", "*/*"), ("Pragma", "no-cache")]
    if body:
        found += [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))]
    return tuple(found)


def verification(url: str, token: str, moment: Moment, echostr: str, sealed: str | None = None) -> Request:
    """The GET by which WeChat verifies a URL when it is saved. The right answer is the echostr and nothing else.

    sealed: the echostr encrypted, as WeCom sends it under a msg_signature; the right answer is what is inside.
    """
    timestamp = str(moment.timestamp)
    if sealed is not None:
        query = {
            "msg_signature": signature(token, timestamp, moment.nonce, sealed),
            "timestamp": timestamp,
            "nonce": moment.nonce,
            "echostr": sealed,
        }
        return Request("GET", with_query(url, query), headers(url, b""))
    query = {
        "signature": signature(token, timestamp, moment.nonce),
        "timestamp": timestamp,
        "nonce": moment.nonce,
        "echostr": echostr,
    }
    return Request("GET", with_query(url, query), headers(url, b""))


def push(
    url: str,
    entry: Entry,
    keys: Keys,
    moment: Moment,
    *,
    account: str,
    mode: str = "plain",
    openid: str = OPENID,
    authorizer: str = "",
    values: Mapping[str, Value] | None = None,
) -> Request:
    """The push of one message, event or notice.

    account: the gh_ id. mode: plain, compatible, secure; a notice is always encrypted, with the platform's keys.
    authorizer: what $APPID$ in a platform's message URL stands for. values: elements in place of the examples.
    Raises CryptoError when the mode needs a key that is not there or not one.
    """
    notice = entry.form is Form.NOTICE
    common = _notice(entry, keys, moment) if notice else _common(entry, account, openid, moment)
    inner = (*common, *replaced(entry.elements, values or {}), *_ids(entry, moment))
    timestamp = str(moment.timestamp)
    query = {"signature": signature(keys.token, timestamp, moment.nonce), "timestamp": timestamp, "nonce": moment.nonce}
    if not notice:
        query["openid"] = openid
    body = xml(inner)
    if mode != "plain" or notice:
        if not keys.encoding_aes_keys:
            raise CryptoError(*BAD_KEY)
        sealed = encrypt(body.encode(), keys.encoding_aes_keys[0], keys.appid, moment.random)
        query |= {
            "encrypt_type": "aes",
            "msg_signature": signature(keys.token, timestamp, moment.nonce, sealed),
        }
        outer = (("AppId", keys.appid),) if notice else (("ToUserName", account),)
        body = xml((*(inner if mode == "compatible" and not notice else outer), ("Encrypt", sealed)))
    address = with_query(filled(url, quote(authorizer)), query)
    return Request("POST", address, headers(url, body.encode()), body.encode())


def payment(url: str, moment: Moment, *, appid: str, merchant_key: str = "wxalarm", openid: str = OPENID) -> Request:
    """A payment notification (v2). Signed with merchant_key; with a made-up one a good handler answers FAIL."""
    fields = {
        "appid": appid,
        "bank_type": "OTHERS",
        "cash_fee": "1",
        "fee_type": "CNY",
        "is_subscribe": "Y",
        "mch_id": "1900000000",
        "nonce_str": moment.nonce,
        "openid": openid,
        "out_trade_no": f"wxalarm{moment.timestamp}",
        "result_code": "SUCCESS",
        "return_code": "SUCCESS",
        "time_end": "20260101120000",
        "total_fee": "1",
        "trade_type": "JSAPI",
        "transaction_id": "4200000000000000000000000000",
    }
    text = "&".join(f"{key}={value}" for key, value in sorted(fields.items())) + f"&key={merchant_key}"
    sign = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
    body = xml(tuple({**fields, "sign": sign}.items())).encode()
    return Request("POST", url, headers(url, body), body)


def _common(entry: Entry, account: str, openid: str, moment: Moment) -> tuple[Element, ...]:
    kind: tuple[Element, ...] = (("MsgType", entry.name),)
    if entry.form is Form.EVENT:
        kind = (("MsgType", "event"), ("Event", entry.name))
    return (("ToUserName", account), ("FromUserName", openid), ("CreateTime", moment.timestamp), *kind)


def _notice(entry: Entry, keys: Keys, moment: Moment) -> tuple[Element, ...]:
    return (("AppId", keys.appid), ("CreateTime", moment.timestamp), ("InfoType", entry.name))


def _ids(entry: Entry, moment: Moment) -> tuple[Element, ...]:
    """Messages have a MsgId of 64 bits; events are told apart by FromUserName and CreateTime."""
    return (("MsgId", (moment.timestamp << 31) + 1),) if entry.form is Form.MESSAGE else ()


def replaced(elements: Iterable[Element], values: Mapping[str, Value]) -> tuple[Element, ...]:
    """The elements with the given values; names that are not among them are added at the end."""
    listed = tuple(elements)
    names = {name for name, _ in listed}
    return (
        *((name, values.get(name, value)) for name, value in listed),
        *((name, value) for name, value in values.items() if name not in names),
    )


def with_query(url: str, query: Mapping[str, str]) -> str:
    """The URL with the query as WeChat appends it: behind an existing one with &."""
    base = url.partition("#")[0]
    return f"{base}{'&' if '?' in base else '?'}{urlencode(query)}"


def xml(elements: Iterable[Element]) -> str:
    """Elements as WeChat prints them: text in CDATA, numbers bare, a line each."""
    return "<xml>" + "\n".join(_element(name, value) for name, value in elements) + "</xml>"


def _element(name: str, value: Value) -> str:
    if isinstance(value, tuple):
        return f"<{name}>" + "".join(_element(*inner) for inner in value) + f"</{name}>"
    if isinstance(value, str):
        value = "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    return f"<{name}>{value}</{name}>"


# --- the other side ------------------------------------------------------------------------------------------------


class PushError(Exception):
    """A request is not a push that can be read. The message is a short key: "xml", "dtd", "size", "query"."""


@dataclass(frozen=True, slots=True)
class Received:
    """A push as its receiver reads it."""

    elements: Mapping[str, str]
    """Text by name, of the elements directly inside <xml>; decrypted ones included."""
    encrypted: bool
    query: Mapping[str, str]

    @property
    def name(self) -> str:
        """Event, MsgType or InfoType: what Entry.name is."""
        kind = self.elements.get("MsgType", "")
        return self.elements.get("Event", "") if kind == "event" else kind or self.elements.get("InfoType", "")


def verified(query: str, token: str) -> str | None:
    """The echostr to answer to a URL verification, or None when its signature is wrong."""
    found = dict(parse_qsl(query, keep_blank_values=True))
    right = signed(found.get("signature", ""), token, found.get("timestamp", ""), found.get("nonce", ""))
    return found.get("echostr") if right else None


def read(query: str, body: bytes, keys: Keys) -> Received:
    """A push, its signature verified and its ciphertext opened. Raises PushError or CryptoError."""
    found = dict(parse_qsl(query, keep_blank_values=True))
    outer = elements_of(body)
    timestamp, nonce = found.get("timestamp", ""), found.get("nonce", "")
    sealed = outer.get("Encrypt")
    if found.get("encrypt_type", "raw") != "aes" or sealed is None:
        if not signed(found.get("signature", ""), keys.token, timestamp, nonce):
            raise CryptoError(*BAD_SIGNATURE)
        return Received(outer, False, found)
    if not signed(found.get("msg_signature", ""), keys.token, timestamp, nonce, sealed):
        raise CryptoError(*BAD_SIGNATURE)
    inner = decrypt(sealed, keys.encoding_aes_keys, keys.appid)
    return Received({**outer, **elements_of(inner)}, True, found)


def elements_of(body: bytes) -> dict[str, str]:
    """Text by name of the elements directly inside the root. A DTD is refused. Raises PushError."""
    if len(body) > LARGEST:
        raise PushError("size")
    found: dict[str, str] = {}
    path: list[str] = []

    def start(name: str, _: object) -> None:
        path.append(name)
        if len(path) == 2:
            found[name] = ""

    def end(_: str) -> None:
        path.pop()

    def text(data: str) -> None:
        if len(path) == 2:
            found[path[1]] += data

    def refuse(*_: object) -> None:
        raise PushError("dtd")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise PushError("xml") from None
    return found
