"""The answer to a URL verification: is it the echostr and nothing else, and if not, what does it come near? Sans-IO.

Source: 接入指南 (return echostr as it came). The near misses are those that developers report with token验证失败.
"""

from __future__ import annotations

from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
_PAGE = (b"<!doctype", b"<html", b"<head", b"<body", b"<title", b"<script")


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What came in place of the echostr."""

    case: str
    """A key of [words.echo]."""
    harmless: bool = False
    """The handler does not verify at all; its answers to pushes may still be right."""


def near_miss(body: bytes, echostr: str) -> NearMiss | None:
    """What is wrong with a body as the answer to `echostr`; None when it is right."""
    wanted = echostr.encode()
    if body == wanted:
        return None
    if not body:
        return NearMiss("empty", harmless=True)
    if body == b"success":
        return NearMiss("success", harmless=True)
    inner = body.removeprefix(BOM)
    if wanted not in body:
        return NearMiss(_without(inner.strip(), echostr))
    if inner.strip() == wanted:
        return NearMiss("bom" if body.startswith(BOM) else "whitespace")
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
    if text.strip(b'"') == _rounded(echostr):
        return "number"
    return "json" if text[:1] in (b"{", b"[") else "other"


def _rounded(echostr: str) -> bytes | None:
    """What a language with 53-bit numbers makes of 19 digits."""
    return b"%d" % int(float(echostr)) if echostr.isascii() and echostr.isdigit() and len(echostr) < 40 else None
