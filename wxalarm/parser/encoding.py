"""Bytes of unknown encoding → text, whole or in parts. Sans-IO.

A byte order mark decides; else UTF-16 by its zero bytes or by a label; else UTF-8; else GB18030, which Windows Notepad
writes in China. Nothing is refused: bytes that fit no encoding come out as lone surrogates or U+FFFD.
"""

from __future__ import annotations

import codecs

from wxalarm.parser.words import HAN_LABELS
from wxalarm.patterns import compiled

HEAD = 4096
"""Bytes that decide whether a text without a byte order mark is UTF-16."""
BOM = codecs.BOM_UTF8
_BOMS = (
    (BOM, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_ASCII = compiled(rb"[\x80-\xff]")
_ESCAPED = compiled("[\ud800-\udfff]")
_WIDE = compiled("[^\x00-\x7f\ud800-\udfff]")


def decode(data: bytes) -> str:
    """The text of some bytes, without a byte order mark. Never raises."""
    codec = encoding_of(data)
    return data.decode(codec, _errors(codec))


def encoding_of(data: bytes, *, final: bool = True) -> str:
    """The codec of some bytes; `final` is False when more follow, so that the last character may be cut."""
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return codec
    if wide := _utf16(data[:HEAD]):
        return wide
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(data, final)
    bad = len(_ESCAPED.findall(text))
    # A few broken bytes are damage, not another encoding; GB18030 read as UTF-8 is broken nearly everywhere.
    if bad == 0 or bad < len(_WIDE.findall(text)) or any(label in text for label in HAN_LABELS):
        return "utf-8"
    gb = codecs.getincrementaldecoder("gb18030")("replace").decode(data, final)
    return "gb18030" if gb.count("\ufffd") * 4 < bad else "utf-8"


def _utf16(head: bytes) -> str | None:
    """utf-16-le or utf-16-be for text without a byte order mark: ASCII leaves zero bytes on one side only."""
    if len(head) < 2:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) // 16 and odd > 8 * even:
        return "utf-16-le"
    if even > len(head) // 16 and even > 8 * odd:
        return "utf-16-be"
    if even == odd == 0:
        return None
    for codec in ("utf-16-le", "utf-16-be"):
        if any((at := head.find(label.encode(codec))) >= 0 and at % 2 == 0 for label in HAN_LABELS):
            return codec
    return None


def _errors(codec: str) -> str:
    return "surrogateescape" if codec.startswith("utf-8") else "replace"


class Decoder:
    """Decodes a stream in parts. Leading ASCII decides nothing: the first part with other bytes does."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = None
        self._held = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text of the next bytes; characters cut by the end of a part come with the next one."""
        if self._decoder is None:
            data, self._held = self._held + data, b""
            if not final and len(data) < HEAD:
                self._held = data
                return ""
            ascii_only = _NOT_ASCII.search(data) is None
            if ascii_only and not final and _utf16(data[:HEAD]) is None:
                return data.decode("ascii")
            codec = encoding_of(data, final=final)
            self._decoder = codecs.getincrementaldecoder(codec)(_errors(codec))
        return self._decoder.decode(data, final)
