"""Personal data and secrets → stable tokens: `wx…` → `appid-1a2b3c4d5e`. The one place that knows their looks.

Foreign text is read in all its spellings (`spellings`), searched for known forms, values of names and keys (`find`),
and what is not known to be harmless (`allowed`) is replaced. Joins are kept: the same value gives the same token
wherever and however it is spelled. The tokens are keyed by a secret (the command line keeps one for each user, so that
two nights can be compared), and nobody can find a value by trying all of them (there are only 2^32 IPv4 addresses).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, cast

from msgspec import Struct, structs

from wxalarm.model import Alarm, Code, Finding, Location, Report, Sample, Whole
from wxalarm.render.redact import forms
from wxalarm.render.redact.allowed import kind_of_name
from wxalarm.render.redact.find import Leak, find, leak
from wxalarm.render.redact.spellings import inflated, plain, utf16_of

__all__ = ["NAMELESS", "STAY", "WHOLE", "Leak", "Redactor", "leak"]
T = TypeVar("T")
TOKEN_BYTES = 5
"""40 bits: two of 100,000 different values share a token once in 200 runs."""
REMEMBERED = 4096
"""Texts whose redaction is kept: alarms say the same again and again."""
SHORT = 600
"""Characters of a text that is kept."""


WHOLE = {"appid": "appid", "openid": "openid", "outer_ip": "ip", "ip": "ip", "transaction_id": "transaction"}
"""Fields of an alarm whose value names somebody whatever its form, and the kind of its token."""
STAY = frozenset({"places"})
"""Fields of an alarm that stay: where it stands in the user's own files."""
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Controls that stand in no text; a coloured dump has ESC."""
NAMELESS = (Enum, int, float, datetime, Code, type(None))
"""Types whose values stay: they hold no text from outside."""


class Redactor:
    """Tokens by one key; without one they are those of this run alone. reveal: only what is never shown is
    masked, by as many "*" as it is long, so that a saved case is judged as before; appids, OpenIDs, addresses stay."""

    def __init__(self, key: bytes | None = None, *, reveal: bool = False) -> None:
        self._key = key or secrets.token_bytes(32)
        self._reveal = reveal
        self._made: dict[str, str] = {}

    def value(self, kind: str, text: str) -> str:
        """The token of a whole value: value("openid", "oAAAA…") → "openid-1a2b3c4d5e". What is empty, masked
        throughout or a token already stays as it is."""
        if forms.MASKED.match(text) or forms.OWN.fullmatch(text):
            return text
        if self._reveal:
            return "*" * len(text)
        if kind in ("openid", "transaction"):
            return self._token(kind, text)
        known, value = forms.kind_of(text)
        return self._token(kind if known == "secret" else known, value)

    def _token(self, kind: str, value: str) -> str:
        data = value.encode("utf-8", "surrogatepass")
        return f"{kind}-{hashlib.blake2b(data, key=self._key, digest_size=TOKEN_BYTES).hexdigest()}"

    def text(self, text: str) -> str:
        """A text with everything replaced that may not stay: known forms, values of names that are not known to be
        harmless, what looks like a key, in any spelling."""
        made = self._made.get(text)
        if made is None:
            made = self._redacted(text)
            if len(text) <= SHORT:
                if len(self._made) >= REMEMBERED:
                    self._made.clear()
                self._made[text] = made
        return made

    def _redacted(self, text: str) -> str:
        spans = find(text, personal=not self._reveal)
        if not spans:
            return text
        parts: list[str] = []
        at = 0
        for start, end in spans:
            parts += (text[at:start], self.value("secret", text[start:end] if self._reveal else plain(text[start:end])))
            at = end
        return "".join((*parts, text[at:]))

    def octets(self, data: bytes) -> bytes:
        """Bytes as `text`, in UTF-16 too. What is no text (compressed) may hold anything: a token stands for it all."""
        if codec := utf16_of(data):
            # Cut within a letter, or with something else between its letters, it is no text.
            with suppress(UnicodeDecodeError):
                data = self.text(data.decode(codec, "surrogatepass")).encode(codec, "surrogatepass")
                if self.text(between := data.decode("latin-1")) == between:
                    return data
            between = data.decode("latin-1")
            return (self.text(between) if self._reveal else self.value("binary", between)).encode("latin-1")
        if (inner := inflated(data)) is not None and self._reveal:
            made = self.octets(inner)
            packer = zlib.compressobj(wbits=31 if data[:1] == b"\x1f" else 15)
            return data if made == inner else packer.compress(made) + packer.flush()
        text = data.decode("utf-8", "surrogateescape")
        if not self._reveal and (inner is not None or _BINARY.search(text)):
            return self.value("binary", text).encode("utf-8", "surrogateescape")
        return self.text(text).encode("utf-8", "surrogateescape")

    def named(self, name: str, value: str) -> str:
        """The value that stands behind a name in data of pairs: a header, an unknown group of an alarm."""
        kind = kind_of_name(name)
        if kind == "secret":
            return self.value("secret", plain(value))
        if kind == "cookies":
            return self.text(f"Cookie: {value}").removeprefix("Cookie: ")
        return self.text(value)

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
        made = {id(report): self._placed(self.plain(replace(report, example=None))) for report in reports}
        return [
            made[id(report)] if report.example is None else replace(made[id(report)], example=made[id(report.example)])
            for report in reports
        ]

    def _placed(self, report: Report) -> Report:
        """A report whose alarm does not tell by its file's name what is redacted."""
        where = report.alarm.location
        if where is None or (shown := self._location(where)) is where:
            return report
        return replace(report, alarm=replace(report.alarm, places=Whole(shown)))

    def _location(self, where: Location) -> Location:
        path = where.path and self.text(where.path)
        return where if path == where.path else replace(where, path=path)

    def _any(self, value: Any, text: Callable[[str], str]) -> Any:
        """What is no text, and holds none, stays; what nobody thought of becomes a token as a whole."""
        if type(value) is str:
            return text(value)
        if isinstance(value, NAMELESS):
            return value
        if isinstance(value, str):
            return text(value)
        if isinstance(value, Location):
            return self._location(value)
        if isinstance(value, bytes):
            return self.octets(value)
        if isinstance(value, Mapping):
            return {self._any(name, text): self._pair(name, each, text) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], str):  # a header
                made = [self._any(value[0], text), self._pair(value[0], value[1], text)]
                return made if isinstance(value, list) else tuple(made)
            made = [self._any(each, text) for each in value]
            return made if isinstance(value, list) else tuple(made)
        if is_dataclass(value) and not isinstance(value, type):
            return self._record(value, text)
        if isinstance(value, Struct):
            fields = {name: self._any(getattr(value, name), text) for name in value.__struct_fields__}
            return structs.replace(value, **fields)
        return self.value("value", repr(value))

    def _pair(self, name: Any, value: Any, text: Callable[[str], str]) -> Any:
        """The value of a pair: its name may say more than its form."""
        if isinstance(name, str) and type(value) is str and kind_of_name(name) in ("secret", "cookies"):
            return self.named(name, value)
        return self._any(value, text)

    def _record(self, value: Any, text: Callable[[str], str]) -> Any:
        """A dataclass with every field redacted: one that is added to it later, too."""
        if isinstance(value, (Alarm, Report)):
            text = self._quoting(value if isinstance(value, Alarm) else value.alarm)
        whole, stay = (WHOLE, STAY) if isinstance(value, (Alarm, Sample)) else ({}, ())
        if self._reveal:
            whole = {}
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
        if self._reveal:
            return self.text
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
