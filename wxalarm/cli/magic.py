"""What a file is by its first bytes, when it is a picture in place of text."""

from __future__ import annotations

MAGIC = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WebP", b"BM": "BMP", b"%PDF": "PDF"}
"""How a picture begins. WebP has its name behind the length."""


def picture(head: bytes) -> str | None:
    """The kind of a picture, by its first 12 bytes; None for what is none."""
    kind = next((name for begin, name in MAGIC.items() if head.startswith(begin)), None)
    if kind == "WebP" and head[8:12] != b"WEBP":
        return None
    return None if kind == "BMP" and head[6:10] != bytes(4) else kind
