"""The judge of URL verifications: whether the console would take an answer to its signed GET. Sans-IO.

Source: 接入指南 (echostr as it came, status 200, within 5 s); for WeCom 加解密方案说明 (msg_signature, and the echostr
decrypted). What an answer comes near, echo.py says; what came around it, reply/transport.py.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from wxalarm import mechanisms
from wxalarm.bounds import whole
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.wechat import crypto
from wxalarm.wechat.crypto import CryptoError, Keys
from wxalarm.wechat.echo import NearMiss, near_miss
from wxalarm.wechat.limits import WAIT
from wxalarm.wechat.reply import shapes, transport
from wxalarm.wechat.reply.body import Body, text_of
from wxalarm.wechat.reply.pages import SEARCHED, page_of
from wxalarm.wechat.reply.pushes import Pushed
from wxalarm.wechat.statuses import curl_case

ECHO_WRONG = Code("verify-echo-wrong", Severity.ERROR, Basis.REPRODUCED, mechanisms.ECHO)
TOKEN = Code("verify-token", Severity.ERROR, Basis.REPRODUCED)
LATE = Code("verify-late", Severity.ERROR, Basis.REPRODUCED)
UNREACHED = Code("verify-unreached", Severity.ERROR, Basis.REPRODUCED)
UNSEEN = Code("verify-unseen", Severity.NOTE, Basis.REPRODUCED)
CODES = (UNREACHED, TOKEN, ECHO_WRONG, LATE, UNSEEN)
"""The codes of this judge alone; those of a transport are the reply judge's."""
SHOWN = 80
"""Characters of a wrong answer that are shown."""
_ECHOSTR = re.compile(rb"[0-9]{1,20}")


class Attempt(Struct, frozen=True):
    """One verification as far as it is known: what was asked, and what came of it."""

    echostr: str | None = None
    """What the answer has to be; for WeCom decrypted."""
    sealed: str | None = None
    """For WeCom: the echostr as it was sent."""
    target: str | None = None
    """Path and query of the request."""
    status: int | None = 200
    """None: there was an answer, or not; it cannot be seen."""
    headers: transport.Headers = ()
    body: bytes | None = None
    """None: only its length is known."""
    length: int | None = None
    """Bytes of the body as a log counts them; None: not known."""
    seconds: float | None = None
    """From the request to the end of the answer."""
    curl: int | None = None
    """The number with which the client gave up."""
    said: str = ""
    """What it printed behind the number."""


GET_REFUSED = "405-asked"
"""The key of [words.http_status] for a GET that the route does not take."""


_CERTIFICATE = (
    ("60-expired", "has expired"),
    ("60-name", "subject name|does not match"),
    ("60-self-signed", "self[- ]signed certificate(?! in certificate chain)"),
    ("60-chain", "unable to get (?:local )?issuer certificate|unable to verify the first certificate"),
)
"""What is wrong with a certificate, by OpenSSL's words as curl prints them: keys of [words.curl]."""
OF_GET = {405: GET_REFUSED, 500: "500-asked"}
"""The statuses that say something else of the console's GET than of a push."""


class Judgement(Struct, frozen=True):
    """accepted: None when neither can be told. Findings: the cause first."""

    accepted: bool | None
    findings: tuple[Finding, ...]


def judge(attempt: Attempt, keys: Keys | None = None, *, work: bool = False) -> Judgement:
    """Judge one verification as the console does. keys: to check the request's own signature, and to open the echostr
    of WeCom (work), which a request tells that is signed as WeCom signs."""
    query = query_of(attempt.target)
    work = work or ("msg_signature" in query and "signature" not in query)
    attempt = _known(attempt, keys, work)
    found = list(_findings(attempt, keys, work))
    found.sort(key=lambda finding: finding.code.severity is Severity.NOTE)
    if any(finding.code.severity is Severity.ERROR for finding in found):
        return Judgement(False, tuple(found))
    return Judgement(None if any(finding.code is UNSEEN for finding in found) else True, tuple(found))


def query_of(target: str | None) -> dict[str, str]:
    """The parameters of a request, each by its last value."""
    try:
        pairs = parse_qs(urlsplit(target or "").query, keep_blank_values=True)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in pairs.items()}


def opened(sealed: str, keys: Keys | None) -> str | None:
    """What stands in WeCom's echostr; None when no key opens it."""
    try:
        plain = crypto.decrypt(sealed.replace(" ", "+"), keys.encoding_aes_keys if keys else ())
    except CryptoError:
        return None
    return plain.decode("utf-8", "replace")


def _known(attempt: Attempt, keys: Keys | None, work: bool) -> Attempt:
    """The attempt with the echostr that its request or the keys tell."""
    asked = attempt.sealed or attempt.echostr or query_of(attempt.target).get("echostr")
    if asked is None or not work:
        return replace(attempt, echostr=asked)
    if attempt.sealed is not None and attempt.echostr is not None:
        return attempt
    plain = opened(asked, keys)
    return replace(attempt, echostr=plain, sealed=asked) if plain is not None else replace(attempt, sealed=asked)


def _findings(attempt: Attempt, keys: Keys | None, work: bool) -> Iterator[Finding]:
    if attempt.curl is not None:
        told = attempt.said if attempt.curl in (51, 60) else ""
        fault = next((name for name, words in _CERTIFICATE if re.search(words, told)), None)
        yield UNREACHED(number=attempt.curl, case=fault or curl_case(attempt.curl), said=attempt.said or None)
        return
    yield from _token(attempt, keys, work)
    if attempt.seconds is not None and attempt.seconds >= WAIT:
        yield LATE(seconds=round(attempt.seconds, 2), limit=WAIT)
    fields = transport.fields(attempt.headers)
    if attempt.status is None:
        yield UNSEEN(case="status", length=None)
        return
    if wrong := transport.wrong_status(attempt.status, Pushed(), fields.get("location")):
        # What only matters to a POST has words of its own for the console's GET.
        asked = {"case": OF_GET[attempt.status]} if attempt.status in OF_GET else {}
        wrong = Finding(wrong.code, {**wrong.evidence, **asked}, wrong.location)
        if transport.redirects(attempt.status):
            yield _reproduced(wrong)
            return
        page = attempt.body or b""
        yield _reproduced(shapes.status_of_page(wrong, text_of(page[:SEARCHED])))
        yield from who_answered(page)
        return
    if attempt.body is None:
        yield from _by_length(attempt)
    else:
        yield from _by_body(attempt, attempt.body, fields)


def _token(attempt: Attempt, keys: Keys | None, work: bool) -> Iterator[Finding]:
    """Whether the request carries the signature that this token makes: else the console has another one."""
    query = query_of(attempt.target)
    name = "msg_signature" if work else "signature"
    if keys is None or not keys.token or not {name, "timestamp", "nonce"} <= query.keys():
        return
    parts = [keys.token, query["timestamp"], query["nonce"], *([query.get("echostr", "").replace(" ", "+")] * work)]
    if not crypto.signed(query[name], *parts):
        yield TOKEN(parameter=name)


def _by_body(attempt: Attempt, body: bytes, fields: dict[str, str]) -> Iterator[Finding]:
    encoding = fields.get("content-encoding", "")
    data, around = transport.arrived(Body(body), fields)
    for finding in around:
        if not transport.compressed(body, encoding.strip().lower()):  # near_miss says that itself
            yield _reproduced(finding)
    if attempt.sealed is not None and body.strip() == attempt.sealed.encode():
        yield _wrong(attempt, "sealed", body)
    elif attempt.echostr is None:
        yield from _by_form(attempt, body)
    elif not around or transport.compressed(body, encoding.strip().lower()):
        if miss := near_miss(body, attempt.echostr, encoding):
            if miss.case == "other" and _ECHOSTR.fullmatch(body.strip()) and (cache := cached(fields)) is not None:
                yield _wrong(attempt, "cached", body, cache=cache)
                return
            yield _wrong(attempt, asked(miss), body)
            yield from who_answered(attempt.body or b"") if miss.case in ("page", "warning") else ()
    elif miss := near_miss(data, attempt.echostr):
        yield _wrong(attempt, asked(miss), data)


def _reproduced(finding: Finding) -> Finding:
    return finding.code.variant(basis=Basis.REPRODUCED)(finding.location, **finding.evidence)


def who_answered(body: bytes) -> Iterator[Finding]:
    """Whose page it is that stands in place of the echostr: a firewall's, a login, the front end's."""
    text = text_of(body[:SEARCHED])
    if (page := page_of(text)) is None or page.name in ("other", "redirect"):
        return
    for finding in shapes.page(Body(body), text, page):
        yield _reproduced(Finding(finding.code, {**finding.evidence, "corrected": None}, finding.location))


def asked(miss: NearMiss) -> str:
    """The key of [words.echo] where only the verification matters: what is harmless to pushes is not so here."""
    return f"{miss.case}-asked" if miss.harmless else miss.case


def _by_form(attempt: Attempt, body: bytes) -> Iterator[Finding]:
    """Without the echostr: digits alone may be it; what it comes near can still be seen."""
    digits = _ECHOSTR.search(body)
    if digits is None or page_of(text_of(body)) is not None:
        miss = near_miss(body, "echostr")
        yield _wrong(attempt, asked(miss) if miss else "other", body)
    elif miss := near_miss(body, digits[0].decode()):
        yield _wrong(attempt, miss.case, body)
    else:
        yield UNSEEN(case="echostr", length=len(body))


def _by_length(attempt: Attempt) -> Iterator[Finding]:
    """A log counts bytes: the echostr's own number, or one that may tell what was around it."""
    length, wanted = attempt.length, len(attempt.echostr or "")
    if length and attempt.sealed is not None and length == len(attempt.sealed):
        code = ECHO_WRONG.variant(basis=Basis.CONDITION)
        yield code(address="", case="sealed-length", length=length, wanted=wanted or None, shown=None)
        return
    if length is None or not wanted or length == wanted:
        yield UNSEEN(case="length" if length is not None and wanted else "nothing", length=length)
        return
    cases = {0: "empty-asked", 7: "success-asked", **{wanted + more: f"more-{more}" for more in (1, 2, 3)}}
    code = ECHO_WRONG if length == 0 else ECHO_WRONG.variant(basis=Basis.CONDITION)  # what the bytes were, nobody saw
    yield code(address="", case=cases.get(length, "length"), length=length, wanted=wanted, shown=None)


_CACHES = ("x-cache", "cf-cache-status", "x-cache-status", "x-cache-lookup", "x-proxy-cache", "x-drupal-cache")
"""Headers with which CDNs and proxies say that an answer is a kept one: HIT."""


def cached(fields: dict[str, str]) -> str | None:
    """The header that says that an answer came from a cache (RFC 9111, 5.1: Age; else a cache's own); None for none."""
    for name in _CACHES:
        if re.search(r"\bHIT\b", fields.get(name, ""), re.IGNORECASE) is not None:
            return f"{name}: {fields[name]}"[:SHOWN]
    age = whole(fields.get("age", "").strip())
    return f"age: {age}" if age else None


def _wrong(attempt: Attempt, case: str, body: bytes, **more: str) -> Finding:
    # A character that is cut is none.
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    shown = decoder.decode(body[:SHOWN], final=len(body) <= SHOWN)
    return ECHO_WRONG(
        address="", case=case, length=len(body), wanted=len(attempt.echostr or "") or None, shown=shown, **more
    )
