r"""How a text can be spelled so that no pattern sees what is in it, and what it says: %6F, \u006f, &#111;, =6F, base64.

`layers` undoes one spelling after another and knows where each character came from. No judgement of what is a secret.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator

DEPTH = 6
"""Spellings around each other that are undone: percent in JSON in JSON in HTML."""
UNPACKED = 1 << 20
"""Bytes of a compressed or encoded part that are looked at."""
_NAMES = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "colon": ":", "equals": "=", "period": ".", "sol": "/",
    "lowbar": "_", "hyphen": "-", "dash": "-", "num": "#", "percnt": "%", "plus": "+", "commat": "@", "semi": ";",
    "comma": ",", "nbsp": " ", "Tab": "\t", "NewLine": "\n", "lpar": "(", "rpar": ")", "lsqb": "[", "rsqb": "]",
    "lbrack": "[", "rbrack": "]", "lcub": "{", "rcub": "}", "quest": "?", "excl": "!", "dollar": "$", "ast": "*",
    "bsol": "\\", "verbar": "|",
}  # fmt: skip
_ESCAPE = re.compile(
    r"((?:%[C-Fc-f][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){1,3})|(?:\\x[C-Fc-f][0-9A-Fa-f](?:\\x[89ABab][0-9A-Fa-f]){1,3})"
    r"|(?:\\3[0-7]{2}(?:\\2[0-7]{2}){1,3}))"
    r"|%u([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|\\u\{([0-9A-Fa-f]{1,6})\}|\\x([0-9A-Fa-f]{2})"
    r"|\\([0-3][0-7]{2})|\\([^0-9A-Za-z\s]|[nrt])|&#0{0,9}([0-9]{1,7});?|&#[xX]0{0,9}([0-9A-Fa-f]{1,6});?"
    r"|&([A-Za-z]{2,8});|\x00|\]\]>\s{0,9}<!\[CDATA\["
)
_UTF8, _OCTAL, _CHARACTER, _DECIMAL, _NAME = 1, 7, 8, 9, 11
_ONE_OCTET = (3, 6, 7)
_OCTET = re.compile(r"[%x]([0-9A-Fa-f]{2})|\\([23][0-7]{2})")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_SIGNS = ("%", "\\", "&", "\x00", "]]><![CDATA[")
_PRINTABLE = re.compile(r"((?:=[C-Fc-f][0-9A-Fa-f](?:=[89ABab][0-9A-Fa-f]){1,3})|=[0-9A-Fa-f]{2})|=\r?\n")
_SIGN_OF_PRINTABLE = re.compile(r"=(?:3[Dd]|2[02Cc]|0[ADad]|(?<=[^\r\n]{60}=)\r?\n|[0-9A-Fa-f]{2}=[0-9A-Fa-f]{2})")
"""Each begins with its sign: what looks behind or ahead at every place takes a thousand times as long."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
BLOB = re.compile(r"(?:[A-Za-z0-9+/_-]{60,}+\r?\n){0,999}[A-Za-z0-9+/_-]{16,}+={0,2}")
"""What may be base64, base64url or hex, over several lines too."""
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}|" + BLOB.pattern)
"""The same for a value that is masked anyway: shorter, too."""
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")


class Layer:
    """A text with some spellings undone, and the way back to the text as given."""

    __slots__ = ("_back", "_begins", "_ends", "text")

    def __init__(self, text: str, back: tuple[Callable[[int, bool], int], ...] = ()) -> None:
        self.text, self._back = text, back
        self._begins: list[int] = []
        self._ends: list[int] = []

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where text[start:end] stands in the text as given. The rest of an escape (3D of %3D) is no part of it."""
        place = bisect_right(self._begins, start - 1) - 1
        if place >= 0 and self._ends[place] > start:
            start = min(end, self._ends[place])
        for back in reversed(self._back):
            start, end = back(start, False), back(end, True)
        return start, end

    def undone(self, pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str]) -> Layer:
        """The layer with every match of a spelling replaced by what it means; itself when there is none."""
        parts: list[str] = []
        here, below, gone = [0], [0], [False]
        at = length = 0
        for match in pattern.finditer(self.text):
            said = meaning(match)
            if said == match[0]:
                continue
            parts += (self.text[at : match.start()], said)
            length += match.start() - at + len(said)
            at = match.end()
            self._begins.append(match.start())
            self._ends.append(at)
            here.append(length)
            below.append(at)
            gone.append(not said)
        if not parts:
            return self
        parts.append(self.text[at:])

        def back(offset: int, end: bool) -> int:
            place = bisect_right(here, offset) - 1
            while end and place and gone[place] and here[place] == offset:
                place -= 1
            return below[place] + offset - here[place]

        return Layer("".join(parts), (*self._back, back))


def layers(text: str) -> list[Layer]:
    """The text as it is, then with one spelling after another undone, until nothing is left to undo."""
    first = Layer(text)
    made = [first, *_escapes(first)]
    if "=" in text and _SIGN_OF_PRINTABLE.search(text):
        printable = Layer(text).undone(_PRINTABLE, _printable)
        made += [printable, *_escapes(printable)]
    return made


def _escapes(layer: Layer) -> Iterator[Layer]:
    for _ in range(DEPTH):
        if not any(sign in layer.text for sign in _SIGNS):
            return
        below, layer = layer, layer.undone(_ESCAPE, _meaning)
        if layer is below:
            return
        yield layer


def plain(text: str) -> str:
    """What a value says with all its spellings undone: the same for all spellings of one value."""
    if "=" in text and _SIGN_OF_PRINTABLE.search(text):
        text = _PRINTABLE.sub(_printable, text)
    for _ in range(DEPTH):
        if not any(sign in text for sign in _SIGNS):
            break
        text = _ESCAPE.sub(_meaning, text)
    for _ in range(DEPTH):
        if (inner := _ENCODED.fullmatch(text) and unpacked(text)) is None or not inner:
            break
        text = inner.strip()
    return text


def _meaning(match: re.Match[str]) -> str:
    group = match.lastindex
    if group is None:
        return ""
    said = match[group]
    if group == _UTF8:
        octets = [
            int(octet, 8 if octet[0] in "23" and len(octet) == 3 else 16)
            for octet in map("".join, _OCTET.findall(said))
        ]
        return bytes(octets).decode("utf-8", "replace")[:1]
    if group == _CHARACTER:
        return _CONTROLS.get(said, said)
    if group == _NAME:
        return _NAMES.get(said, match[0])
    code = int(said, 8 if group == _OCTAL else 10 if group == _DECIMAL else 16)
    if code >= 0x80 and group in _ONE_OCTET:
        return "\ufffd"  # a part of a character in UTF-8: no letter, no digit
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def _printable(match: re.Match[str]) -> str:
    if match[1] is None:
        return ""
    return bytes.fromhex(match[1].replace("=", "")).decode("utf-8", "replace")[:1]


def unpacked(run: str) -> str | None:
    """The text in hex, base64 or base64url; None when it holds none."""
    if len(run) > 2 * UNPACKED:
        return None
    run = run.replace("\r", "").replace("\n", "").rstrip("=")
    if _HEX.fullmatch(run) and (found := text_of(bytes.fromhex(run))) is not None:
        return found
    run = run.translate({45: 43, 95: 47})
    run = run[:-1] if len(run) % 4 == 1 else run
    try:
        return text_of(base64.b64decode(run + "=" * (-len(run) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def text_of(data: bytes) -> str | None:
    """The text that bytes are in UTF-8 or UTF-16; None when they are none, or too short to tell."""
    codec = utf16_of(data)
    text = data.decode(codec or "utf-8", "replace")
    return text if len(text) > 5 and len(_NO_TEXT.findall(text)) * 25 <= len(text) else None


def utf16_of(data: bytes) -> str | None:
    """The codec of bytes that are UTF-16: a mark at the beginning says so, else zeros at every other place do."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16-le" if data[0] == 0xFF else "utf-16-be"
        return codec if b"\x00" in data[:256] or len(data) % 2 == 0 else None
    half = len(data) // 2
    if half < 3 or b"\x00" not in data[:64]:
        return None
    even, odd = data[0 : 2 * half : 2].count(0), data[1 : 2 * half : 2].count(0)
    if max(even, odd) * 2 < half or min(even, odd) * 8 > half:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def inflated(data: bytes) -> bytes | None:
    """The bytes in gzip or zlib, bounded; None when it is neither."""
    if data[:1] not in (b"\x1f", b"\x78"):
        return None
    try:
        return zlib.decompressobj(47).decompress(data, UNPACKED)
    except zlib.error:
        return None
