"""The probes on recorded trees: their numbers are those of the files."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.probes.host.trees import lay_out, observe
from wxalarm.probes import processes
from wxalarm.probes.host import cgroups, cpu, network, reading, sockets


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


def test_counters_that_began_anew_do_not_go_back() -> None:
    assert reading.grew({"a": 10}, {"a": 3}, "a") == 0
    assert reading.grew({}, {"a": 3}, "a") is None
    assert cpu.measure(cpu.Raw(), cpu.Raw(), 0.0, None, "/nowhere").busy is None


def test_many_sockets_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, by a clock that stands still; by one that runs, as many as there was time for, and it says so."""
    tree = lay_out("healthy", tmp_path)
    line = (
        "{n:4d}: 0100007F:{port:04X} 0100007F:1F90 06 00000000:00000000 03:00000F9E 00000000     0        0 0 3 "
        "0000000000000000"
    )
    rows = (line.format(n=n, port=32768 + n % 28000).ljust(149) + "\n" for n in range(200_000))
    (tree.later / "proc/net/tcp").write_text("header\n" + "".join(rows))
    monkeypatch.setattr(sockets, "time", SimpleNamespace(monotonic=lambda: 0.0))
    seen = network.measure({}, {}, 2.0, False, str(tree.later))
    assert seen.complete
    assert sum(seen.states.values()) == 200_002
    assert seen.states["TIME_WAIT"] == 200_000  # without the two of tcp6
    assert seen.peer is not None
    assert seen.peer.address == "127.0.0.1:8080"
    monkeypatch.setattr(sockets, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    hurried = network.measure({}, {}, 2.0, False, str(tree.later))
    assert not hurried.complete
    assert 0 < sum(hurried.states.values()) < 200_002
