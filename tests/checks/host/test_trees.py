"""The checks on recorded trees, and on trees that are cut, missing or full of nonsense."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probes.host.trees import CASES, Tree, lay_out, observe
from tests.support import context_of
from wxalarm.checks import HOST

BY_ID = {check.id: check for check in HOST}


TARGET = {"url": "http://wx.example.com/callback", "host": "wx.example.com", "port": 80, "path": "/callback"}


@pytest.mark.parametrize("case", CASES)
def test_tree_gives_its_codes(case: str, tmp_path: Path) -> None:
    tree = lay_out(case, tmp_path)
    ctx = context_of({"target": TARGET})
    for check, observation in observe(tree.first, tree.later).items():
        found = [finding.code.id for finding in BY_ID[check].evaluate(observation, ctx)]
        assert found == tree.expected.get(check, []), check


def test_every_code_of_the_machine_has_a_tree_where_a_tree_can_show_it(tmp_path: Path) -> None:
    shown = {code for case in CASES for codes in lay_out(case, tmp_path / case).expected.values() for code in codes}
    elsewhere = {"disk-full", "burst-capacity", "clock-skew", "clock-unsynchronised"}  # statvfs, the alarm, adjtimex
    assert {code.id for check in HOST for code in check.codes} - shown == elsewhere


def judge_all(first: Path, later: Path) -> None:
    """Whatever the files hold: observations and findings, no exception."""
    ctx = context_of({"target": TARGET, "alarm": {"window_minutes": 5, "count": 17880}})
    for check, observation in observe(first, later).items():
        list(BY_ID[check].evaluate(observation, ctx))


def test_nothing_there_gives_nothing(tmp_path: Path) -> None:
    seen = observe(tmp_path, tmp_path)
    ctx = context_of({"target": TARGET})
    assert [finding for check, one in seen.items() for finding in BY_ID[check].evaluate(one, ctx)] == []


@pytest.mark.parametrize("seed", range(20))
def test_cut_and_missing_files_are_no_error(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    tree = lay_out(CASES[seed % len(CASES)], tmp_path)
    for root in (tree.first, tree.later):
        for path in sorted(root.rglob("*")):
            if not path.is_file():
                continue
            kind = chance.random()
            data = path.read_bytes()
            if kind < 0.2:
                path.unlink()
            elif kind < 0.5:
                path.write_bytes(data[: chance.randrange(len(data) + 1)])
            elif kind < 0.6:
                path.write_bytes(bytes(chance.randrange(256) for _ in range(200)))
            elif kind < 0.7:
                lines = data.split(b"\n")
                chance.shuffle(lines)
                path.write_bytes(b"\n".join(lines))
    judge_all(tree.first, tree.later)


FILES = (
    *("proc/stat", "proc/loadavg", "proc/meminfo", "proc/vmstat", "proc/pressure/cpu", "proc/diskstats"),
    *("proc/net/tcp", "proc/net/tcp6", "proc/net/netstat", "proc/self/cgroup", "proc/sys/fs/file-nr"),
    *("proc/812/limits", "proc/812/cmdline", "proc/812/status", "proc/812/fd_count"),
)


PIECES = ("cpu ", "cpu0", "some", "avg10=", ":", "0A", "\n", " ", "9" * 30, "9" * 5000, "-1", "kB", "TcpExt:", "/", "²")
TEXT = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=40).map(lambda parts: "".join(parts).encode()),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return lay_out("healthy", tmp_path_factory.mktemp("tree"))


@settings(max_examples=60, deadline=None)
@given(texts=st.dictionaries(st.sampled_from(FILES), TEXT, max_size=5))
def test_any_bytes_in_any_file_are_no_error(tree: Tree, texts: dict[str, bytes]) -> None:
    kept = {name: (tree.later / name).read_bytes() for name in texts}
    try:
        for name, data in texts.items():
            (tree.later / name).write_bytes(data)
        judge_all(tree.first, tree.later)
    finally:
        for name, data in kept.items():
            (tree.later / name).write_bytes(data)
