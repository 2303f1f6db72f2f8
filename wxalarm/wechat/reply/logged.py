"""A reply as an application logged it, between other lines: which document of a log is the answer. Sans-IO, bounded."""

from __future__ import annotations

import ast
import re

import msgspec

from wxalarm.patterns import later
from wxalarm.wechat.reply.body import LARGEST

_TIMED = later(rb"(?m)^[^\w\n<]{0,3}(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d[.,]?\d*\b")
"""How a line of a log begins."""
_DOCUMENT = later(rb"<xml>[^<]*+(?:<(?!/?xml>)[^<]*+)*+</xml>")
_OF_A_PUSH = later(rb"<(?:MsgId|MsgID|Event|InfoType|Encrypt)>")
_ANSWERED = later(rb"(?m)^(?:< )?HTTP/\d(?:\.\d)? \d{3}\b")
"""The head of a response, as a client prints it."""
_LEAST = 2
"""Lines with a time, below which a text is no log: a handler may print one before its answer."""


def logged(data: bytes) -> tuple[int, bytes] | None:
    """(number of its first line, the reply) of the last document in a log that WeChat did not send itself; None when
    the text is no log or has no such document."""
    text = data[:LARGEST]
    if text.lstrip()[:1] in (b"<", b"") or b"<xml>" not in text or len(_TIMED.findall(text)) < _LEAST:
        return None
    if _ANSWERED.search(text):
        # What a client printed of a whole response, with the status that a document alone has not.
        return None
    for found in reversed(list(_DOCUMENT.finditer(text))):
        reply = _spelled(text, found)
        sealed = b"<Encrypt>" in reply and b"<MsgSignature>" in reply
        if sealed or (b"<MsgType>" in reply and _OF_A_PUSH.search(reply) is None):
            return text.count(b"\n", 0, found.start()) + 1, reply
    return None


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
