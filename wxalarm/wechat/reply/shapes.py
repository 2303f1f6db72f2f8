"""What kind of thing a body is that is neither `success`, empty nor XML: quoted, JSON, a page, an object, a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from wxalarm.model import Finding, Severity
from wxalarm.patterns import later
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.logins import wants_login
from wxalarm.wechat.reply import codes
from wxalarm.wechat.reply.body import BOM, PAID, SUCCESS, Body, excerpt
from wxalarm.wechat.reply.pages import IN_FRONT, Page, page_of, target_of
from wxalarm.wechat.statuses import BY_PAGE

JSON_READ = 1 << 16
"""Bytes of JSON that are parsed; longer ones are known by how they begin."""
_JSON_START = re.compile(r"\s*(?:\{\s*(?:[\"'}]|\Z)|\[\s*(?:[\"'{\[\]\d-]|\Z))")
_ESCAPED = re.compile(r"\\u003[cC]|&lt;\s{0,8}/?xml|&#60;xml|&#x3c;xml|%3Cxml", re.I)
_PYTHON_BYTES = re.compile(r"\Ab(['\"])(.*)\1\Z", re.S)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`", "「": "」"}
_OBJECT = re.compile(
    r"\A(?:<(?:[\w.]{0,80}(?:Response|Result)\b|(?:coroutine|generator) object|\d{3} [A-Z_]{2,30}[ ,])[^<]{0,2000}>\Z"
    r"|\[object \w{1,40}\]\Z|System\.(?:Web|Net|Threading)\.[\w.`\[\]]{1,200}\Z|[\w.$]{3,120}@[0-9a-f]{4,16}\Z"
    r"|\w{3,60}(?:Response|Result|Entity|Body|Vo|VO|Dto|DTO)[({].{0,2000}[)}]\Z)",
    re.S,
)
_HEAD = re.compile(r"\AHTTP/\d(?:\.\d)? \d{3}\b")
_OBJECT_KEYS = frozenset(
    {"statuscode", "statuscodevalue", "status_code", "headers", "contenttype", "content_type", "contentencoding",
     "reasonphrase", "issuccessstatuscode", "original", "exception", "viewname", "modelandview"}
)  # fmt: skip
_OBJECT_BODIES = ("body", "content", "original", "data", "Content", "Body")


def judge(body: Body, text: str) -> Iterator[Finding]:
    """The findings about a body that is not XML. There is at least one."""
    stripped = text.strip()
    if stripped.lower() == "success" and body.pushed.form is not Form.PAY:
        yield from _success_like(body, text, stripped)
        return
    if not body.truncated and (bare := unquoted(stripped)) is not None:
        yield _quoted(body, stripped, bare)
        return
    if is_object(stripped):
        yield body.find(
            codes.OBJECT,
            0,
            len(body.data),
            corrected=_behind_head(body),
            what=stripped[:80].partition("\r\n")[0],
            case="framework",
        )
        return
    if _ESCAPED.search(stripped[:4000]):
        yield _escaped(body, stripped)
        return
    if found := page_of(text):
        yield from page(body, text, found)
        return
    if _JSON_START.match(text) or stripped in _LITERALS or _NUMBER.match(stripped):
        yield _json(body, stripped)
        return
    yield _text(body, text, stripped)


_LITERALS = frozenset({"true", "false", "null", "True", "False", "None", "nil", "undefined"})
_NUMBER = re.compile(r"\A-?\d{1,20}(?:\.\d{1,20})?\Z")


def _success_like(body: Body, text: str, stripped: str) -> Iterator[Finding]:
    """`success` in another case, or with blanks around it; nothing when only a byte order mark stands before it."""
    begin = body.data.lower().find(SUCCESS)
    if stripped != "success":
        # An official writes SUCCESS, the documents success: for messages and events nobody can tell.
        capitals = text == "SUCCESS" and body.user
        code = codes.CASE.variant(severity=Severity.WARNING) if capitals else codes.CASE
        case = "capitals" if capitals else "other"
        yield body.find(code, begin, begin + 7, corrected=SUCCESS, found=stripped, wanted="success", case=case)
        return
    lead = 3 if body.data.startswith(BOM) else 0
    before, behind = body.data[lead:begin], body.data[begin + 7 :]
    if before or behind:
        place = (lead, begin) if before else (begin + 7, len(body.data))
        yield body.find(
            codes.WHITESPACE, *place, corrected=SUCCESS, before=len(before), behind=len(behind), around="success"
        )


def unquoted(text: str) -> str | None:
    """What stands between the quotes of a text that is one quoted string; None when it is not one."""
    if (printed := _PYTHON_BYTES.match(text)) is not None:
        return printed[2]
    if len(text) < 2 or _QUOTES.get(text[0]) != text[-1]:
        return None
    if text[0] == '"' and len(text) <= JSON_READ:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text[1:-1]
        return value if isinstance(value, str) else None
    return text[1:-1]


def _quoted(body: Body, text: str, bare: str) -> Finding:
    inner = bare.strip()
    code = codes.ESCAPED if _ESCAPED.search(text[:4000]) and "<xml" in inner else codes.QUOTED
    good = inner == "success" or inner.startswith("<xml")
    corrected = inner.encode("utf-8", "surrogateescape") if good else body.accepted_instead
    begin = len(body.data) - len(body.data.lstrip())
    how = "bytes" if text.startswith("b") else "json" if text.startswith('"') else "quotes"
    length = 2 if how == "bytes" else len(text[0].encode("utf-8"))
    finding = body.find(code, begin, begin + length, corrected=corrected, how=how, what=_kind_of(inner))
    # The quotes alone, which stand at the place, are not worth showing.
    evidence = {**finding.evidence, "shown": excerpt(body.data.strip()), "length": len(body.data)}
    return code(finding.location, **evidence)


def _kind_of(inner: str) -> str:
    if inner == "success":
        return "success"
    return "xml" if inner.startswith("<") else "text" if inner else "empty"


def _escaped(body: Body, text: str) -> Finding:
    import html
    from urllib.parse import unquote

    if "\\u003" in text.lower():
        plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text).replace('\\"', '"')
        how = "json"
    elif "&" in text:
        plain, how = html.unescape(text), "html"
    else:
        plain, how = unquote(text), "url"
    plain = plain.strip("\"' \r\n\t").replace("\\n", "\n")
    corrected = plain.encode("utf-8", "surrogatepass") if plain.startswith("<xml") and not body.truncated else None
    begin = body.data.lower().find({"json": b"\\u003", "html": b"&", "url": b"%3c"}[how])
    return body.find(codes.ESCAPED, max(begin, 0), corrected=corrected, how=how, what="xml", length=len(body.data))


def is_object(text: str) -> bool:
    """Whether a text is how a framework prints its response object; some print status line, headers and body."""
    return _OBJECT.match(text) is not None or _HEAD.match(text) is not None


def _behind_head(body: Body) -> bytes:
    """The reply behind a head that was printed with it, as far as it is one."""
    behind = re.split(rb"\r?\n\r?\n", body.data.strip(), maxsplit=1)[-1].strip()
    return behind if behind == SUCCESS or behind.startswith(b"<xml") else body.accepted_instead


def status_of_page(wrong: Finding, text: str) -> Finding:
    """A wrong status; where its page is that of somebody in front of the server, as theirs."""
    seen = page_of(text)
    if seen is None or seen.name not in IN_FRONT:
        return wrong
    return wrong.code(wrong.location, **{**wrong.evidence, "case": BY_PAGE})


def page(body: Body, text: str, found: Page) -> Iterator[Finding]:
    """An HTML page, by who wrote it; a redirect page, by where it leads."""
    if found.name == "redirect":
        target = target_of(text)
        yield body.find(codes.REDIRECT_PAGE, corrected=body.accepted_instead, title=found.title, target=target)
        return
    corrected = body.accepted_instead
    begin = body.data.find(b"<xml")
    end = body.data.rfind(b"</xml>")
    if found.name == "php" and 0 < begin < end:
        corrected = body.data[begin : end + 6]
    who: dict[str, Any] = {"who": found.who} if found.who else {}
    yield body.find(codes.HTML, corrected=corrected, page=found.name, title=found.title, **who)


def _json(body: Body, text: str) -> Finding:
    value: Any = None
    if len(text) <= JSON_READ and not body.truncated:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
    if isinstance(value, dict) and len({str(key).lower() for key in value} & _OBJECT_KEYS) >= 2:
        good = next((value[key] for key in _OBJECT_BODIES if isinstance(value.get(key), str)), None)
        good = good if good is not None and (good == "success" or good.startswith("<xml")) else None
        corrected = good.encode("utf-8", "surrogatepass") if good else body.accepted_instead
        # What functions in a cloud give back to a gateway that makes the answer of it (API Gateway, proxy integration).
        # Spring's ResponseEntity has these keys, too, and one more.
        returned = isinstance(value.get("statusCode"), int) and "body" in value and "statusCodeValue" not in value
        case = "gateway" if returned else "framework"
        what = ", ".join(str(key) for key in list(value)[:6])
        return body.find(codes.OBJECT, corrected=corrected, what=what, case=case)
    if isinstance(value, dict) and value.get("code") == "SUCCESS" and body.pushed.form is Form.PAY:
        return body.find(codes.PAY_V3, corrected=body.accepted_instead)
    if body.pushed.form is Form.PAY and isinstance(value, dict) and isinstance(value.get("code"), str):
        at = body.data.find(json.dumps(value["code"], ensure_ascii=False).encode("utf-8", "surrogatepass")) + 1
        said = str(value.get("message") or "")[:100]
        span = (at, at + len(value["code"].encode("utf-8", "surrogatepass"))) if at else (0, 1)
        return body.find(codes.PAY_FAIL, *span, corrected=PAID, value=value["code"][:40], message=said, element="code")
    if body.pushed.form is Form.PAY:
        return body.find(codes.JSON, corrected=body.accepted_instead, what="pay")
    if isinstance(value, dict) and value.keys() >= {"ToUserName", "MsgType"}:
        return body.find(codes.JSON, corrected=body.accepted_instead, what="reply")
    if isinstance(value, dict) and wants_login(text):
        return body.find(codes.JSON, corrected=body.accepted_instead, what="login")
    what = "literal" if text in _LITERALS or _NUMBER.match(text) else "array" if text[:1] == "[" else "object"
    if isinstance(value, dict) and {str(key).lower() for key in value} >= {"encrypt", "msgsignature"}:
        what = "envelope"
    return body.find(codes.JSON, corrected=body.accepted_instead, what=what)


_TOOLBAR = later(
    rb"think_page_trace|sf-toolbar|\bsfwdt|yii-debug-toolbar|phpdebugbar|djDebug|debugbar_(?:loader|time)|__browserLink"
)
"""What frameworks add to each page while they are developed with: ThinkPHP, Symfony, Yii, Laravel, Django, CodeIgniter,
Visual Studio."""


def _text(body: Body, text: str, stripped: str) -> Finding:
    """Text that is none of these; perhaps a good reply is in it."""
    begin, end = body.data.find(b"<xml"), body.data.rfind(b"</xml>")
    if begin >= 0:
        corrected = body.data[begin : end + 6] if end > begin else None
        return body.find(codes.TEXT, 0, begin, corrected=corrected, around="before-xml")
    if "return_code>" in stripped and "<" not in stripped:
        corrected = body.accepted_instead if body.pushed.form is Form.PAY else None
        return body.find(codes.MALFORMED_XML, 0, corrected=corrected, slip="stripped", element="return_code")
    place = body.data.find(SUCCESS)
    if body.pushed.form is Form.NOTICE:
        around = "success" if place >= 0 else "other"
        return body.find(codes.NOT_SUCCESS, 0, len(body.data), corrected=SUCCESS, around=around)
    if place >= 0 and body.user:
        begin, end = (place + 7, len(body.data)) if place == 0 else (0, place)
        around = "toolbar" if _TOOLBAR.search(body.data, begin, end) else "success"
        return body.find(codes.TEXT, begin, end, corrected=SUCCESS, around=around)
    around = "pay" if body.pushed.form is Form.PAY else "other"
    return body.find(codes.TEXT, 0, len(body.data), corrected=body.accepted_instead, around=around)
