"""Where a body (response_content, resp) ends. Bodies hold brackets, line breaks and anything else a server sends.

Three things can follow: the guide line or the next alarm, and then the last bracket before it is the end; nothing, when
WeChat cut a long body together with its bracket; or chat, and then the body's own form must tell.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wxalarm.parser import vocabulary as v
from wxalarm.parser.places import end_of

_QUOTE = rf"(?:{v.SPACE}|[>|│┃])"
NEXT_ALARM = re.compile(
    rf"{v.LABEL['appid']}{v.BLANK}*+[^\s\[\]:：]{{0,64}}+{_QUOTE}++(?:{v.LABEL['nickname']}"
    rf"|{v.LABEL['first_seen']}{v.BLANK}*+[\d*xX＊]|{v.LABEL['description']}{v.BLANK}*+{v.OPENING})"
    rf"|{v.LABEL['first_seen']}{v.BLANK}*+{v.DATE}{_QUOTE}++{v.LABEL['description']}"
    rf"|{v.LABEL['description']}{v.BLANK}*+{v.OPENING}"
    rf"|\n(?:{v.BLANK}|[>|│┃])*+{v.LABEL['nickname']}[^\n]{{0,{v.LONGEST_VALUE}}}\n{_QUOTE}*+{v.LABEL['first_seen']}"
    rf"{v.BLANK}*+{v.DATE}"
    rf"|{v.LABEL['count']}{v.BLANK}*+{v.COUNT}|{v.LABEL['sample']}{v.SPACE}{{0,64}}\["
    rf"|\n(?:{v.BLANK}|[>|│┃])*+{v.OPENING}"
    r"|\[(?:OpenID|Stamp|OuterIP|3rdUrl\d*|MsgType|http code|cURL Error|transaction_id|response_length)="
    rf"|\[decrypt fail\]|\n{v.BLANK}*+\[(?:response_content|resp)=|\n{v.BORDER}"
)
"""The beginning of another alarm, by two of its labels or one with its typical value. A body may quote one label."""
GUIDE = re.compile(v.LABEL["guide_url"])
_LENGTH = re.compile(rf"response_length=([0-9]{{1,9}})\]{v.SPACE}{{0,8}}\Z", re.IGNORECASE)
_PLATFORM = re.compile(rf"{v.SPACE}{{0,99}}\[{v.PLATFORM}(?:[:：=][^\]\n]{{0,300}})?\]")
_CLOSING = re.compile(rf"\](?=(?:{v.SPACE}{{0,99}}\[{v.PLATFORM}(?:[:：=][^\]\n]{{0,300}})?\])?{v.BLANK}*+(?:\n|\Z))")
_PLATFORM_LAST = re.compile(rf"\[{v.PLATFORM}(?:[:：=][^\[\]\n]{{0,300}})?\]?\Z")
_DOTS = re.compile(rf"\.\.\.{v.BLANK}*+(?:\n|\Z)")
_BLANK_BEHIND = re.compile(rf"\]{v.BLANK}")
_EXACT = re.compile(
    rf"\](?=(?:{v.SPACE}{{0,99}}\[{v.PLATFORM}(?:[:：=][^\]\n]{{0,300}})?\])?"
    rf"(?:{v.BLANK}*+(?:\n|\Z)|{v.BLANK}*+{v.LABEL['guide_url']}))"
)
_MOST_CANDIDATES = 2000
_SHOWN_WHOLE = 2048
"""Bytes; WeChat cuts bodies after about 900."""


class Finder:
    """Looks for a pattern from rising offsets and remembers what it saw, so that many looks cost as much as one."""

    __slots__ = ("_found", "_from", "_pattern", "_text")

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._pattern, self._text = pattern, text
        self._from, self._found = -1, -1

    def start(self, at: int) -> int:
        """Where the first match at or behind an offset begins; the length of the text when there is none."""
        if not self._from <= at <= self._found:
            match = self._pattern.search(self._text, at)
            self._from, self._found = at, match.start() if match else len(self._text)
        return self._found


class Body(NamedTuple):
    """The end of a body's group, its bracket and the platform's group behind it included."""

    end: int
    overlong: bool = False
    """No end was found; it was cut at LONGEST_BODY."""


class Bodies:
    """Finds the ends of the bodies of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._alarms, self._guides = Finder(NEXT_ALARM, text), Finder(GUIDE, text)
        self._closings, self._dots, self._blanks = (Finder(p, text) for p in (_CLOSING, _DOTS, _BLANK_BEHIND))

    def end(self, start: int) -> Body:
        """Where the group ends whose body begins at `start`."""
        text = self.text
        longest = start + v.LONGEST_BODY
        declared = _LENGTH.search(text, max(0, start - 120), text.rfind("[", 0, start))
        length = int(declared[1]) if declared else None
        if length is not None and (exact := self._exact(start, length)) is not None:
            return Body(exact)
        stop = min(self._alarms.start(start), longest, len(text))
        guide = self._guides.start(start)
        if guide < stop:
            return Body(self._last(start, guide) or self._stripped(start, guide))
        if self._closings.start(start) < stop and (candidate := self._candidate(start, stop, length)) is not None:
            return Body(candidate)
        if (dots := self._dots.start(start)) < stop:
            return Body(dots + 3)
        if (last := self._last(start, stop)) is not None:
            return Body(last)
        if (blank := self._blanks.start(start)) < stop:
            return Body(blank + 1)
        return Body(self._stripped(start, stop), stop == longest < len(text))

    def _exact(self, start: int, length: int) -> int | None:
        """The end of the group when its bracket stands where the declared length wants it, whatever the body holds: a
        page that shows the push, or an alarm."""
        at = v.after_bytes(self.text, start, len(self.text), length) if length <= _SHOWN_WHOLE else None
        closing = _EXACT.match(self.text, at) if at is not None else None
        return self._with_platform(closing.end(), len(self.text)) if closing is not None else None

    def _stripped(self, start: int, stop: int) -> int:
        return end_of(self.text, start, stop)

    def _last(self, start: int, stop: int) -> int | None:
        """The end of the group when nothing but blanks and the platform stands between its bracket and `stop`."""
        end = self._stripped(start, stop)
        inner = end
        if (platform := _PLATFORM_LAST.search(self.text, max(start, end - 400), end)) is not None:
            inner = self._stripped(start, platform.start())
        return end if inner < end or (inner > start and self.text[inner - 1] == "]") else None

    def _candidate(self, start: int, stop: int, length: int | None) -> int | None:
        """The first bracket at the end of a line where the body is whole by its declared length or its own form; else
        the bracket right before `stop`; else the first at the end of a line."""
        text = self.text
        first = form = None
        size, counted = 0, start
        for number, closing in enumerate(_CLOSING.finditer(text, start, stop)):
            if number == _MOST_CANDIDATES:
                break
            at = closing.start()
            piece = text[counted:at]
            size, counted = size + len(piece.encode("utf-8", "replace")), at
            end = self._with_platform(closing.end(), stop)
            first = first or end
            if length is not None and size == length:
                return end
            if form is None and _whole(text, start, at):
                form = end
                if length is None:
                    return end
        return form or self._last(start, stop) or first

    def _with_platform(self, end: int, stop: int) -> int:
        platform = _PLATFORM.match(self.text, end, stop)
        return platform.end() if platform else end


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a body looks whole by its first and last characters."""
    edges = " \t\r\n\"'"
    head = text[start : min(end, start + 64)].lstrip(edges)[:5].lower()
    tail = text[max(start, end - 64) : end].rstrip(edges).lower()
    if head.startswith("<xml>"):
        return tail.endswith("</xml>")
    if head.startswith("<"):
        return tail.endswith(">")
    if head.startswith("{"):
        return tail.endswith("}")
    if head.startswith("["):
        return tail.endswith("]")
    return True
