"""Makes frozen records at the price of plain ones.

A frozen dataclass sets every field through object.__setattr__, which costs more than all the matching of an alarm. A
plain dataclass with the same slots is filled instead and then becomes the frozen one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def constructor(frozen: type[T]) -> Callable[..., T]:
    """A function that makes instances of a frozen, slotted dataclass from the values of all its fields, in order."""
    names = [(field.name, Any) for field in fields(frozen)]  # type: ignore[arg-type]  # T is a dataclass
    plain: Any = make_dataclass(f"Plain{frozen.__name__}", names, slots=True, eq=False, repr=False)

    def make(*values: Any) -> T:
        made: Any = plain(*values)
        made.__class__ = frozen
        return made  # type: ignore[no-any-return]  # it is one now

    return make
