"""Marks that chat programs put into a text or exchange: characters of no width, full-width brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wxalarm.parser import words as w
from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

_WIDE_KEY = rf"(?:(?i:{w.KNOWN_KEY})|[0-9A-Za-z_ ]{{1,30}}(?=[=＝]))"
_CUT_KEY = r"[ \t]*\n?[0-9A-Za-z_ ]{1,30}(?:\n[0-9A-Za-z_ ]{1,30})?(?=[=＝])"
_CUT_VALUE = r"[^［］\n]{0,4096}(?:\n(?!\s)[^［］\n]{1,400}){0,6}"
"""A narrow window cut it."""
WIDE_GROUP = compiled(
    rf"【(?P<a>{_WIDE_KEY})(?:[=＝:：][^【】\n]{{0,4096}})?】|［(?P<b>{_WIDE_KEY}|{_CUT_KEY})(?:[=＝:：]{_CUT_VALUE})?］"
)
_ESCAPED_GROUPS = compiled(rf"\\\[(?:(?i:{w.KNOWN_KEY})[=＝:：\\]|[0-9A-Za-z_ ]{{1,30}}[=＝])[^\n]*")
"""The groups of a line as Markdown and the markup of trackers escape their brackets."""
_ESCAPE = compiled(r"\\(?=[\[\]{}()_*#+.!~|<>&=-])")
_NICKNAME, _TYPED = compiled(w.LABEL["nickname"]), compiled(w.TYPED)


def narrowed(group: re.Match[str]) -> Iterator[Edit]:
    """The edits that make a full-width group one with plain brackets."""
    text, start, end = group.string, group.start(), group.end()
    yield Edit(start, start + 1, "[")
    behind = start + 1 + len(group["a"] or group["b"])
    if text[behind] == "＝":
        yield Edit(behind, behind + 1, "=")
    yield Edit(end - 1, end, "]")


def unescapes(text: str) -> Iterator[Edit]:
    """The edits that take the escapes off lines of groups."""
    for groups in _ESCAPED_GROUPS.finditer(text) if "\\[" in text else ():
        for escape in _ESCAPE.finditer(text, *groups.span()):
            yield Edit(*escape.span(), "")


_LINKED = compiled(
    r"(?<=[=＝:： ])(?<!content=)(?<!resp=)(?:(?:\\*\[(?P<text>https?://[^\[\]\s]{1,2000})\]\((?P=text)/?\))|<(?P<slack>https?://[^<>\s|]{1,2000})(?:\|[^<>\n]{0,2000})?>)"
    r"(?=\]|\s|\Z)"
)
"""A URL as Markdown and Slack write a link to itself, behind the key of a group or a label."""


def links(text: str) -> Iterator[Edit]:
    """The edits that leave the URL of links to themselves."""
    for link in _LINKED.finditer(text) if "http" in text else ():
        yield Edit(*link.span(), link["text"] or link["slack"])


def in_nickname(text: str, at: int) -> bool:
    """Whether a place is inside a 昵称, the one value that people may write with zero-width characters."""
    begin = max(0, at - w.LONGEST_VALUE)
    begin = max(begin, text.rfind("\n", begin, at) + 1)
    colon = at
    for _ in range(3):  # a nickname may hold colons, too
        colon = max(text.rfind(":", begin, colon), text.rfind("：", begin, colon))
        if colon < 0:
            return False
        if _NICKNAME.search(text, max(begin, colon - 16), colon + 1) is not None:
            return _TYPED.search(text, colon + 1, at) is None
    return False


_HEADLESS = compiled(rf"(?m)^{w.HEADLESS}(?=[^\n]{{4,80}}\n[ \t]*次数[:：])")


def heads(text: str) -> Iterator[Edit]:
    """The edits that give a 内容 its beginning, where whoever copied the alarm began within it."""
    for found in _HEADLESS.finditer(text):
        yield Edit(*found.span("rest"), w.SUBJECT)
