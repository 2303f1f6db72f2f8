"""The targets of `make fuzz` take their seeds, and every input that once broke a promise."""

from __future__ import annotations

import pytest

from fuzz.targets import FINDS, TARGETS, seeds


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_and_finds_keep_the_promises(target: str) -> None:
    inputs = [*seeds(target), *(path.read_bytes() for path in sorted((FINDS / target).glob("*")))]
    assert inputs
    for data in inputs:
        TARGETS[target](data)


def test_every_find_is_of_a_target() -> None:
    assert {folder.name for folder in FINDS.iterdir()} <= set(TARGETS)
