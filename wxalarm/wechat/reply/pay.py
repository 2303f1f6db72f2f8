"""Answers to payment notifications in XML (v2), whole or damaged. Source: 支付结果通知."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wxalarm.model import Finding
from wxalarm.wechat.reply import codes, rules
from wxalarm.wechat.reply.body import PAID, Body
from wxalarm.wechat.reply.markup import Element, content_span, element_span

NOTIFIED = ("transaction_id", "out_trade_no", "mch_id", "total_fee")
"""Elements that only the notification has."""

_SAID = re.compile(rb"<return_code>[ \t\r\n]{0,80}(?:<!\[CDATA\[)?[ \t]{0,8}([A-Za-z_]{1,40})")
_MESSAGE = re.compile(rb"<return_msg>[ \t\r\n]{0,80}(?:<!\[CDATA\[)?([^<\]]{0,400})")


def refused(body: Body) -> Finding | None:
    """The FAIL of a handler whose XML is not well-formed: it says more than the slip beside it."""
    said = _SAID.search(body.data)
    if said is None or said[1].lower() == b"success":
        return None
    message = _MESSAGE.search(body.data)
    text = message[1].decode("utf-8", "replace").strip()[:100] if message else ""
    return body.find(
        codes.PAY_FAIL, *said.span(1), corrected=PAID, value=said[1].decode(), message=text, element="return_code"
    )


def judge(body: Body, root: Element) -> Iterator[Finding]:
    """return_code must be SUCCESS; the notification sent back, which has one too, is no answer."""
    for name in NOTIFIED:
        if (element := root.get(name)) is not None:
            span = element_span(body.data, element)
            yield body.find(codes.ECHO, *span, corrected=PAID, element=name)
            return
    code = root.get("return_code")
    if code is None or not code.text.strip():
        yield from rules.missing(body, root, ("return_code",))
        return
    value, span = code.text.strip(), content_span(body.data, code)
    if not code.closed or value == "SUCCESS":
        return
    if value.lower() == "success":
        corrected = body.spliced(*span, b"SUCCESS")
        yield body.find(codes.CASE, *span, corrected=corrected, found=value, wanted="SUCCESS", case="pay")
        return
    message = root.get("return_msg")
    said = message.text.strip()[:100] if message is not None else ""
    yield body.find(codes.PAY_FAIL, *span, corrected=PAID, value=value[:40], message=said, element="return_code")
