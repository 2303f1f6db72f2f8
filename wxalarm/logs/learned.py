"""Lines of JSON by keys that were learned once: only these are decoded, the rest of each line is passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

Path = tuple[str, ...]
"""Keys from the outside to the inside, as they are spelled."""
Values = Callable[[bytes], tuple[Any, ...] | None]
"""The values of one line at learned places, None for one that is absent; None for a line of another form."""
_DEPTH = 4


def paths(document: Mapping[str, Any], depth: int = _DEPTH) -> dict[str, Path]:
    """Where the scalars of a document stand, by their own key in lower case; the outermost of equal keys wins."""
    found: dict[str, Path] = {}
    for key, value in document.items():
        if isinstance(value, Mapping) and depth:
            found |= {name: (key, *path) for name, path in paths(value, depth - 1).items()}
    for key, value in document.items():
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            found[key.lower()] = (key,)
    return found


def decoder(places: Sequence[Path]) -> Values:
    """Decodes the values at some places of a line."""
    tree: dict[str, Any] = {}
    for path in places:
        at = tree
        for key in path:
            at = at.setdefault(key, {})
    decode = msgspec.json.Decoder(_struct(tree), strict=False).decode
    getters = [_getter(path, tree) for path in places]

    def values(line: bytes) -> tuple[Any, ...] | None:
        try:
            found = decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None
        return tuple([getter(found) for getter in getters])

    return values


def _struct(tree: Mapping[str, Any]) -> type[Any]:
    fields = [
        (f"f{number}", (_struct(inner) | None) if inner else Any, None) for number, inner in enumerate(tree.values())
    ]
    names = {f"f{number}": key for number, key in enumerate(tree)}
    return msgspec.defstruct("Line", fields, rename=names, gc=False)


def _getter(path: Path, tree: Mapping[str, Any]) -> Callable[[Any], Any]:
    names = []
    for key in path:
        names.append(f"f{list(tree).index(key)}")
        tree = tree[key]
    if len(names) == 1:
        (only,) = names
        return lambda found: getattr(found, only)

    def inside(found: Any) -> Any:
        for name in names:
            if found is None:
                return None
            found = getattr(found, name)
        return found

    return inside
