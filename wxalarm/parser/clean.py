"""What web pages and chat programs did to an alarm's text, undone, with a map back to the text as it was given.

Entities (&lt; &nbsp; &#26102;), tags, JSON strings, zero-width characters and full-width brackets. Bodies are left as
they are, because a server may really have sent such things; they are decoded only when they show that the page encoded
them.
"""

from __future__ import annotations

import re
from bisect import bisect_right

ZERO_WIDTH = "\u200b\u2060\ufeff\u00ad"
# Whether anything is to be done at all: begins with one literal, so that clean text is passed over at C speed.
_MAY_BE_ENTITY = re.compile(r"&(?:#[0-9xX]|[A-Za-z]{2,8};)")
_TAGS = "p|div|li|tr|td|th|span|pre|a|b|i|u|em|strong|font|h[1-6]"
_MAY_BE_TAG = re.compile(rf"<(?:br\b|BR\b|/?(?:{_TAGS}|{_TAGS.upper()})[\s/>])")

MAY_BE_ESCAPED = re.compile(
    r"\\n(?:Appid|昵称|时间|内容|次数|错误样例|报警排查)|\\u(?:5185\\u5[bB][bB]9|6[bB]21\\u6570|9519\\u8[bB][eE][fF]\\u6837)"
)
"""A label of an alarm inside a JSON string: behind an escaped line break, or escaped itself."""


class Map:
    """Offsets of the clean text → offsets of the text as given. Ends map to the end of what a character came from."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[tuple[int, int]] = [(0, 0)]
        self._ends: list[tuple[int, int]] = [(0, 0)]

    def add(self, clean: int, given: int, length: int, made: int) -> None:
        """given[given : given + length] became `made` characters at `clean`."""
        self._starts.append((clean + made, given + length))
        self._ends.append((clean + made, given + length) if made else (clean + 1, given + length + 1))

    def start(self, offset: int) -> int:
        """Where the character at a clean offset begins."""
        clean, given = self._starts[bisect_right(self._starts, (offset, 1 << 62)) - 1]
        return given + offset - clean

    def parsed(self, given: int) -> int:
        """The clean offset of an offset of the text as given."""
        clean, start = self._starts[bisect_right(self._starts, given, key=lambda pair: pair[1]) - 1]
        return clean + given - start

    def end(self, offset: int) -> int:
        """Where the character before a clean offset ends."""
        clean, given = self._ends[bisect_right(self._ends, (offset, 1 << 62)) - 1]
        return given + offset - clean


def clean(text: str) -> tuple[str, Map | None]:
    """The text without the damage, and the map back; None when there was none."""
    if not (
        any(char in text for char in ZERO_WIDTH)
        or ("&" in text and _MAY_BE_ENTITY.search(text) is not None)
        or ("<" in text and _MAY_BE_TAG.search(text) is not None)
        or ("\\" in text and MAY_BE_ESCAPED.search(text) is not None)
        or "【" in text
        or "［" in text
    ):
        return text, None
    from wxalarm.parser.edits import edits

    out: list[str] = []
    back = Map()
    at = size = 0
    for start, end, new in edits(text):
        kept = text[at:start]
        out += (kept, new)
        size += len(kept)
        back.add(size, start, end - start, len(new))
        size += len(new)
        at = end
    if not at:
        return text, None
    out.append(text[at:])
    return "".join(out), back
