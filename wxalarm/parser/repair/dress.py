"""What chat tools, exports and people made of the lines of an alarm: decorated, retold and cut labels, and values that
a narrow window cut. Loaded only for a text that may need it.

`edits` undoes it line by line, and by what stands there alone: a label counts only when what belongs behind it follows,
so that a list of somebody's own words stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from wxalarm.parser import words as w
from wxalarm.parser.body_end import BodyEnds, Finder, declared
from wxalarm.parser.problems import LOOK_ALIKE, VALUE_JOINED
from wxalarm.parser.repair import groups
from wxalarm.parser.repair.groups import BLANK, CUT
from wxalarm.parser.repair.json_strings import escapes
from wxalarm.parser.repair.maps import Edit, Mended, Part, in_order, replaced
from wxalarm.patterns import compiled

_GAP = rf"[ \t\r\n\u00a0\u3000{w.QUOTES}]{{0,9}}"
_BREAK = rf"(?:\r?\n[ {w.QUOTES}]{{0,9}})?"
_MARKS = "*_`~\"“”'‘’"
_CLOSED = {"“": "”", "‘": "’"}
_LEAD = f"{_MARKS}{w.QUOTES}{w.EDGES}".replace("\n", "") + "#【[「〖《(（•·●▪◆■►▶–—-+;；,，"
_DECORATED = frozenset(_MARKS + "#【[「〖《(（|│┃")
_NUMBER = compiled(rf"\d{{1,2}}[.．、)）]{BLANK}*\Z|[①-⑳]{BLANK}*\Z")
_PICTURES = compiled(r"[\u2600-\u27bf\ufe0f\U0001f300-\U0001faff]+\Z")
_LONGEST_LEAD = 40


def _spelled(pattern: str, gap: str = _GAP) -> str:
    """A pattern with a gap allowed between its Chinese characters."""
    return re.sub(
        r"([一-鿿，)])(?=(?:\(\?:)?[一-鿿])", lambda match: match[1] + gap, pattern.replace(f"{w.BLANK}*", gap)
    )


_WORDS = {
    name: "|".join(filter(None, (pattern, w.SYNONYMS[name], w.MISREAD.get(name)))) for name, pattern in w.LABELS.items()
}
_MISREAD_WORD = compiled("|".join(w.MISREAD.values()))
_LABEL = "|".join(rf"(?P<{name}>{_spelled(words)})" for name, words in _WORDS.items())
_EVENT = compiled(rf"\[|{_LABEL}")
_PLAIN_LABEL = compiled(w.ANY_LABEL)
_MISREAD_APPID = compiled(r"[Aa]pp ?[l1|]")
_BEHIND = compiled(
    rf"(?:[{_MARKS}】\]〗」》)）]|{BLANK}|(?<=\])\((?=https?:)){{0,6}}+(?P<sep>[:：︰﹕∶]{{1,2}}|=>|[|｜│=＝→]|-?->|—{{1,2}})?+"
    rf"(?:{BLANK}*+[|>][+-]?(?={BLANK}*+\r?\n))?+(?:[{_MARKS}|｜│]|{BLANK}){{0,8}}+"
)
_CUT = compiled(CUT)
_CUT_PLATFORM = compiled(
    rf"\][ \r\n]{{0,9}}\[(?P<name>{_spelled(w.PLATFORM)}[:：=][^\[\]\n]{{0,60}}(?:{CUT}[^\[\]\n]{{0,60}}){{0,2}})\]"
    r"(?=\s|\Z)"
)
_ON_NEXT_LINE = compiled(rf"{CUT}(?:{CUT})?")
_HEX = r"[0-9a-f]"
_MASK = r"[*xX＊]"
_DATE_PARTS = rf"\d{_BREAK}".join([""] * 5)
_DAY = rf"{_DATE_PARTS}-{_BREAK}\d{_BREAK}\d{_BREAK}-{_BREAK}\d{_BREAK}\d"
_TIME = rf"\d{_BREAK}\d{_BREAK}[:：]{_BREAK}\d{_BREAK}\d(?:{_BREAK}[:：]{_BREAK}\d{_BREAK}\d)?"
_COUNT = rf"\d+{_GAP}(?:{_spelled('分钟|分鐘')}|min(?:ute)?s?){_GAP}\d(?:{_BREAK}[\d,])*{_GAP}(?:次|times?)"
_OPENING = _spelled(w.OPENING)
_VALUES = {
    "appid": rf"(?:wx(?:{_BREAK}{_HEX}){{16}}(?![0-9A-Za-z])|wx[0-9A-Za-z*＊…]{{4,40}}|{_MASK}{{3,40}}"
    rf"|(?:w{BLANK}?x{BLANK})?(?:{_MASK}{BLANK}){{3,40}}{_MASK})",
    "first_seen": rf"(?:{_DAY}(?:T|{BLANK}|{CUT})+{_TIME}|{w.DATE}|\d{{4}}-{_MASK}|{_MASK}{{2,}})",
    "description": rf"(?:{_OPENING}|{w.TYPE_NAME})",
    "count": rf"(?:{_COUNT}|{_MASK}*+\d*{BLANK}*(?:分钟|分鐘|min))",
    "sample": r"\[(?!(?!resp)[^\[\]\n]{0,80}\][ \t]+[A-Za-z])",  # in a log the words of a message follow
    "guide_url": rf"(?:{'|'.join(_BREAK.join(map(re.escape, link)) for link in w.GUIDE_LINKS)}|https?:)",
    "nickname": r"",
}
_TYPED = {name: compiled(pattern) for name, pattern in _VALUES.items()}
_EXACT = {"appid": compiled(_VALUES["appid"]), "count": compiled(_COUNT), "guide_url": compiled(_VALUES["guide_url"])}
_EXACT_DATE = compiled(rf"(?P<day>{_DAY})(?:T|{BLANK}|{CUT})+(?P<time>{_TIME})")
_PLAIN_COUNT = compiled(w.COUNT)
_AFTER_MINUTES = compiled(r"(?<=[钟鐘])(?=\d)")
_SPACED_MINUTES = compiled(rf"分{BLANK}+[钟鐘]")
_OPENED = compiled(_OPENING)
_SPACED = compiled(rf"(?<=[一-鿿，。“”]){BLANK}+(?=[一-鿿，。“”])")
_PROOF = compiled(rf"{_OPENING}|{_COUNT}|\[{BLANK}*(?:{w.KNOWN_KEY}|[0O]pen[Il1|][DO0]){BLANK}*[=＝\]]")
"""What makes lines near it worth a look: a wording, a count or a group."""
_ABOVE, _BELOW = 2000, 10_000
"""Characters above and below it in which its lines may stand."""
_LINE = compiled(r"[^\n]*")
_REST = compiled(rf"{CUT}(?!{w.TYPED}|\[)(?=\S)(?P<rest>[^\n\[:：]{{1,60}}?){BLANK}*+(?=\n|\Z)")
_NAME_REST = compiled(
    rf"{CUT}(?!{w.TYPED}|\[)(?=\S)(?P<rest>[^\n\[:：]{{1,40}}?){BLANK}*+\n[ \t\r\u00a0\u3000{w.QUOTES}]*+"
    rf"(?:{w.LABEL['first_seen']}{BLANK}*\d{{4}}|{w.LABEL['description']}{BLANK}*{w.OPENING})"
)
_STRING = (
    r"(?P<quote>[\"'])(?P<value>(?:(?!(?P=quote)\s*(?:[,\]}\n]|\Z))(?:[^\\\n]|\n(?!\s*[\"']))|\\.){0,9000}+)(?P=quote)"
)
_PAIR = compiled(
    rf"(?:[\"']{w.SPACE}*:"
    rf"|[:：]?{BLANK}*\"{w.SPACE}*\}}{w.SPACE}*,{w.SPACE}*\{{[^{{}}\n]{{0,80}}?\"(?:text|content)\"{w.SPACE}*:"
    rf"|[:：]?\"{w.SPACE}*,{w.SPACE}*\"(?:value|text|content)\"{w.SPACE}*:)"
    rf"{w.SPACE}*{_STRING}"
    rf"(?:[\s,\[\]{{}}:>]++|(?!\"\W{{0,4}}(?:{'|'.join(_WORDS.values())}))\"[ -!#-~]{{0,40}}\"){{0,40}}+"
)
"""A value in a document of JSON, or a printed dict: its key is the label, or its neighbour's text is."""
_CARD = compiled(
    rf"[{_MARKS}:：]{{0,6}}\\n(?P<value>(?:[^\\\"\n]|\\.){{0,9000}}+)\""
    rf"(?:[\s,\[\]{{}}:>]++|true|false|\d|(?!\"[{_MARKS}]{{0,4}}(?:{'|'.join(_WORDS.values())})[{_MARKS}:：]{{0,6}}\\n)"
    r"\"[ -!#-~]{0,40}\"){0,40}+"
)
"""A label with its value below it in one string, as the fields of cards have them."""
_NEXT_KEY = compiled(rf"[\"'][{_MARKS}]{{0,4}}")
_PAIR_PROOF = compiled(
    "|".join(
        rf"[\"'](?:{_spelled(_WORDS[name])})[^\w\[]{{1,9}}(?:(?:\"(?:text|content|tag|value)\"|text|[^\w\[]){{0,9}})[\"'](?:{value})"
        rf"|\"[{_MARKS}]{{0,4}}(?:{_spelled(_WORDS[name])})[{_MARKS}:：]{{0,6}}\\n(?:{value})"
        for name, value in (
            ("description", rf"{_OPENING}|MarkFail"),
            ("count", f"{w.COUNT}|{_COUNT}"),
            ("sample", r"\["),
        )
    )
)
"""What makes a document worth it."""
_FOLLOWED = compiled(
    rf"[^\n]{{1,{w.LONGEST_VALUE}}}\n+[^\n一-鿿A-Za-z]{{0,12}}(?:{_WORDS['first_seen']})[^\d]{{1,12}}\d{{4}}"
    rf"|[^\n]{{1,{w.LONGEST_VALUE}}}\n+[^\n一-鿿A-Za-z]{{0,12}}(?:{_WORDS['description']})[^\w]{{1,12}}{w.OPENING}"
    rf"|[^\n]{{1,{w.LONGEST_VALUE}}}\n+[^\n一-鿿A-Za-z]{{0,12}}(?:{_WORDS['appid']})[^\w*]{{1,12}}(?:wx[0-9A-Za-z*＊]{{4}}|{_MASK}{{6}})"
)
"""A nickname, with the line of another label below: behind blanks alone nothing else tells that it is one."""
_TIME_BELOW = compiled(
    rf"[^\n]{{0,{w.LONGEST_VALUE}}}\n[^\n一-鿿A-Za-z]{{0,12}}(?:{_WORDS['first_seen']}){BLANK}*[:：]{BLANK}*(?P<marks>[{_MARKS}]{{0,4}})\d{{4}}"
)
_APPID_LINE = compiled(rf"(?:{_WORDS['appid']})[^\n\w]{{1,12}}(?:wx|[*xX＊])")
_OWN_NICKNAME = compiled(w.LABELS["nickname"])
_WITH_APPID = compiled(rf"[^\n]{{0,80}}?(?:{_WORDS['appid']}){BLANK}*[:：]")
_LINE_OF_LABEL = compiled(w.TYPED)
_CONTENT_NEAR = compiled(rf"(?:内容|內容)[^\n\w]{{1,12}}{w.OPENING}")
_BORDER = compiled(rf"(?:{_WORDS['appid']})[^\w\n]{{1,12}}|(?:{_WORDS['guide_url']})")
"""Between two alarms."""
_NEAR = 300
_JOINED = compiled(rf"(?:[;；,，]|(?P<quote>[\"'])\s*+,\s*+(?P=quote)|(?<![^\s=(])\[\s*+[\"']){BLANK}*+\Z")
"""What lists put between the lines of an alarm, or before the first."""
_LIST_ENDS = compiled(r"[\"']\s*+\](?=\s|\Z)")
_JOINED_BEHIND = compiled(rf"(?:[;；,，]|(?P<quote>[\"'])\s*+,\s*+(?P=quote)){BLANK}*+(?={w.ANY_LABEL})")
_CLOSERS = compiled(
    rf"(?<=\])(?:{BLANK}*+\n)?(?:{BLANK}|[{_MARKS}|│┃])*[{_MARKS}|│┃](?:{BLANK}|[{_MARKS}|│┃])*(?=\n|\Z)"
)


def edits(text: str, start: int, end: int) -> Iterator[Edit]:
    """What to replace in text[start:end], in order."""
    return Dress(text).edits(start, end)


class _Pair(NamedTuple):
    """A label and its value in a document of JSON."""

    name: str
    start: int
    value: int
    value_end: int
    end: int
    """Behind what stands between it and the next."""


class Dress:
    """Goes through the labels and groups of one text, from rising offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends = BodyEnds(text)
        self._proofs = Finder(_PROOF, text)
        self._pairs = Finder(_PAIR_PROOF, text)
        self._at = 0
        """Up to where the text is edited."""
        self._stop = (-1, -1)
        """From where the next label was looked for, and where it begins."""
        self._marks = ""
        """The decoration of the last label, whose value may have it, too."""

    def is_worn(self, start: int, end: int) -> bool:
        """Whether there is anything to undo in text[start:end]."""
        near = self._proofs.within(max(0, start - _BELOW), end + _ABOVE)
        return near is not None and next(self.edits(start, end), None) is not None

    def edits(self, at: int, end: int) -> Iterator[Edit]:
        """The edits that begin in text[at:end]."""
        text = self.text
        self._at = at
        while at < end and (event := _EVENT.search(text, at, end)) is not None:
            at = event.end()
            proof = self._proofs.within(max(0, event.start() - _BELOW), len(text))
            if proof is None:
                return
            if proof > at + _ABOVE:
                at = max(at, proof - _ABOVE)
            elif event[0] == "[" and not self._marks and (behind := groups.clean(text, event.start())) > at:
                at = behind
            elif event[0] != "[":
                yield from self._label(event)
            elif (head := groups.head(text, event.start())) is not None:
                yield from head.edits
                if head.is_body:
                    stop = self._body_stop(head.end, end)
                    whole = self._ends.end(head.end, end)
                    exact = declared(text, head.end) == len(text[head.end : whole.end].encode("utf-8", "replace"))
                    body = whole if exact else self._ends.end(head.end, stop)
                    platform = _CUT_PLATFORM.search(text, head.end, stop)
                    if platform is not None and "\n" in platform["name"]:
                        yield from self._unbroken(head.end, platform.start())
                        for cut in _CUT.finditer(text, *platform.span("name")):
                            yield Edit(*cut.span(), "")
                        body = body._replace(end=platform.end() - 1, closed=True)
                    elif not exact:
                        yield from self._unbroken(head.end, body.end)
                    at = max(body.behind, head.end)
                    if (closers := _CLOSERS.search(text, max(head.end, at - 40), min(stop, at + 200))) is not None:
                        yield Edit(*closers.span(), "")
                        at = closers.end()
                else:
                    at = head.end
                    if (closers := _CLOSERS.match(text, at)) is not None and self._marks:
                        yield Edit(*closers.span(), "")
                        at = closers.end()
            at = max(at, self._at)

    def _unbroken(self, start: int, end: int) -> Iterator[Edit]:
        """The breaks in a body that is as long as declared without them."""
        length = declared(self.text, start)
        if length == len(groups.joined(self.text[start:end]).encode("utf-8", "replace")):
            for cut in _CUT.finditer(self.text, start, end):
                yield Edit(*cut.span(), "")

    def _body_stop(self, at: int, end: int) -> int:
        """Where the next line with a label begins behind a body, at the latest its length. What was found is kept: the
        next body may end there, too."""
        last = min(end, at + w.LONGEST_BODY)
        first, found = self._stop
        if not first <= at <= found:
            first, found = at, len(self.text)
            while (event := _EVENT.search(self.text, at, end)) is not None:
                label = self._found(event) if event[0] != "[" else None
                if label is not None and self.text[label[0] - 1] == "\n":
                    found = label[0]
                    break
                at = event.end()
            self._stop = (first, found)
        return min(found, last)

    def _found(self, label: re.Match[str]) -> tuple[int, int] | None:
        """Where the decoration of a label begins and where its value does; None for a word that is no label."""
        text, name = self.text, label.lastgroup or ""
        begin = self._lead(label.start())
        if begin is None:
            return None
        behind = _BEHIND.match(text, label.end())
        assert behind is not None
        value = behind.end()
        tail = text[label.end() : behind.start("sep")] if behind["sep"] else ""
        if begin and text[begin - 1] != "\n":
            # In the middle of a line its decoration could be the end of the value before it, but for a pair's half.
            lead = text[begin : label.start()]
            if not ("|" in lead or _DECORATED.intersection(tail)):
                begin = label.start() if lead.strip(w.EDGES) else begin
        if value == label.end() and "\n" not in text[value : value + 1]:
            return None
        if name == "nickname" and not _OWN_NICKNAME.match(label[0]) and _WITH_APPID.match(text, behind.end()):
            return None  # somebody's words on an account
        if name == "nickname":
            value = self._name(behind, text[begin : label.start()])
            sure = behind["sep"] is not None or "\t" in behind[0] or set(text[begin : label.start()]) & _DECORATED
            line = text[value : value + 2].startswith("\n")
            if line and sure and self._empty_below(name, value):
                return begin, value
            if line or not sure:
                cut = _ON_NEXT_LINE.match(text, value) if line else None
                value = cut.end() if cut else value
                return (
                    (begin, value) if _FOLLOWED.match(text, value) and not _LINE_OF_LABEL.match(text, value) else None
                )
            return begin, value
        shown = behind["sep"] or behind[0].strip(" ")
        if text[value : value + 1] in ("\n", "") and shown and self._empty_below(name, value):
            return begin, value
        if _TYPED[name].match(text, value) is None:
            cut = _ON_NEXT_LINE.match(text, value) if begin == 0 or text[begin - 1] == "\n" else None
            if cut is None or _TYPED[name].match(text, cut.end()) is None:
                return None
            value = cut.end()
        if w.IS_TYPE.search(label[0]) and self._has_content(begin, value):
            return None
        return begin, value

    def _has_content(self, begin: int, value: int) -> bool:
        """Whether an alarm has a 内容 of its own, besides the label in text[begin:value]."""
        text, first = self.text, max(0, begin - _NEAR)
        first = max((border.end() for border in _BORDER.finditer(text, first, begin)), default=first)
        border = _BORDER.search(text, value, value + _NEAR)
        return _CONTENT_NEAR.search(text, first, border.start() if border else value + _NEAR) is not None

    def _name(self, behind: re.Match[str], lead: str) -> int:
        """Where a nickname begins. Marks before it are its own unless they end what stands before the label, or stand
        behind the nickname, too, as they do around the values beside it."""
        text, blanks = self.text, w.EDGES.replace("\n", "")
        opened = "".join(char for char in lead if char in _MARKS)
        at = behind.end("sep") if behind["sep"] else behind.end() - len(behind[0]) + len(behind[0].rstrip(_MARKS))
        if opened and text.startswith(opened[::-1], at):
            at += len(opened)
        line = _LINE.match(text, at)
        assert line is not None
        borders = "|│┃" if {"|", "│", "┃"}.intersection(lead) else ""
        value = line[0].strip(w.EDGES + borders)
        at += len(line[0]) - len(line[0].lstrip(blanks + borders))
        marks = value[: len(value) - len(value.lstrip(_MARKS))]
        if marks and marks == value and len(marks) % 2 == 0:
            return at + len(marks)
        if (
            marks
            and len(value) > 2 * len(marks)
            and value.endswith("".join(_CLOSED.get(mark, mark) for mark in marks[::-1]))
        ):
            worn = self._marks or opened or marks in ("**", "`") or self._next_wears(at, marks)
            at += len(marks) if worn else 0
        return at

    def _next_wears(self, at: int, marks: str) -> bool:
        """Whether the time on the line below that of an offset has the same marks before it."""
        below = _TIME_BELOW.match(self.text, at)
        return below is not None and below["marks"] == marks

    def _empty_below(self, name: str, at: int) -> bool:
        """Whether a label's value is empty: the next line is that of a later label."""
        below = _EVENT.match(self.text, self._word(at))
        if below is None or below[0] == "[" or w.RANK[below.lastgroup or ""] <= w.RANK[name]:
            return False
        behind = _BEHIND.match(self.text, below.end())
        return behind is not None and (behind["sep"] is not None or len(behind[0]) > 1 or behind[0] == "\t")

    def _word(self, at: int) -> int:
        """Where the first word of the next line begins, behind its decoration."""
        line = self.text[at + 1 : at + 1 + _LONGEST_LEAD]
        return at + 1 + len(line) - len(line.lstrip(_LEAD + "0123456789.．、)"))

    def _lead(self, at: int) -> int | None:
        """Where the decoration before a label begins on its line; None in the middle of a word."""
        text = self.text
        line = max(text.rfind("\n", max(0, at - _LONGEST_LEAD), at) + 1, at - _LONGEST_LEAD, 0, self._at)
        begin = at
        while True:
            before = text[line:begin]
            kept = before.rstrip(_LEAD)
            for pattern in (_NUMBER, _PICTURES):
                if (match := pattern.search(kept)) is not None:
                    kept = kept[: match.start()]
            if len(kept) == len(before):
                break
            begin = line + len(kept)
        return begin if begin < at or begin == line else None

    def _label(self, label: re.Match[str]) -> Iterator[Edit]:
        text, name = self.text, label.lastgroup or ""
        if (pair := self._pair(label)) is not None:
            if self._pairs.within(max(0, label.start() - _ABOVE), label.end() + _ABOVE) is not None:
                yield from self._document(pair)
            return
        found = self._found(label)
        if found is None:
            self._marks = ""
            return
        begin, value = found
        if (joined := _JOINED.search(text, max(self._at, label.start() - 12), label.start())) is not None:
            yield Edit(joined.start(), label.start(), "\n")
            begin = self._at = label.start()
        lead, behind = text[begin : label.start()], text[label.end() : value]
        if lead and set(lead) <= set(_MARKS) and groups.closing(lead).isdisjoint(behind):
            lead, begin = "", label.start()  # nothing behind the label closes it: somebody's
        marks = "".join(_DECORATED.intersection(lead + behind))
        printed = text[label.start() : value]
        if name == "nickname" and marks and not _DECORATED.intersection(lead) and _PLAIN_LABEL.match(printed):
            line_end = _LINE.match(text, value)
            if line_end is not None and not line_end[0].strip(w.EDGES):
                return  # a name that is all marks
        plain = not marks.strip("|│┃[(") and _PLAIN_LABEL.fullmatch(printed.rstrip(w.EDGES)) and "\n" not in printed
        if not plain:
            line = begin and text[begin - 1] != "\n" and begin > self._at
            mend = None
            if name == "appid" and _MISREAD_APPID.match(label[0]):
                mend = (LOOK_ALIKE, {"printed": label[0], "read": "Appid"})
            elif _SPACED.search(label[0]) or _MISREAD_WORD.fullmatch(label[0]):
                mend = (LOOK_ALIKE, {"printed": label[0], "read": w.PRINTED[name].partition("，")[0].rstrip(":")})
            lone = len(lead) == 1 and not marks.replace(lead, "") and lead not in behind
            if not _DECORATED.intersection(lead) or (lone and _PLAIN_LABEL.match(printed)):
                begin = label.start()  # a list's mark, which all its lines have
                line = False
            if printed == w.PRINTED[name] + " " and not line and mend is None:
                if begin < label.start():  # only what stands before it is too much
                    yield Edit(begin, label.start(), "")
            else:
                yield Edit(begin, value, ("\n" if line else "") + w.PRINTED[name] + " ", mend)
        else:
            marks = ""
        if name == "nickname" and not {"|", "│", "┃"}.intersection(lead):
            marks = "".join(_DECORATED.intersection(behind[len(behind.rstrip(_MARKS)) :]))
        self._marks = marks
        self._at = value
        yield from self._value(name, value, marks)

    def _value(self, name: str, start: int, marks: str) -> Iterator[Edit]:
        """The edits of a value: its cuts and gaps, and the decoration behind it."""
        text = self.text
        if name == "sample":
            return
        line = _LINE.match(text, start)
        assert line is not None
        at = start
        if name == "first_seen":
            if (date := _EXACT_DATE.match(text, start)) is not None:
                if "\n" in date[0]:
                    yield Edit(start, date.end(), f"{groups.joined(date['day'])} {groups.joined(date['time'])}")
                at = date.end()
        elif name in _EXACT:
            if (exact := _EXACT[name].match(text, start)) is not None:
                whole = exact[0]
                if name == "count" and not _PLAIN_COUNT.match(whole):
                    read = re.sub(rf"{w.SPACE}+|[{w.QUOTES}]", "", whole)
                    read = _AFTER_MINUTES.sub(" ", read)
                    spaced = _SPACED_MINUTES.search(whole)
                    mend = (LOOK_ALIKE, {"printed": whole, "read": read}) if spaced else None
                    yield Edit(start, exact.end(), read, mend)
                elif name != "count" and "\n" in whole:
                    yield Edit(start, exact.end(), groups.joined(whole))
                at = exact.end()
                if name == "guide_url" and text[start - 1] == "(" and (close := text.find(")", at, line.end())) >= 0:
                    yield Edit(close, close + 1, "")
                    at = close + 1
                elif name == "guide_url" and (end := _LIST_ENDS.match(text, at)) is not None:
                    yield Edit(*end.span(), "")
                    at = end.end()
        elif name == "description":
            joined = _JOINED_BEHIND.search(text, start, line.end() + _LONGEST_LEAD)
            at = yield from self._description(start, min(joined.start() if joined else line.end(), line.end()), marks)
        elif name == "nickname":
            cut = start + len(line[0].rstrip(w.EDGES))
            rest = _NAME_REST.match(text, cut) if cut > start and self._behind_appid(start) else None
            if rest is not None:
                value = text[start:cut] + rest["rest"]
                yield Edit(cut, rest.start("rest"), "", (VALUE_JOINED, {"field": name, "value": value}))
                at = rest.end("rest")
        if marks:
            line = _LINE.match(text, at)
            assert line is not None
            kept = line[0].rstrip("".join(groups.closing(marks)) + w.EDGES)
            if len(kept) < len(line[0].rstrip(w.EDGES)):
                yield Edit(at + len(kept), line.end(), "")
            at = line.end()
        self._at = max(self._at, at)

    def _behind_appid(self, at: int) -> bool:
        """Whether the line above that of an offset has an appid: what stands below a nickname else is somebody's."""
        line = self.text.rfind("\n", max(0, at - 99), at)
        first = _EVENT.match(self.text, self._word(line))
        if first is None or first.lastgroup != "nickname":
            return False  # in the middle of somebody's line
        above = self.text[max(0, self.text.rfind("\n", max(0, line - 99), max(0, line))) : max(0, line)]
        return _APPID_LINE.search(above) is not None

    def _description(self, start: int, stop: int, marks: str) -> Generator[Edit, None, int]:
        """Blanks between the characters of a 内容 that a screenshot's reader put there, and the lines that it was cut
        into. Gives where the last of them ends."""
        text = self.text
        value = text[start:stop].rstrip(w.EDGES + _MARKS + "|│┃")
        if (_OPENED.match(value) and not w.is_opened(value)) or _spaced(value):
            read = _SPACED.sub("", value)
            said: Mended = (LOOK_ALIKE, {"printed": value[:60], "read": read[:60]})
            for gap in _SPACED.finditer(text, start, start + len(value)):
                yield Edit(*gap.span(), "", said)
                said = None
            value = read
        at = stop
        cuts: list[tuple[int, int]] = []
        while len(cuts) < 6 and w.is_opened(value) and not (w.is_whole(value) and w.is_known(value)):
            rest = _REST.match(text, at - (len(text[start:at]) - len(text[start:at].rstrip(w.EDGES))))
            if rest is None:
                break
            piece = rest["rest"].rstrip("".join(groups.closing(marks)) + w.EDGES) if marks else rest["rest"]
            value += piece
            cuts.append((rest.start(), rest.start("rest")))
            at = rest.start("rest") + len(piece)
        below = (
            _LINE_OF_LABEL.match(text, self._word(text.find("\n", at))) if cuts and text.find("\n", at) >= 0 else None
        )
        if cuts and (w.is_whole(value) or below) and w.is_known(value) and w.OFFICIAL.issuperset(value):
            said = None if w.is_whole(value) else (VALUE_JOINED, {"field": "description", "value": value})
            for cut in cuts:
                yield Edit(*cut, "", said)
                said = None
            return at
        return start + len(text[start:stop].rstrip(w.EDGES + _MARKS + "|│┃"))

    def _pair(self, label: re.Match[str]) -> _Pair | None:
        """The pair of a document whose key a label is."""
        text, name = self.text, label.lastgroup or ""
        start = label.start() - 1
        pair = _PAIR.match(text, label.end()) if text[start : label.start()] in ('"', "'") else None
        if pair is None:
            lead = text[max(0, label.start() - 6) : label.start()].rstrip(_MARKS.replace('"', ""))
            start = max(0, label.start() - 6) + len(lead) - 1
            pair = _CARD.match(text, label.end()) if lead.endswith('"') else None
        return _Pair(name, start, *pair.span("value"), pair.end()) if pair is not None else None

    def _document(self, pair: _Pair) -> Iterator[Edit]:
        """The pairs of one document as the lines of an alarm, in whatever order they are."""
        text, pairs = self.text, list[_Pair]()
        following: _Pair | None = pair
        while following is not None and following.name not in (one.name for one in pairs):
            value = self._decoded(following)
            if following.name != "nickname" and value and _TYPED[following.name].match(value) is None:
                break
            pairs.append(following)
            label = _NEXT_KEY.match(text, following.end)
            event = _EVENT.match(text, label.end()) if label is not None else None
            following = self._pair(event) if event is not None and event[0] != "[" else None
        if pairs:
            self._at = max(one.end for one in pairs)
            parts = (Part(one.name, one.start, one.value, one.value_end) for one in pairs)
            yield from in_order(text, (pair.start, self._at), parts, escapes)
            self._marks = ""

    def _decoded(self, pair: _Pair) -> str:
        value = self.text[pair.value : pair.value_end]
        return replaced(value, escapes(value, 0, len(value)))[0]


def _spaced(value: str) -> bool:
    """Whether a reader of screenshots put blanks between Chinese characters: people write none there."""
    return _SPACED.search(value) is not None and w.OFFICIAL.issuperset(_SPACED.sub("", value))
