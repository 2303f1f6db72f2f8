"""The probes on recorded trees, and on trees that are cut, missing or full of nonsense."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probes.host.trees import CASES, Tree, lay_out, observe
from tests.support import context_of
from wxalarm.checks import HOST
from wxalarm.probes import processes
from wxalarm.probes.host import cgroups, cpu, network, reading

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


def test_numbers_are_those_of_the_files(tmp_path: Path) -> None:
    tree = lay_out("healthy", tmp_path)
    seen = observe(tree.first, tree.later)
    assert (seen["host-cpu"].cores, seen["host-cpu"].load1) == (4, 0.84)
    assert seen["host-cpu"].busy == pytest.approx(60 / 802)
    assert seen["host-memory"].available == 5123456 * 1024
    [device] = seen["host-disk"].devices
    assert (device.name, device.requests) == ("vda", 70)
    assert device.wait_ms == pytest.approx(82 / 70)
    tcp = seen["host-network"]
    assert tcp.states == {"ESTABLISHED": 4, "LISTEN": 3, "TIME_WAIT": 1}
    assert [(one.address, one.port) for one in tcp.listening] == [("::", 22), ("0.0.0.0", 80), ("127.0.0.1", 8080)]
    assert (tcp.peer.address, tcp.peer.ports, tcp.peer.time_wait) == ("127.0.0.1:8080", 2, 1)
    nginx = processes.nginx(f"{tree.first}/proc")
    assert nginx is not None
    assert (nginx.master, nginx.conf, [one.open_files for one in nginx.workers]) == (811, "/etc/nginx/nginx.conf", [34])
    assert seen["host-clock"].service == "chronyd"


def test_a_container_counts_the_smallest_limit_on_the_way_up(tmp_path: Path) -> None:
    tree = lay_out("container-v2", tmp_path)
    group = cgroups.of(None, str(tree.later))
    assert group is not None
    assert (group.cpus, group.memory_limit, group.pids_limit) == (0.5, 512 * 1024**2, 128)
    assert group.memory_used == 531_000_000
    one = lay_out("container-v1", tmp_path / "v1")
    group = cgroups.of(None, str(one.later))
    assert group is not None
    assert (group.cpus, group.memory_limit, group.pids_limit) == (0.2, 256 * 1024**2, None)


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


def test_counters_that_began_anew_do_not_go_back() -> None:
    assert reading.grew({"a": 10}, {"a": 3}, "a") == 0
    assert reading.grew({}, {"a": 3}, "a") is None
    assert cpu.measure(cpu.Raw(), cpu.Raw(), 0.0, None, "/nowhere").busy is None


def test_many_sockets_are_counted_in_bounded_time(tmp_path: Path) -> None:
    tree = lay_out("healthy", tmp_path)
    line = (
        "{n:4d}: 0100007F:{port:04X} 0100007F:1F90 06 00000000:00000000 03:00000F9E 00000000     0        0 0 3 "
        "0000000000000000"
    )
    rows = (line.format(n=n, port=32768 + n % 28000).ljust(149) + "\n" for n in range(200_000))
    (tree.later / "proc/net/tcp").write_text("header\n" + "".join(rows))
    seen = network.measure({}, {}, 2.0, False, str(tree.later))
    total = sum(seen.states.values())
    assert seen.states["TIME_WAIT"] == total - 2  # with the two of tcp6
    assert total == 200_002 if seen.complete else total > 0
    assert seen.peer is not None
    assert seen.peer.address == "127.0.0.1:8080"
