"""The judge of replies: whether WeChat accepts what a callback server answered; if not: why, where, what instead.

`judge` is the entrance. codes.py has the codes; transport, shapes, markup with slips, rules, envelope and pay each
look at one layer. Nothing here opens a file or a socket, and every read is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from wxalarm.model import Basis, Finding, Severity
from wxalarm.wechat.catalogue import Answer, Form
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import codes, envelope, json_form, markup, pay, rules, shapes, slips, strays, transport
from wxalarm.wechat.reply.body import BOM, LARGEST, PAID, SUCCESS, Body, text_of
from wxalarm.wechat.reply.codes import CODES
from wxalarm.wechat.reply.envelope import Opened
from wxalarm.wechat.reply.pages import SEARCHED, page_of
from wxalarm.wechat.reply.pushes import PAY_V2, PAY_V3, Pushed

__all__ = [
    "CODES",
    "PAID",
    "SUCCESS",
    "Form",
    "Judgement",
    "Keys",
    "Opened",
    "Pushed",
    "judge",
    "mended",
    "open_envelope",
]

MOST_MENDS = 12
SERIALISED = ("string", "String", "anyType")
"""Roots that frameworks give a string: ASP.NET's DataContractSerializer and XmlSerializer, Jackson's XmlMapper."""
_SEVERITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a reply is accepted, and what was found: errors first, each kind in the order in which causes lie."""

    accepted: bool
    findings: tuple[Finding, ...] = ()
    decrypted: bytes | None = None
    """What stood in an encrypted reply; findings with evidence `inner` have their places in it."""

    def based(self, basis: Basis) -> Judgement:
        """The same with every finding on another basis: a probe's own reply is reproduced, an alarm's is recorded."""
        based = tuple(Finding(f.code.variant(basis=basis), f.evidence, f.location) for f in self.findings)
        return replace(self, findings=based)


_ACCEPTED = Judgement(True)


def judge(
    body: bytes,
    *,
    status: int = 200,
    headers: Mapping[str, str] | transport.Headers = (),
    push: Pushed | None = None,
    mode: str = "plain",
    keys: Keys | None = None,
    opened: Opened | None = None,
    truncated: bool = False,
    length: int | None = None,
) -> Judgement:
    """Judge one reply as WeChat does.

    push: what was pushed, as far as it is known. mode: 消息加解密方式, one of config.MODES. keys: to open an encrypted
    reply; opened: what keys said about this very body before. truncated: only the beginning of the body is known.
    length: bytes that the whole body has according to an alarm (response_length).
    """
    pushed = push or Pushed()
    undecorated = status == 200 and not headers and length is None and not truncated
    if undecorated and ((body == SUCCESS and pushed.form is not Form.PAY) or (not body and pushed.user)):
        return _ACCEPTED
    if truncated and body.endswith(b"..."):
        body = body[:-3]
    subject = Body(body, pushed, mode, truncated)
    found: list[Finding] = []
    fields = transport.fields(headers)
    if wrong := transport.wrong_status(status, pushed, fields.get("location")):
        found.append(wrong if transport.redirects(status) else shapes.status_of_page(wrong, text_of(body[:SEARCHED])))
    if fields or transport.framed(body):
        data, more = transport.arrived(subject, fields)
        subject, found = replace(subject, data=data), found + more
    decrypted = None
    if 200 <= status < 300:
        inside: list[bytes] = []
        found += _body(subject, keys, opened, length, inside)
        decrypted = inside[0] if inside else None
    elif not transport.redirects(status):  # the page of a redirect says nothing more
        found += _who_answered(subject)
    if not found:
        return _ACCEPTED if decrypted is None else Judgement(True, (), decrypted)
    found.sort(key=lambda f: (_SEVERITY[f.code.severity], codes.RANK[f.code.id]))
    return Judgement(found[0].code.severity is not Severity.ERROR, tuple(found), decrypted)


def mended(body: bytes, **known: object) -> bytes | None:
    """The body with one finding after the other corrected until it is accepted; None when that cannot be done, or
    nothing is wrong. `known` is as for `judge`."""
    current = body
    for _ in range(MOST_MENDS):
        judgement = judge(current, **known)  # type: ignore[arg-type]  # the caller's own arguments, passed on
        if judgement.accepted:
            return current if current != body else None
        first = judgement.findings[0].evidence
        if first.get("inner") or "corrected" not in first:
            return None
        following = str(first["corrected"]).encode("utf-8", "surrogatepass")
        if following == current:
            return None
        current = following
    return None


def open_envelope(body: bytes, keys: Keys) -> Opened | None:
    """What the keys say about a body; None when it is no encrypted reply or there is nothing to try."""
    try:
        root, _ = markup.read(body[:LARGEST])
    except markup.Malformed:
        return None
    return envelope.opened(root, keys) if root is not None and envelope.is_envelope(root) else None


# --- the body ----------------------------------------------------------------------------------------------------


def _body(
    body: Body, keys: Keys | None, opened: Opened | None, length: int | None, inside: list[bytes]
) -> Iterator[Finding]:
    if max(len(body.data), length or 0) > LARGEST:
        yield body.find(codes.TOO_LARGE, 0, length=max(len(body.data), length or 0), limit=LARGEST)
        body = replace(body, data=body.data[:LARGEST], truncated=True)
    if body.pushed.name == PAY_V3 and body.pushed.form is Form.PAY:
        return  # the status alone is the answer
    if not body.data or (body.data == SUCCESS and body.pushed.form is not Form.PAY):
        yield from _plain_answer(body, length)
        return
    if body.data.startswith(BOM):
        # Each file that is included may begin with one; what stands behind them is judged as behind a single one.
        lead = len(BOM)
        while body.data.startswith(BOM, lead):
            lead += len(BOM)
        yield body.find(codes.BOM, 0, lead, corrected=body.data[lead:], around="seen", length=len(body.data))
        body = replace(body, data=body.data[lead - len(BOM) :])
    text, wrong = _decoded(body)
    if wrong is not None:
        yield wrong
        yield from _who_answered(body, text)
        return
    stripped = text.lstrip("\ufeff \t\r\n")
    if not stripped.strip():
        if not body.data.startswith(BOM) or stripped:
            yield body.find(
                codes.WHITESPACE, 0, len(body.data), corrected=b"" if body.user else body.accepted_instead,
                before=len(body.data), behind=0, around="nothing",
            )  # fmt: skip
        return
    if _is_xml(stripped):
        yield from _xml(body, keys, opened, inside)
    elif body.pushed.json and body.pushed.user and (root := json_form.root_of(body)) is not None:
        found = list(_form(body, root, keys, opened, inside))
        yield from json_form.corrected(body, found, lambda xml, same: _form(xml, same, keys, None, []))
    else:
        yield from shapes.judge(body, text.lstrip("\ufeff"))


def _plain_answer(body: Body, length: int | None) -> Iterator[Finding]:
    """Nothing or `success`; an alarm that counts more bytes than it shows hides something around it."""
    shown = len(body.data)
    if length is not None and length > shown and not body.truncated:
        code = codes.BOM if length - shown == 3 else codes.WHITESPACE
        found, extra = body.accepted_instead, length - shown
        yield body.find(code, 0, corrected=found, before=extra, behind=0, around="hidden", length=length)
    elif not body.data and not body.user:
        either = body.pushed.form is Form.PAY and body.pushed.name != PAY_V2
        code = codes.EMPTY.variant(severity=Severity.WARNING) if either else codes.EMPTY
        case = "pay-either" if either else str(body.pushed.form)
        yield body.find(code, 0, corrected=body.accepted_instead, case=case)


def _decoded(body: Body) -> tuple[str, Finding | None]:
    """The body as text, and what is wrong with its encoding."""
    data = body.data
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        start = error.start
        if body.truncated and error.reason == "unexpected end of data" and len(data) - start < 4:
            return data[:start].decode("utf-8"), None
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    byte = f"0x{data[start]:02x}"
    try:
        text = data.decode("utf-16" if wide else "gb18030")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace"), body.find(
            codes.CHARSET, start, encoding=None, case="unknown", byte=byte
        )
    shown, corrected = "UTF-16" if wide else "GBK", _redeclared(text).encode("utf-8", "replace")
    return text, body.find(codes.CHARSET, start, corrected=corrected, encoding=shown, case="bytes", byte=byte)


def _redeclared(text: str) -> str:
    """The text with the encoding of its XML declaration set to UTF-8."""
    head, end, rest = text.partition("?>")
    if not end or not head.lstrip().startswith("<?xml"):
        return text
    return re.sub(r"(encoding\s{0,4}=\s{0,4})([\"'])[^\"']{1,40}\2", r"\1\2UTF-8\2", head, count=1) + end + rest


def _is_xml(text: str) -> bool:
    if text.startswith("<xml"):
        return True
    if not text.startswith("<"):
        return False
    return page_of(text) is None and not shapes.is_object(text.strip())


def _who_answered(body: Body, text: str | None = None) -> Iterator[Finding]:
    """Of a reply that fails for another reason: only whose page it is."""
    text = body.data[:LARGEST].decode("utf-8", "replace") if text is None else text
    if page := page_of(text):
        yield from shapes.page(body, text, page)


# --- XML ---------------------------------------------------------------------------------------------------------


def _xml(body: Body, keys: Keys | None, opened: Opened | None, inside: list[bytes]) -> Iterator[Finding]:
    if body.pushed.form is Form.NOTICE:
        yield body.find(codes.NOT_SUCCESS, 0, len(body.data), corrected=SUCCESS, around="xml")
        return
    yield from _not_encrypted(body)
    try:
        root, encoding = markup.read(body.data, truncated=body.truncated)
    except markup.Malformed as error:
        if body.pushed.form is Form.PAY and (refused := pay.refused(body)) is not None:
            yield refused
        yield _malformed(body, error)
        return
    if root is None:
        return
    if encoding is not None and encoding.lower() not in _UTF8:
        yield _declared(body, encoding)
    if root.name != "xml":
        yield _root(body, root)
        return
    if body.pushed.form is Form.PAY:
        yield from pay.judge(body, root)
    else:
        yield from strays.judge(body)
        yield from _form(body, root, keys, opened, inside)


def _form(
    body: Body, root: markup.Element, keys: Keys | None, opened: Opened | None, inside: list[bytes]
) -> Iterator[Finding]:
    """An encrypted reply, or a plain one."""
    if envelope.is_envelope(root):
        yield from _encrypted(body, root, keys, opened, inside)
    else:
        yield from rules.message(body, root)


def _not_encrypted(body: Body) -> Iterator[Finding]:
    """Plaintext where only ciphertext may stand, well-formed or not. One that is cut may have its Encrypt behind."""
    if body.mode != "secure" or not body.user or b"<Encrypt" in body.data:
        return
    if not body.truncated or any(mark in body.data for mark in envelope.PLAIN_MARKS):
        # success is never encrypted: to a push that takes no message it is the whole repair
        corrected = body.accepted_instead if body.pushed.answer is Answer.NO else None
        yield body.find(codes.NOT_ENCRYPTED, max(body.data.find(b"<"), 0), corrected=corrected)


def _encrypted(
    body: Body, root: markup.Element, keys: Keys | None, opened: Opened | None, inside: list[bytes]
) -> Iterator[Finding]:
    if opened is None and keys is not None and not body.truncated:
        opened = envelope.opened(root, keys)
    found = list(envelope.judge(body, root, opened))
    yield from found
    if opened is None or opened.problem is not None:
        if not found:
            yield body.find(codes.SEALED, root.offset)
        return
    plain = opened.plain.encode("utf-8", "surrogateescape")
    inside.append(plain)
    if plain in (b"", SUCCESS):
        yield body.find(codes.ENCRYPTED_SUCCESS, corrected=plain, what=opened.plain)
        return
    inner = Body(plain, body.pushed, "plain", inner=True)
    try:
        twice, _ = markup.read(plain[:LARGEST])
    except markup.Malformed:
        twice = None
    if twice is not None and envelope.is_envelope(twice):
        yield inner.find(codes.ENCRYPTED_TWICE, twice.offset)
        return
    yield from _body(inner, None, None, None, inside)


def _malformed(body: Body, error: markup.Malformed) -> Finding:
    if error.reason == "doctype":
        begin, end = body.data[: error.offset].rfind(b"<!DOCTYPE"), body.data.find(b">", error.offset)
        return body.find(codes.DOCTYPE, begin, end + 1)
    if error.reason != "syntax":
        return body.find(codes.MALFORMED_XML, error.offset, slip="deep", element="")
    slip = slips.explain(body.data, error.offset)
    corrected = None if body.truncated else slips.mended(body.data, error.offset)
    return body.find(
        codes.MALFORMED_XML, slip.start, slip.end, corrected=corrected, slip=slip.name, element=slip.element
    )


def _declared(body: Body, encoding: str) -> Finding:
    begin = max(body.data.find(b"encoding"), 0)
    corrected = _redeclared(body.data.decode("utf-8")).encode("utf-8")
    return body.find(codes.CHARSET, begin, corrected=corrected, encoding=encoding[:40], case="declared", byte="")


def _root(body: Body, root: markup.Element) -> Finding:
    begin = root.offset + 1
    corrected = rules.renamed(body.data, root, b"xml") if root.name.lower() == "xml" else None
    serialised = root.name in SERIALISED
    if serialised and b">success<" in body.data:
        corrected = b"success"
    return body.find(
        codes.MALFORMED_XML,
        begin,
        begin + len(root.name.encode()),
        corrected=corrected,
        slip="serialised" if serialised else "root",
        element=root.name[:40],
    )
