"""What a store is: it reads a row together with its own time, and writes one only if it is still as it was read. The
changes themselves are in row.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from wxalarm.tokens.row import Change, Row

COLUMNS = tuple(one.name for one in fields(Row))
"""Of the table, in order; `version` follows them."""
Clock = Callable[[], float]
TRIES = 20
"""Times that a change is tried again when another one came between."""


class StoreError(Exception):
    """The store cannot be reached, or did not answer as a store does. Its text holds no secret."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A row and the store's time at which it was read."""

    row: Row
    now: float


class Store(Protocol):
    """A place for rows. Each method raises StoreError when the store cannot be reached."""

    def read(self, name: str) -> tuple[Row, int, float]:
        """(the row, its version, the store's time). A row that is not there is an empty one of version 0."""
        ...

    def swap(self, row: Row, version: int) -> bool:
        """Write the row if its version is still this one: then it is one more. False: it is not."""
        ...

    def names(self) -> list[str]:
        """The names of all rows, in order."""
        ...

    def forgets(self) -> bool:
        """Whether a crash of the store can lose what it has confirmed."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def look(store: Store, name: str) -> Seen:
    """A row and the time."""
    row, _, now = store.read(name)
    return Seen(row, now)


def make(store: Store, name: str, change: Change) -> Seen | None:
    """Make a change; again on what stands there now when another came between. None: it may not be made."""
    for _ in range(TRIES):
        row, version, now = store.read(name)
        new = change(row, now)
        if new is None:
            return None
        if store.swap(new, version):
            return Seen(new, now)
    raise StoreError("contended")


def row_of(values: dict[str, Any]) -> Row:
    """A row from the columns of a database."""
    return Row(**{name: _typed(name, values[name]) for name in COLUMNS if values.get(name) is not None})


def read_of(name: str, found: Mapping[str, Any]) -> tuple[Row, int, float]:
    """What `Store.read` gives, from the line that schema.select gives: without a row only the time stands in it."""
    now = float(found["time_now"])
    return (Row(name), 0, now) if found["name"] is None else (row_of(dict(found)), int(found["version"]), now)


_TYPES: dict[str, Callable[[Any], Any]] = {
    one.name: {"str": str, "float": float, "int": int}.get(str(one.type), str) for one in fields(Row)
}


def _typed(name: str, value: Any) -> Any:
    return _TYPES[name](value)
