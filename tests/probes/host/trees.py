"""Recorded /proc and /sys trees: tests/fixtures/proc/base is a healthy server; a case holds only what differs from it.

<case>/later holds what differs at the second reading; <case>/expected.json the codes by check, none where not named.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.paths import FIXTURES
from wxalarm.probes.host import clock, cpu, disk, limits, memory, network, reading

TREES = FIXTURES / "proc"
CASES = sorted(path.parent.name for path in TREES.glob("*/expected.json"))
SECONDS = 2.0


@dataclass(frozen=True)
class Tree:
    """A case laid out: the root of the first reading and that of the later one."""

    first: Path
    later: Path
    expected: Mapping[str, list[str]]


def lay_out(case: str, folder: Path) -> Tree:
    """The case over the base, both readings."""
    first, later = folder / "first", folder / "later"
    for name in ("base", case):
        _over(TREES / name, first)
    for source in (first, TREES / "base" / "later", TREES / case / "later"):
        _over(source, later)
    return Tree(first, later, json.loads((TREES / case / "expected.json").read_text("utf-8")))


def _over(source: Path, target: Path) -> None:
    if source.is_dir():
        skip = shutil.ignore_patterns("expected.json", *(["later"] if source.parent == TREES else []))
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=skip)


def observe(first: Path, later: Path) -> dict[str, Any]:
    """What the probes make of two readings, by check."""
    one, two = str(first), str(later)
    return {
        "host-cpu": cpu.measure(cpu.read(None, one), cpu.read(None, two), SECONDS, None, two),
        "host-memory": memory.measure(memory.read(one), memory.read(two), SECONDS, None, two),
        "host-disk": disk.Disk((), disk.measure(disk.read(one), disk.read(two), SECONDS), reading.pressure("io", two)),
        "host-limits": limits.look(None, {80, 8080}, two),
        "host-network": network.measure(network.read(one), network.read(two), SECONDS, False, two),
        "host-clock": clock.look(two),
    }
