"""Groups of 错误样例 that a narrow window cut, or whose key a reader of screenshots misread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from typing import NamedTuple

from wxalarm.parser import words as w
from wxalarm.parser.problems import LOOK_ALIKE, VALUE_JOINED
from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

BLANK = r"[ \t\r\u00a0\u3000]"
"""The blanks of cut lines: a class of few characters, as it stands in many patterns."""
CUT = rf"{BLANK}{{0,8}}\n[ \t\r\u00a0\u3000{w.QUOTES}]{{0,12}}"
"""Where a mail program or a window broke a line."""
_KEY = r"[^\[\]=＝:：\n]"
_HEAD = compiled(
    rf"\[(?P<before>(?:{CUT})?)(?P<key>{_KEY}{{1,30}}?(?:{CUT}{_KEY}{{1,30}}?)?)(?P<cut>(?:{CUT})?){BLANK}*+(?:(?P<sign>[=＝:：]){BLANK}*+|(?=\]))"
)
_PRINTED = "|".join(key.printed for key in w.KEYS if key.form not in ("body", "flag"))
_GOES_ON = rf"{CUT}(?!{w.TYPED})[^\s\[\]{w.QUOTES}][^\[\]\n]{{0,200}}\]\[(?:{_PRINTED})="
"""Behind a bracket at the end of a line: the rest of the value that it is part of, with the next group behind that."""
_VALUE = compiled(
    rf"(?P<value>(?:[^\[\]\n]++|(?!{w.NEXT_GROUP})\[|\](?!{w.BEHIND_GROUP}|[ *_`|│\"”\r]{{1,6}}(?:\n|\Z))"
    rf"|\](?={_GOES_ON})"
    rf"|\n(?![ \t\r\u00a0\u3000{w.QUOTES}]*+(?:\n|{w.TYPED}))){{0,200}}+)\]"
)
_CLEAN = compiled(rf"(?:\[(?:{_PRINTED})=(?!3D)[^\[\]\n]{{0,999}}\](?=\[| \[))++")
"""A run of groups as WeChat prints them, but for the last."""
_CUT = compiled(CUT)
_QUOTED = compiled(rf"{BLANK}*+\n(?:{BLANK}|[{w.QUOTES}])*+(?<=[{w.QUOTES} ])(?=\[)")
_LOOKS = str.maketrans("0ODdoQ1lIL|!5sS8B9gq", "ooooooiiiiiisssbbggg")
"""Characters that readers of screenshots take for each other, folded."""
_SURE = {
    "openid": compiled(r"[0-9A-Za-z_-]{28}"),
    "stamp": compiled(r"\d{10}"),
    "transaction_id": compiled(r"\d{28}"),
}


class Head(NamedTuple):
    """A group up to its value, or, when that is no body, up to its end."""

    end: int
    is_body: bool
    edits: tuple[Edit, ...]


def head(text: str, at: int) -> Head | None:
    """The group that begins at an offset; None when its key is unknown and looks like no known one."""
    found = _HEAD.match(text, at)
    if found is None:
        return None
    edits: list[Edit] = []
    key, span = found["key"], found.span("key")
    known = next((name for name in _spellings(key) if w.field_of(name) or name == w.PLATFORM_KEY), None)
    if known is None:
        known = _looks_like(joined(key))
        if known is None or (known in ("IP", "ip") and found["sign"] is None):
            return None
        edits.append(Edit(*span, known, (LOOK_ALIKE, {"printed": key, "read": known})))
    elif known != key or found["cut"] or found["before"]:
        edits.append(Edit(at + 1, found.end("cut"), known))
    if found["sign"] == "＝":
        edits.append(Edit(*found.span("sign"), "="))
    field = "platform" if known == w.PLATFORM_KEY else w.field_of(known) or ""
    if known.lower() in w.BODY_KEYS and found["sign"] is not None:
        return Head(found.end(), True, tuple(edits))
    end = found.end()
    if found["sign"] is not None and (value := _VALUE.match(text, end)) and "\n" in value["value"]:
        cuts = tuple(_value_edits(value, field))
        edits += cuts
        end = value.end("value") if cuts else end
    close = text.find("]", end, end + w.LONGEST_GROUP)
    if close >= 0 and (quoted := _QUOTED.match(text, close + 1)) is not None:
        edits.append(Edit(*quoted.span(), ""))
        end = quoted.end()
    elif close >= 0 and "\n" not in text[end:close] and "[" not in text[end:close]:
        end = close + 1
    return Head(end, False, tuple(edits))


def clean(text: str, at: int) -> int:
    """Where a run of groups ends that needs no look, from an offset; the offset itself when there is none."""
    found = _CLEAN.match(text, at)
    return found.end() if found is not None else at


def joined(text: str) -> str:
    """A value that was cut, in one piece."""
    return _CUT.sub("", text)


def closing(marks: str) -> set[str]:
    """The characters that end what `marks` decorate."""
    pairs = {"“": "”", "‘": "’", "【": "】", "（": "）", "〖": "〗", "「": "」", "《": "》"}
    return {pairs.get(mark, mark) for mark in marks} | set(marks)


def _spellings(key: str) -> Iterator[str]:
    if "\n" not in key:
        yield key
    else:
        yield _CUT.sub(" ", key)
        yield _CUT.sub("", key)


def _value_edits(value: re.Match[str], field: str) -> Iterator[Edit]:
    """The edits that put a value together. What has no form of its own that tells is a guess."""
    text, start = value["value"], value.start("value")
    whole = joined(text)
    if field in ("event", "msg"):
        if (name := _names().get(_unspaced(whole))) is not None:
            yield Edit(start, start + len(text), name)
            return
        whole = _CUT.sub(" ", text)
    elif field != "platform" and any(char in whole for char in w.EDGES):
        return  # somebody's words, behind a bracket that a mask ate
    mend = None if _is_sure(field, whole) else (VALUE_JOINED, {"field": field or "extra", "value": whole[:200]})
    for cut in _CUT.finditer(text):
        yield Edit(start + cut.start(), start + cut.end(), " " if field in ("event", "msg") else "", mend)
        mend = None


@cache
def _names() -> dict[str, str]:
    """The names of messages and events that WeChat prints, by what they are without blanks and case."""
    # For a cut name alone.
    from wxalarm.wechat.catalogue import ENTRIES

    return {_unspaced(entry.label): entry.label for entry in ENTRIES if entry.label}


def _unspaced(name: str) -> str:
    return "".join(name.split()).lower()


def _is_sure(field: str, value: str) -> bool:
    if field in _SURE:
        return _SURE[field].fullmatch(value) is not None
    if field in ("ip", "outer_ip"):
        try:
            ip_address(value)
        except ValueError:
            return False
        return True
    return field in w.NUMBERS


@cache
def _by_looks() -> dict[str, str]:
    known: dict[str, str] = {}
    for key in w.PRINTED_KEYS:
        known.setdefault(_folded(key), key)
    return known


def _looks_like(key: str) -> str | None:
    """The known key that a misread one looks like."""
    return _by_looks().get(_folded(key))


def _folded(key: str) -> str:
    return re.sub(r"[\s_]", "", key).translate(_LOOKS).lower()
