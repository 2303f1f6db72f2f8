"""Alarms in the source of a mail: quoted-printable and base64 (RFC 2045, 6.7 and 6.8)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from wxalarm.parser import words as w
from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

_KEYS = "|".join(key.printed.replace(" ", "[ _]") for key in w.KEYS)
_SIGN = compiled(
    rf"\[(?:{_KEYS})=3D|=3D\"|[Qq]uoted-[Pp]rintable|=E[4-9]=(?:\r?\n)?[89AB][0-9A-F]=(?:\r?\n)?[89AB][0-9A-F]"
)
"""A group, or a Chinese character, in this code. No OpenID, number or path begins with 3D."""
_KEY = compiled(rf"\[(?:{_KEYS})\Z")
_LINE = 78
"""Characters of a line of such a mail, with room for a quote mark."""
_LONGEST = 2 * w.LONGEST_BODY
_BASE64 = compiled(
    r"[Ee]ncoding: ?[Bb](?i:ase64)[ \t]*\r?\n(?:[!-9;-~]+:[^\n]*\n|[ \t]+[^\s][^\n]*\n){0,40}\r?\n"
    r"(?P<code>(?:[A-Za-z0-9+/]{1,76}={0,2}\r?(?:\n|\Z)){1,2000}+)"
)
"""A part in this code, behind its headers."""
_WORDS = compiled("|".join((*w.HAN_WORDS, r"\\u[0-9a-f]{4}")))
_CODE = compiled(r"(?:=[0-9A-F]{2}(?:=\r?\n)?)+|=\r?\n")


def is_coded(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] holds something in one of these codes."""
    return _SIGN.search(text, start, end) is not None or next(parts(text, start, end), None) is not None


def parts(text: str, start: int, end: int) -> Iterator[Edit]:
    """The parts in base64 that may hold an alarm, decoded."""
    for part in _BASE64.finditer(text, start, end):
        try:
            raw = binascii.a2b_base64(part["code"])
        except binascii.Error:
            continue  # cut: its last line is not whole
        read = _text(raw)
        if read is not None and _WORDS.search(read) is not None:
            yield Edit(*part.span("code"), read.replace("\r\n", "\n") + "\n")


def edits(text: str, start: int, end: int) -> Iterator[Edit]:
    """The code undone in the paragraphs of text[start:end] that show it: lines as short as its lines are."""
    at = start
    while (sign := _SIGN.search(text, at, end)) is not None:
        first, last = _lines(text, sign.start(), at), _end(text, sign.end())
        for code in _CODE.finditer(text, first, last):
            if code[0][:3] not in ("=3D", "=\n", "=\r\n") and _KEY.search(
                text, max(first, code.start() - 20), code.start()
            ):
                continue  # the group's own: its value only looks so
            yield Edit(*code.span(), _decoded(code))
        at = last


def _lines(text: str, at: int, first: int) -> int:
    """Where the short lines begin in which an offset stands."""
    begin = max(text.rfind("\n", first, at) + 1, first)
    while begin > first and at - begin < _LONGEST:
        above = max(text.rfind("\n", first, begin - 1) + 1, first)
        if begin - above > _LINE:
            break
        begin = above
    return begin


def _end(text: str, at: int) -> int:
    """Where the short lines end in which an offset stands."""
    end, last = at, min(len(text), at + _LONGEST)
    while (newline := text.find("\n", end, last)) >= 0:
        if newline - end > _LINE:
            return end
        end = newline + 1
    return last


def _decoded(code: re.Match[str]) -> str:
    """The characters of some codes; as printed when they are none."""
    raw = bytes.fromhex(re.sub(r"=\r?\n|=", "", code[0]))
    read = _text(raw)
    return code[0] if read is None else read


def _text(raw: bytes) -> str | None:
    """Bytes in one of the encodings of Chinese mails; None for any other."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
