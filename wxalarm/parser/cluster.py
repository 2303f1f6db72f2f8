"""Pieces → alarms: in WeChat's order, with only noise between.

Each piece proves something; an alarm is what proves enough. Chat says 时间: and 内容: too, so labels alone prove
nothing: their values do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wxalarm.parser import words as w
from wxalarm.parser.tokens import LONGEST_PREFIX, Piece, Reader, Token, alike
from wxalarm.patterns import compiled
from wxalarm.wechat import limits

QUOTED = 3
"""What a whole 内容 proves that does not begin a line: somebody may be quoting it."""
LONGEST_GAP = 2000
"""Characters between two pieces of one alarm."""
_QUOTES = compiled(rf"(?:{w.BLANK}|[{w.QUOTES}])*+\Z")
_SENT = r"[^\n\[]{0,40}(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?[^\n\[\d]{0,12}"
_BETWEEN = compiled(
    rf"(?:{w.SPACE}|[{w.QUOTES}])*+"
    rf"(?:(?:[^\s:：\[]{{1,8}}[:：][^\n]{{0,200}}|(?<=\n){_SENT})\n(?:{w.SPACE}|[{w.QUOTES}])*+)?\Z"
)
"""What may stand between two pieces of one alarm: blanks, quote marks, one line with a label that we do not know, or
with the sender and the time of a message."""
_APPID = compiled(rf"[^\s，。！？,;；\[\]]{{0,64}}\Z|(?:w{w.BLANK}?x{w.BLANK})?(?:[xX*＊]{w.BLANK}){{3,40}}+[xX*＊]\Z")
_SURE_APPID = compiled(rf"{limits.APPID}\Z|(?=.*[*＊xX])wx[0-9A-Za-z*＊…]{{4,40}}\Z")
_DATE = compiled(w.DATE + r"\Z")
_EXACT_DATE = compiled(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")
_MASKED_DATE = compiled(r"[\d*xX＊\s:：/.T-]{0,32}\Z")
_COUNT = compiled(w.COUNT + r"\s*\Z")
_GUIDE_HOST = compiled(r"//(?:w\.)?(?:url|mmbizurl)\.cn/")
_TYPE_NAME = compiled(w.TYPE_NAME)
_HEAD = frozenset({"appid", "nickname", "first_seen"})
"""Labels that make no alarm without those below them."""
_LINE_OF = {name: compiled(rf"\n[^\n\w]{{0,12}}{w.LABEL[name]}") for name in _HEAD}
_ITS_APPID = compiled(rf"{w.LABEL['appid']}{w.BLANK}*{limits.APPID}")
_HEAD_BELOW = compiled(r"[^\n]{0,300}(?:\n[^\n]{0,300}){1,3}")


class Cluster(NamedTuple):
    """One alarm in a text."""

    start: int
    end: int
    tokens: tuple[Token, ...]
    overlong: bool
    """A body had no end and was cut."""
    prefixes: tuple[tuple[int, int], ...] = ()
    """What a list or a log put before its lines."""


class Found(NamedTuple):
    """A piece that may belong to an alarm, with what it proves."""

    piece: Piece
    begins: bool
    """It may be the first piece of an alarm: what chat also says ("时间: 明天") may not."""
    proof: int
    prefix: int = -1
    """Where the list's or log's own text before it begins; -1 when there is none."""
    dropped: tuple[Token, ...] = ()
    """Labels right before it whose values prove that they are none; inside an alarm they are one after all."""


class Clusters:
    """Finds the alarms of one text. `pending` is, behind the last one, where an alarm may have begun that is not whole
    yet."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pending: int | None = None
        self.is_open = False
        """Whether the last piece ended only because the stretch did: it may go on behind it."""
        self._parts: list[Found] = []
        self._dropped: list[Token] = []
        self._reader = Reader(text)

    def find(self, start: int, end: int) -> Iterator[Cluster]:
        """The alarms of text[start:end]."""
        yield from self.begin(start, end)
        yield from self.finish(end)

    def begin(self, start: int, end: int) -> Iterator[Cluster]:
        """The same but for the last one, which may go on behind `end`."""
        self._parts, self._dropped = [], []
        yield from self.go_on(start, end)

    def go_on(self, at: int, end: int) -> Iterator[Cluster]:
        """The alarms that text[at:end] completes."""
        parts, dropped = self._parts, self._dropped
        while (piece := self._reader.next(at, end)) is not None:
            judged = self._judged(piece)
            if judged is None:
                at = piece.next
                if parts and piece.start - parts[-1].piece.end <= LONGEST_GAP:
                    last = dropped[-1].end if dropped else parts[-1].piece.end
                    dropped += (token for token in piece.tokens if self._stands_alone(token, last))
                continue
            at = max(piece.end, piece.next)
            begins, proof = judged
            prefix = self._belongs(parts[-1], piece) if parts else None
            if prefix is not None:
                parts.append(Found(piece, begins, proof, prefix, tuple(dropped)))
            else:
                if _is_alarm(parts):
                    yield self._cluster(parts)
                parts.clear()
                if begins:
                    parts.append(Found(piece, begins, proof))
            dropped.clear()
        self.is_open = at >= end

    def _stands_alone(self, token: Token, last: int) -> bool:
        """Whether a label or a group is no part of the word before it, nor of what was read before."""
        start = token.start
        return start >= last and (start == last or not self.text[start - 1].strip(w.EDGES + w.QUOTES + "]"))

    def finish(self, end: int) -> Iterator[Cluster]:
        """The last alarm."""
        parts = self._parts
        if _is_alarm(parts):
            yield self._cluster(parts)
        self.pending = parts[0].piece.start if parts and end - parts[-1].piece.end <= LONGEST_GAP else None

    def _cluster(self, parts: list[Found]) -> Cluster:
        tokens: list[Token] = []
        for part in parts:
            tokens += part.dropped
            tokens += part.piece.tokens
            if tokens[-1].is_long:
                tokens += self._reader.lengthened(tokens.pop(), part.piece.end)
        prefixes = tuple((part.prefix, part.piece.start) for part in parts if part.prefix >= 0)
        overlong = any(part.piece.overlong for part in parts)
        return Cluster(parts[0].piece.start, parts[-1].piece.end, tuple(tokens), overlong, prefixes)

    @property
    def is_whole(self) -> bool:
        """Whether what was read last stays as it is when more is read: no value and no run of groups may go on."""
        return not self.is_open and not (self._parts and self._parts[-1].piece.name == "sample")

    def continues_at(self, start: int, name: str, labelled: bool) -> bool:
        """Whether a piece that begins at `start`, the end of the stretch that was read last, belongs to what that ended
        with: to its last piece, or to the value of one."""
        if self.is_open:
            return True
        if not self._parts:
            return False
        last = self._parts[-1].piece
        if last.name == name == "sample":
            # The label of bare groups, which stands before them.
            return not labelled and not self.text[last.end : start].strip(w.EDGES)
        return self._belongs(self._parts[-1], Piece(name, start, start, (), start, labelled)) is not None

    def _belongs(self, before: Found, piece: Piece) -> int | None:
        """Whether a piece belongs to the same alarm as the one before it: where its prefix begins, -1 without one; None
        when it does not."""
        last = before.piece
        ordered = w.RANK[piece.name] > w.RANK[last.name] or self._is_swapped(piece)
        if not ordered or piece.start - last.end > LONGEST_GAP:
            return None
        # Groups without their label are a fragment of their own, unless they stand on the very next line, or as far
        # behind as each line of the alarm behind the one before it.
        if not piece.labelled and (lines := self.text.count("\n", last.end, piece.start)) >= 2:
            if len(self._parts) < 2 or self._parts[-1] is not before:
                return None
            if self.text.count("\n", self._parts[-2].piece.end, last.start) != lines:
                return None
        if _BETWEEN.match(self.text, last.end, piece.start) is not None:
            return -1
        return self._prefix(last, piece)

    def _is_swapped(self, piece: Piece) -> bool:
        """Whether a tool printed the lines in an order of its own: a line of the head on the line below others of it,
        which are no alarm by themselves. An alarm that has those itself needs none from above."""
        names = {part.piece.name for part in self._parts}
        exact = all(part.proof == 2 or part.piece.name == "nickname" for part in self._parts)
        if piece.name in names or not names <= _HEAD or not exact:
            return False
        if self.text.count("\n", self._parts[-1].piece.end, piece.start) != 1:
            return False
        below = _HEAD_BELOW.match(self.text, piece.start)
        if below is None or not ("appid" in names or _ITS_APPID.search(below[0])):
            return False
        return not any(_LINE_OF[name].search(below[0]) for name in names)

    def _prefix(self, last: Piece, piece: Piece) -> int | None:
        """Where the text before a piece begins that stands before the piece above it, too: a list's mark, a number,
        what a log writes before each line. Times and numbers differ."""
        text = self.text
        begin = text.rfind("\n", last.end, piece.start) + 1
        above = text.rfind("\n", max(0, last.start - LONGEST_PREFIX - 1), last.start) + 1
        if not begin or piece.start - begin > LONGEST_PREFIX or last.start - above > LONGEST_PREFIX:
            return None
        if text[last.end : begin].strip(w.EDGES + w.QUOTES) or not alike(
            text[begin : piece.start], text[above : last.start]
        ):
            return None
        return begin

    def _judged(self, piece: Piece) -> tuple[bool, int] | None:
        """Whether a piece may begin an alarm, and what it proves; None when its value is one that neither WeChat nor a
        mask puts there."""
        if piece.name == "sample":
            if not (piece.labelled or piece.proof):
                return None
            return (piece.proof >= 2, min(piece.proof, w.ENOUGH))
        start, end = piece.tokens[0].value or (piece.end, piece.end)
        value = self.text[start : min(end, start + w.LONGEST_VALUE)].strip(w.EDGES)
        match piece.name:
            case "appid":
                sure = _SURE_APPID.match(value) is not None
                return (True, 2 if sure else 0) if _APPID.match(value) else None
            case "nickname":
                return (True, 0)
            case "first_seen":
                if _DATE.match(value):
                    return (True, 2 if _EXACT_DATE.match(value) else 1)
                return (False, 0) if _MASKED_DATE.match(value) else None
            case "count":
                if _COUNT.match(value):
                    return (True, 1 if self._glued(piece.start) else 2)
                return (False, 0)
            case "guide_url":
                # It ends an alarm and begins none: people quote it alone. Its value is one word.
                if piece.tokens[0].value is None:
                    return None
                return (False, 2 if _GUIDE_HOST.search(self.text, start, end) else 0)
        return self._description(piece, value)

    def _description(self, piece: Piece, value: str) -> tuple[bool, int] | None:
        """内容 with its label, or a known wording without it. The label and a whole known wording are an alarm by
        themselves, but not in the middle of somebody's sentence."""
        if piece.tokens[0].broken is not None:
            value = text_of(self.text, piece.tokens[0])
        opened, known = w.is_opened(value), w.is_known(value)
        whole = known and opened and w.is_whole(value)
        alone = self._at_line_start(piece.start)
        if not piece.labelled:
            return (True, 2) if whole and alone else None
        if whole or (known and _TYPE_NAME.fullmatch(value)):
            return (True, w.ENOUGH if whole and alone else QUOTED if whole else 2)
        # Of a new wording only the subject is known; people, too, write 推送支付….
        proof = 2 if value.startswith("微信") else 1
        told = opened or (known and _TYPE_NAME.match(value) is not None)
        return (opened or known, proof if told else 0)

    def _at_line_start(self, start: int) -> bool:
        begin = max(self.text.rfind("\n", max(0, start - 64), start) + 1, start - 64, 0)
        return _QUOTES.match(self.text, begin, start) is not None

    def _glued(self, start: int) -> bool:
        """Whether a label is the end of a longer word (跳绳次数)."""
        return start > 0 and "\u4e00" <= self.text[start - 1] <= "\u9fff"


def text_of(text: str, token: Token) -> str:
    """The value of a label, without the break of its line and what stands around it."""
    if token.value is None:
        return ""
    start, end = token.value
    if token.broken is None:
        return text[start:end].strip(w.EDGES)
    return (text[start : token.broken[0]] + text[token.broken[1] : end]).strip(w.EDGES)


def _is_alarm(parts: list[Found]) -> bool:
    """Whether pieces prove an alarm: enough together, and one of them says what failed, how often or in which push."""
    names = {part.piece.name for part in parts if part.proof}
    if len(parts) > 1 and any(part.piece.name == "description" and part.proof == QUOTED for part in parts):
        # A whole 内容 in the middle of a line, but with another line of an alarm before or behind it: flattened.
        return True
    if names.isdisjoint({"appid", "sample"}) and any(_is_of_others(part) for part in parts):
        return False
    return sum(part.proof for part in parts) >= w.ENOUGH and not names.isdisjoint({"description", "count", "sample"})


def _is_of_others(part: Found) -> bool:
    """Whether a part is a 内容 as WeChat never begins one: monitoring has the same labels, with times and counts."""
    return part.piece.name == "description" and part.piece.labelled and not part.begins
