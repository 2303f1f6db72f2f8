"""A log for tests of searching: it stands nowhere, so nothing can be read from it."""

from __future__ import annotations

from dataclasses import dataclass

from wxalarm.logs.place import Place


@dataclass
class Made:
    """A log that stands nowhere."""

    path: str = "made.log"

    def place(self, offset: int) -> Place:
        return Place(f"{self.path}@{offset}", "")
