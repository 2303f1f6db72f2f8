"""Writes the CycloneDX 1.6 bill of materials of wxalarm as it is installed here: offline, from the installed metadata.

A program of its own: `make sbom`, or python requirements/sbom.py > sbom.json with the interpreter that has wxalarm.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement


def name_of(text: str) -> str:
    """A project's one name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", text).lower()


def needs(name: str) -> list[str]:
    """What an installed project needs here, extras aside; what is not installed is not part of it."""
    found = []
    for line in metadata.distribution(name).requires or ():
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            try:
                metadata.distribution(wanted.name)
            except metadata.PackageNotFoundError:
                continue
            found.append(name_of(wanted.name))
    return sorted(set(found))


def component(name: str) -> dict[str, Any]:
    """One project."""
    about = metadata.metadata(name)
    place = f"pkg:pypi/{name}@{about['Version']}"
    said: dict[str, Any] = {
        "type": "library",
        "bom-ref": place,
        "name": name,
        "version": about["Version"],
        "purl": place,
    }
    if (license_ := about.get("License-Expression")) is not None:
        said["licenses"] = [{"expression": license_}]
    return said


def bill(root: str = "wxalarm") -> dict[str, Any]:
    """The bill of a project and of all that it needs."""
    graph: dict[str, list[str]] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in graph:
            graph[name] = needs(name)
            waiting += graph[name]
    parts = {name: component(name) for name in sorted(graph)}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": parts[root] | {"type": "application"}},
        "components": [part for name, part in parts.items() if name != root],
        "dependencies": [
            {"ref": parts[name]["bom-ref"], "dependsOn": [parts[one]["bom-ref"] for one in graph[name]]}
            for name in parts
        ],
    }


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=1)
    sys.stdout.write("\n")
