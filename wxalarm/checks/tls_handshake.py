"""Looks at TLS: would a client like WeChat's trust the certificate, and do the two have a version in common.

Why WeChat cares: it verifies certificates and fetches no missing intermediate, so that what browsers repair by
themselves fails here (cURL error 60). Every address is asked: a pool may hold one old certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from wxalarm.checks import addresses, tcp_connect
from wxalarm.checks.check import Check, Context, Skip, by_target
from wxalarm.checks.kinds import ANY_PUSH
from wxalarm.checks.timing import WAIT
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import Failure
from wxalarm.probes.tls import Certificate, Secured, look


def _code(name: str, severity: Severity = Severity.ERROR) -> Code:
    return Code(name, severity, Basis.REPRODUCED, ANY_PUSH)


TLS_EXPIRED = _code("tls-expired")
TLS_NOT_YET = _code("tls-not-yet-valid")
TLS_EXPIRING = _code("tls-expiring", Severity.WARNING)
TLS_NAME_MISMATCH = _code("tls-name-mismatch")
TLS_CHAIN_INCOMPLETE = _code("tls-chain-incomplete")
TLS_SELF_SIGNED = _code("tls-self-signed")
TLS_UNTRUSTED = _code("tls-untrusted")
TLS_PROTOCOL = _code("tls-protocol")
TLS_NOT_TLS = _code("tls-not-tls")
TLS_TIMEOUT = _code("tls-timeout")
TLS_FAILED = _code("tls-failed")

SOON = timedelta(days=14)
"""Before a certificate's end from which on it is a warning: renewal should have happened long ago."""
EXPIRED, NOT_YET, SELF_SIGNED, SELF_SIGNED_ROOT, NAME, ADDRESS = 10, 9, 18, 19, 62, 64
"""X509_V_ERR numbers of OpenSSL (x509_vfy.h)."""


@dataclass(frozen=True, slots=True)
class TlsHandshake:
    """What every address showed."""

    port: int
    addresses: tuple[Secured, ...]


async def probe(ctx: Context) -> TlsHandshake:
    """Shake hands with every permitted address at once. Skips for plain http."""
    target = ctx.target
    if target.scheme != "https":
        raise Skip("no-tls")
    host, ca_file = target.host or "", ctx.settings.tls.ca_file

    async def attempt(address: str) -> Secured:
        return await look(address, target.port, host, ctx.limit(WAIT), ca_file)

    made = await addresses.each(ctx, attempt)
    if not made:
        raise Skip("no-address")
    return TlsHandshake(target.port, made)


def evaluate(observation: TlsHandshake, ctx: Context) -> Iterator[Finding]:
    """Findings for every address that took a connection."""
    connected = [one for one in observation.addresses if one.connect is None]
    if not connected:
        raise Skip("needs", check=tcp_connect.CHECK.id)
    for one in connected:
        yield from _of_address(one, observation.port, ctx)


def _of_address(one: Secured, port: int, ctx: Context) -> Iterator[Finding]:
    first = one.trusted
    where = {"address": one.address, "port": port, "host": ctx.target.host}
    if first.failure is Failure.CERTIFICATE:
        yield _refused(one, where)
    elif first.failure is Failure.NOT_TLS:
        yield TLS_NOT_TLS(**where, curl=first.failure.curl, detail=first.detail)
    elif first.failure is Failure.TIMEOUT:
        yield TLS_TIMEOUT(**where, limit=WAIT, seconds=round(first.seconds, 1), curl=first.failure.curl)
    elif first.failure is not None and "1.0" in one.versions and one.versions["1.0"].failure is None:
        yield TLS_PROTOCOL(**where, case="old", found=one.versions["1.0"].version)
    elif first.failure is not None:
        yield TLS_FAILED(**where, curl=first.failure.curl, detail=first.detail or str(first.failure))
    if first.failure in (None, Failure.CERTIFICATE):
        if one.versions["1.2"].failure is Failure.TLS and one.versions["1.3"].failure is None:
            yield TLS_PROTOCOL.variant(severity=Severity.WARNING)(**where, case="new", found="TLSv1.3")
        if first.failure is None and one.chain and one.chain[0].not_after - ctx.now < SOON:
            leaf = one.chain[0]
            yield TLS_EXPIRING(**where, until=_day(leaf), days=(leaf.not_after - ctx.now).days)


def _refused(one: Secured, where: dict[str, object]) -> Finding:
    """The certificate was refused: OpenSSL's reason, in our words."""
    number, leaf = one.trusted.verify_code, one.chain[0] if one.chain else None
    seen = {
        **where,
        "subject": _common_name(leaf.subject) if leaf else "?",
        "issuer": _common_name(leaf.issuer) if leaf else "?",
        "until": _day(leaf) if leaf else "?",
        "curl": Failure.CERTIFICATE.curl,
        "verify_code": number,
        "verify_message": one.trusted.verify_message,
    }
    if number == EXPIRED:
        late = min(one.chain, key=lambda certificate: certificate.not_after, default=leaf)
        return TLS_EXPIRED(**{**seen, "subject": _common_name(late.subject), "until": _day(late)} if late else seen)
    if number == NOT_YET:
        return TLS_NOT_YET(**seen, since=f"{leaf.not_before:%Y-%m-%d}" if leaf else "?")
    if number in (NAME, ADDRESS):
        return TLS_NAME_MISMATCH(**seen, names=list(leaf.names[:8]) if leaf else ["?"])
    if number == SELF_SIGNED:
        return TLS_SELF_SIGNED(**seen)
    top = _top(one.chain)
    if number != SELF_SIGNED_ROOT and top is not None and top is leaf:
        return TLS_CHAIN_INCOMPLETE(**seen, sent=len(one.chain))
    return TLS_UNTRUSTED(**seen, root=_common_name(top.issuer) if top else "?")


def _top(chain: tuple[Certificate, ...]) -> Certificate | None:
    """The last certificate on the way from the leaf up, among those that were sent."""
    if not chain:
        return None
    here, by_subject = chain[0], {certificate.subject: certificate for certificate in chain[1:]}
    while here.issuer != here.subject and (above := by_subject.pop(here.issuer, None)) is not None:
        here = above
    return here


def _common_name(name: str) -> str:
    found = re.search(r"(?:^|,)CN=((?:\\.|[^,\\])*)", name)
    return found[1] if found else name or "?"


def _day(certificate: Certificate) -> str:
    return f"{certificate.not_after:%Y-%m-%d}"


CHECK = Check(
    id="tls-handshake",
    codes=(
        TLS_EXPIRED,
        TLS_NOT_YET,
        TLS_EXPIRING,
        TLS_NAME_MISMATCH,
        TLS_CHAIN_INCOMPLETE,
        TLS_SELF_SIGNED,
        TLS_UNTRUSTED,
        TLS_PROTOCOL,
        TLS_NOT_TLS,
        TLS_TIMEOUT,
        TLS_FAILED,
    ),
    observation=TlsHandshake,
    probe=probe,
    evaluate=evaluate,
    uses=(*addresses.SOURCES, tcp_connect.CHECK),
    key=by_target,
    timeout=12.0,
)
