"""Characters that a reader does not see, or takes for others: blanks, zero-width ones, full-width ones. By name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

MOST = 3
"""Characters that are named."""
_BLANK = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
"""Categories of Unicode whose characters show nothing of their own."""
_CONTROLS = {"\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN"}
"""Unicode has no names for them."""


def unlike(old: str, new: str) -> list[str]:
    """What an old text has otherwise than a new one, by name and place (line:column), when nobody can see it: then the
    two look alike. Empty when they differ visibly."""
    places, at = [], 0
    for place, char in enumerate(old):
        if at < len(new) and new[at] == char:
            at += 1
        elif not _unseen(char):
            return []
        else:
            places.append(place)
            plain = unicodedata.normalize("NFKC", char)
            at += len(plain) if new.startswith(plain, at) else 0
    return list(_named(old, places)) if at == len(new) else []


def taken_for(text: str) -> str:
    """What a reader takes the text for: without blanks and zero-width characters, full-width letters as plain ones."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) not in _BLANK)


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in _BLANK or unicodedata.normalize("NFKC", char) != char


def _named(text: str, places: Sequence[int]) -> Iterator[str]:
    """Each character once, at its first place."""
    first = {text[at]: at for at in reversed(places)}
    for number, (char, at) in enumerate(sorted(first.items(), key=lambda item: item[1])):
        if number == MOST:
            yield "…"
            return
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        yield f"U+{ord(char):04X} {_CONTROLS.get(char) or unicodedata.name(char, 'CONTROL')} ({line}:{column})"
