"""Text → tokens: the only reader of labels, groups and bodies. What they prove together is for cluster to say.

A piece is what stands together: a label with the value of its line, a bare wording, or a run of groups with or without
their label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wxalarm.parser import words as w
from wxalarm.parser.body_end import BodyEnds
from wxalarm.patterns import compiled, later

LONGEST_PREFIX = 80
"""Characters before each line of an alarm in a list or a log."""
_RISING = later(
    r"\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?:\d\d(?::\d\d)?(?:[.,]\d{1,9})?|^\W{0,4}(?:\d{1,4}(?=[.．)、:]?\s|[.．)、]|\Z)|[①-⑳])"
)
"""What differs between prefixes of one alarm: dates, times, the number of a list."""
_LABELS = "|".join(rf"(?P<{name}>{label})" for name, label in w.LABEL.items())
_PIECE = later(_LABELS + rf"|(?P<wording>{w.OPENING})|(?P<groups>{w.GROUP_START})")
_VALUE = later(w.LINE_VALUE)
_WORD = later(w.GUIDE_WORD)
_REST = later(rf"{w.BLANK}*+\n(?:{w.BLANK}|[{w.QUOTES}])*+(?!{w.TYPED}|\[)([^\n\[:：]{{1,60}}?){w.BLANK}*+(?=\n|\Z)")
_SAMPLE_GAP = later(rf"{w.SPACE}{{0,64}}(?=\[)")
# A blank line ends a sample: what stands behind it is a fragment of another alarm.
_CLOSE = rf"{w.BLANK}{{0,64}}+\n?+{w.BLANK}{{0,64}}+"
_GROUP = later(rf"{_CLOSE}{w.GROUP}")
_BODY = later(rf"{_CLOSE}\[(?P<key>(?i:{'|'.join(w.BODY_KEYS)}))=")
_PLATFORM = later(rf"(?P<before>{w.SPACE}{{0,99}})\[{w.PLATFORM}(?P<whole>(?:[:：=][^\]\n]{{0,300}})?\])?")
_STRAY = later(rf"[^\[\s]{{1,64}}(?={w.GROUP_START})")
"""What a poster wrote between two groups, without a blank: chat that goes on behind a group has some."""
_APART = later(
    rf"{w.BLANK}{{0,8}}\n{w.BLANK}{{0,8}}\n{w.BLANK}{{0,8}}(?={w.LATER_GROUP}[^\[\]\n]{{0,300}}+\]?{w.BLANK}*+(?:\n|\Z))"
    rf"|{w.BLANK}{{0,8}}[;；,，、]{w.BLANK}{{1,8}}(?={w.LATER_GROUP}[^\[\]\n]{{0,300}}+\]?"
    rf"(?:(?:{w.BLANK}|[;；,，、])*+\[[^\[\]\n]{{0,300}}+\]){{0,20}}+{w.BLANK}*+(?:\n|\Z))"
)
"""A blank line or a comma between two groups, if nothing but groups apart stands there."""


def labels_in(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Everything in text[start:end] that looks like a label; the group that matched is the field it would fill."""
    return compiled(_LABELS).finditer(text, start, end)


class Token(NamedTuple):
    """A label with its value, or one group."""

    name: str
    """The label's field, "sample" for the label of the groups, "group" or "body"."""
    start: int
    end: int
    key: str = ""
    """Of a group, as printed."""
    value: tuple[int, int] | None = None
    """Where the value stands; None for a label without one and a flag."""
    closed: bool = True
    """Whether its bracket is there."""
    field: str | None = None
    """The field of Sample that a group fills; None for an unknown key."""
    broken: tuple[int, int] | None = None
    """Where a mail program or a screen broke the value's line."""

    @property
    def is_long(self) -> bool:
        """Whether its value may go on: a label's, of which no more was read."""
        return not self.key and self.value is not None and self.value[1] - self.value[0] == w.LONGEST_VALUE


class Piece(NamedTuple):
    """A label with its value, a bare wording, or a run of groups."""

    name: str
    """The field of the label; description and sample without their labels, too."""
    start: int
    end: int
    tokens: tuple[Token, ...]
    next: int
    """Where to look for the next piece when this one proves to be none."""
    labelled: bool = True
    proof: int = 0
    """What its groups prove."""
    overlong: bool = False


class Reader:
    """Reads the pieces of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._bodies = BodyEnds(text)

    def next(self, at: int, end: int) -> Piece | None:
        """The next piece in text[at:end]; None when there is none."""
        hit = _PIECE.search(self.text, at, end)
        if hit is None:
            return None
        name, start, behind = hit.lastgroup or "", hit.start(), hit.end()
        if name == "groups":
            return self._groups(start, start, end)
        if name == "sample":
            return self._sample(start, behind, end)
        if name == "wording":
            return self._line("description", start, start, behind, end, labelled=False)
        return self._line(name, start, behind, behind, end)

    def _line(self, name: str, start: int, value_start: int, next_: int, end: int, *, labelled: bool = True) -> Piece:
        text = self.text
        value = _VALUE.match(text, value_start, min(end, value_start + w.LONGEST_VALUE))
        stop = last = value.end() if value else value_start
        if name == "guide_url" and (word := _WORD.match(text, value_start, stop)) is not None:
            if word.end() == value_start < stop:
                return Piece(name, start, value_start, (Token(name, start, value_start),), next_)  # "指引:谁有链接"
            stop = last = word.end()
        if stop == value_start + w.LONGEST_VALUE < end:
            # Far too long for a value, but it stands on the line of the label.
            newline = text.find("\n", stop, min(end, stop + w.LONGEST_GROUP))
            last = newline if newline >= 0 else min(end, stop + w.LONGEST_GROUP)
        broken = None
        if name == "description" and labelled and (rest := self._rest(value_start, stop)) is not None:
            broken, stop, last = (stop, rest[0]), rest[1], rest[1]
        token = Token(name, start, stop, value=(value_start, stop), broken=broken)
        return Piece(name, start, last, (token,), next_, labelled)

    def lengthened(self, token: Token, end: int) -> list[Token]:
        """A label with all of its value, and what else stands behind that before `end`, on its line. `next` gives no
        more than LONGEST_VALUE of a value, as most labels prove to be none."""
        if token.value is None:
            return [token]
        value = (_WORD if token.name == "guide_url" else _VALUE).match(self.text, token.value[0], end)
        at = value.end() if value else end
        tokens = [token._replace(end=at, value=(token.value[0], at))]
        while (piece := self.next(at, end)) is not None:
            tokens += piece.tokens
            at = max(piece.end, piece.next)
        return tokens

    def _rest(self, start: int, end: int) -> tuple[int, int] | None:
        """Where the rest of a known 内容 stands on the next line."""
        value = self.text[start:end].strip(w.EDGES)
        if not w.is_opened(value) or w.is_whole(value) or (rest := _REST.match(self.text, end)) is None:
            return None
        whole = value + rest[1]
        return rest.span(1) if w.is_whole(whole) and w.is_known(whole) and w.OFFICIAL.issuperset(whole) else None

    def _sample(self, start: int, at: int, end: int) -> Piece:
        gap = _SAMPLE_GAP.match(self.text, at, end)
        if gap is not None:
            return self._groups(start, gap.end(), end, label_end=at)
        # Something else than groups was pasted behind the label: it belongs to the line.
        value = _VALUE.match(self.text, at, min(end, at + w.LONGEST_VALUE))
        stop = value.end() if value else at
        bracket = self.text.find("[", at, stop)
        stop = bracket if bracket >= 0 else stop
        return Piece("sample", start, stop, (Token("sample", start, at),), stop)

    def _groups(self, start: int, at: int, end: int, *, label_end: int = -1) -> Piece:
        """A run of groups from `at`. Its first group repeated begins another alarm."""
        text, stop = self.text, at
        labelled = label_end >= 0
        tokens = [Token("sample", start, label_end)] if labelled else []
        prefix = self._line_prefix(start)
        if "[" in prefix:  # the next line begins with a bracket, too, that is no group
            newline = text.find("\n", at, end)
            end = newline if newline >= 0 else end
        proof = distinct = 0
        overlong = False
        seen: set[str] = set()
        for _ in range(w.MOST_GROUPS):
            limit = min(end, stop + w.LONGEST_GROUP)
            group = _GROUP.match(text, stop, limit)
            token = _token(group) if group is not None else None
            if (token is None or token.key.lower() in w.BODY_KEYS) and (body := _BODY.match(text, stop, limit)):
                token, overlong = self._body(body, end, in_list=bool(prefix))
                if not labelled and not distinct:
                    return Piece("sample", start, token.end, (*tokens, token), body.end(), labelled)
                tokens.append(token)
                stop = token.end
                if (platform := _PLATFORM.match(text, stop, end)) is not None:
                    # Its bracket is the first one; without any it ends as other groups do.
                    closed = platform.end("whole") if platform["whole"] else end
                    if (group := _GROUP.match(text, platform.end("before"), closed)) is not None:
                        tokens.append(_token(group))
                        stop = group.end()
                proof += 2
                break
            if token is None:
                after = _behind(text, stop, end, seen, apart=labelled) if stop > at else None
                if after is None:
                    break
                stop = after
                continue
            field = token.field
            if (field in seen and field in w.FIRST_FIELDS) or (not proof and "\n" in text[stop : token.start]):
                break  # another sample, or somebody's next line behind nothing that is known
            if field is None and token.value is None and "\n" in text[stop : token.start]:
                break  # a heading in brackets, of what stands below
            value = token.value
            weight = w.weight(token.key, None if value is None else text[value[0] : value[1]].strip(w.EDGES))
            if field is not None:
                seen.add(field)
                weight = 2 if labelled and weight < 2 else weight
            proof += weight
            distinct += weight >= 2
            stop = token.end
            tokens.append(token)
        stop = max(stop, at)
        proof = proof if labelled or (proof >= w.ENOUGH and distinct) else 0
        return Piece("sample", start, stop, tuple(tokens), max(stop, at + 1), labelled, proof, overlong)

    def _body(self, key: re.Match[str], end: int, *, in_list: bool) -> tuple[Token, bool]:
        """The body behind its key, and whether it has no end."""
        start = key.end()
        body = self._bodies.end(start, end, on_line=in_list)
        value = (start, body.end)
        token = Token("body", key.start("key") - 1, body.behind, key["key"], value, body.closed, w.field_of(key["key"]))
        return token, body.overlong

    def _line_prefix(self, start: int) -> str:
        """What stands before a piece on its line, when the line above begins alike; else nothing."""
        text = self.text
        begin = text.rfind("\n", max(0, start - LONGEST_PREFIX - 1), start) + 1
        if not begin or begin == start or not (prefix := text[begin:start]).strip(w.EDGES + w.QUOTES):
            return ""
        above = text.rfind("\n", max(0, begin - w.LONGEST_VALUE - 2), begin - 1) + 1
        lengths = range(max(1, len(prefix) - 2), len(prefix) + 3)
        return prefix if any(alike(prefix, text[above : above + length]) for length in lengths) else ""


def _token(group: re.Match[str]) -> Token:
    """The token of a match of GROUP."""
    platform, name, platform_close, key, value, _, close = group.groups()
    if platform is not None:
        at = group.end("platform")
        span = (at, at) if name is None else group.span("name")
        return Token(
            "group", group.start("platform") - 1, group.end(), platform, span, bool(platform_close), "platform"
        )
    start, field = group.start("key") - 1, w.field_of(key)
    if value is not None:
        return Token("group", start, group.end(), key, group.span("value"), True, field)
    if close is not None:
        return Token("group", start, group.end(), key, group.span("open_value"), bool(close), field)
    return Token("group", start, group.end(), key, None, True, field)


def _behind(text: str, at: int, end: int, seen: set[str], *, apart: bool) -> int | None:
    """Where the next group of a sample begins behind what stands between the two; None when there is none."""
    if (stray := _STRAY.match(text, at, end)) is not None:
        return stray.end()
    between = _APART.match(text, at, end) if apart else None
    return between.end() if between is not None and _goes_on(text, between.end(), seen) else None


def _goes_on(text: str, at: int, seen: set[str]) -> bool:
    """Whether the group at an offset stands behind all that were seen in WeChat's order."""
    group = _GROUP.match(text, at)
    field = w.field_of(group["key"]) if group is not None and group["key"] else None
    order = [w.ORDER.index(name) for name in seen if name in w.ORDER]
    return group is not None and (field is None or (field in w.ORDER and w.ORDER.index(field) > max(order, default=-1)))


def alike(one: str, other: str) -> bool:
    """Whether two prefixes are those of one list or log: equal but for times and the number of a list."""
    return one == other or _RISING.sub("0", one) == _RISING.sub("0", other)
