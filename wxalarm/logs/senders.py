"""What strangers wrote into a log: the text of a push that is logged, the target and the agent of a request. No word of
it is the logger's own: who writes "it took 30s" to an account is no reason for anything.

Left out is only what has an end that can be told: what the logger says beside it must stay.
"""

from __future__ import annotations

import re

from wxalarm.patterns import later

METHOD = rb"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b[\"'\]]?[\s:|]{1,10}[\"'\[]?(?:https?://[^/\s\"']{1,255})?"
"""A method, with what stands before the path."""
_OPEN = rb"(?=\.{3}|\xe2\x80\xa6|(?<!\\)\"|\n|\Z)"
"""Loggers cut long texts: what is not closed ends there, or with the string that it stands in, or with its line."""
_CDATA = later(rb"(<!\[CDATA\[)(?:(?:(?!<!\[CDATA\[)[^\n])*?\]\]>|[^\n]*?" + _OPEN + rb")")
_PUSH = later(rb"(?i)msg_?type")
"""What a push has beside its text."""
_QUOTED = rb"(?:\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|\\\"(?:[^\"\\\n]|\\{3}\"|\\\\.|\\[^\"\\])*+\\\")"
"""A text, and one within a text."""
_TEXT = later(
    rb"((?:\\?[\"'])(?i:content|recognition)\\?[\"']\s?(?:=>|[:,])\s?)(?:"
    + _QUOTED
    + rb"|\\?[\"'][^\n\"']*?"
    + _OPEN
    + rb")"
)
"""What the user of a push wrote or said, under its name: JSON, Python's way to print it, PHP's."""
_ALONE = later(
    rb"(?m)^(\s{1,40})(?:[\"']?(?i:content|recognition)[\"']?\s?:\s?"
    + _QUOTED
    + rb",?[ \t\r]*$|\[(?i:content)\] => [^\n]*)"
)
"""The same in a line of its own, of a push that is printed on several."""
_TARGET = later(rb"(" + METHOD + rb"/)[^\s\"'{}|<>()\[\],;\x80-\xff]*")
_AGENT = later(
    rb"(\" [1-5]\d\d (?:\d{1,12}|-) )\"(?:-|https?:[^\"\n]*)\" \"[^\"\n]*\""
    rb"|((?i:user[_-]?agent|referr?er)\\?[\"']\s?[=:]\s?)" + _QUOTED
)


def cut(text: bytes) -> bytes:
    """A line, or an entry of several, with blanks for what its sender chose the words of: every other byte stays in its
    place."""
    text = _blank(_ALONE, _blank(_CDATA, text))
    # A logger may have a "content" of its own, in which it says what kind of push it was at.
    without = _blank(_TEXT, text)
    text = without if _PUSH.search(without) is not None else text
    return _blank(_AGENT, _blank(_TARGET, text))


def _blank(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    return pattern.sub(lambda found: next(filter(None, found.groups())).ljust(found.end() - found.start()), text)
