"""Alarms in the source of a mail: quoted-printable (RFC 2045, 6.7)."""

from __future__ import annotations

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
_CODE = compiled(r"(?:=[0-9A-F]{2}(?:=\r?\n)?)+|=\r?\n")


def is_coded(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] holds something in this code."""
    return _SIGN.search(text, start, end) is not None


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
    try:
        return raw.decode()
    except UnicodeDecodeError:
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError:
            return code[0]
