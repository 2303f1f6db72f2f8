"""Encrypted replies: the envelope (Encrypt, MsgSignature, TimeStamp, Nonce) and what is inside it.

Source: 消息加解密说明. Only `opened` needs keys; what it found is plain data, so that a judgement can be
repeated without them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wxalarm.model import Finding
from wxalarm.wechat import crypto
from wxalarm.wechat.crypto import CryptoError, Keys
from wxalarm.wechat.reply import codes, rules
from wxalarm.wechat.reply.body import Body
from wxalarm.wechat.reply.markup import Element, content_span, element_span

ELEMENTS = ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
PLAIN = ("MsgType", "Content", "FromUserName", "CreateTime")
"""Elements of a plain reply that no envelope has."""
PLAIN_MARKS = tuple(f"<{name}>".encode() for name in PLAIN)
BLOCK = 16
"""Bytes of an AES block. WeChat itself pads to 32, but reads what is padded to 16 just as well."""
_SIGNATURE = re.compile(r"\A[0-9a-f]{40}\Z")


@dataclass(frozen=True, slots=True)
class Opened:
    """What the keys said about an envelope. Plain data."""

    problem: str | None = None
    """A key of [words.reply_undecryptable]; None when it could be decrypted."""
    plain: str = ""
    """What was encrypted; bytes that are no UTF-8 as surrogates."""
    appid: str | None = None
    """The appid inside, when it is not the account's."""
    wanted_appid: str | None = None
    signature: str | None = None
    """The signature that would be right, when the one in the envelope is not."""


def is_envelope(root: Element) -> bool:
    """Whether this is meant to be an encrypted reply, or an encrypted push."""
    return root.get("Encrypt") is not None


def opened(root: Element, keys: Keys) -> Opened | None:
    """Decrypt and verify; None when there is neither a token nor a key to try with."""
    texts = {name: (e.text.strip() if (e := root.get(name)) is not None else "") for name in ELEMENTS}
    right = None
    if keys.token and all(texts.values()):
        right = crypto.signature(keys.token, texts["TimeStamp"], texts["Nonce"], texts["Encrypt"])
        right = None if right == texts["MsgSignature"] else right
    if not keys.encoding_aes_keys:
        return Opened("no-key", signature=right) if keys.token else None
    problem = None
    for key in keys.encoding_aes_keys:
        try:
            message, appid = crypto.open_block(texts["Encrypt"], key)
        except CryptoError as error:
            problem = problem or error.reason
            continue
        other = appid if keys.appid and appid != keys.appid else None
        return Opened(None, message.decode("utf-8", "surrogateescape"), other, keys.appid or None, right)
    return Opened(problem, signature=right)


def judge(body: Body, root: Element, found: Opened | None) -> Iterator[Finding]:
    """Findings about the envelope itself; what is inside it is judged by the caller as a body of its own."""
    plain = [name for name in PLAIN if root.get(name) is not None]
    if plain and root.get("MsgSignature") is not None:
        yield body.find(codes.BOTH_FORMS, *element_span(body.data, _element(root, plain[0])), element=plain[0])
    elif root.get("MsgSignature") is None and (echoed := root.get("ToUserName") or root.get("AppId")) is not None:
        span = element_span(body.data, echoed)
        yield body.find(codes.ECHO, *span, corrected=body.accepted_instead, element=echoed.name)
        return
    if body.mode == "plain":
        yield body.find(codes.ENCRYPTED, *element_span(body.data, _element(root, "Encrypt")))
    yield from rules.missing(body, root, ELEMENTS)
    yield from _ciphertext(body, root, found)
    yield from _signature(body, root, found)
    if found is not None and found.appid is not None:
        span = content_span(body.data, _element(root, "Encrypt"))
        yield body.find(codes.APPID, *span, found=found.appid[:60], wanted=found.wanted_appid)


def _element(root: Element, name: str) -> Element:
    found = root.get(name)
    assert found is not None
    return found


def _ciphertext(body: Body, root: Element, found: Opened | None) -> Iterator[Finding]:
    """What can be seen of the ciphertext without keys, then what the keys said."""
    element = _element(root, "Encrypt")
    if not element.closed or not (text := element.text.strip()):
        return
    span = content_span(body.data, element)
    problem = visible_problem(text) or (found.problem if found is not None else None)
    if problem not in (None, "no-key"):
        yield body.find(codes.UNDECRYPTABLE, *span, case=problem, length=len(text))


def visible_problem(text: str) -> str | None:
    """What is wrong with a ciphertext that anybody can see: a key of [words.reply_undecryptable], or None."""
    if re.search(r"\s", text):
        text = re.sub(r"[\r\n]", "", text)
        if " " in text:
            return "blanks"
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "url-base64" if re.fullmatch(r"[\w-]+=*", text) else "base64"
    return "length" if not data or len(data) % BLOCK else None


def _signature(body: Body, root: Element, found: Opened | None) -> Iterator[Finding]:
    element = root.get("MsgSignature")
    if element is None or not element.closed or not (value := element.text.strip()):
        return
    span = content_span(body.data, element)
    if found is not None and found.signature is not None:
        corrected = body.spliced(*span, found.signature.encode())
        yield body.find(codes.SIGNATURE, *span, corrected=corrected, value=value[:60], case="wrong")
    elif not _SIGNATURE.match(value):
        case = "case" if _SIGNATURE.match(value.lower()) else "form"
        lower = body.spliced(*span, value.lower().encode()) if case == "case" else None
        yield body.find(codes.SIGNATURE, *span, corrected=lower, value=value[:60], case=case)
