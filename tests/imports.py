"""Which module of a package imports which, read from the source: no module is loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, frozenset[str]]


def graph_of(root: Path) -> Graph:
    """All modules of the package in the folder `root`, dotted, and what each imports of it.

    Every import counts: at the top, inside a function, under TYPE_CHECKING. `from a.b import c` is one of the module
    a.b.c where that is a module, else of a.b. Importing a.b.c also runs the __init__ of a and of a.b: that is an edge
    for a module outside that package; for one inside it has begun already, whoever is asked for first. So a package
    may gather its own modules in its __init__, as a registry does; they may not import a name from there in turn.
    """
    files = {_dotted(path, root): path for path in root.rglob("*.py")}
    return {name: frozenset(_needed(name, path, files)) for name, path in sorted(files.items())}


def imported(path: Path) -> Iterator[str]:
    """Every name that a file imports, dotted: a module, or something in one."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _dotted(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _needed(name: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for found in imported(path):
        module = found if found in files else found.rpartition(".")[0]
        if module not in files:
            continue
        yield module
        while package := module.rpartition(".")[0]:
            if not f"{name}.".startswith(f"{package}."):
                yield package
            module = package


def rings(graph: Graph) -> list[list[str]]:
    """The strongly connected components that are cycles: of several nodes, or of one that leads to itself (Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            ring = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(ring) > 1 or node in graph[node]:
                found.append(sorted(ring))

    for node in graph:
        if node not in order:
            visit(node)
    return found


def rooms_of(graph: Graph, package: str) -> Graph:
    """The graph of what stands directly in a package: its modules, its packages as one node each, its __init__."""

    def room(module: str) -> str | None:
        if module == package:
            return package
        return module.removeprefix(f"{package}.").partition(".")[0] if module.startswith(f"{package}.") else None

    rooms: dict[str, set[str]] = {}
    for module, needed in graph.items():
        mine = room(module)
        if mine is not None:
            rooms.setdefault(mine, set()).update(other for name in needed if (other := room(name)) not in (None, mine))
    return {name: frozenset(needed) for name, needed in rooms.items()}
