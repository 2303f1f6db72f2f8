"""Makes frozen records at the price of plain ones.

A frozen dataclass sets every field through object.__setattr__, which costs more than all the matching of an alarm. A
plain dataclass with the same slots is filled instead and then becomes the frozen one: `made.__class__ = Alarm`.
"""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from typing import Any


def plain_of(frozen: type[Any]) -> Any:
    """A plain dataclass with the fields of a frozen, slotted one, in the same order and without their defaults."""
    names = [(field.name, Any) for field in fields(frozen)]
    return make_dataclass(f"Plain{frozen.__name__}", names, slots=True, eq=False, repr=False)
