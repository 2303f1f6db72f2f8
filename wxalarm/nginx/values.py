"""Times and sizes as nginx writes them."""

from __future__ import annotations

import re

_SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_TIME = re.compile(r"(\d{1,9})(ms|[smhdwMy]?)")
_SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}


def seconds(text: str) -> float | None:
    """A time of nginx ("5", "90s", "1m 30s", "500ms") in seconds; None when it is none."""
    parts = text.replace(" ", "")
    matches = list(_TIME.finditer(parts))
    if not matches or "".join(match[0] for match in matches) != parts:
        return None
    return sum(int(match[1]) * _SECONDS[match[2]] for match in matches)


def size(text: str) -> int | None:
    """A size of nginx ("8k", "1m") in bytes; None when it is none."""
    match = re.fullmatch(r"(\d{1,15})([kKmMgG]?)", text)
    return int(match[1]) * _SIZES[match[2].lower()] if match else None
