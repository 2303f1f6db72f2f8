"""Certificates made at run time: an authority with an intermediate, and leaves that are right or wrong in one way.

The keys never leave the process but for a moment in a private temporary folder, since OpenSSL loads them from files.
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server presents: a key and a chain."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]
    """The leaf first."""

    def alone(self) -> Identity:
        """The same without its intermediates: what ssl_certificate cert.pem does."""
        return Identity(self.key, self.chain[:1])

    @property
    def pem(self) -> bytes:
        """Key and chain in one PEM file, as servers read it."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + b"".join(
            certificate.public_bytes(Encoding.PEM) for certificate in self.chain
        )

    def context(self, *, oldest: ssl.TLSVersion | None = None, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """A server's TLS with this identity."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "identity.pem"
            file.touch(mode=0o600)
            file.write_bytes(self.pem)
            context.load_cert_chain(file)
        if oldest is not None:
            context.minimum_version = oldest
        if newest is not None:
            context.maximum_version = newest
        return context


class Authority:
    """A made-up certificate authority: a root, and an intermediate that signs the leaves."""

    def __init__(self, name: str = "Laboratory") -> None:
        self._root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _name(f"{name} Root CA")
        self.root = _sign(root, self._root_key.public_key(), root, self._root_key, _ca(), 10 * 365 * DAY)
        subject = _name(f"{name} Intermediate CA")
        self.intermediate = _sign(subject, self._key.public_key(), root, self._root_key, _ca(0), 5 * 365 * DAY)

    def issue(self, *names: str, days: float = 90.0, since: float = -1.0, told: bool = True) -> Identity:
        """A leaf for names and addresses that is valid from `since` to `days` days from now; its chain is complete.

        told: it says where its issuer's certificate can be fetched.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.intermediate.subject
        extensions = _leaf(names) if told else _leaf(names)[:-1]
        leaf = _sign(_name(names[0]), key.public_key(), issuer, self._key, extensions, days * DAY, since * DAY)
        return Identity(key, (leaf, self.intermediate))

    @contextlib.contextmanager
    def file(self) -> Iterator[str]:
        """The root as a PEM file for `tls.ca_file`, as long as it is entered."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "root.pem"
            file.write_bytes(self.root.public_bytes(Encoding.PEM))
            yield str(file)


def self_signed(*names: str, days: float = 90.0) -> Identity:
    """A leaf that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(names[0])
    return Identity(key, (_sign(name, key.public_key(), name, key, _leaf(names), days * DAY),))


_Extensions = list[tuple[x509.ExtensionType, bool]]


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _ca(depth: int | None = None) -> _Extensions:
    return [(x509.BasicConstraints(ca=True, path_length=depth), True), (_usage(signs_certificates=True), True)]


def _leaf(names: tuple[str, ...]) -> _Extensions:
    place = x509.UniformResourceIdentifier("http://ca.example.com/intermediate.crt")
    where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([_general(name) for name in names]), False),
        # As public authorities have it: browsers fetch a missing intermediate from there, WeChat does not.
        (x509.AuthorityInformationAccess([where]), False),
    ]


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    extensions: _Extensions,
    until: timedelta,
    since: timedelta = -DAY,
) -> x509.Certificate:
    """A certificate valid from now + since to now + until."""
    now = datetime.now(UTC)
    begin = min(now + since, now + until - DAY)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(now + until)
    own = x509.SubjectKeyIdentifier.from_public_key(public_key)
    theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    for extension, critical in (*extensions, (own, False), (theirs, False)):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())
