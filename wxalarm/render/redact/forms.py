"""What secrets and personal data look like by themselves, whatever stands around them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from wxalarm.wechat import limits

_HEX = r"[0-9A-Fa-f]"
_OPENID, _IN_OPENID = limits.OPENID_LENGTH, limits.OPENID_CHARACTER
_END = r"(?![0-9A-Za-z])"
_WORD = (
    r"(?<![0-9A-Za-z])(?:"
    r"(?P<access>[0-9]{1,3}_[0-9A-Za-z_-]{60,600}(?![0-9A-Za-z_-]))"
    rf"|(?P<key>{_HEX}{{32}}{_END}|(?<!\+)[0-9A-Za-z]{{{limits.AES_KEY}}}(?![0-9A-Za-z+=])))"
)
_PERSON = (
    rf"(?<![0-9A-Za-z])(?:(?P<appid>[wW][xX]{_HEX}{{16}}{_END})|(?P<account>[gG][hH]_{_HEX}{{8,16}}{_END})"
    rf"|(?P<signature>(?:{_HEX}{{64}}|{_HEX}{{40}}){_END}))"
    rf"|(?P<openid>(?<!{_IN_OPENID})o{_IN_OPENID}{{{_OPENID - 2},{_OPENID - 1}}}(?!{_IN_OPENID}))"
    rf"|(?P<transaction>(?<!\d)4[0-9]{{{limits.TRANSACTION_LENGTH - 1}}}(?!\d))"
)
SECRET_WORDS = re.compile(_WORD)
"""What is never shown, in a run of letters, digits and -_+/: access tokens and keys."""
WORDS = re.compile(f"{_WORD}|{_PERSON}")
"""The same, and what says who: appids, OpenIDs, account ids, signatures, transactions."""
TICKET = re.compile(r"(?P<ticket>ticket@@@[0-9A-Za-z_-]{8,512})")
JWT = re.compile(
    r"(?P<jwt>(?<![0-9A-Za-z_-])eyJ[0-9A-Za-z_-]{8,4096}\.[0-9A-Za-z_-]{8,8192}(?:\.[0-9A-Za-z_-]{0,2048})?)"
)
IPV4 = re.compile(r"(?P<ip>[0-9]{1,3}(?P<dot>[.-])[0-9]{1,3}(?:(?P=dot)[0-9]{1,3}){2})(?![0-9]|[.-][0-9])")
"""No lookbehind, for speed: `address` looks at what stands before."""
IPV6 = re.compile(
    rf"(?<![0-9A-Za-z:.])(?P<ipv6>(?:{_HEX}{{0,4}}:){{2,7}}(?:[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}(?![0-9.])"
    rf"|{_HEX}{{0,4}}(?![0-9A-Za-z:.])))"
)
FORMS = (WORDS, TICKET, JWT, IPV6, IPV4)
_KINDS = "appid|openid|account|transaction|signature|key|ticket|ip|secret|binary|value"
OWN = re.compile(rf"(?:{_KINDS})-[0-9a-f]{{10}}(?![0-9A-Za-z])")
"""A token of ours."""
CUT = re.compile(rf"(?:{_KINDS})-[0-9a-f]{{1,10}}(?![0-9A-Za-z])")
"""A token of ours, or its beginning where a line of a report was cut."""
MASKED = re.compile(r"[*＊xX.…\s]*\Z")


def kind_of(value: str) -> tuple[str, str]:
    """(kind, the value in its one form): the same for every spelling of a value. "secret" is what has no known form."""
    value = value.strip()
    found = next((match for form in FORMS if (match := form.fullmatch(value))), None)
    kind = found.lastgroup if found else None
    if kind == "dot" or kind == "ip":
        return "ip", canonical(value.replace("-", ".")) or value
    if kind == "ipv6" or (kind is None and "%" in value and ":" in value):
        address = canonical(value.partition("%")[0])
        return ("ip", address) if address else ("secret", value)
    if kind in ("appid", "account", "signature") or (kind == "key" and len(value) == 32):
        return kind, value.lower()
    return ("secret" if kind in (None, "access", "jwt") else str(kind)), value


@lru_cache(4096)
def canonical(text: str) -> str | None:
    """An address in its one spelling: ::ffff:192.0.2.1 is 192.0.2.1; None when it is none."""
    octets = text.split(".")
    if len(octets) == 4 and ":" not in text:
        text = ".".join(str(int(octet)) if octet.isdigit() else octet for octet in octets)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand that name a machine: those of every machine (127.0.0.1, ::) do not."""
    if "::" in text or text.count(":") > 6:
        for match in IPV6.finditer(text):
            if canonical(match[0]) not in _EVERY:
                yield match.span()
    for match in IPV4.finditer(text):
        before = text[match.start() - 1 : match.start()]
        if not (before.isdigit() or before == ".") and canonical(match[0].replace("-", ".")) not in _EVERY:
            yield match.span()


_EVERY = (None, "127.0.0.1", "0.0.0.0", "::", "::1", "255.255.255.255")


def known(text: str) -> Iterator[tuple[int, int]]:
    """Where anything of a known form stands, inside longer runs too."""
    for form in (WORDS, TICKET, JWT):
        yield from (match.span() for match in form.finditer(text))
    yield from addresses(text)


def without(text: str) -> str:
    """A text without what has a known form, and without tokens of ours."""
    text = OWN.sub("", text)
    for start, end in sorted(known(text), reverse=True):
        text = text[:start] + text[end:]
    return text
