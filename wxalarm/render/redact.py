"""Personal data and secrets → stable tokens: `wx…` → `appid-1a2b3c4d5e`. The one place that knows what they look like.

Joins are kept: the same value gives the same token within a run, wherever it stands. The tokens are keyed by a secret
of the run, so that nobody can find a value by trying all of them (there are only 2^32 IPv4 addresses).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, cast

from wxalarm.model import Alarm, Code, Finding, Location, Report, Sample
from wxalarm.wechat import limits

T = TypeVar("T")
TOKEN_BYTES = 5
"""40 bits: two of 100,000 different values share a token once in 200 runs."""
_NAMES = (
    r"access_token|component_access_token|authorizer_access_token|refresh_token|token|ticket|component_verify_ticket"
    r"|app_?secret|component_appsecret|secret|encoding_?aes_?key|session_key|api_?key|password|passwd|pwd|sign|signature"
    r"|msg_?signature|auth_code|paysign|key"
)
_SEPARATOR = r"[\"'\]]{0,2}\s{0,4}(?:=>|[=:：])\s{0,4}[\"']?"
_HEX = r"[0-9A-Fa-f]"
_OPENID, _IN_OPENID = limits.OPENID_LENGTH, limits.OPENID_CHARACTER
_PART = rf"{_HEX}{{1,4}}(?::{_HEX}{{1,4}}){{0,6}}"
_PATTERN = re.compile(
    # A named secret: a=…, a: …, "a": "…", [a] => …, <a><![CDATA[…]]></a>. The value ends at what cannot stand in one.
    rf"(?P<named>(?<![A-Za-z])(?:{_NAMES})(?:{_SEPARATOR}|>(?:<!\[CDATA\[)?))(?P<secret>[^\s&\"'<>\[\]#;,]{{4,2048}})"
    r"|(?P<userinfo>(?<=://)[^\s/?#@\"'<>]{1,256}(?=@))"
    rf"|(?P<appid>(?<![0-9A-Za-z]){limits.APPID}(?![0-9A-Za-z]))"
    rf"|(?P<openid>(?<!{_IN_OPENID})(?-i:o){_IN_OPENID}{{{_OPENID - 2},{_OPENID - 1}}}(?!{_IN_OPENID}))"
    rf"|(?P<account>(?<![0-9A-Za-z])gh_{_HEX}{{8,16}}(?![0-9A-Za-z]))"
    rf"|(?P<transaction>(?<!\d)4[0-9]{{{limits.TRANSACTION_LENGTH - 1}}}(?!\d))"
    rf"|(?P<signature>(?<![0-9A-Za-z])(?:{_HEX}{{64}}|{_HEX}{{40}})(?![0-9A-Za-z]))"
    rf"|(?P<key>(?<![0-9A-Za-z+])(?:{_HEX}{{32}}(?![0-9A-Za-z])|[0-9A-Za-z]{{{limits.AES_KEY}}}(?![0-9A-Za-z+=])))"
    r"|(?P<ticket>ticket@@@[0-9A-Za-z_-]{8,512})"
    r"|(?P<ip>(?<![0-9.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![0-9]|\.[0-9])"
    rf"|(?<![0-9A-Za-z:.])(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}(?![0-9A-Za-z:])"
    rf"|(?<![0-9A-Za-z:.])(?:{_PART}::(?:{_PART})?|::{_PART})(?![0-9A-Za-z:]))",
    re.IGNORECASE,
)
_KINDS = {
    "signature": "signature", "msg_signature": "signature", "msgsignature": "signature", "sign": "signature",
    "paysign": "signature", "ticket": "ticket", "component_verify_ticket": "ticket",
    "encoding_aes_key": "key", "encodingaeskey": "key", "session_key": "key", "api_key": "key", "apikey": "key",
    "key": "key",
}  # fmt: skip
_TOKEN = re.compile(r"[a-z]+-[0-9a-f]{10}\Z")
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Controls that stand in no text; a coloured dump has ESC."""
_MASKED = re.compile(r"[*＊xX.…\s]*\Z")


WHOLE = {"appid": "appid", "openid": "openid", "outer_ip": "ip", "ip": "ip", "transaction_id": "transaction"}
"""Fields of an alarm whose value names somebody whatever its form, and the kind of its token."""
STAY = frozenset({"places"})
"""Fields of an alarm that stay: where it stands in the user's own files."""
NAMELESS = (Enum, int, float, datetime, Code, Location, type(None))
"""Types whose values stay: they hold no text from outside."""


class Redactor:
    """Tokens of one run. `key` is for tests; a run makes its own and forgets it."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def value(self, kind: str, text: str) -> str:
        """The token of a whole value: value("openid", "oAAAA…") → "openid-1a2b3c4d5e". What is empty, masked
        throughout or a token already stays as it is."""
        if _MASKED.match(text) or _TOKEN.match(text):
            return text
        data = text.encode("utf-8", "surrogatepass")
        return f"{kind}-{hashlib.blake2b(data, key=self._key, digest_size=TOKEN_BYTES).hexdigest()}"

    def text(self, text: str) -> str:
        """A text with everything replaced that looks like an appid, OpenID, account id, transaction id, IP address,
        token, ticket, signature or key."""
        return _PATTERN.sub(self._token, text)

    def octets(self, data: bytes) -> bytes:
        """Bytes as `text`. What is no text (compressed, UTF-16) may hold anything: a token stands for the whole."""
        text = data.decode("utf-8", "surrogateescape")
        made = self.value("binary", text) if _BINARY.search(text) else self.text(text)
        return made.encode("utf-8", "surrogateescape")

    def _token(self, match: re.Match[str]) -> str:
        if match["secret"] is None:
            return self.value(match.lastgroup or "value", match[0])
        name = re.match(r"\w+", match["named"])
        kind = _KINDS.get(name[0].lower(), "token") if name else "token"
        # A value of a known form gets the token that it gets everywhere else.
        inner = _PATTERN.fullmatch(match["secret"])
        token = self._token(inner) if inner else self.value(kind, match["secret"])
        return match["named"] + token

    def plain(self, value: T) -> T:
        """Data of any depth with every text and all bytes in it redacted, the keys of mappings too."""
        return cast("T", self._any(value, self.text))

    def alarm(self, alarm: Alarm) -> Alarm:
        """An alarm with its account, user, addresses and transaction redacted, in its URL and body too."""
        return self.plain(alarm)

    def finding(self, finding: Finding) -> Finding:
        """A finding with redacted evidence."""
        return self.plain(finding)

    def reports(self, reports: Sequence[Report]) -> list[Report]:
        """All reports, each still standing behind its example."""
        made = {id(report): self.plain(replace(report, example=None)) for report in reports}
        return [
            made[id(report)] if report.example is None else replace(made[id(report)], example=made[id(report.example)])
            for report in reports
        ]

    def _any(self, value: Any, text: Callable[[str], str]) -> Any:
        """What is no text, and holds none, stays; what nobody thought of becomes a token as a whole."""
        if isinstance(value, NAMELESS):
            return value
        if isinstance(value, str):
            return text(value)
        if isinstance(value, bytes):
            return self.octets(value)
        if isinstance(value, Mapping):
            return {self._any(name, text): self._any(each, text) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            made = [self._any(each, text) for each in value]
            return made if isinstance(value, list) else tuple(made)
        if is_dataclass(value) and not isinstance(value, type):
            return self._record(value, text)
        if names := getattr(value, "__struct_fields__", ()):  # what no observation needs is not loaded
            from msgspec import structs

            return structs.replace(value, **{name: self._any(getattr(value, name), text) for name in names})
        return self.value("value", repr(value))

    def _record(self, value: Any, text: Callable[[str], str]) -> Any:
        """A dataclass with every field redacted: one that is added to it later, too."""
        if isinstance(value, (Alarm, Report)):
            text = self._quoting(value if isinstance(value, Alarm) else value.alarm)
        whole, stay = (WHOLE, STAY) if isinstance(value, (Alarm, Sample)) else ({}, ())
        made = {}
        for name in _names(value.__class__):
            each = getattr(value, name)
            if name in whole and isinstance(each, str):
                made[name] = self.value(whole[name], each)
            elif name not in stay:
                made[name] = self._any(each, text)
        return replace(value, **made)

    def _quoting(self, alarm: Alarm) -> Callable[[str], str]:
        """`text` for what may quote the values of this alarm, also those of an unusual form."""
        own = ((kind, getattr(alarm, name, None) or getattr(alarm.sample, name, None)) for name, kind in WHOLE.items())
        known = [(value, self.value(kind, value)) for kind, value in own if value and len(value) > 6]

        def text(given: str) -> str:
            for value, token in known:
                given = given.replace(value, token)
            return self.text(given)

        return text


@lru_cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.init)
