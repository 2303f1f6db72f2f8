"""Text between the elements of a reply, where only blanks may stand: a literal \\n, a comma, debug output."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wxalarm.model import Finding
from wxalarm.wechat.reply import codes, slips
from wxalarm.wechat.reply.body import Body

_BETWEEN = re.compile(rb"<(/?)[A-Za-z][^<>]*?(/?)>([^<]*)(?=<(/?))")

_MAY_BE = re.compile(rb"(?:/[^<>]*+|\]\]|--)>\s*+[^<\s]|>\s*+[^<\s][^<]*+<(?!/)")
"""What every body with such a text has, and few others (tags in a CDATA section)."""


def judge(body: Body) -> Iterator[Finding]:
    """One finding at the first such text; the correction leaves all of them out."""
    spans = list(_spans(body.data))
    if not spans:
        return
    corrected = body.data
    for start, end in reversed(spans):
        corrected = corrected[:start] + corrected[end:]
    yield body.find(codes.TEXT, *spans[0], corrected=corrected, around="between", count=len(spans))


def _spans(data: bytes) -> Iterator[tuple[int, int]]:
    """Text behind an end tag, or before a start tag, that is not blank."""
    if not _MAY_BE.search(data):
        return
    for found in _BETWEEN.finditer(slips.without_cdata(data)):
        leaf = not found[1] and not found[2] and found[4]
        if not leaf and (text := found[3].strip()):
            start = found.start(3) + found[3].index(text)
            yield start, start + len(text)
