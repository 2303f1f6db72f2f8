"""Looks at TLS: would a client like WeChat's trust the certificate, and do the two have a version in common.

Why WeChat cares: it verifies certificates and fetches no missing intermediate, so that what browsers repair by
themselves fails here (cURL error 60); and libcurl's connect timeout ends with the handshake, so that one that stalls is
an alarm of 连接超时. Every address is asked: a pool may hold one old certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import Struct

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip, by_target
from wxalarm.checks.dns import addresses
from wxalarm.checks.network import tcp_connect
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import Failure, local
from wxalarm.probes.http import trusted
from wxalarm.probes.tcp import words
from wxalarm.probes.tls import Certificate, Handshake, Secured, look
from wxalarm.wechat.limits import SLOW_AFTER, WAIT


def _refusing(name: str) -> Code:
    return Code(name, Severity.ERROR, Basis.REPRODUCED, mechanisms.CERTIFICATE)


TLS_EXPIRED = _refusing("tls-expired")
TLS_NOT_YET = _refusing("tls-not-yet-valid")
TLS_EXPIRING = Code("tls-expiring", Severity.WARNING, Basis.CONDITION)
TLS_NAME_MISMATCH = _refusing("tls-name-mismatch")
TLS_CHAIN_INCOMPLETE = _refusing("tls-chain-incomplete")
TLS_SELF_SIGNED = _refusing("tls-self-signed")
TLS_UNTRUSTED = _refusing("tls-untrusted")
TLS_CLIENT_CERTIFICATE = Code("tls-client-certificate", Severity.ERROR, Basis.REPRODUCED, mechanisms.TLS_BROKEN)
TLS_PROTOCOL = Code("tls-protocol", Severity.ERROR, Basis.REPRODUCED, mechanisms.TLS_BROKEN)
TLS_NOT_TLS = Code("tls-not-tls", Severity.ERROR, Basis.REPRODUCED, mechanisms.TLS_BROKEN)
TLS_TIMEOUT = Code("tls-timeout", Severity.ERROR, Basis.REPRODUCED, mechanisms.TLS_LATE)
TLS_SLOW = Code("tls-slow", Severity.WARNING, Basis.REPRODUCED, mechanisms.TLS_LATE)
TLS_FAILED = Code("tls-failed", Severity.ERROR, Basis.REPRODUCED, mechanisms.TLS_BROKEN)

SOON = timedelta(days=14)
"""Before a certificate's end from which on it is a warning: renewal should have happened long ago."""
PLAIN = (b"HTTP/", b"<")
"""How answers of plain HTTP begin; old servers send a page without a head."""
EXPIRED, NOT_YET, SELF_SIGNED, SELF_SIGNED_ROOT, NAME, ADDRESS = 10, 9, 18, 19, 62, 64
"""X509_V_ERR numbers of OpenSSL (x509_vfy.h)."""


class TlsHandshake(Struct, frozen=True):
    """What every address showed."""

    port: int
    addresses: tuple[Secured, ...]


async def probe(ctx: Context) -> TlsHandshake:
    """Shake hands with every permitted address at once. Skips for plain http."""
    target = ctx.target
    if target.scheme != "https":
        raise Skip("no-tls")
    try:
        trust = trusted(ctx.settings.tls.ca_file)
    except OSError as error:
        local.asked(error)
        raise Skip("ca-unreadable", path=ctx.settings.tls.ca_file, error=words(error)) from None

    async def attempt(address: str) -> Secured:
        return await look(address, target.port, target.host or "", lambda: ctx.limit(WAIT), trust)

    made = await addresses.each(ctx, attempt)
    if not made:
        raise Skip("no-address")
    return TlsHandshake(target.port, made)


def evaluate(observation: TlsHandshake, ctx: Context) -> Iterator[Finding]:
    """Findings for every address that took a connection."""
    connected = [one for one in observation.addresses if one.connect is None]
    if not connected:
        raise Skip("needs", check=tcp_connect.CHECK.id)
    if all(one.trusted.failure is Failure.RESOLVE for one in connected):
        raise Skip("name-not-sent", host=ctx.target.host)
    for one in connected:
        for finding in _of_address(one, observation.port, ctx):
            yield replace(finding, code=addresses.graded(finding.code, one.address, ctx))


def _of_address(one: Secured, port: int, ctx: Context) -> Iterator[Finding]:
    first = one.trusted
    where = {**addresses.place(one.address, ctx), "port": port, "host": ctx.target.host}
    missed = [made for made in (first, *one.versions.values()) if made.failure is Failure.CLIENT_CERTIFICATE]
    if missed:
        yield TLS_CLIENT_CERTIFICATE(**where, curl=_number(missed[0], ctx))
    if first.failure is Failure.CERTIFICATE:
        yield from _refused(one, where, ctx)
    elif first.failure is Failure.NOT_TLS:
        yield TLS_NOT_TLS(
            **where,
            curl=first.failure.curl,
            case="http" if one.first.startswith(PLAIN) else "other",
            shown=one.first.decode("utf-8", "replace"),
        )
    elif first.failure is Failure.TIMEOUT:
        yield TLS_TIMEOUT(**where, limit=one.limit, seconds=round(first.seconds, 2), curl=first.failure.curl)
    elif first.failure is not None and "1.0" in one.versions and one.versions["1.0"].failure is None:
        yield TLS_PROTOCOL(**where, case="old", found=one.versions["1.0"].version, curl=Failure.TLS.curl)
    elif first.failure not in (None, Failure.CLIENT_CERTIFICATE):
        yield TLS_FAILED(**where, curl=first.failure.curl, detail=first.detail or str(first.failure))
    elif first.failure is None and first.seconds > SLOW_AFTER:
        yield TLS_SLOW(**where, seconds=round(first.seconds, 2), slow=SLOW_AFTER, limit=one.limit)
    if first.failure in (None, Failure.CERTIFICATE):
        if one.versions["1.2"].failure is Failure.TLS and one.versions["1.3"].failure is None:
            code = TLS_PROTOCOL.variant(severity=Severity.WARNING, basis=Basis.CONDITION)
            yield code(**where, case="new", found="TLSv1.3", curl=Failure.TLS.curl)
        last = min(one.chain, key=lambda certificate: certificate.not_after, default=None)
        if first.failure is None and last is not None and last.not_after - ctx.now < SOON:
            days = (last.not_after - ctx.now).days
            yield TLS_EXPIRING(**where, subject=_common_name(last.subject), until=_day(last), days=days)


def _number(missed: Handshake, ctx: Context) -> int:
    """What libcurl says when a certificate of the client is missed: TLS 1.2 breaks in the handshake, TLS 1.3 behind it,
    with an alert or without a word. Which it is for WeChat is known only when its alarm has one of these numbers."""
    in_handshake, behind = Failure.TLS.curl, Failure.CLIENT_CERTIFICATE.curl
    printed = ctx.alarm.sample.curl_error
    if printed in (in_handshake, behind, Failure.EMPTY.curl):
        return printed
    return in_handshake if missed.version is None else behind


def _refused(one: Secured, where: dict[str, object], ctx: Context) -> Iterator[Finding]:
    """The certificate was refused: OpenSSL's reason in our words, then what else it would complain of."""
    number, leaf = one.trusted.verify_code, one.chain[0] if one.chain else None
    if leaf is None:  # the other handshakes failed, so that nothing but the reason is known
        leaf = Certificate("?", "?", ctx.now, ctx.now)
    seen = {
        **where,
        "subject": _common_name(leaf.subject),
        "issuer": _common_name(leaf.issuer),
        "until": _day(leaf),
        "names": list(leaf.names[:8]) or [_common_name(leaf.subject)],
        "chain": [_common_name(certificate.subject) for certificate in one.chain],
        "curl": Failure.CERTIFICATE.curl,
        "verify_code": number,
        "verify_message": one.trusted.verify_message,
    }
    late = min(one.chain, key=lambda certificate: certificate.not_after, default=leaf)
    expired = TLS_EXPIRED(**{**seen, "subject": _common_name(late.subject), "until": _day(late)})
    if number == EXPIRED:
        yield expired
    elif number == NOT_YET:
        yield TLS_NOT_YET(**seen, since=f"{max(leaf, *one.chain, key=_begin).not_before:%Y-%m-%d}")
    elif number in (NAME, ADDRESS):
        yield TLS_NAME_MISMATCH(**seen)
    else:
        yield _untrusted(one.chain or (leaf,), number, seen)
    if one.chain and number != EXPIRED and late.not_after < ctx.now:
        yield expired
    if one.chain and number not in (NAME, ADDRESS) and not names(leaf, ctx.target.host or ""):
        yield TLS_NAME_MISMATCH(**seen)


def _untrusted(chain: tuple[Certificate, ...], number: int | None, seen: dict[str, object]) -> Finding:
    """No way from the leaf to a known root. Public roots sign no leaves: an issuer that was not sent is most likely an
    intermediate that was forgotten. One that was sent leads to a root that is unknown."""
    if number == SELF_SIGNED:
        return TLS_SELF_SIGNED(**seen)
    top = _top(chain)
    if number != SELF_SIGNED_ROOT and top is chain[0] and top.issuer != top.subject:
        return TLS_CHAIN_INCOMPLETE(**seen, sent=len(chain))
    return TLS_UNTRUSTED(**seen, root=_common_name(top.issuer))


def names(certificate: Certificate, host: str) -> bool:
    """Whether a certificate names a host: exactly, or by an asterisk for the whole leftmost label (RFC 6125, 6.4)."""
    host = host.lower().rstrip(".")
    wild = "*." + host.partition(".")[2]
    return any(name.lower() in (host, wild) for name in certificate.names)


def _begin(certificate: Certificate) -> datetime:
    return certificate.not_before


def _top(chain: tuple[Certificate, ...]) -> Certificate:
    """The last certificate on the way from the leaf up, among those that were sent."""
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
        TLS_CLIENT_CERTIFICATE,
        TLS_PROTOCOL,
        TLS_NOT_TLS,
        TLS_TIMEOUT,
        TLS_SLOW,
        TLS_FAILED,
    ),
    observation=TlsHandshake,
    probe=probe,
    evaluate=evaluate,
    uses=(*addresses.SOURCES, tcp_connect.CHECK),
    key=by_target,
    timeout=12.0,
    wants=("host",),
)
