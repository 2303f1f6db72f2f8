"""JSON objects of a log: their scalars, and the decoding of some of their keys alone, once these were learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from wxalarm.logs.shipped import PREFIXED

Path = tuple[str, ...]
"""Keys from the outside to the inside, as they are spelled."""
Values = Callable[[bytes], tuple[Any, ...] | None]
"""The values of one line at learned places, None for one that is absent; None for a line of another form."""
_DEPTH = 4
MESSAGES = (
    "message",
    "msg",
    "content",
    "log",
    "event",
    "text",
    "short_message",
    "log_message",
    "body",
    "textpayload",
    "line",
)
"""Keys behind which loggers put what a program said."""
NGINX = b'] "'
"""What stands in every line of nginx's usual formats."""


def document(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line, behind what a container puts before it."""
    start = line.find(b"{", 0, PREFIXED)
    try:
        value = msgspec.json.decode(line[start:]) if start >= 0 else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def flat_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Scalars of a document and of those in it by their own key, lower case; the outermost of equal keys wins."""
    return dict(_scalars(document, _DEPTH))


def _scalars(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for item in value.values():
        if isinstance(item, Mapping) and depth:
            yield from _scalars(item, depth - 1)
    for key, item in value.items():
        if isinstance(item, (str, int, float)) and not isinstance(item, bool):
            yield key.lower(), str(item)


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
