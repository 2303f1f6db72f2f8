"""A reply body under judgement: its bytes, what is known around it, and how findings about it get their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wxalarm.model import Code, Finding, Location
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.reply.pushes import Pushed
from wxalarm.wechat.reply.unseen import unlike

LARGEST = 1 << 20
"""Bytes of a reply that are looked at; no documented reply comes near."""
SHOWN = 60
"""Characters of the body that a finding quotes."""
LONGEST_CORRECTION = 1 << 16
"""Bytes above which no corrected body is kept in the evidence."""
SUCCESS = b"success"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of one reply and what the rules need to know beside them."""

    data: bytes
    pushed: Pushed = field(default_factory=Pushed)
    mode: str = "plain"
    truncated: bool = False
    inner: bool = False
    """The plaintext of an encrypted reply: places are places in it."""

    @property
    def user(self) -> bool:
        """Whether a message or an event was pushed: neither a third-party notice nor a payment."""
        return self.pushed.user

    def find(
        self, code: Code, start: int = 0, end: int | None = None, *, corrected: bytes | None = None, **evidence: Any
    ) -> Finding:
        """A finding about the bytes from start to end (None: no more than the place), with the corrected body."""
        end = start if end is None else end
        location = self.location(start, end)
        evidence |= {"line": location.line, "column": location.column, "offset": start, "inner": self.inner}
        evidence["shown"] = excerpt(self.data[start : end if end > start else start + SHOWN * 4])
        return code(location, **evidence, **self.correction(corrected))

    def correction(self, corrected: bytes | None) -> dict[str, Any]:
        """The evidence of a corrected body, with the characters that nobody sees in which it differs."""
        if corrected is None or len(corrected) > LONGEST_CORRECTION:
            return {}
        text = text_of(corrected)
        odd = unlike(text_of(self.data), text) if len(self.data) <= LONGEST_CORRECTION else None
        return {"corrected": text, "unseen": "named", "characters": odd} if odd else {"corrected": text}

    def location(self, start: int, end: int) -> Location:
        """Lines from 1, columns in characters from 1; the end is exclusive."""
        line, column = self._place(start)
        end_line, end_column = self._place(end) if end > start else (line, column)
        return Location(None, line, column, end_line, end_column)

    def _place(self, offset: int) -> tuple[int, int]:
        begin = self.data.rfind(b"\n", 0, offset) + 1
        column = len(self.data[begin:offset].decode("utf-8", "replace")) + 1
        return self.data.count(b"\n", 0, offset) + 1, column

    def spliced(self, start: int, end: int, new: bytes) -> bytes:
        """The body with the bytes from start to end replaced."""
        return self.data[:start] + new + self.data[end:]

    @property
    def accepted_instead(self) -> bytes:
        """What WeChat accepts as an answer to this push when there is nothing to say."""
        return PAID if self.pushed.form is Form.PAY else SUCCESS


PAID = b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
"""The answer to a payment notification (v2), as the documentation prints it."""


def text_of(data: bytes) -> str:
    """Bytes as text; what is not UTF-8 is spelled out."""
    return data.decode("utf-8", "backslashreplace")


def excerpt(data: bytes) -> str:
    """The beginning of some bytes as text."""
    text = text_of(data[: SHOWN * 4])
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
