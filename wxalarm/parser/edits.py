"""What `clean` replaces, and by what. Loaded only for a text that may need it: its patterns take time to compile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wxalarm.parser import vocabulary as v
from wxalarm.parser.clean import ZERO_WIDTH
from wxalarm.parser.escapes import string_edits, strings

_NAMED = {
    "lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " ", "ensp": " ", "emsp": " ", "thinsp": " ",
    "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "hellip": "…", "middot": "·", "times": "×",
    "mdash": "—", "ndash": "–", "colon": ":", "lsqb": "[", "rsqb": "]", "lbrack": "[", "rbrack": "]", "equals": "=",
    "lowbar": "_", "zwnj": "", "zwsp": "", "shy": "",
}  # fmt: skip
_ENTITY = rf"&(?:{'|'.join(_NAMED)}|#[0-9]{{1,7}}|#[xX][0-9A-Fa-f]{{1,6}});"
_TAG = (
    r"</?(?:br|p|div|li|ul|ol|tr|td|th|table|tbody|span|pre|code|blockquote|section|a|b|i|u|em|strong|font|mark|small"
    r"|h[1-6])\b[^<>\n]{0,300}>"
)
_WIDE_KEY = rf"(?:{v.KNOWN_KEY}|[0-9A-Za-z_ ]{{1,30}}(?=[=＝]))"
_WIDE_GROUP = (
    rf"【(?P<a>{_WIDE_KEY})(?:[=＝:：][^【】\n]{{0,4096}})?】|［(?P<b>{_WIDE_KEY})(?:[=＝:：][^［］\n]{{0,4096}})?］"
)
_EDIT = re.compile(rf"[{ZERO_WIDTH}]+|{_ENTITY}|{_TAG}|{_WIDE_GROUP}", re.IGNORECASE)
_BODY_EDIT = re.compile(rf"{_ENTITY}|{_TAG}", re.IGNORECASE)
_BODY = re.compile(rf"[\[［【](?i:{'|'.join(v.BODY_KEYS)})[=＝]")
_BODY_STOP = re.compile(r"报警排查指引|報警排查指引|错误样例|錯誤樣例|[\n>]\W{0,8}[Aa]pp[Ii][Dd]\W")
_LENGTH = re.compile(r"response_length[=＝]([0-9]{1,9})[\]］】]\s{0,8}\Z", re.IGNORECASE)
_PLATFORM_LAST = re.compile(rf"[\[［【]{v.PLATFORM}(?:[:：=＝][^\n]{{0,300}})?\Z")
_NICKNAME, _TYPED = re.compile(v.LABEL["nickname"]), re.compile(v.TYPED)
_INLINE = re.compile(r"</?(a|b|i|u|em|strong|font|mark|small|h[1-6])\b", re.IGNORECASE)
_NEAR = 1000
"""Characters between the two halves of a tag inside a line."""
_LINE_TAGS = ("<br", "<p", "</p", "<div", "</div", "<li", "</li", "<tr", "</tr", "<pre", "</pre", "<ul", "<ol")


def edits(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, replacement) in order: JSON strings that hold an alarm, and what pages did to all else."""
    at = 0
    for start, end in strings(text):
        yield from _page_edits(text, at, start)
        yield from string_edits(text, start, end)
        at = end
    yield from _page_edits(text, at, len(text))


def _page_edits(text: str, at: int, last: int) -> Iterator[tuple[int, int, str]]:
    """Edits outside bodies, and in bodies that a page encoded."""
    while (body := _BODY.search(text, at, last)) is not None:
        yield from _plain_edits(text, at, body.start())
        wide = text[body.start()] != "["
        if wide:
            yield body.start(), body.start() + 1, "["
        if text[body.end() - 1] == "＝":
            yield body.end() - 1, body.end(), "="
        longest = min(last, body.end() + v.LONGEST_BODY)
        stop = _BODY_STOP.search(text, body.end(), longest)
        end = stop.start() if stop else longest
        close = _close(text, body.start(), body.end(), end)
        content_end = close if close >= 0 else end
        if _encoded(text, body.end(), content_end, body.start()):
            yield from _body_edits(text, body.end(), content_end)
        if wide and close >= 0:
            yield close, close + 1, "]"
            content_end += 1
        yield from _plain_edits(text, content_end, end)
        at = end
    yield from _plain_edits(text, at, last)


def _close(text: str, key: int, start: int, end: int) -> int:
    """Where the bracket of a body stands: where the declared length wants it, else the last one that is not the
    platform's; -1 when there is none."""
    length = _declared(text, key)
    at = v.after_bytes(text, start, end, length) if length is not None else None
    if at is not None and text[at : at + 1] in ("]", "］", "】"):
        return at
    close = max(text.rfind(bracket, start, end) for bracket in "]］】")
    platform = _PLATFORM_LAST.search(text, max(start, close - 400), close + 1)
    before = len(text[start : platform.start()].rstrip()) + start if platform else 0
    return before - 1 if before > start and text[before - 1] in "]］】" else close


def _encoded(text: str, start: int, end: int, key: int) -> bool:
    """Whether a page encoded a body: it holds entities, no tag of its own, and not the bytes that were declared."""
    body = text[start:end]
    if "&" not in body or "<" in _BODY_EDIT.sub("", body):
        return False
    length = _declared(text, key)
    return length is None or length != len(body.encode("utf-8", "replace"))


def _declared(text: str, key: int) -> int | None:
    """The response_length that stands before the key of a body."""
    found = _LENGTH.search(text, max(0, key - 60), key)
    return int(found[1]) if found is not None else None


def _plain_edits(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    for match in _EDIT.finditer(text, start, end):
        if (key := match["a"] or match["b"]) is not None:
            yield match.start(), match.start() + 1, "["
            behind = match.start() + 1 + len(key)
            if text[behind] == "＝":
                yield behind, behind + 1, "="
            yield match.end() - 1, match.end(), "]"
            continue
        new = _replacement(text, match)
        if new != match[0] and not (match[0][0] in ZERO_WIDTH and _in_nickname(text, match.start())):
            yield match.start(), match.end(), new


def _in_nickname(text: str, at: int) -> bool:
    """Whether a place is inside a 昵称, the one value that people may write with zero-width characters."""
    begin = max(0, at - v.LONGEST_VALUE)
    begin = max(begin, text.rfind("\n", begin, at) + 1)
    colon = at
    for _ in range(3):  # a nickname may hold colons, too
        colon = max(text.rfind(":", begin, colon), text.rfind("：", begin, colon))
        if colon < 0:
            return False
        if _NICKNAME.search(text, max(begin, colon - 16), colon + 1) is not None:
            return _TYPED.search(text, colon + 1, at) is None
    return False


def _body_edits(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    for match in _BODY_EDIT.finditer(text, start, end):
        if (new := _replacement(text, match)) != match[0]:
            yield match.start(), match.end(), new


def _paired(text: str, match: re.Match[str], name: str) -> bool:
    """Whether a tag inside a line has its other half: people write <b> in nicknames, too."""
    if match[0][1] == "/":
        return f"<{name}" in text[max(0, match.start() - _NEAR) : match.start()]
    return f"</{name}" in text[match.end() : match.end() + _NEAR]


def _replacement(text: str, match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == "&":
        return _character(found[1:-1])
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
    return " " if number == 0xA0 else "" if chr(number) in ZERO_WIDTH else chr(number)
