"""What two answers of one program share: their text without what varies from push to push."""

from __future__ import annotations

import functools
import re

_VARIES = (
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)"  # what the program put in
    r"|(?<![A-Za-z0-9_-])(?:[A-Za-z_-]*+[0-9][A-Za-z0-9_-]*+|[0-9a-fA-F]{8,}+(?![A-Za-z0-9_-]))"  # numbers, ids, hex
)
MARK = "#"
"""Stands for whatever varies."""
KEPT = 4096
"""Shapes of texts that are remembered: most answers of an incident are letter for letter the same."""


class Shapes:
    """Gives the shape of a text; remembers the last texts it was asked for."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, text: str | None) -> str | None:
        """The shape of a body; None for none."""
        if text is None:
            return None
        shape = self._known.get(text)
        if shape is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            shape = self._known[text] = shape_of(text)
        return shape


@functools.cache
def _varies() -> re.Pattern[str]:
    return re.compile(_VARIES, re.DOTALL)  # most alarms have no body


def shape_of(text: str) -> str:
    """The text with every number, id, hexadecimal value and CDATA section blanked, and its blanks folded."""
    return " ".join(_varies().sub(MARK, text).split())
