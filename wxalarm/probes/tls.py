"""TLS: what a server shows of itself to a client like WeChat's, whether a client would trust it, which versions it has.

Facts only. The chain is read as the server sends it: nothing is fetched to complete it, as libcurl fetches nothing.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from wxalarm.probes import Failure, classify, local, tcp
from wxalarm.probes.http import insecure
from wxalarm.probes.waiting import endpoint, waiting
from wxalarm.wechat.limits import WAIT

if TYPE_CHECKING:  # loaded when the first certificate is read
    from cryptography import x509

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
MOST_CERTIFICATES = 10
LONGEST_NAME = 500
"""Characters of a name out of a certificate."""


class Certificate(Struct, frozen=True):
    """One certificate as it was sent."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()
    """DNS names and addresses of subjectAltName."""
    issuer_url: str | None = None
    """Where browsers fetch the issuer's certificate (Authority Information Access); never fetched here. Public
    authorities give one, private ones seldom do."""


class Handshake(Struct, frozen=True):
    """One handshake."""

    version: str | None = None
    """As negotiated: "TLSv1.3"."""
    seconds: float = 0.0
    """From the connected socket to the end of the handshake."""
    failure: Failure | None = None
    detail: str = ""
    verify_code: int | None = None
    """OpenSSL's X509_V_ERR number, when the certificate was refused."""
    verify_message: str = ""


class Secured(Struct, frozen=True):
    """What one address showed."""

    address: str
    connect: Failure | None
    """Why there was no connection to speak TLS on."""
    trusted: Handshake
    """The handshake that verifies."""
    versions: dict[str, Handshake]
    """A handshake for each of VERSIONS alone, certificate unverified; "1.0" (with 1.1) only when none of them works."""
    chain: tuple[Certificate, ...] = ()
    first: bytes = b""
    """The first bytes that came, when they were no TLS."""
    limit: float = WAIT
    """Seconds that connection and handshake were allowed to take together."""


async def look(address: str, port: int, host: str, limit: tcp.Limit, trust: ssl.SSLContext) -> Secured:
    """All handshakes with one address at once, each within `limit` seconds. trust: http.trusted(…)."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    first, *others = await asyncio.gather(
        handshake(address, port, host, trust, limit),
        *(handshake(address, port, host, only(version), limit) for version in VERSIONS.values()),
    )
    versions = {name: one.made for name, one in zip(VERSIONS, others, strict=True)}
    if all(made.failure is Failure.TLS for made in versions.values()):
        left = max(0.05, first.limit - (loop.time() - begun))
        versions["1.0"] = (await handshake(address, port, host, old(), left)).made
    chain = next((one.chain for one in (*others, first) if one.chain), ())
    return Secured(
        address, first.connect, first.made, versions, tuple(map(certificate, chain)), first.first, first.limit
    )


class Attempt(Struct, frozen=True):
    """A handshake with what surrounds it."""

    connect: Failure | None
    """Why there was no connection."""
    made: Handshake
    chain: tuple[bytes, ...] = ()
    """In DER, the leaf first, as it was sent."""
    first: bytes = b""
    """The first bytes that came, when they were no TLS."""
    limit: float = WAIT
    """Seconds that it was allowed to take."""


async def handshake(address: str, port: int, host: str, context: ssl.SSLContext, limit: tcp.Limit) -> Attempt:
    """Connect and shake hands, both within `limit` seconds. Never raises for what the network does."""
    async with tcp.room(address, limit) as seconds:
        with waiting("TLS", endpoint(address, port), seconds):
            return replace(await _handshake(address, port, host, context, seconds), limit=seconds)


async def _handshake(address: str, port: int, host: str, context: ssl.SSLContext, limit: float) -> Attempt:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    attempt, sock = await tcp.connected(address, port, limit)
    if sock is None:
        return Attempt(attempt.failure, Handshake(failure=attempt.failure, detail=attempt.detail))
    started = loop.time()
    with tcp.Stream(sock) as stream:
        try:
            async with asyncio.timeout(limit - (started - begun)):
                await stream.secure(context, host)
        except (OSError, ValueError) as error:
            failure = classify(error)
            # A server that hangs up on a ClientHello is a TLS failure to curl (35), whatever it did to the connection.
            failure = Failure.TLS if failure is Failure.RESET else failure
            # TLS 1.2 has no alert of its own for it: the server asked, got none, and broke off.
            failure = Failure.CLIENT_CERTIFICATE if failure is Failure.TLS and stream.asked else failure
            made = Handshake(
                None,
                loop.time() - started,
                failure,
                tcp.words(error),
                getattr(error, "verify_code", None),
                getattr(error, "verify_message", ""),
            )
            sent = sent_chain(stream.tls) if failure is Failure.CLIENT_CERTIFICATE and stream.tls else []
            return Attempt(None, made, tuple(sent), stream.first if failure is Failure.NOT_TLS else b"")
        assert stream.tls is not None
        made = Handshake(stream.tls.version(), loop.time() - started)
        if stream.asked and (
            detail := await _missed(stream, min(limit - (loop.time() - begun), made.seconds + tcp.SETTLE))
        ):
            made = replace(made, failure=Failure.CLIENT_CERTIFICATE, detail=detail)
        return Attempt(None, made, tuple(sent_chain(stream.tls)))


async def _missed(stream: tcp.Stream, wait: float) -> str:
    """How a server that asked for a certificate breaks off without one; "" when it stays. In TLS 1.3 it speaks only
    after the client's end of the handshake."""
    try:
        async with asyncio.timeout(wait):
            return "" if await stream.receive() else "EOF"
    except TimeoutError:
        return ""
    except OSError as error:
        local.asked(error, socket=True)
        return tcp.words(error)


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that speaks one version and trusts anybody."""
    context = insecure()
    context.minimum_version = context.maximum_version = version
    return context


def old() -> ssl.SSLContext:
    """A client that still speaks TLS 1.0 and 1.1, to tell an old server from a broken one."""
    context = insecure()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def sent_chain(secured: ssl.SSLObject) -> list[bytes]:
    """The certificates in DER as the server sent them, the leaf first."""
    if hasattr(secured, "get_unverified_chain"):  # Python 3.13
        return list(secured.get_unverified_chain())[:MOST_CERTIFICATES]
    inner: Any = getattr(secured, "_sslobj", None)
    if hasattr(inner, "get_unverified_chain"):
        return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in inner.get_unverified_chain() or ()][
            :MOST_CERTIFICATES
        ]
    leaf = secured.getpeercert(binary_form=True)
    return [leaf] if leaf else []


def certificate(der: bytes) -> Certificate:
    """A certificate's names and dates. A certificate that cannot be read has empty ones."""
    from cryptography import x509

    try:
        read = x509.load_der_x509_certificate(der)
        return Certificate(
            read.subject.rfc4514_string()[:LONGEST_NAME],
            read.issuer.rfc4514_string()[:LONGEST_NAME],
            read.not_valid_before_utc,
            read.not_valid_after_utc,
            *_extensions(read),
        )
    except (ValueError, TypeError):
        epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        return Certificate("", "", epoch, epoch)


def _extensions(read: x509.Certificate) -> tuple[tuple[str, ...], str | None]:
    """The names of subjectAltName, and the issuer's place of Authority Information Access."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    try:
        extensions = [extension.value for extension in read.extensions]
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return (), None
    names: list[str] = []
    issuer_url = None
    for value in extensions:
        if isinstance(value, x509.SubjectAlternativeName):
            names += [str(name.value) for name in value if isinstance(name, (x509.DNSName, x509.IPAddress))]
        elif isinstance(value, x509.AuthorityInformationAccess):
            places = [one for one in value if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS]
            issuer_url = str(places[0].access_location.value)[:LONGEST_NAME] if places else None
    return tuple(name[:LONGEST_NAME] for name in names[:50]), issuer_url
