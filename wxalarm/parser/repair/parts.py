"""The numbered parts in which a gateway sends a long text, as SMS: put together, without what stands between them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from wxalarm.parser.repair.maps import Edit
from wxalarm.patterns import compiled

PART = compiled(r"(?:(?<=\n)|(?<![^\n]))[^\n(（]{0,40}[(（](?P<number>\d{1,2})/(?P<of>\d{1,2})[)）]")
_BETWEEN = 400
"""Characters from the end of a part to the beginning of the next: who sent it, and when."""


def edits(text: str) -> Iterator[Edit]:
    """The edits that join the parts of each text that has all of them in order."""
    run: list[re.Match[str]] = []
    for part in PART.finditer(text):
        number, count = int(part["number"]), int(part["of"])
        near = bool(run) and part.start() - _end(text, run[-1]) <= _BETWEEN
        goes_on = near and (number, count) == (int(run[-1]["number"]) + 1, int(run[-1]["of"]))
        run = [*run, part] if goes_on else [part] if number == 1 else []
        if run and len(run) == count > 1:
            yield Edit(*run[0].span(), "")
            for before, after in itertools.pairwise(run):
                yield Edit(_end(text, before), after.end(), "")
            run = []


def _end(text: str, part: re.Match[str]) -> int:
    """Where the line of a part ends."""
    end = text.find("\n", part.end())
    end = end if end >= 0 else len(text)
    return end - text.endswith("\r", part.end(), end)
