"""What of a log line may be shown: bounded, and never a signature."""

from __future__ import annotations

import re

from wxalarm.patterns import later

MAX_SHOWN = 1000
"""Characters of a line that is kept as evidence."""
_SIGNATURE = re.compile(
    r"(signature[\"']?[=:]\s?[\"']?|(?:access_token|app_?secret|[?&]secret)[\"']?[=:]\s?[\"']?)[^&\s\"',}]+",
    re.IGNORECASE,
)


_COLOUR = later(r"\x1b\[[0-9;]*m")


def shown(line: bytes) -> str:
    """A line as text without its line break and colours, cut to MAX_SHOWN, the values of signatures and tokens replaced
    by …"""
    text = line[: 4 * MAX_SHOWN].decode("utf-8", "replace").rstrip("\r\n")
    text = _COLOUR.sub("", text) if "\x1b" in text else text
    text = _SIGNATURE.sub(r"\1…", text)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
