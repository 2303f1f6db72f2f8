"""The tables of a TOML text, each parsed when it is first asked for: of a catalogue's five hundred a run needs a few.

For texts of ours only: a table's header stands alone on its line, and no array of tables is used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Part = tuple[tuple[str, ...], str]
"""A table's name and the text of its own pairs."""


def tables(text: str) -> Mapping[str, Any]:
    """What tomllib.loads gives, later: a part that is no TOML raises TOMLDecodeError when it is asked for."""
    parts: list[Part] = []
    for piece in f"\n{text}".split("\n["):
        if parts and parts[-1][1].count("'''") % 2:  # "[" within a text of several lines
            name, body = parts.pop()
            parts.append((name, f"{body}\n[{piece}"))
        elif parts:
            header, _, body = piece.partition("]\n")
            parts.append((tuple(header.split(".")), body))
        else:
            parts.append(((), piece))
    return _Table(parts)


class _Table(Mapping[str, Any]):
    def __init__(self, parts: Sequence[Part]) -> None:
        self._own = "".join(body for name, body in parts if not name)
        self._below: dict[str, list[Part]] = {}
        for name, body in parts:
            if name:
                self._below.setdefault(name[0], []).append((name[1:], body))
        self._read: dict[str, Any] | None = None

    def _values(self) -> dict[str, Any]:
        if self._read is None:
            below = {name: _Table(parts) for name, parts in self._below.items()}
            self._read = {**tomllib.loads(self._own), **below}
        return self._read

    def __getitem__(self, name: str) -> Any:
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())
