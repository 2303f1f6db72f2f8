"""A reply as an application logged it, between other lines: which document of a log is the answer. Sans-IO, bounded."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from wxalarm.patterns import later
from wxalarm.wechat.reply.body import LARGEST

_TIMED = later(rb"(?m)^[^\w\n<]{0,3}(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d[.,]?\d*\b")
"""How a line of a log begins."""
_DOCUMENT = later(rb"(?:<\?xml [^>\n]{0,200}\?>\s{0,9})?<xml(?: [^<>]{0,300})?>[^<]*+(?:<(?!/?xml[ >])[^<]*+)*+</xml>")
_OF_A_PUSH = later(rb"<(?:MsgId|MsgID|Event|InfoType|Encrypt)>")
_ANSWERED = later(rb"(?m)^(?:< )?HTTP/\d(?:\.\d)? \d{3}\b")
"""The head of a response, as a client prints it."""
_LEAST = 2
"""Lines with a time, or in JSON, below which a text is no log: a handler may print one before its answer."""
_OF_CONSOLE = later(rb"(?m)^[^<\n]{0,120}\b(?:POST|GET) /[^\n]{0,2000}? \d{3}\b")
"""A request with its status: who prints that beside a push and its answer prints no answer with rubbish before it."""
_REQUESTED = later(rb"\"(?:POST|GET) [^\"\n]{1,2000} HTTP/\d(?:\.\d)?\" \d{3}\b")
"""A request as servers log it."""
_AES = later(rb"(?i:\benc(?:rypt)?_?type)[\"'\\]{0,3}\s?[=:]\s?[\[\"'\\]{0,3}aes(?![\w-])")
"""In a query, in JSON, and as WxJava's demos print it."""


class Logged(NamedTuple):
    """A reply in a log."""

    line: int
    """The number of its first line."""
    reply: bytes
    unsealed: bool
    """It is in plain text, and the log shows a push that was encrypted: in secure mode that is wrong."""


def logged(data: bytes) -> Logged | None:
    """The last document in a log that WeChat did not send itself; None when the text is no log or has no such
    document."""
    text = data[:LARGEST]
    if text.lstrip()[:1] in (b"<", b"") or _ANSWERED.search(text):
        # What a client printed of a whole response has a status, which a document alone has not.
        return None
    lines = ((at, _values(line)) for at, line in enumerate(text.split(b"\n"), 1) if line.startswith(b"{"))
    records = [(at, values) for at, values in lines if values]
    records = records if len(records) >= _LEAST else []
    plain = list(_DOCUMENT.finditer(text)) if b"</xml>" in text else []
    if not (len(_TIMED.findall(text)) >= _LEAST or _REQUESTED.search(text) or _is_console(text, plain)):
        plain = []
    for at, reply in chain(
        ((at, one) for at, values in reversed(records) for one in values if _DOCUMENT.fullmatch(one)),
        ((text.count(b"\n", 0, one.start()) + 1, _spelled(text, one)) for one in reversed(plain)),
    ):
        sealed = b"<Encrypt>" in reply and b"<MsgSignature>" in reply
        if sealed or (b"<MsgType>" in reply and _OF_A_PUSH.search(reply) is None):
            return Logged(at, reply, not sealed and _AES.search(text) is not None)
    return None


def _is_console(text: bytes, documents: Sequence[re.Match[bytes]]) -> bool:
    """Whether a program printed what came and what it answers, between lines of its own that have no times."""
    if not any(_OF_A_PUSH.search(one[0]) for one in documents):
        return False
    return _OF_CONSOLE.search(_DOCUMENT.sub(b"", text)) is not None


def _values(line: bytes) -> list[bytes]:
    """The texts of a line of JSON, without outer blanks; none of any other line."""
    try:
        values = msgspec.json.decode(line, type=dict[str, Any]).values()
    except (msgspec.DecodeError, RecursionError):
        return []
    return [value.strip().encode("utf-8", "replace") for value in values if isinstance(value, str)]


def _spelled(text: bytes, found: re.Match[bytes]) -> bytes:
    """A document; one that was printed as a string of Python or JSON without the escapes of that."""
    before, behind = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    if before != behind or before not in (b"'", b'"'):
        return found[0]
    quoted = before + found[0] + behind
    try:
        value = msgspec.json.decode(quoted) if before == b'"' else ast.literal_eval(quoted.decode("utf-8", "replace"))
    except (msgspec.DecodeError, UnicodeDecodeError, SyntaxError, ValueError):
        return found[0]
    return value.encode("utf-8", "replace") if isinstance(value, str) else found[0]
