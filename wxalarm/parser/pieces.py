"""Cuts alarms out of any text: labels, bare wordings and runs of groups, in WeChat's order, with only noise between.

Each piece proves something; an alarm is what proves enough. Chat says 时间: and 内容: too, so labels alone prove
nothing: their values do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from wxalarm.model import AlarmKind
from wxalarm.parser import vocabulary as v
from wxalarm.parser.body import Bodies
from wxalarm.parser.places import EDGES, QUOTES

ENOUGH = 4
"""How much the pieces of an alarm must prove together."""
QUOTED = 3
"""What a whole 内容 proves that does not begin a line: somebody may be quoting it."""
LONGEST_GAP = 2000
"""Characters between two pieces of one alarm."""
LONGEST_PREFIX = 80
"""Characters before each line of an alarm in a list or a log."""
_RISING = re.compile(
    r"\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?:\d\d(?::\d\d)?(?:[.,]\d{1,9})?|^\W{0,4}\d{1,4}(?=[.)、:]?\s|[.)、]|\Z)"
)
"""What differs between prefixes of one alarm: dates, times, the number of a list."""
_PIECE = re.compile(
    "|".join(rf"(?P<{name}>{label})" for name, label in v.LABEL.items())
    + rf"|(?P<wording>{v.OPENING})|(?P<groups>{v.GROUP_START})"
)
_QUOTES = re.compile(rf"(?:{v.BLANK}|[>|│┃])*+\Z")
_BETWEEN = re.compile(rf"(?:{v.SPACE}|[>|│┃])*+(?:[^\s:：\[]{{1,8}}[:：][^\n]{{0,200}}\n(?:{v.SPACE}|[>|│┃])*+)?\Z")
"""What may stand between two pieces of one alarm: blanks, quote marks, one line with a label that we do not know."""
_VALUE = re.compile(v.LINE_VALUE)
_WORD = re.compile(v.GUIDE_WORD)
_APPID = re.compile(r"[^\s，。！？,;；\[\]]{0,64}\Z")
_SURE_APPID = re.compile(r"wx[0-9a-f]{16}\Z|(?=.*[*＊xX])wx[0-9A-Za-z*＊…]{4,40}\Z")
_DATE = re.compile(v.DATE + r"\Z")
_EXACT_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")
_MASKED_DATE = re.compile(r"[\d*xX＊\s:：/.T-]{0,32}\Z")
_COUNT = re.compile(v.COUNT + r"\s*\Z")
_OPENING = re.compile(v.OPENING)
_GUIDE_HOST = re.compile(r"//(?:w\.)?(?:url|mmbizurl)\.cn/")
_TYPE_NAME = re.compile(v.TYPE_NAME)
_LINE_END = re.compile(rf"\](?={v.BLANK}*+(?:\n|\Z))")
_REST = re.compile(rf"{v.BLANK}*+\n(?:{v.BLANK}|[>|│┃])*+(?!{v.TYPED}|\[)([^\n\[:：]{{1,60}}?){v.BLANK}*+(?=\n|\Z)")
_SAMPLE_GAP = re.compile(rf"{v.SPACE}{{0,64}}(?=\[)")
# A blank line ends a sample: what stands behind it is a fragment of another alarm.
_CLOSE = rf"{v.BLANK}{{0,64}}+\n?+{v.BLANK}{{0,64}}+"
_GROUP = re.compile(rf"{_CLOSE}{v.GROUP}")
_BODY = re.compile(rf"{_CLOSE}\[(?i:{'|'.join(v.BODY_KEYS)})=")
_STRAY = re.compile(rf"[^\[\s]{{1,64}}(?={v.GROUP_START})")
"""What a poster wrote between two groups, without a blank: chat that goes on behind a group has some."""
_APART = re.compile(
    rf"{v.BLANK}{{0,8}}\n{v.BLANK}{{0,8}}\n{v.BLANK}{{0,8}}(?={v.LATER_GROUP}[^\[\]\n]{{0,300}}+\]?{v.BLANK}*+(?:\n|\Z))"
    rf"|{v.BLANK}{{0,8}}[;；,，、]{v.BLANK}{{1,8}}(?={v.LATER_GROUP}[^\[\]\n]{{0,300}}+\]?"
    rf"(?:(?:{v.BLANK}|[;；,，、])*+\[[^\[\]\n]{{0,300}}+\]){{0,20}}+{v.BLANK}*+(?:\n|\Z))"
)
"""A blank line or a comma between two groups, if nothing but groups apart stands there."""
_ORDER = list(dict.fromkeys(v.FIELDS.values()))
"""Fields of a sample in the order in which WeChat prints them."""
_FIRST_KEYS = ("openid", "transaction_id")
_MASK = r"|[^\s]*[*＊xX]{3,}[^\s]*"
_NUMBER = r"[0-9]{1,18}" + _MASK
_SURE = {
    key: re.compile(shape)
    for key, shape in {
        "OpenID": r"[0-9A-Za-z_-]{20,40}" + _MASK,
        "Stamp": r"[0-9]{10}|[0-9]+[*＊]+" + _MASK,
        "OuterIP": r"|[0-9A-Fa-f.:]{3,45}" + _MASK,
        "3rdUrl": r"(?:[a-z]+:/)?/.*" + _MASK,
        "3rdUrl10": r"(?:[a-z]+:/)?/.*" + _MASK,
        "MsgType": _NUMBER,
        "http code": _NUMBER,
        "cURL Error": _NUMBER,
        "response_length": _NUMBER,
        "transaction_id": r"[0-9*＊xX]{16,40}",
    }.items()
}
"""Keys exactly as WeChat prints them whose groups prove something without their label, and what must stand in them."""
_WEAK = frozenset({"IP", "ip", "Msg", "Event", "Host"})
"""Keys that logs have, too."""


class Extent(NamedTuple):
    """One alarm in a text."""

    start: int
    end: int
    overlong: bool
    """A body had no end and was cut."""
    strange: tuple[tuple[int, int, str], ...] = ()
    """(start, end, a character to read in its place): what a list or a log put before each of its lines, and where a
    line was broken."""


@dataclass(slots=True)
class _Part:
    """A label with its value, a bare wording, or a run of groups."""

    name: str
    start: int
    end: int
    begins: bool
    """It may be the first piece of an alarm: what chat also says ("时间: 明天") may not."""
    proof: int
    labelled: bool = True
    overlong: bool = False
    prefix: int | None = None
    """Where the list's or log's own text before it begins."""
    broken: tuple[int, int] | None = None
    """Where its line was broken."""


class Cutter:
    """Cuts one text. `pending` is, behind the last extent, where an alarm may have begun that is not whole yet."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pending: int | None = None
        self._last: _Part | None = None
        self._open = False
        self._bodies = Bodies(text)

    def extents(self, start: int, end: int) -> Iterator[Extent]:
        """Where alarms begin and end in text[start:end]."""
        self.pending = None
        parts: list[_Part] = []
        at = start
        while (hit := _PIECE.search(self.text, at, end)) is not None:
            part, at = self._part(hit, end)
            if part is None:
                continue
            if parts and self._continues(parts[-1], part):
                parts.append(part)
                continue
            if _is_alarm(parts):
                yield _extent(parts)
            parts = [part] if part.begins else []
        if _is_alarm(parts):
            yield _extent(parts)
        self._last = parts[-1] if parts else None
        self._open = at >= end
        if parts and end - parts[-1].end <= LONGEST_GAP:
            self.pending = parts[0].start

    def continues_at(self, start: int, name: str, labelled: bool) -> bool:
        """Whether a piece that begins at `start`, the end of the last call of `extents`, belongs to what that ended
        with: to its last piece, or to the value of one."""
        if self._open:
            return True
        if self._last is not None and self._last.name == name == "sample":
            # The label of bare groups, which stands before them.
            return not labelled and not self.text[self._last.end : start].strip(EDGES)
        return self._last is not None and self._continues(self._last, _Part(name, start, start, True, 0, labelled))

    def _continues(self, last: _Part, part: _Part) -> bool:
        """Whether a piece belongs to the same alarm as the one before it."""
        return (
            v.RANK[part.name] > v.RANK[last.name]
            and part.start - last.end <= LONGEST_GAP
            and (_BETWEEN.match(self.text, last.end, part.start) is not None or self._prefixed(last, part))
            # Groups without their label are a fragment of their own, unless they stand on the very next line.
            and (part.labelled or self.text.count("\n", last.end, part.start) < 2)
        )

    def _prefixed(self, last: _Part, part: _Part) -> bool:
        """Whether a piece stands on the next line behind the same text as the piece before it: a list's mark, a number,
        what a log writes before each line. Times and numbers differ."""
        text = self.text
        begin = text.rfind("\n", last.end, part.start) + 1
        above = text.rfind("\n", max(0, last.start - LONGEST_PREFIX - 1), last.start) + 1
        if not begin or part.start - begin > LONGEST_PREFIX or last.start - above > LONGEST_PREFIX:
            return False
        prefix, before = text[begin : part.start], text[above : last.start]
        if text[last.end : begin].strip(EDGES + QUOTES) or not _alike(prefix, before):
            return False
        part.prefix = begin
        return True

    def _line_prefix(self, start: int) -> str:
        """What stands before a piece on its line, when the line above begins alike; else nothing."""
        text = self.text
        begin = text.rfind("\n", max(0, start - LONGEST_PREFIX - 1), start) + 1
        if not begin or begin == start or not (prefix := text[begin:start]).strip(EDGES + QUOTES):
            return ""
        above = text.rfind("\n", max(0, begin - v.LONGEST_VALUE - 2), begin - 1) + 1
        lengths = range(max(1, len(prefix) - 2), len(prefix) + 3)
        return prefix if any(_alike(prefix, text[above : above + length]) for length in lengths) else ""

    def _part(self, hit: re.Match[str], end: int) -> tuple[_Part | None, int]:
        """The piece that a hit begins, and where to look for the next one."""
        name, start = hit.lastgroup or "", hit.start()
        if name == "groups":
            return self._groups(start, start, end, labelled=False)
        if name == "sample":
            gap = _SAMPLE_GAP.match(self.text, hit.end(), end)
            if gap is None:
                # Something else than groups was pasted behind the label: it belongs to the line.
                value = _VALUE.match(self.text, hit.end(), min(end, hit.end() + v.LONGEST_VALUE))
                stop = value.end() if value else hit.end()
                bracket = self.text.find("[", hit.end(), stop)
                stop = bracket if bracket >= 0 else stop
                return _Part("sample", start, stop, False, 0), stop
            return self._groups(start, gap.end(), end, labelled=True)
        value_start = start if name == "wording" else hit.end()
        value = _VALUE.match(self.text, value_start, min(end, value_start + v.LONGEST_VALUE))
        part = self._line(name, start, value_start, value.end() if value else value_start)
        if part is None:
            return None, hit.end()
        if part.end == value_start + v.LONGEST_VALUE < end:
            # Far too long for a value, but it stands on the line of the label.
            newline = self.text.find("\n", part.end, min(end, part.end + v.LONGEST_GROUP))
            part.end = newline if newline >= 0 else min(end, part.end + v.LONGEST_GROUP)
        return part, max(part.end, hit.end())

    def _line(self, name: str, start: int, value_start: int, end: int) -> _Part | None:
        """A label with a one-line value, if the value is one that WeChat, or a mask, puts there."""
        value = self.text[value_start:end].strip(EDGES)
        match name:
            case "appid":
                sure = _SURE_APPID.match(value) is not None
                return _Part(name, start, end, True, 2 if sure else 0) if _APPID.match(value) else None
            case "nickname":
                return _Part(name, start, end, True, 0)
            case "first_seen":
                if _DATE.match(value):
                    return _Part(name, start, end, True, 2 if _EXACT_DATE.match(value) else 1)
                return _Part(name, start, end, False, 0) if _MASKED_DATE.match(value) else None
            case "count":
                if _COUNT.match(value):
                    return _Part(name, start, end, True, 1 if self._glued(start) else 2)
                return _Part(name, start, end, False, 0)
            case "guide_url":
                # It ends an alarm and begins none: people quote it alone. Its value is one word.
                word = _WORD.match(self.text, value_start, end)
                end = word.end() if word else value_start
                if value and end == value_start:
                    return None  # "报警排查指引: 谁有链接"
                return _Part(name, start, end, False, 2 if _GUIDE_HOST.search(self.text, value_start, end) else 0)
        return self._description(name, start, end, value)

    def _description(self, name: str, start: int, end: int, value: str) -> _Part | None:
        """内容 with its label, or a known wording without it. The label and a whole known wording are an alarm by
        themselves, but not in the middle of somebody's sentence."""
        opened = _OPENING.match(value) is not None
        known = kind_is_known(value)
        whole = known and opened and v.is_whole(value)
        alone = self._at_line_start(start)
        if name == "wording":
            return _Part("description", start, end, True, 2, labelled=False) if whole and alone else None
        if opened and not whole and (rest := self._broken(value, end)) is not None:
            part = _Part(name, start, rest[1], True, ENOUGH if alone else QUOTED)
            part.broken = end, rest[0]
            return part
        if whole or (known and _TYPE_NAME.fullmatch(value)):
            return _Part(name, start, end, True, ENOUGH if whole and alone else QUOTED if whole else 2)
        # Of a new wording only the subject is known; people, too, write 推送支付….
        proof = 2 if value.startswith("微信") else 1
        told = opened or (known and _TYPE_NAME.match(value) is not None)
        return _Part(name, start, end, opened or known, proof if told else 0)

    def _broken(self, value: str, end: int) -> tuple[int, int] | None:
        """Where the rest of a 内容 stands on the next line, where a mail program or a screen broke it."""
        rest = _REST.match(self.text, end)
        whole = value + rest[1] if rest is not None else ""
        if rest is None or not (v.is_whole(whole) and kind_is_known(whole) and v.OFFICIAL.issuperset(whole)):
            return None
        return rest.span(1)

    def _at_line_start(self, start: int) -> bool:
        begin = max(self.text.rfind("\n", max(0, start - 64), start) + 1, start - 64, 0)
        return _QUOTES.match(self.text, begin, start) is not None

    def _glued(self, start: int) -> bool:
        """Whether a label is the end of a longer word (跳绳次数)."""
        return start > 0 and "\u4e00" <= self.text[start - 1] <= "\u9fff"

    def _groups(self, start: int, at: int, end: int, *, labelled: bool) -> tuple[_Part | None, int]:
        """A run of groups from `at`. Its first group repeated begins another alarm."""
        text, stop = self.text, at
        prefix = self._line_prefix(start)
        if "[" in prefix:  # the next line begins with a bracket, too, that is no group
            newline = text.find("\n", at, end)
            end = newline if newline >= 0 else end
        proof = distinct = 0
        overlong = False
        seen: set[str | None] = set()
        for _ in range(v.MOST_GROUPS):
            body = _BODY.match(text, stop, min(end, stop + v.LONGEST_GROUP))
            if body is not None:
                if not labelled and not distinct:
                    return None, body.end()
                found = self._bodies.end(body.end())
                stop, overlong = min(found.end, end), found.overlong
                closing = _LINE_END.search(text, body.end(), stop) if prefix else None
                stop = closing.end() if closing is not None else stop
                proof += 2
                break
            group = _GROUP.match(text, stop, min(end, stop + v.LONGEST_GROUP))
            if group is None:
                after = _behind(text, stop, end, seen, apart=labelled) if stop > at else None
                if after is None:
                    break
                stop = after
                continue
            key = group["key"] or ""
            field = v.field_of(key) if key else "platform"
            crossed = "\n" in group[0][: group[0].index("[")]
            if (field in seen and field in _FIRST_KEYS) or (crossed and not proof):
                break  # another sample, or somebody's next line behind nothing that is known
            seen.add(field)
            weight = _weight(group)
            if labelled and field is not None:
                weight = max(weight, 2)
            proof += weight
            distinct += weight >= 2
            stop = group.end()
        if not labelled and (proof < ENOUGH or not distinct):
            return None, max(stop, at + 1)
        stop = max(stop, at)
        return _Part("sample", start, stop, proof >= 2, min(proof, ENOUGH), labelled, overlong), max(stop, at + 1)


def _behind(text: str, at: int, end: int, seen: set[str | None], *, apart: bool) -> int | None:
    """Where the next group of a sample begins behind what stands between the two; None when there is none."""
    if (stray := _STRAY.match(text, at, end)) is not None:
        return stray.end()
    between = _APART.match(text, at, end) if apart else None
    return between.end() if between is not None and _goes_on(text, between.end(), seen) else None


def _goes_on(text: str, at: int, seen: set[str | None]) -> bool:
    """Whether the group at an offset stands behind all that were seen in WeChat's order."""
    group = _GROUP.match(text, at)
    field = v.field_of(group["key"]) if group is not None and group["key"] else None
    order = [_ORDER.index(name) for name in seen if name in _ORDER]
    return group is not None and (field is None or (field in _ORDER and _ORDER.index(field) > max(order, default=-1)))


def _alike(one: str, other: str) -> bool:
    """Whether two prefixes are those of one list or log: equal but for times and the number of a list."""
    return one == other or _RISING.sub("0", one) == _RISING.sub("0", other)


def _weight(group: re.Match[str]) -> int:
    """How much a group proves that stands without 错误样例."""
    key = group["key"] or ""
    value = group["value"] if group["value"] is not None else group["open_value"]
    if key == "decrypt fail" and value is None:
        return 2
    if value is None or key not in _SURE:
        return int(key in _WEAK)
    if _SURE[key].fullmatch(value.strip(EDGES)) is None:
        return 0
    return ENOUGH if key == "transaction_id" else 2


def kind_is_known(value: str) -> bool:
    """Whether a 内容 names a kind."""
    return v.kind_of(value) is not AlarmKind.UNKNOWN


def _is_alarm(parts: list[_Part]) -> bool:
    """Whether pieces prove an alarm: enough together, and one of them says what failed, how often or in which push."""
    names = {part.name for part in parts if part.proof}
    if len(parts) > 1 and any(part.name == "description" and part.proof == QUOTED for part in parts):
        # A whole 内容 in the middle of a line, but with another line of an alarm before or behind it: flattened.
        return True
    return sum(part.proof for part in parts) >= ENOUGH and not names.isdisjoint({"description", "count", "sample"})


def _extent(parts: list[_Part]) -> Extent:
    strange: list[tuple[int, int, str]] = []
    for part in parts:
        strange += [(part.prefix, part.start, " ")] if part.prefix is not None else []
        strange += [(*part.broken, v.BREAK)] if part.broken is not None else []
    return Extent(parts[0].start, parts[-1].end, any(part.overlong for part in parts), tuple(strange))
