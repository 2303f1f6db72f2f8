"""What web pages and chat programs did to an alarm's text, undone, with a map back to the text as it was given.

Each module knows one kind of damage and yields edits: `mail` (quoted-printable, base64), `panes` (borders of panes),
`sheets` (feet of pages), `parts` (of SMS), `fills` (paragraphs), `json_strings` (\\n and \\u5185 inside JSON),
`pages` (entities, tags), `marks` (full-width brackets, zero-width characters), `rows` (tables), `dress` (labels as chat
tools print them, cut lines), `groups` (the same inside brackets).
Bodies are left as they are, because a server may really have sent such things; they are decoded only when they show
that the page encoded them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from wxalarm.model import Code, Sample
from wxalarm.parser import words as w
from wxalarm.parser.repair.maps import Edit, replaced
from wxalarm.parser.repair.maps import Map as Map
from wxalarm.patterns import later

if TYPE_CHECKING:
    # Imported when a text needs it: its patterns take longer to compile than a clean text to parse.
    from wxalarm.parser.repair.dress import Dress

# Each begins with one literal, so that text without it is passed over at C speed.
_ENTITY = later(r"&(?:#[0-9xX]|[A-Za-z]{2,8};)")
_TAG_NAMES = "p|div|li|tr|td|th|dt|dd|span|pre|a|b|i|u|em|strong|font|text_tag|h[1-6]"
_TAG = later(rf"<(?:br\b|BR\b|/?(?:{_TAG_NAMES}|{_TAG_NAMES.upper()})[\s/>])")
_LABELS = "|".join(re.split("[:，]", printed)[0] for printed in w.PRINTED.values())
_ESCAPED = later(
    # What stands behind the label of a platform is its name, whatever it begins with.
    rf"(?<!平[台臺][:：])\\n(?:[\W_]{{0,12}}|\d{{1,2}}[.．、] ?|[①-⑳] ?)"
    rf"(?:{_LABELS}|{w.RETOLD})|\\n<(?:td|dd|p|li|font|b|strong|span)\b"
    rf"|\\\"(?:{_LABELS})|\\\[(?:{w.KNOWN_KEY})[=＝:\\\\]|\\u(?:5185\\+u5[bB][bB]9|6[bB]21\\+u6570|9519\\+u8[bB][eE][fF]|7[cC]7[bB]\\+u578[bB])"
)
"""A label of an alarm inside a JSON string: behind an escaped line break, or escaped itself."""
_DEEPEST = 3
"""Documents within each other."""
_SIGNS: tuple[tuple[str, re.Pattern[str] | None], ...] = (
    *(("&", _ENTITY), ("<", _TAG), ("\\", _ESCAPED)),
    *((char, None) for char in f"【［{w.ZERO_WIDTH}"),
)
"""The characters that damage leaves, and the patterns of those that others leave, too."""


_APART = r"[\s>|]{0,9}"
_DRESS = later(
    # Each alternative begins with a literal, as above.
    r"[Aa]pp ?[Il1|]|[Aa]pp i|APP ?I|Appid(?:: ?wx[0-9a-f]{0,15}+\s*\n|(?!: ?[w*xX\n]))|[*_`~\"#|]Appid|昵|暱|"
    r"推送|\[[A-Za-z0-9 ]|=3D|=E[4-9]|"
    r"ncoding: ?[Bb]ase64|微[\s>|]{0,9}信|" + "|".join((w.BARE, *(_APART.join(word) for word in w.HAN_WORDS)))
)
"""A piece that a chat tool or a window may have changed, whole or cut or as people call it."""


_SEEN = later(
    r"\]\(https?://|[=＝:： ]<https?://|第 ?\d{1,4} ?页|[(（]1/\d{1,2}[)）]|[Pp]age \d{1,4} of \d|[{=:]\"\"[\w/<.-]"
    rf"|{w.FLATTENED}[^\n]{{1,130}}\n[ \t>]{{0,24}}\S|(?<![^\n]){w.HEADLESS}"
)
"""A link to itself, as Markdown and Slack write it; the foot of a page; the first of several parts; the doubled quotes
of a cell; an alarm of filled lines; a 内容 without its first character."""


class Signs:
    """The signs of damage in a text, looked for from the front and passed over in bodies that are fine."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._signs = tuple((number, *sign) for number, sign in enumerate(sign for sign in _SIGNS if sign[0] in text))
        self._next = [self._find(char, start) for _, char, _ in self._signs]
        self.entities = "&" in text
        """Whether a body may have been encoded by a page."""
        self.first = min(self._next, default=len(text))
        """Where the next character stands that may be one; the length of the text when there is none."""

    def _find(self, char: str, at: int) -> int:
        place = self._text.find(char, at)
        return place if place >= 0 else len(self._text)

    def skip(self, at: int) -> None:
        """Pass over all that stand before an offset."""
        self._next = [
            place if place >= at else self._find(char, at)
            for place, (_, char, _) in zip(self._next, self._signs, strict=True)
        ]
        self.first = min(self._next, default=len(self._text))

    def before(self, body: int, behind: int) -> bool:
        """Whether there is one before text[body:behind], a body; else goes on behind it."""
        text, places = self._text, self._next
        for number, char, pattern in self._signs:
            place = places[number]
            if place >= behind:
                continue
            if place < body and (pattern is None or pattern.search(text, place, body) is not None):
                return True
            place = text.find(char, behind)
            places[number] = place if place >= 0 else len(text)
        # Asked only where there are some: they are as many as before.
        self.first = min(places, default=len(text))
        return False


def is_encoded(text: str, start: int, end: int, sample: Sample) -> bool:
    """Whether a page encoded the body of a sample, text[start:end]: not when it is as long as declared."""
    if text.find("&", start, end) < 0 or sample.response_length == len(text[start:end].encode("utf-8", "replace")):
        return False
    from wxalarm.parser.repair import pages

    return pages.is_encoded(text, start, end)


class Repaired(NamedTuple):
    """A text without its damage."""

    text: str
    maps: tuple[Map, ...]
    """The ways back, the first repair first."""
    mends: tuple[Mend, ...]


class Mend(NamedTuple):
    """A repair that is not beyond doubt, as a problem, and where it was made in the text as given."""

    start: int
    end: int
    code: Code
    evidence: Mapping[str, Any]


class Stretches:
    """Looks through the stretches of one text that hold no clean alarm, from the front."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._dress: Dress | None = None

    def are_damaged(self, start: int, end: int) -> bool:
        """Whether text[start:end] has damage that leaves no sign of its own."""
        if _SEEN.search(self._text, start, end) is not None:
            return True
        if _DRESS.search(self._text, start, end) is None:
            return False
        from wxalarm.parser.repair import mail, panes, rows

        if self._dress is None:
            from wxalarm.parser.repair.dress import Dress

            self._dress = Dress(self._text)
        if mail.is_coded(self._text, start, end) or any(
            next(found(self._text, start, end), None) is not None for found in (panes.edits, rows.edits)
        ):
            return True
        return self._dress.is_worn(start, end)


def repair(text: str) -> Repaired:
    """The text without the damage, from the outside to the inside: as a mail, as a page or a document of JSON (which
    may hold another), as lines of a chat tool."""
    from wxalarm.parser.repair import dress, fills, json_strings, mail, marks, panes, parts, rows, sheets

    chain = _Chain(text)
    chain.run(mail.parts(text, 0, len(text)))
    chain.run(panes.edits(text, 0, len(text)))
    chain.run(sheets.edits(chain.text))
    chain.run(parts.edits(chain.text))
    chain.run(fills.edits(chain.text))
    text = chain.text
    chain.run(mail.edits(text, 0, len(text)))
    chain.run(marks.unescapes(chain.text))
    for _ in range(_DEEPEST + 1):
        text = chain.text
        if not Signs(text, 0).before(len(text), len(text)):
            break
        nested = _holds_strings(text)
        chain.run(_edits(text))
        if not nested and not _holds_strings(chain.text):
            break
    chain.run(marks.links(chain.text))
    chain.run(json_strings.pairs(chain.text))
    chain.run(rows.edits(chain.text, 0, len(chain.text)))
    chain.run(rows.whole(chain.text))
    chain.run(marks.heads(chain.text))
    for _ in range(_DEEPEST):  # the value of a pair is a line then, with cuts of its own
        if not chain.run(dress.edits(chain.text, 0, len(chain.text))):
            break
    return Repaired(chain.text, tuple(chain.maps), tuple(chain.mends))


class _Chain:
    """Repairs of one text, one after another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.maps: list[Map] = []
        self.mends: list[Mend] = []

    def run(self, edits: Iterator[Edit]) -> bool:
        """Make the edits; False when there are none."""
        made = list(edits)
        for start, end, _, mend in made:
            if mend is not None:
                self.mends.append(Mend(*given(self.maps, start, end), *mend))
        self.text, back = replaced(self.text, made)
        if back is not None:
            self.maps.append(back)
        return back is not None


def given(maps: Sequence[Map], start: int, end: int) -> tuple[int, int]:
    """Offsets of the text as given for offsets of the repaired one."""
    for back in reversed(maps):
        first = back.start(start)
        start, end = first, max(first, back.end(end))
    return start, end


def _holds_strings(text: str) -> bool:
    if "\\" not in text:
        return False
    from wxalarm.parser.repair import json_strings

    return next(json_strings.found(text, _ESCAPED), None) is not None


def _edits(text: str) -> Iterator[Edit]:
    """What to replace, in order: JSON strings that hold an alarm, and what pages did to all else."""
    from wxalarm.parser.repair import json_strings, pages

    at = 0
    if "\\" in text:
        for start, end in json_strings.found(text, _ESCAPED):
            yield from pages.edits(text, at, start)
            yield from json_strings.edits(text, start, end)
            at = end
    yield from pages.edits(text, at, len(text))
