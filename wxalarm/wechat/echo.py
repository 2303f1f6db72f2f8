"""The answer to a URL verification: is it the echostr and nothing else, and if not, what does it come near? Sans-IO.

Source: 接入指南 (return echostr as it came). The near misses are those that developers report with token验证失败.
"""

from __future__ import annotations

import re

from msgspec import Struct

from wxalarm.wechat.logins import wants_login
from wxalarm.wechat.reply.transport import compressed

BOM = b"\xef\xbb\xbf"
_BEFORE = re.compile(rb"\A(?:\xef\xbb\xbf|\s)+")
_NUMBER = re.compile(rb"\d{1,40}(?:\.(?P<fraction>\d{0,40}))?(?:[eE]\+?(?P<exponent>\d{1,2}))?")
_OF_SIGNATURE = re.compile(r"签名|令牌|signature|token|\bsign\b", re.IGNORECASE)
"""The handler's own refusal: it saw the request."""
_PAGE = (b"<!doctype", b"<html", b"<head", b"<body", b"<title", b"<script")


class NearMiss(Struct, frozen=True):
    """What came in place of the echostr."""

    case: str
    """A key of [words.echo]."""
    harmless: bool = False
    """The handler does not verify at all; its answers to pushes may still be right."""


def near_miss(body: bytes, echostr: str, encoding: str = "") -> NearMiss | None:
    """What is wrong with a body as the answer to `echostr`; None when it is right. encoding: of Content-Encoding."""
    wanted = echostr.encode()
    if body == wanted:
        return None
    if not body:
        return NearMiss("empty", harmless=True)
    if body == b"success":
        return NearMiss("success", harmless=True)
    if compressed(body, encoding.strip().lower()):
        return NearMiss("compressed")
    inner = _BEFORE.sub(b"", body)  # each file that is included may begin with one
    if wanted not in body:
        return NearMiss(_without(inner.strip(), echostr))
    if inner.strip() == wanted:
        return NearMiss("bom" if BOM in body else "whitespace")
    if inner.strip() in (b'"' + wanted + b'"', b"'" + wanted + b"'"):
        return NearMiss("quotes")
    return NearMiss(_around(inner.strip().lower(), wanted))


def _around(text: bytes, wanted: bytes) -> str:
    """The echostr is there, with more around it."""
    if any(word in text[:4096] for word in _PAGE):
        return "html"
    if text[:1] in (b"{", b"["):
        return "json"
    if b"signature=" in text or b"echostr=" in text:
        return "query"
    return "warning" if text.startswith((b"<br", b"<b>", b"warning:", b"notice:", b"deprecated:")) else "around"


def _without(text: bytes, echostr: str) -> str:
    """The echostr is not there at all."""
    if any(word in text[:4096].lower() for word in _PAGE):
        return "page"
    if _rounded(text.strip(b'"'), echostr):
        return "number"
    if text[:1] in (b"{", b"["):
        said = text.decode("utf-8", "replace")
        return "login" if wants_login(said) and _OF_SIGNATURE.search(said) is None else "json"
    return "other"


def _rounded(text: bytes, echostr: str) -> bool:
    """Whether a text is what a language with 53-bit numbers prints for these 19 digits: all that it holds
    (1280319207911509760), the shortest that tell it, padded (…800), or with an exponent, rounded or cut (1.28E+18)."""
    found = _NUMBER.fullmatch(text)
    if found is None or not (echostr.isascii() and echostr.isdigit() and len(echostr) < 40):
        return False
    off = float(text) - float(echostr)
    if found["exponent"] is None:
        return off == 0
    step = float(f"1e{int(found['exponent']) - len(found['fraction'] or '')}")
    return -step < off <= step / 2
