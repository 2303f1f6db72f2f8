"""The known name that somebody meant who wrote another one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], count: int = 1, alike: float = 0.4) -> list[str]:
    """At most `count` of the known names, the most like one first. alike: 0 (anything) to 1 (the same)."""
    import difflib

    return difflib.get_close_matches(name, list(known), count, alike)
