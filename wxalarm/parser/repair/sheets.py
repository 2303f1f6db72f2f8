"""The feet and heads of pages in what was copied from a document (Word, PDF): lines between the lines of an alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

_FOOT = compiled(
    r"(?:\n[ \t\r\f]*+(?=\n)){0,9}+\n[^\n]{0,90}?(?:第 ?\d{1,4} ?页|[Pp]age \d{1,4} of \d{1,4})[^\n]{0,40}(?=\n)"
)
_LINE = compiled(r"\n([^\n]{4,120})(?=\n)")
_BLANK = compiled(r"(?:\n[ \t\r\f]*+(?=\n)){0,9}+")


def edits(text: str) -> Iterator[Edit]:
    """The edits that drop the feet of pages, and below each the head that another page has, too."""
    at, lines = 0, Counter[str]()
    while (foot := _FOOT.search(text, at)) is not None:
        at = foot.end()
        lines = lines or Counter(map(str.strip, text.split("\n")))
        head = _LINE.match(text, at)
        if head is not None and lines[head[1].strip()] > 1:
            at = head.end()
        blank = _BLANK.match(text, at)
        at = blank.end() if blank is not None else at
        yield Edit(foot.start(), at, "")
