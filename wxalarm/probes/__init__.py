"""THE I/O PACKAGE: all that wxalarm sees of the world comes through here, as plain data. No judgement, no sentences.

Network errors are reduced once, here, to a closed set of failures with libcurl's numbers: alarms carry the same numbers
([cURL Error=7]), so that people can match them by eye.
"""

from __future__ import annotations

import errno
import ssl
from enum import StrEnum

from wxalarm.probes import local


class Failure(StrEnum):
    """How an attempt on the network ended without an answer."""

    RESOLVE = "resolve"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    LOCAL = "local"
    """Nothing was sent there: the request cannot be written, or this machine has no address of that family."""
    TIMEOUT = "timeout"
    TLS = "tls"
    NOT_TLS = "not-tls"
    CERTIFICATE = "certificate"
    CLIENT_CERTIFICATE = "client-certificate"
    """The server wants a certificate of the client, and broke off when it got none."""
    EMPTY = "empty"
    """The connection ended without one byte of an answer."""
    SEND = "send"
    """The connection broke while the request was being sent, and no answer came."""
    RESET = "reset"
    PARTIAL = "partial"
    """The answer ended before its headers, its Content-Length or its last chunk."""
    MALFORMED = "malformed"
    """What came is no HTTP."""
    STATUS = "status"
    """An illegal status line, or a 101 that nobody asked for."""
    HEADER = "header"
    """An illegal header."""
    CHUNK = "chunk"
    """An illegal chunk."""
    TOO_LARGE = "too-large"
    """Headers without end."""
    INTERIM = "interim"
    """1xx responses without end."""

    @property
    def curl(self) -> int:
        """The exit code that curl gives for it (libcurl-errors(3))."""
        return _CURL[self]


_CURL = {
    Failure.RESOLVE: 6,
    Failure.REFUSED: 7,
    Failure.UNREACHABLE: 7,
    Failure.LOCAL: 7,
    Failure.TIMEOUT: 28,
    Failure.TLS: 35,
    Failure.NOT_TLS: 35,
    Failure.CERTIFICATE: 60,
    Failure.CLIENT_CERTIFICATE: 56,
    Failure.EMPTY: 52,
    Failure.SEND: 55,
    Failure.RESET: 56,
    Failure.PARTIAL: 18,
    Failure.MALFORMED: 1,
    Failure.STATUS: 1,
    Failure.HEADER: 8,
    Failure.CHUNK: 56,
    Failure.TOO_LARGE: 56,
    Failure.INTERIM: 28,
}
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_NO_CERTIFICATE = ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "UNEXPECTED_MESSAGE", "PACKET_LENGTH_TOO_LONG")


def classify(error: BaseException) -> Failure:
    """The failure that an exception of asyncio, socket or ssl stands for. ValueError: a name that cannot be sent.

    Raises local.CannotAskError for one that says nothing of the other side.
    """
    local.asked(error, socket=True)
    if isinstance(error, ssl.SSLCertVerificationError):
        local.handles()  # OpenSSL opens the roots when it needs them, and does not say why it could not
        return Failure.CERTIFICATE
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or ""
        if reason in _NO_CERTIFICATE:  # we never send one: it is missed, not bad
            return Failure.CLIENT_CERTIFICATE
        return Failure.NOT_TLS if reason in _NOT_TLS else Failure.TLS
    if isinstance(error, ValueError):
        return Failure.RESOLVE
    if isinstance(error, ConnectionRefusedError):
        return Failure.REFUSED
    if isinstance(error, TimeoutError) or getattr(error, "errno", None) == errno.ETIMEDOUT:
        return Failure.TIMEOUT
    if isinstance(error, OSError) and error.errno in _NO_ROUTE:
        return Failure.UNREACHABLE
    return Failure.RESET
