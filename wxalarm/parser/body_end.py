"""Where a body (response_content, resp) ends: the only place that decides it. Bodies hold brackets, line breaks and
anything else a server sends.

Three things can follow: the guide line or the next alarm, and then the last bracket before it is the end; nothing, when
WeChat cut a long body together with its bracket; or chat, and then the body's own form must tell. On a page, and where
brackets are full-width, only the first is told apart: the text is repaired and asked again.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from wxalarm.parser import words as w
from wxalarm.patterns import compiled, later
from wxalarm.wechat import limits

_QUOTE = rf"(?:{w.SPACE}|[{w.QUOTES}])"
_QUOTED = rf"(?:{w.BLANK}|[{w.QUOTES}])*+"
_FIRST_KEYS = "|".join(
    key.also or key.printed for key in w.KEYS if key.first or key.form == "number" or key.field in ("outer_ip", "url")
)


@cache
def _next_alarm() -> re.Pattern[str]:
    """The beginning of another alarm: two of its labels, or one with its typical value. A body may quote one label."""
    return compiled(
        rf"{w.LABEL['appid']}{w.BLANK}*+[^\s\[\]:：]{{0,64}}+{_QUOTE}++(?:{w.LABEL['nickname']}"
        rf"|{w.LABEL['first_seen']}{w.BLANK}*+[\d*xX＊]|{w.LABEL['description']}{w.BLANK}*+{w.OPENING})"
        rf"|{w.LABEL['first_seen']}{w.BLANK}*+{w.DATE}{_QUOTE}++{w.LABEL['description']}"
        rf"|{w.LABEL['description']}{w.BLANK}*+{w.OPENING}"
        rf"|\n{_QUOTED}{w.LABEL['nickname']}[^\n]{{0,{w.LONGEST_VALUE}}}\n{_QUOTE}*+{w.LABEL['first_seen']}"
        rf"{w.BLANK}*+{w.DATE}"
        rf"|{w.LABEL['count']}{w.BLANK}*+{w.COUNT}|{w.LABEL['sample']}{w.SPACE}{{0,64}}\["
        rf"|\n{_QUOTED}{w.OPENING}"
        rf"|\[(?:{_FIRST_KEYS})="
        rf"|\[decrypt fail\]|\n{w.BLANK}*+\[(?:{'|'.join(w.BODY_KEYS)})=|\n{w.BORDER}"
    )


_PLATFORM_GROUP = rf"\[{w.PLATFORM}(?:[:：=][^\]\n]{{0,300}})?\]"
_BEFORE_PLATFORM = rf"(?:{w.SPACE}{{0,99}}{_PLATFORM_GROUP})?"
_MOST_CANDIDATES = 2000
_SHOWN_WHOLE = 2 * limits.BODY_SHOWN
"""Bytes of a body that may stand there whole, with room for what pages make of it."""
_CLEAN_STOP = rf"{w.BLANK}*+(?:\n|\Z|\[{w.PLATFORM_KEY}|{w.GUIDE_LABEL})"
_LINE_BEGINS = "|".join(
    (
        *(w.PRINTED[name] for name in ("appid", "nickname")),
        *(rf"{w.PRINTED[name]} ?[0-9]" for name in ("first_seen", "count")),
        rf"{w.PRINTED['description']} ?{w.OPENING}",
        w.OPENING,
        *(rf"\[{key.printed}=" for key in w.KEYS if key.first),
    )
)
_LAST = 0x10FFFF


def _all_but(chars: str) -> str:
    """A class of all characters but these, said by what it holds: twice as fast on long texts as a negated one."""
    bounds = [-1, *sorted(map(ord, chars)), _LAST + 1]
    ranges = (rf"\U{low + 1:08x}-\U{high - 1:08x}" for low, high in pairwise(bounds) if high - low > 1)
    return f"[{''.join(ranges)}]"


_TEXT = _all_but(f"]{w.GUIDE_LABEL[0]}{w.PRINTED['sample'][0]}")
CLEAN = (
    # The characters that the guide line and 错误样例 begin with are rare in bodies: those are left to thought.
    # Those that end a CDATA section are taken with what follows: no body ends there.
    rf"((?:{_TEXT}{{1,4000}}+|\]\]>{_TEXT}{{0,4000}}+|\](?!{_CLEAN_STOP})){{0,300}}+)"
    rf"(?:(\])(?=(?:\[{w.PLATFORM_KEY}(?::[^\[\]\n]*+)?+\])?+[ \t\r\n]*+"
    rf"(?:{w.GUIDE_LABEL}|\Z|(?<=\n)(?:{_LINE_BEGINS})))"
    rf"|(?<=[ \t\r\n])(?={w.GUIDE_LABEL}))"
)
"""The ends that need no thought, as a pattern with the body and its bracket, if any, as groups: the first bracket that
can end a body, and behind it the guide line, another alarm or nothing; without any, the guide line behind what WeChat
cut."""
# Each alternative begins with a literal, so that the search skips other characters at C speed.
_RESTARTS = later(
    r"pp ?[Ii][Dd]|PP ?[Ii][Dd]|昵称|暱|时间|時間|内容|內容|次数|次數"
    rf"|\[(?:{_FIRST_KEYS})=|\[{w.PLATFORM_KEY}|{w.BORDER}"
)


def is_plain(body: str) -> bool:
    """Whether a body that CLEAN took holds nothing that may be the beginning of another alarm."""
    return _RESTARTS.search(body) is None


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

    def within(self, at: int, last: int) -> int | None:
        """Where the first match at or behind an offset begins, if before another one."""
        found = self.start(at)
        return found if found < min(last, len(self._text)) else None


class Body(NamedTuple):
    """The end of a body."""

    end: int
    """Where its text ends: before its bracket, or where it was cut."""
    closed: bool
    overlong: bool = False
    """No end was found; it was cut at LONGEST_BODY."""

    @property
    def behind(self) -> int:
        """Where its group ends."""
        return self.end + self.closed


_GUIDE = later(rf"{w.LABEL['guide_url']}(?={w.BLANK}*+(?:[a-z]+:|[\w.-]+/|\n|\Z|[*xX＊]))")
"""The guide line, with what may stand in it: a body may quote the words."""
_CLOSING = later(rf"\](?={_BEFORE_PLATFORM}{w.BLANK}*+(?:\n|\Z))")
_DOTS = later(rf"\.\.\.{w.BLANK}*+(?:\n|\Z)")
_BLANK_BEHIND = later(rf"\]{w.BLANK}")
_EXACT = later(rf"\](?={_BEFORE_PLATFORM}(?:{w.BLANK}*+(?:\n|\Z)|{w.BLANK}*+{w.LABEL['guide_url']}))")
_PLATFORM_LAST = later(rf"\[{w.PLATFORM}(?:[:：=][^\[\]\n]{{0,300}})?\]?\Z")
_PAGE_STOP = later(r"报警排查指引|報警排查指引|错误样例|錯誤樣例|[\n>]\W{0,8}[Aa]pp[Ii][Dd]\W")
_PAGE_PLATFORM = later(rf"[\[［【]{w.PLATFORM}(?:[:：=＝][^\n]{{0,300}})?\Z")


class BodyEnds:
    """Finds the ends of the bodies of one text. `damaged`: a text that repair has not seen yet."""

    def __init__(self, text: str, *, damaged: bool = False) -> None:
        self.text, self.damaged = text, damaged
        self._alarms, self._guides, self._closings, self._dots, self._blanks, self._page_stops = (
            Finder(pattern, text) for pattern in (_next_alarm(), _GUIDE, _CLOSING, _DOTS, _BLANK_BEHIND, _PAGE_STOP)
        )

    def end(self, start: int, limit: int | None = None, *, on_line: bool = False) -> Body:
        """Where the body ends that begins at `start`, at `limit` at the latest: there another alarm begins. `on_line`:
        at the end of a line, if it can; a list or a log puts its own text before the next one."""
        limit = len(self.text) if limit is None else limit
        length = declared(self.text, start)
        body = None if length is None else self._exact(start, length)
        if body is None:
            body = self._on_page(start, limit) if self.damaged else self._thought_of(start, length)
        if on_line and (closing := _CLOSING.search(self.text, start, limit)) and closing.start() <= body.end:
            return Body(closing.start(), closed=True, overlong=body.overlong)
        return body if body.behind <= limit else self._last(start, limit) or self._cut(start, limit)

    def _thought_of(self, start: int, length: int | None) -> Body:
        body = self._by_what_follows(start, length)
        platform = _PLATFORM_LAST.search(self.text, max(start, body.behind - 400), body.behind) if body.closed else None
        return body if platform is None else self._last(start, body.behind) or body

    def _by_what_follows(self, start: int, length: int | None) -> Body:
        text = self.text
        longest = start + w.LONGEST_BODY
        stop = min(self._alarms.start(start), longest, len(text))
        guide = self._guides.start(start)
        if guide < stop:
            return self._last(start, guide) or self._cut(start, guide)
        if self._closings.start(start) < stop and (candidate := self._candidate(start, stop, length)) is not None:
            return candidate
        if (dots := self._dots.start(start)) < stop:
            return Body(dots + 3, closed=False)
        if (last := self._last(start, stop)) is not None:
            return last
        if (blank := self._blanks.start(start)) < stop:
            return Body(blank, closed=True)
        return self._cut(start, stop, overlong=stop == longest < len(text))

    def _on_page(self, start: int, limit: int) -> Body:
        """The last bracket before the guide line or another alarm that is not the platform's."""
        text = self.text
        stop = min(self._page_stops.start(start), start + w.LONGEST_BODY, limit)
        close = max(text.rfind(bracket, start, stop) for bracket in "]］】")
        platform = _PAGE_PLATFORM.search(text, max(start, close - 400), close + 1)
        before = start + len(text[start : platform.start()].rstrip()) if platform else 0
        if before > start and text[before - 1] in "]］】":
            close = before - 1
        return Body(close, closed=True) if close >= 0 else Body(stop, closed=False)

    def _exact(self, start: int, length: int) -> Body | None:
        """The end where the declared length wants it, when a bracket stands there, whatever the body holds: a page that
        shows the push, or an alarm."""
        text = self.text
        at = w.after_bytes(text, start, len(text), length) if length <= _SHOWN_WHOLE else None
        if at is None or not (text[at : at + 1] in ("]", "］", "】") if self.damaged else _EXACT.match(text, at)):
            return None
        return Body(at, closed=True)

    def _cut(self, start: int, stop: int, *, overlong: bool = False) -> Body:
        return Body(w.end_of(self.text, start, stop), closed=False, overlong=overlong)

    def _last(self, start: int, stop: int) -> Body | None:
        """The end when nothing but blanks and the platform stands between its bracket, or what was cut, and `stop`."""
        end = inner = w.end_of(self.text, start, stop)
        if (platform := _PLATFORM_LAST.search(self.text, max(start, end - 400), end)) is not None:
            inner = w.end_of(self.text, start, platform.start())
        if inner > start and self.text[inner - 1] == "]":
            return Body(inner - 1, closed=True)
        return Body(inner, closed=False) if inner < end else None

    def _candidate(self, start: int, stop: int, length: int | None) -> Body | None:
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
            body = Body(at, closed=True)
            first = first or body
            if length is not None and size == length:
                return body
            if form is None and _whole(text, start, at):
                form = body
                if length is None:
                    return body
        return form or self._last(start, stop) or first


_DECLARED = later(rf"response_length[=＝]([0-9]{{1,9}})[\]］】]{w.SPACE}{{0,8}}\Z", re.IGNORECASE)


def declared(text: str, start: int) -> int | None:
    """The response_length that stands before the group of the body that begins at `start`; None when there is none."""
    begin = max(0, start - 120)
    key = max(text.rfind(bracket, begin, start) for bracket in "[［【")
    found = _DECLARED.search(text, begin, key) if key >= 0 else None
    return int(found[1]) if found is not None else None


def _whole(text: str, start: int, end: int) -> bool:
    """Whether a body looks whole by its first and last characters."""
    edges = " \t\r\n\"'"
    head = text[start : min(end, start + 64)].lstrip(edges)[:5].lower()
    tail = text[max(start, end - 64) : end].rstrip(edges).lower()
    if head.startswith("<xml>"):
        return tail.endswith("</xml>")
    pairs = {"<": ">", "{": "}", "[": "]"}
    return tail.endswith(pairs[head[0]]) if head and head[0] in pairs else True
