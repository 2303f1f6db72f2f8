"""Every code that the judge of replies gives. Their only home: the checks that judge replies list these.

A variant with severity warning says that sources conflict or that nothing official decides; the reply is accepted.
"""

from __future__ import annotations

from wxalarm import mechanisms
from wxalarm.model import Basis, Code, Severity


def _error(name: str, explains: mechanisms.Mechanism = mechanisms.REPLY) -> Code:
    return Code(name, Severity.ERROR, Basis.RECORDED, explains)


def _warning(name: str, explains: mechanisms.Mechanism = mechanisms.PASSIVE_REPLY) -> Code:
    return Code(name, Severity.WARNING, Basis.RECORDED, explains)


# The transport: what arrives before anybody looks at the body.
HTTP_STATUS = _error("http-status", mechanisms.STATUS)
HTTP_REDIRECT = _error("http-redirect", mechanisms.REDIRECTED)
COMPRESSED = _error("reply-compressed")
CHUNKED = _error("reply-chunked")
LENGTH = _error("reply-length")
TOO_LARGE = _error("reply-too-large")
CHARSET = _error("reply-charset")

# The shape of the body.
EMPTY = _error("reply-empty", mechanisms.EMPTY_REPLY)
QUOTED = _error("reply-quoted")
ESCAPED = _error("reply-escaped")
BOM = _error("reply-bom")
WHITESPACE = _error("reply-whitespace")
CASE = _error("reply-case")
HTML = _error("reply-html")
REDIRECT_PAGE = _error("reply-redirect-page")
JSON = _error("reply-json")
OBJECT = _error("reply-object")
TEXT = _error("reply-text")
MALFORMED_XML = _error("reply-malformed-xml")
DOCTYPE = _error("reply-doctype")

# The rules of passive replies.
ECHO = _error("reply-echo")
NOT_ALLOWED = _error("reply-not-allowed", mechanisms.PASSIVE_REPLY)
MSGTYPE = _error("reply-msgtype", mechanisms.PASSIVE_REPLY)
CREATETIME_MILLISECONDS = _warning("reply-createtime-milliseconds")
CREATETIME = _error("reply-createtime", mechanisms.PASSIVE_REPLY)
CONTENT_EMPTY = _error("reply-content-empty", mechanisms.PASSIVE_REPLY)
CONTENT_LONG = _warning("reply-content-long")
ELEMENT_MISSING = _error("reply-element-missing", mechanisms.INCOMPLETE_REPLY)
ARTICLES = _error("reply-articles", mechanisms.PASSIVE_REPLY)
MUSIC_URL = _warning("reply-music-url")
NOT_SWAPPED = _error("reply-not-swapped", mechanisms.PASSIVE_REPLY)
WRONG_USER = _error("reply-wrong-user", mechanisms.PASSIVE_REPLY)
SUCCESS_AS_MESSAGE = _warning("reply-success-as-message")

# Encryption.
UNDECRYPTABLE = _error("reply-undecryptable", mechanisms.PASSIVE_REPLY)
NOT_ENCRYPTED = _error("reply-not-encrypted", mechanisms.PASSIVE_REPLY)
ENCRYPTED = _error("reply-encrypted", mechanisms.PASSIVE_REPLY)
BOTH_FORMS = _error("reply-both-forms", mechanisms.PASSIVE_REPLY)
ENCRYPTED_SUCCESS = _warning("reply-encrypted-success")
ENCRYPTED_TWICE = _error("reply-encrypted-twice", mechanisms.PASSIVE_REPLY)
SIGNATURE = _error("reply-signature", mechanisms.PASSIVE_REPLY)
APPID = _error("reply-appid", mechanisms.PASSIVE_REPLY)

SEALED = Code("reply-sealed", Severity.NOTE, Basis.RECORDED)

# Tickets, authorisation notices, payments.
NOT_SUCCESS = _error("reply-not-success", mechanisms.NOT_SUCCESS)
PAY_FAIL = _error("reply-pay-fail", mechanisms.PAYMENT_REPLY)
PAY_V3 = _warning("reply-pay-v3", mechanisms.PAYMENT_REPLY)

TRANSPORT = (HTTP_STATUS, HTTP_REDIRECT, COMPRESSED, CHUNKED, LENGTH, TOO_LARGE)
"""Codes that need more than the body of an alarm to be seen."""
BODY = (
    CHARSET,
    EMPTY,
    NOT_ENCRYPTED,
    ENCRYPTED,
    QUOTED,
    ESCAPED,
    BOM,
    WHITESPACE,
    CASE,
    HTML,
    REDIRECT_PAGE,
    JSON,
    OBJECT,
    TEXT,
    BOTH_FORMS,
    UNDECRYPTABLE,
    SIGNATURE,
    APPID,
    ENCRYPTED_TWICE,
    ENCRYPTED_SUCCESS,
    SEALED,
    PAY_FAIL,
    MALFORMED_XML,
    DOCTYPE,
    ECHO,
    NOT_ALLOWED,
    MSGTYPE,
    CREATETIME_MILLISECONDS,
    CREATETIME,
    CONTENT_EMPTY,
    CONTENT_LONG,
    ELEMENT_MISSING,
    ARTICLES,
    MUSIC_URL,
    NOT_SWAPPED,
    WRONG_USER,
    SUCCESS_AS_MESSAGE,
    NOT_SUCCESS,
    PAY_V3,
)
CODES = (*TRANSPORT, *BODY)
"""All codes, in the order in which the causes lie: the transport, whether it is encrypted at all, the shape, the
envelope, what the handler itself says, the rules of what is inside."""
RANK = {code.id: rank for rank, code in enumerate(CODES)}
