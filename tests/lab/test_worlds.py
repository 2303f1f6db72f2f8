"""Worlds with two faults or three, and worlds with none: the right cause is named, live and from the saved case.

The worlds are data in faults.py, healthy.py and mixed.py, each with the verdict that is right and why; worlds.py stages
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import pytest

from tests.lab import faults, healthy, mixed
from tests.lab.stage import World
from tests.lab.worlds import Verdict, inside, missing, wrong

STAGED = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def said(runs: Iterable[tuple[str, str]]) -> dict[str, Verdict]:
    """What is said of all worlds of some modules (or parts of them), staged side by side."""
    running = [inside(module, part) for module, part in runs]
    ended = [(process, *process.communicate()) for process in running]  # none is left running when one of them fails
    found: list[Verdict] = []
    for process, out, errors in ended:
        assert process.returncode == 0, errors.decode()
        found += msgspec.json.decode(out, type=list[Verdict])
    return {one.world: one for one in found}


@pytest.fixture(scope="module")
def verdicts() -> Mapping[str, Verdict]:
    return said(
        [(faults.__name__, "1/2"), (faults.__name__, "2/2"), (healthy.__name__, "1/1"), (mixed.__name__, "1/1")]
    )


@pytest.mark.netns
@pytest.mark.slow
@STAGED
@pytest.mark.parametrize("world", faults.WORLDS, ids=lambda world: world.name)
def test_the_cause_is_the_right_one_of_two(world: World, verdicts: Mapping[str, Verdict]) -> None:
    found = verdicts[world.name]
    assert wrong(world, found) == [], f"{world.why}\n{found.chain}\n{found.found}"


@pytest.mark.netns
@pytest.mark.slow
@STAGED
@pytest.mark.parametrize("world", healthy.WORLDS, ids=lambda world: world.name)
def test_nothing_is_blamed_where_nothing_is_wrong(world: World, verdicts: Mapping[str, Verdict]) -> None:
    found = verdicts[world.name]
    assert wrong(world, found) == [], f"{world.why}\n{found.chain}\n{found.found}"
    assert [line for line in found.found if " error " in line] == []


@pytest.mark.netns
@pytest.mark.slow
@STAGED
@pytest.mark.parametrize("world", mixed.WORLDS, ids=lambda world: world.name)
def test_the_cause_is_the_right_one_of_three_at_random(world: World, verdicts: Mapping[str, Verdict]) -> None:
    found = verdicts[world.name]
    assert wrong(world, found) == [], f"{world.why}\n{found.chain}\n{found.found}"


def test_there_are_enough_worlds_and_each_says_why() -> None:
    assert len(faults.WORLDS) >= 60
    assert len(healthy.WORLDS) >= 20
    names = [world.name for world in (*faults.WORLDS, *healthy.WORLDS)]
    assert len(set(names)) == len(names)
    assert all(world.why.endswith(".") for world in (*faults.WORLDS, *healthy.WORLDS))
    assert all(world.root is None and world.exit in (0, 3, None) for world in healthy.WORLDS)
