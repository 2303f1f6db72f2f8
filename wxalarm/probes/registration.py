"""When a domain's registration ends, whether it is on hold: by RDAP (RFC 9083), else WHOIS (RFC 3912); with a cache.

Registries, not the callback's host, are asked, and only for the registrable domain. Their names are resolved by our own
questions, so that a silent resolver cannot hold a thread beyond the limit.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from wxalarm.bounds import whole
from wxalarm.probes import dns, files, http, local
from wxalarm.probes.dns import Outcome, Server
from wxalarm.probes.waiting import waiting
from wxalarm.wechat.limits import PORTS

LIMIT = 2.0
"""Seconds for RDAP, and again for WHOIS after it: a side fact may not hold up the verdict."""
MAX_BYTES = 256 << 10
FRESH = timedelta(hours=24)
"""How long a cached answer counts."""

RDAP = {
    "com": "https://rdap.verisign.com/com/v1/",
    "net": "https://rdap.verisign.com/net/v1/",
    "org": "https://rdap.publicinterestregistry.org/rdap/",
    "info": "https://rdap.identitydigital.services/rdap/",
    "io": "https://rdap.identitydigital.services/rdap/",
    "app": "https://pubapi.registry.google/rdap/",
    "dev": "https://pubapi.registry.google/rdap/",
    "xyz": "https://rdap.centralnic.com/xyz/",
}
"""What callbacks usually live under, of the IANA bootstrap file (data.iana.org/rdap/dns.json). The rest: WHOIS."""
WHOIS = {"cn": "whois.cnnic.cn", "com": "whois.verisign-grs.com", "net": "whois.verisign-grs.com"}
"""Elsewhere whois.nic.TLD, the name that registries keep by contract with ICANN."""

_PROVINCES = "ah bj cq fj gd gs gx gz ha hb he hi hk hl hn jl js jx ln mo nm nx qh sc sd sh sn sx tj tw xj xz yn zj"
_SECOND_LEVEL = {
    "cn": f"com net org gov edu ac mil {_PROVINCES}",
    **dict.fromkeys(("hk", "tw", "sg", "my", "mo", "au", "br"), "com net org edu"),
    **dict.fromkeys(("jp", "kr", "uk", "nz", "in", "th", "id"), "co or ne ac org"),
}
SUFFIXES = frozenset(f"{label}.{tld}" for tld, labels in _SECOND_LEVEL.items() for label in labels.split())
"""Public suffixes of two labels under which callbacks usually live (publicsuffix.org lists all)."""
RESERVED = frozenset({"example", "test", "localhost", "invalid", "internal", "local", "onion", "arpa", "lan", "home"})
"""Top-level names outside the registries (RFC 2606, 6761, 8375)."""


class Registration(Struct, frozen=True):
    """What a registry says of a domain."""

    domain: str
    source: str
    """"rdap" or "whois"."""
    server: str
    asked: datetime
    found: bool = True
    """False: the registry knows no such domain."""
    expires: datetime | None = None
    statuses: tuple[str, ...] = ()
    """EPP status words in lower case without blanks: "clienthold" (RFC 5731, RFC 8056)."""
    registrar: str | None = None
    cached: bool = False


Permitted = Callable[[str], bool]


class Unknown(Exception):
    """No registry could be asked or understood: says why, in a word."""


def registrable(host: str) -> str | None:
    """The domain that is registered, of a host below it; None for what no registry holds."""
    labels = host.rstrip(".").lower().split(".")
    if len(labels) < 2 or labels[-1] in RESERVED or labels[-1].isdigit() or not all(labels):
        return None
    keep = 3 if ".".join(labels[-2:]) in SUFFIXES else 2
    return ".".join(labels[-keep:]) if len(labels) >= keep else None


class _Finder(Struct, frozen=True):
    """Finds the addresses of the registries' servers."""

    resolvers: Sequence[Server]
    permitted: Permitted
    limit: float

    async def address(self, host: str) -> str:
        """The first permitted address that any resolver gives. Raises Unknown."""
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass
        tasks = [asyncio.create_task(dns.ask(server, host, "A", limit=self.limit)) for server in self.resolvers]
        try:
            for done in asyncio.as_completed(tasks):
                answer = await done
                if answer.outcome is Outcome.ANSWER and self.permitted(answer.records[0]):
                    return answer.records[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise Unknown(f"{host}: no address")


async def look_up(
    domain: str,
    resolvers: Sequence[Server],
    *,
    rdap: str | None = None,
    whois: str | None = None,
    limit: float = LIMIT,
    permitted: Permitted = lambda address: True,
) -> Registration:
    """Ask the registry. rdap (a base URL) and whois ("HOST[:PORT]") stand in for the known ones. Raises Unknown.

    permitted: whether an address that DNS gives for the registry's server may be asked; limit: seconds for each.
    """
    find = _Finder(resolvers, permitted, limit)
    tld = domain.rpartition(".")[2]
    base = rdap or RDAP.get(tld)
    reason = "no-rdap"
    if base is not None:
        try:
            return await _rdap(domain, base, find)
        except Unknown as unknown:
            reason = str(unknown)
    if rdap is not None and whois is None:  # a stand-in stands for all
        raise Unknown(reason)
    return await _whois(domain, whois or WHOIS.get(tld, f"whois.nic.{tld}"), find)


async def _rdap(domain: str, base: str, find: _Finder) -> Registration:
    parts = urlsplit(base)
    secure = parts.scheme == "https"
    begun = asyncio.get_running_loop().time()
    address = await find.address(parts.hostname or "")
    request = http.Request(
        "GET",
        parts.hostname or "",
        f"{parts.path.rstrip('/')}/domain/{domain}",
        (("Accept", "application/rdap+json"), ("User-Agent", "wxalarm")),
    )
    left = max(0.1, find.limit - (asyncio.get_running_loop().time() - begun))
    tls = http.trusted() if secure else None
    made = await http.exchange(address, parts.port or PORTS["https" if secure else "http"], request, left, tls=tls)
    if made.failure is not None:
        raise Unknown(f"{parts.hostname}: {made.failure}")
    now = datetime.now(UTC)
    if made.status == 404:
        return Registration(domain, "rdap", parts.hostname or "", now, found=False)
    if made.status != 200 or made.body_cut:
        raise Unknown(f"{parts.hostname}: HTTP {made.status}")
    return read_rdap(made.body, domain, parts.hostname or "", now)


def read_rdap(body: bytes, domain: str, server: str, now: datetime) -> Registration:
    """A domain object of RFC 9083. Raises Unknown when it is none, or one of another domain."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Unknown(f"{server}: no JSON") from None
    if not isinstance(data, dict) or str(data.get("ldhName", domain)).lower().rstrip(".") != domain:
        raise Unknown(f"{server}: other-object")
    expires = None
    for event in _dicts(data.get("events")):
        if event.get("eventAction") == "expiration":
            expires = _moment(str(event.get("eventDate")), UTC)
    statuses = data.get("status")
    words = [str(status) for status in statuses[:32]] if isinstance(statuses, list) else []
    return Registration(domain, "rdap", server, now, True, expires, _statuses(words), _registrar(data))


def _registrar(data: Mapping[str, Any]) -> str | None:
    """The vCard name (jCard, RFC 7095) of the entity with the role of registrar."""
    for entity in _dicts(data.get("entities")):
        roles, card = entity.get("roles"), entity.get("vcardArray")
        if not isinstance(roles, list) or "registrar" not in roles or not isinstance(card, list) or len(card) < 2:
            continue
        for entry in card[1][:64] if isinstance(card[1], list) else ():
            if isinstance(entry, list) and len(entry) >= 4 and entry[0] == "fn":
                return str(entry[3])[:200]
    return None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:64] if isinstance(item, dict)] if isinstance(value, list) else []


async def _whois(domain: str, place: str, find: _Finder) -> Registration:
    name, _, port = place.partition(":") if place.count(":") == 1 else (place, "", "")
    try:
        with waiting("whois", place, find.limit):
            async with asyncio.timeout(find.limit):
                address = await find.address(name)
                reader, writer = await asyncio.open_connection(address, whole(port) or 43)
                try:
                    writer.write(f"{domain}\r\n".encode("ascii", "replace"))
                    data = b""
                    while len(data) < MAX_BYTES and (chunk := await reader.read(65536)):
                        data += chunk
                finally:
                    writer.transport.abort()
    except TimeoutError:
        raise Unknown(f"{name}: timeout") from None
    except OSError as error:
        local.asked(error, socket=True)
        raise Unknown(f"{name}: {type(error).__name__}") from None
    return read_whois(data.decode("utf-8", "replace"), domain, name, datetime.now(UTC))


_LINE = re.compile(r"[ \t]*([A-Za-z][A-Za-z /-]{1,48}?)[ \t]*:[ \t]*(\S[^\r\n]{0,300})")
_EXPIRY = ("registry expiry date", "expiration time", "registrar registration expiration date", "expiry date")
_EXPIRY_ELSEWHERE = ("expiration date", "expires on", "expires", "paid-till", "renewal date")
_NO_MATCH = re.compile(r"no match|not found|no data found|no entries found|no object found", re.IGNORECASE)
CHINA = timezone(timedelta(hours=8))


def read_whois(text: str, domain: str, server: str, now: datetime) -> Registration:
    """The "key: value" lines that registries answer. Raises Unknown when nothing in them is of use."""
    values: dict[str, list[str]] = {}
    for line in text.splitlines()[:2000]:
        if found := _LINE.match(line[:400]):
            values.setdefault(found.group(1).lower(), []).append(found.group(2).strip())
    zone = CHINA if domain.endswith(".cn") else UTC
    moments = [
        moment for key in (*_EXPIRY, *_EXPIRY_ELSEWHERE) for v in values.get(key, ()) if (moment := _moment(v, zone))
    ]
    statuses = _statuses(word for key in ("domain status", "status", "state") for word in values.get(key, ()))
    if not moments and not statuses:
        if _NO_MATCH.search(text[:4000]):
            return Registration(domain, "whois", server, now, found=False)
        raise Unknown(f"{server}: no-data")
    registrar = next((values[key][0] for key in ("sponsoring registrar", "registrar") if key in values), None)
    return Registration(domain, "whois", server, now, True, moments[0] if moments else None, statuses, registrar)


def _statuses(words: Iterable[str]) -> tuple[str, ...]:
    """Status words without case, blanks and links: "client hold", "clientHold https://icann.org/epp#clientHold" and
    "CLIENT_HOLD" are one."""
    plain = (re.sub(r"[^a-z]", "", word.partition("http")[0].lower()) for word in words)
    return tuple(dict.fromkeys(word for word in plain if word))[:32]


def _moment(text: str, zone: timezone) -> datetime | None:
    text = text.strip().replace("/", "-")
    for form in (text, text[:19], text[:10]):
        try:
            moment = datetime.fromisoformat(form)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return None


def remembered(folder: Path, domain: str, now: datetime) -> Registration | None:
    """A fresh answer of an earlier run; None when there is none, or it cannot be read."""
    try:
        with open(_file(folder, domain), "rb") as file:
            kept = msgspec.json.decode(file.read(MAX_BYTES), type=Registration)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
    if kept.domain != domain or kept.asked.tzinfo is None or not timedelta() <= now - kept.asked < FRESH:
        return None
    return replace(kept, cached=True)


def remember(folder: Path, registration: Registration) -> None:
    """Keep an answer for later runs. A cache that cannot be written is none."""
    files.keep(_file(folder, registration.domain), msgspec.json.encode(registration))


def _file(folder: Path, domain: str) -> Path:
    return folder / f"registration-{re.sub(r'[^a-z0-9.-]', '_', domain)}.json"
