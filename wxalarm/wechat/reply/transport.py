"""What arrives around a body: status, Content-Length, Content-Encoding, chunks."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urljoin, urlsplit

from wxalarm.model import Finding
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.reply import codes
from wxalarm.wechat.reply.body import LARGEST, Body
from wxalarm.wechat.reply.pushes import PAY_V2, Pushed
from wxalarm.wechat.statuses import status_case

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}(?:;[^\r\n]{0,200})?\r?\n")
Headers = Iterable[tuple[str, str]]


def fields(headers: Mapping[str, str] | Headers) -> dict[str, str]:
    """Headers by lower-case name; the last of equal names."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {str(name).lower(): str(value) for name, value in pairs}


def redirects(status: int) -> bool:
    """Whether a status leads elsewhere by its Location (RFC 9110, 15.4): of the others of its class, no client does."""
    return status in _REDIRECTS


def redirect_case(to: str | None, url: str | None = None) -> str:
    """The key of the catalogue's words for the usual redirects. to: the Location, if there is one; url: what was asked
    for, when that is known."""
    if to is None:
        return "other"
    try:
        goal = urljoin(url or "", to)
        here, there = urlsplit(url or ""), urlsplit(goal)
    except ValueError:  # "http://[" and the like
        return "other"
    # The query is WeChat's own; a URL may be known without it.
    if here.hostname == there.hostname and here.path == there.path and (here.scheme, there.scheme) == ("http", "https"):
        return "https"
    if url and here[:2] == there[:2] and here.path != there.path and here.path.rstrip("/") == there.path.rstrip("/"):
        return "slash"
    if {"signature", "timestamp"} <= parse_qs(there.query).keys():  # it takes the push along: no login does
        return "other"
    return "login" if any(word in goal.lower() for word in ("login", "signin", "auth", "sso")) else "other"


def wrong_status(status: int, pushed: Pushed, location: str | None = None) -> Finding | None:
    """Anything but 200; but 204 for a payment notification that may be of v3. location: that header."""
    if status == 200 or (status == 204 and pushed.form is Form.PAY and pushed.name != PAY_V2):
        return None
    if redirects(status):
        to = (location or "")[:300] or None
        return codes.HTTP_REDIRECT(status=status, to=to, case=redirect_case(to), ip="")
    return codes.HTTP_STATUS(status=status, case=status_case(status), ip="")


def arrived(body: Body, headers: Mapping[str, str]) -> tuple[bytes, list[Finding]]:
    """(what WeChat reads as the body, findings about how it came)."""
    data, found = body.data, []
    length = headers.get("content-length", "").strip()
    if length.isascii() and length.isdigit() and not body.truncated:
        declared = int(length[:18])
        if not fits(declared, data):
            found.append(body.find(codes.LENGTH, min(declared, len(data)), declared=declared, length=len(data),
                                   case="short" if len(data) < declared else "long"))  # fmt: skip
        data = data[:declared]
    whole = Body(data, body.pushed, body.mode, body.truncated)
    encoding = headers.get("content-encoding", "").strip().lower()
    if compressed(data, encoding):
        inflated = _inflated(data)
        found.append(whole.find(codes.COMPRESSED, corrected=inflated, encoding=encoding or "gzip"))
        data = inflated if inflated is not None else data
    elif _CHUNK.match(data) and (joined := dechunked(data)) is not None:
        found.append(whole.find(codes.CHUNKED, corrected=joined))
        data = joined
    return data, found


def framed(data: bytes) -> bool:
    """Whether bytes begin as a gzip stream or an HTTP chunk does."""
    return data[:2] == b"\x1f\x8b" or _CHUNK.match(data) is not None


def compressed(data: bytes, encoding: str) -> bool:
    """Whether the bytes are compressed. The header alone says nothing: curl --compressed prints it with plain text."""
    if data[:2] == b"\x1f\x8b":
        return True
    if encoding in ("", "identity") or not data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def fits(declared: int, data: bytes) -> bool:
    """Whether a body has its declared length, allowing for line breaks that a paste shortened from CRLF to LF."""
    return declared in (len(data), len(data) + data.count(b"\n"))


def dechunked(data: bytes) -> bytes | None:
    """The bytes inside HTTP chunks (RFC 9112, 7.1); None when they are not whole chunks to the end."""
    parts: list[bytes] = []
    position = 0
    while found := _CHUNK.match(data, position):
        size = int(found[0].split(b";")[0].strip(), 16)
        begin = found.end()
        if size == 0:
            return b"".join(parts) if not data[begin:].strip(b"\r\n") else None
        parts.append(data[begin : begin + size])
        position = begin + size
        if data[position : position + 2] == b"\r\n":
            position += 2
        elif data[position : position + 1] == b"\n":
            position += 1
        else:
            return None
    return None


def _inflated(data: bytes) -> bytes | None:
    """gzip, zlib or raw deflate, at most as much as a reply may be; None when it is none of them."""
    for bits in (31, 15, -15):
        try:
            return zlib.decompressobj(bits).decompress(data, LARGEST)
        except zlib.error:
            continue
    return None
