"""Each of many faults, switched on and off in a network namespace, is alarmed once on and once off, by its name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import msgspec
import pytest

from tests.lab.worlds import UNSHARE, missing
from tests.paths import ROOT
from tests.watch.faults import CASES, RULE, Told

pytestmark = [
    pytest.mark.netns,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Told]:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}  # no store of this user's is judged
    command = [*UNSHARE, sys.executable, "-m", "tests.watch.faults"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout, type=dict[str, Told])


def test_there_are_enough() -> None:
    assert len(CASES) >= 15


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_alarmed_once_on_and_once_off_by_its_name(name: str, told: Mapping[str, Told]) -> None:
    case, found = CASES[name], told[name]
    states = "\n".join(found.states)
    assert len(found.messages) == 2, states
    (on, when, *what), (off, then, *end) = found.messages
    assert what == ["worse", case.state, case.code], states
    assert end == ["better", "up", None], states
    assert (on, off) == (1, 2), states
    assert RULE.bad <= when <= RULE.bad + 1, states
    assert RULE.good <= then <= RULE.good + 1, states
