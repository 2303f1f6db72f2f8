"""The JSON Schemas of what the commands write and read."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable


def schemas(lang: str) -> dict[str, Traversable]:
    """Every schema that the package has, by its name; that of wxalarm.toml has its sentences in the language."""
    package = resources.files("wxalarm")
    places = (package / "render" / "schemas", package / "schemas", package / "watch")
    found: dict[str, Traversable] = {}
    for file in (file for place in places for file in place.iterdir() if file.name.endswith(".json")):
        stem, _, spoken = file.name.removesuffix(".json").partition(".")
        if spoken in ("", lang):
            found[stem.removesuffix("-1") if stem != "alarm" else "watch-alarm"] = file
    return dict(sorted(found.items()))
