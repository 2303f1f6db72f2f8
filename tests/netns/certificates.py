"""A certificate authority for one test: a root that the client trusts, an intermediate, and what it issues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Root and intermediate. `file` is what a client has to trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = self._sign("wxalarm test root", self.root_key, "wxalarm test root", self.root_key, (-1, 30), [], True)
        self.intermediate = self._sign(
            "wxalarm test intermediate", self.key, "wxalarm test root", self.root_key, (-1, 30), [], True
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(_pem(root))

    def issue(
        self, name: str, hosts: list[str], *, days: tuple[int, int] = (-1, 30), with_intermediate: bool = True
    ) -> tuple[Path, Path]:
        """(certificate file, key file) for these hosts, valid between two days from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._sign(hosts[0], key, "wxalarm test intermediate", self.key, days, hosts, False)
        certificate, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(_pem(leaf) + (_pem(self.intermediate) if with_intermediate else b""))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, key_file

    def _sign(
        self,
        subject: str,
        key: ec.EllipticCurvePrivateKey,
        issuer: str,
        issuer_key: ec.EllipticCurvePrivateKey,
        days: tuple[int, int],
        hosts: list[str],
        authority: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False)
        return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
