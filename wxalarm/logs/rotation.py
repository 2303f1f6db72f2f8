"""Which files are one log that was rotated: by their names, the newest first. Sans-IO."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Compiled when a log is read.
_PACKED = r"(?i)\.(?:gz|zst|bz2|xz)$"
_NUMBER = r"(.+)[.-](\d{1,3})$"
_DATE = r"(.+?)[._-](\d{4}[-._]?\d\d[-._]?\d\d(?:[-_T.:]?\d+)*)(\.log)?$"


def series(paths: Sequence[str]) -> list[list[str]]:
    """The paths by the log they are parts of, the newest first: each part ends where the next newer one begins.

    A number or a date behind the name of a log says so; web-1.gz and web-2.gz may be two servers, and stand alone.
    """
    plain = {re.sub(_PACKED, "", path) for path in paths}
    parts: dict[tuple[str, str], list[tuple[tuple[int, str], str]]] = {}
    for path in dict.fromkeys(paths):
        name = re.sub(_PACKED, "", path)
        if (number := re.match(_NUMBER, name)) and (number[1] in plain or number[1].endswith(".log")):
            key, order = (number[1], "number"), (-int(number[2]), "")
        elif date := re.match(_DATE, name):
            key, order = (date[1] + (date[3] or ""), "date"), (0, re.sub(r"\D", "", date[2]))
        else:
            key, order = (name, ""), (1, "")
        parts.setdefault(key, []).append((order, path))
    for key in [key for key in parts if not key[1]]:  # the part that is being written
        ways = [(key[0], way) for way in ("number", "date") if (key[0], way) in parts]
        if ways:
            parts[ways[0]] += parts.pop(key)
    return [[path for _, path in sorted(found, reverse=True)] for found in parts.values()]
