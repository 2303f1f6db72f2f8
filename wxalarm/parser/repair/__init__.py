"""What web pages and chat programs did to an alarm's text, undone, with a map back to the text as it was given.

Each module knows one kind of damage and yields edits: `json_strings` (\\n and \\u5185 inside JSON), `pages` (entities,
tags), `marks` (full-width brackets, zero-width characters). Bodies are left as they are, because a server may really
have sent such things; they are decoded only when they show that the page encoded them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wxalarm.parser import words as w
from wxalarm.parser.repair.maps import Map as Map
from wxalarm.parser.repair.maps import replaced

# Each begins with one literal, so that text without it is passed over at C speed.
_ENTITY = re.compile(r"&(?:#[0-9xX]|[A-Za-z]{2,8};)")
_TAG_NAMES = "p|div|li|tr|td|th|span|pre|a|b|i|u|em|strong|font|h[1-6]"
_TAG = re.compile(rf"<(?:br\b|BR\b|/?(?:{_TAG_NAMES}|{_TAG_NAMES.upper()})[\s/>])")
_LABELS = "|".join(re.split("[:，]", printed)[0] for printed in w.PRINTED.values())
_ESCAPED = re.compile(rf"\\n(?:{_LABELS})|\\u(?:5185\\u5[bB][bB]9|6[bB]21\\u6570|9519\\u8[bB][eE][fF]\\u6837)")
"""A label of an alarm inside a JSON string: behind an escaped line break, or escaped itself."""
Signs = tuple[tuple[str, re.Pattern[str] | None], ...]
"""Characters that damage leaves, and the patterns of those that others leave, too."""
_SIGNS: Signs = (
    *(("&", _ENTITY), ("<", _TAG), ("\\", _ESCAPED), ("【", None), ("［", None)),
    *((char, None) for char in w.ZERO_WIDTH),
)


def signs_in(text: str) -> Signs:
    """The signs of damage that a text shows anywhere, also in bodies that are fine; nearly always none."""
    return tuple((char, pattern) for char, pattern in _SIGNS if is_damaged(text, 0, len(text), ((char, pattern),)))


def is_damaged(text: str, start: int, end: int, signs: Signs) -> bool:
    """Whether one of the signs stands in text[start:end]."""
    for char, pattern in signs:
        at = text.find(char, start, end)
        if at >= 0 and (pattern is None or pattern.search(text, at, end) is not None):
            return True
    return False


def is_encoded(text: str, start: int, end: int, length: int | None) -> bool:
    """Whether a page encoded the body text[start:end], of which so many bytes were declared."""
    if text.find("&", start, end) < 0 or length == len(text[start:end].encode("utf-8", "replace")):
        return False
    from wxalarm.parser.repair import pages

    return pages.is_encoded(text, start, end)


def repair(text: str) -> tuple[str, Map | None]:
    """The text without the damage, and the map back; None when there was none."""
    if not signs_in(text):
        return text, None
    return replaced(text, _edits(text))


def _edits(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, replacement) in order: JSON strings that hold an alarm, and what pages did to all else."""
    from wxalarm.parser.repair import json_strings, pages

    at = 0
    if "\\" in text:
        for start, end in json_strings.found(text, _ESCAPED):
            yield from pages.edits(text, at, start)
            yield from json_strings.edits(text, start, end)
            at = end
    yield from pages.edits(text, at, len(text))
