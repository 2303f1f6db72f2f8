"""What web pages do to a text: entities and tags. Loaded only for a text that may need it: its patterns take time to
compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wxalarm.parser import words as w
from wxalarm.parser.body_end import BodyEnds, declared
from wxalarm.parser.repair.maps import Edit
from wxalarm.parser.repair.marks import WIDE_GROUP, in_nickname, narrowed
from wxalarm.patterns import compiled

_NAMED = {
    "lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " ", "ensp": " ", "emsp": " ", "thinsp": " ",
    "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "hellip": "…", "middot": "·", "times": "×",
    "mdash": "—", "ndash": "–", "colon": ":", "lsqb": "[", "rsqb": "]", "lbrack": "[", "rbrack": "]", "equals": "=",
    "lowbar": "_", "zwnj": "", "zwsp": "", "shy": "",
}  # fmt: skip
_ENTITY = rf"&(?:{'|'.join(_NAMED)}|#[0-9]{{1,7}}|#[xX][0-9A-Fa-f]{{1,6}});"
_TAG = (
    r"</?(?:br|p|div|li|ul|ol|dl|dt|dd|tr|td|th|table|tbody|span|pre|code|blockquote|section|a|b|i|u|em|strong|font|text_tag|mark|small"
    r"|h[1-6])\b[^<>\n]{0,300}>"
)
_ZERO_WIDTH = compiled(f"[{w.ZERO_WIDTH}]+")
_SIGN = compiled(f"[&<【［{w.ZERO_WIDTH}]")
"""What each edit begins with: one look at the characters passes over all other text."""
_DECODED = compiled(rf"{_ENTITY}|{_TAG}", re.IGNORECASE)
_BODY = compiled(rf"[\[［【](?i:{'|'.join(w.BODY_KEYS)})[=＝]")
_INLINE = compiled(r"</?(a|b|i|u|em|strong|font|text_tag|mark|small|h[1-6])\b", re.IGNORECASE)
_NEAR = 1000
"""Characters between the two halves of a tag inside a line."""
_CELL = compiled(r"</(?:td|th|dt)\b[^<>\n]{0,300}>(?=\s*<(?:td|th|dd)\b)", re.IGNORECASE)
_LINE_TAGS = ("<br", "<p", "</p", "<div", "</div", "<li", "</li", "<tr", "</tr", "<pre", "</pre", "<ul", "<ol", "<dt")


def edits(text: str, at: int, last: int) -> Iterator[Edit]:
    """What to replace, in order, in text[at:last]: outside bodies, and in bodies that a page encoded."""
    ends = BodyEnds(text, damaged=True)
    while (key := _BODY.search(text, at, last)) is not None:
        yield from _plain(text, at, key.start())
        start = key.end()
        wide = text[key.start()] != "["
        if wide:
            yield Edit(key.start(), key.start() + 1, "[")
        if text[start - 1] == "＝":
            yield Edit(start - 1, start, "=")
        body = ends.end(start, last)
        if is_encoded(text, start, body.end):
            yield from _decoded(text, start, body.end)
        at = body.behind
        if wide and body.closed:
            yield Edit(body.end, at, "]")
    yield from _plain(text, at, last)


def is_encoded(text: str, start: int, end: int) -> bool:
    """Whether a page encoded a body: it holds entities, no tag of its own, and not the bytes that were declared."""
    body = text[start:end]
    if "&" not in body or "<" in _DECODED.sub("", body):
        return False
    length = declared(text, start)
    return length is None or length != len(body.encode("utf-8", "replace"))


def _plain(text: str, start: int, end: int) -> Iterator[Edit]:
    """Edits outside bodies."""
    at = start
    while (sign := _SIGN.search(text, at, end)) is not None:
        at = sign.start()
        if sign[0] in "【［":
            if (group := WIDE_GROUP.match(text, at, end)) is not None:
                # Its inside is edited as a part of it.
                yield from narrowed(group)
                at = group.end()
                continue
        elif sign[0] in "&<":
            if (match := _DECODED.match(text, at, end)) is not None:
                if (new := _replacement(text, match)) != match[0]:
                    yield Edit(at, match.end(), new)
                at = match.end()
                continue
        else:
            match = _ZERO_WIDTH.match(text, at, end)
            assert match is not None
            if not in_nickname(text, at):
                yield Edit(at, match.end(), "")
            at = match.end()
            continue
        at += 1


def _decoded(text: str, start: int, end: int) -> Iterator[Edit]:
    """Edits in a body that a page encoded."""
    for match in _DECODED.finditer(text, start, end):
        if (new := _replacement(text, match)) != match[0]:
            yield Edit(match.start(), match.end(), new)


def _paired(text: str, match: re.Match[str], name: str) -> bool:
    """Whether a tag inside a line has its other half: people write <b> in nicknames, too."""
    if match[0][1] == "/":
        return f"<{name}" in text[max(0, match.start() - _NEAR) : match.start()]
    return f"</{name}" in text[match.end() : match.end() + _NEAR]


def _replacement(text: str, match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == "&":
        return _character(found[1:-1])
    if _CELL.match(text, match.start()) is not None:
        return "\t"
    if (name := _INLINE.match(found)) is not None and not _paired(text, match, name[1]):
        return found
    if found[0] == "<" and found.lower().startswith(_LINE_TAGS):
        # Pages often break their source behind a tag, too: that is one line break, not two.
        return "" if text[match.end() : match.end() + 2].lstrip("\r")[:1] == "\n" else "\n"
    return ""


def _character(name: str) -> str:
    """The character of an entity by its name or number; a blank that keeps words together becomes a blank. What is no
    character stays as printed."""
    if name[0] != "#":
        return _NAMED.get(name) or _NAMED.get(name.lower(), f"&{name};")
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    if number == 0 or number > 0x10FFFF or 0xD800 <= number < 0xE000:
        return f"&{name};"
    return " " if number == 0xA0 else "" if chr(number) in w.ZERO_WIDTH else chr(number)
