"""Alarms inside strings of JSON and Python: what webhooks, exports and logs make of a text of several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wxalarm.parser import words as w
from wxalarm.parser.body_end import BodyEnds
from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

_LONGEST = 2 * w.LONGEST_BODY
"""Characters of such a string on either side of a label."""
_UNIT = r"u[0-9A-Fa-f]{4}"
_PAIR_OF_UNITS = r"u[dD][89aAbB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
_ESCAPE = compiled(rf"\\(?:{_PAIR_OF_UNITS}|{_UNIT}|[\"\\/bfnrt])|[{w.ZERO_WIDTH}]")
_BEFORE = 4096
"""Characters before a string in which a body may have begun."""
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
_PAIR = compiled(r'"(?P<pair>\\u[^"\n]{5,80})"\s{0,9}:\s{0,9}"(?:[^"\\\n]|\\.){0,9000}+"')
_KEY = compiled("|".join((*w.LABELS.values(), *w.SYNONYMS.values(), *w.MISREAD.values())))
_FIELD = compiled(r'"[*_`~]{0,4}(?P<key>\\u[^"\n*_`~:]{5,80})[*_`~:]{0,6}\\n(?P<value>(?:[^"\\\n]|\\.){0,9000}+)"')
"""A label and its value below it in one string, as the fields of cards have them."""
_ANOTHER = compiled(rf"\n[^\w\n]{{0,12}}(?:{_KEY.pattern})")
_PAIR_OR_FIELD = compiled(f"{_PAIR.pattern}|{_FIELD.pattern}")
_WIDE = compiled(rf"\\(?:{_PAIR_OF_UNITS}|u(?!00[0-7])[0-9A-Fa-f]{{4}})")
_PROOF = compiled(
    rf"微 ?信 ?(?:服 ?务|伺 ?服|服 ?務) ?器|{w.OPENINGS[1]}|\d+ ?分 ?[钟鐘] ?\d+ ?次|{w.TYPE_NAME}"
    r"|\[(?:OpenID|Stamp|3rdUrl|transaction_id)="
)
_WHOLE = (
    compiled(rf"微信(?:服务|伺服|服務)器|{w.OPENINGS[1]}|{w.TYPE_NAME.replace(' ', '')}"),
    compiled(r"\d+分[钟鐘]\d+次"),
)
"""What an alarm has, without blanks, of which a program's source rarely has both."""


def found(text: str, label: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where JSON strings that hold an alarm stand, with their quotes. A body may quote an escaped label, too: only what
    reads as an alarm counts. `label`: one that is escaped, or behind an escaped line break."""
    at = 0
    ends = BodyEnds(text)
    for hit in label.finditer(text):
        if hit.start() < at:
            continue
        line = max(text.rfind("\n", max(at, hit.start() - _LONGEST), hit.start()) + 1, at, hit.start() - _LONGEST)
        stop = text.find("\n", hit.end(), hit.end() + _LONGEST)
        if stop < 0:  # no escape is cut in two: it ends before one, that of a line break if there is any
            stop = min(len(text), hit.end() + _LONGEST)
            stop = stop if stop == len(text) else max(text.rfind("\\n", hit.end(), stop), hit.end())
        start = _opening(text, line, hit.start())
        end = _closing(text, hit.end(), stop, text[start])
        mine = not _is_field(_FIELD.fullmatch(text, start, end)) and not _is_body(
            ends, max(at, start - _BEFORE), start, end, hit.start()
        )
        if mine and _proves(text[start:end]):
            yield start, end
        at = end


def pairs(text: str) -> Iterator[Edit]:
    """What to replace in documents whose keys are escaped labels: what is escaped in such a key and in its value."""
    if "\\u" not in text:
        return
    for pair in _PAIR_OR_FIELD.finditer(text):
        keyed = pair["pair"] and _KEY.fullmatch(_ESCAPE.sub(_decoded, pair["pair"]))
        if keyed or _is_field(pair):
            for escape in _WIDE.finditer(text, *pair.span()):
                yield Edit(*escape.span(), _decoded(escape))


def _is_field(string: re.Match[str] | None) -> bool:
    """Whether a string is one label with its value: an alarm whole in a string has others below it."""
    if string is None or string["key"] is None or not _KEY.fullmatch(_ESCAPE.sub(_decoded, string["key"])):
        return False
    return _ANOTHER.search(_ESCAPE.sub(_decoded, string["value"])) is None


def _proves(text: str) -> bool:
    """Whether a string holds an alarm, or a document that does."""
    for _ in range(4):
        text = _ESCAPE.sub(_decoded, text)
        if _PROOF.search(text) is not None:
            return True
        if "\\" not in text:
            break
    return False


def edits(text: str, start: int, end: int) -> Iterator[Edit]:
    """What to replace in one string; what stands around it belongs to no alarm."""
    border = f"\n{w.BORDER}\n"
    quote = text[start] if text[start] in "\"'" else '"'
    if text[start] == quote:
        yield Edit(start, start + 1, border)
        start += 1
    closed = end - 1 > start and text[end - 1] == quote and not _is_escaped(text, end - 1)
    yield from escapes(text, start, end - closed)
    if closed:
        yield Edit(end - 1, end, border)


def escapes(text: str, start: int, end: int) -> Iterator[Edit]:
    """The escapes of a JSON string in text[start:end], undone."""
    for match in _ESCAPE.finditer(text, start, end):
        yield Edit(match.start(), match.end(), _decoded(match))


def _is_body(ends: BodyEnds, first: int, start: int, end: int, hit: int) -> bool:
    """Whether a string stands in a body, which is left as it was printed, or in the quotes of a program."""
    text = ends.text
    quoted = text[start] in "\"'"
    if "'" in text[start:hit] and text[start] != '"':
        whole = "".join(_ESCAPE.sub(_decoded, text[start:end]).split())
        if not all(part.search(whole) for part in _WHOLE):
            return True
    before = start if quoted else hit
    key = max((text.rfind(f"[{key}=", first, before) for key in w.BODY_KEYS), default=-1)
    if key < 0:
        return False
    body = ends.end(text.index("=", key) + 1, before)
    return not body.closed and body.end == w.end_of(text, key, before)


def _opening(text: str, first: int, at: int) -> int:
    """The quote before an offset that is not escaped, without any one of Python that is no apostrophe, else `first`."""
    for quote in "\"'":
        place = at
        while (place := text.rfind(quote, first, place)) >= 0:
            if not _is_escaped(text, place) and (quote == '"' or not text[max(0, place - 1) : place].isalnum()):
                return place
    return first


def _closing(text: str, at: int, last: int, quote: str) -> int:
    """The end of the first such quote behind an offset that is not escaped, else `last`."""
    quote = quote if quote == "'" else '"'
    while (at := text.find(quote, at, last)) >= 0:
        at += 1
        if not _is_escaped(text, at - 1) and (quote == '"' or not text[at : at + 1].isalnum()):
            return at
    return last


def _is_escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before an offset."""
    before = text[max(0, at - 64) : at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _decoded(match: re.Match[str]) -> str:
    """The character of an escape, nothing for one of no width; half of a surrogate pair stays as printed."""
    escape = match[0]
    if escape[0] != "\\":
        return ""
    if escape[1] != "u":
        return _PLAIN.get(escape[1], escape[1])
    units = bytes.fromhex(escape.replace("\\u", ""))
    try:
        return units.decode("utf-16-be").strip(w.ZERO_WIDTH)
    except UnicodeDecodeError:
        return escape
