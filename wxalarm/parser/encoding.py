"""Bytes of unknown encoding → text. What Windows Notepad, chat exports and web pages give; nothing is ever lost."""

from __future__ import annotations

BOM = b"\xef\xbb\xbf"


def decode(data: bytes) -> str:
    """Text of unknown encoding: a byte order mark decides, else UTF-8, else UTF-16 by its zero bytes, else GB18030
    (what Windows Notepad writes in China); bytes that fit none are kept as lone surrogates, nothing is lost."""
    codec = encoding_of(data)
    return data.decode(codec, "surrogateescape" if codec.startswith("utf-8") else "replace")


def encoding_of(data: bytes) -> str:
    """The codec that `decode` uses."""
    if data.startswith(BOM):
        return "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[:4096]
    if len(head) >= 2 and head.count(0) > len(head) // 8:
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    for codec in ("utf-8", "gb18030"):
        try:
            data.decode(codec)
        except UnicodeDecodeError:
            continue
        return codec
    return "utf-8"
