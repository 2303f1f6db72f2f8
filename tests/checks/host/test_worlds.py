"""Real trouble on a real kernel, in namespaces of its own; what cannot be brought about is in test_trees.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.nginx.server import needs_nginx
from tests.paths import ROOT

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(not (shutil.which("unshare") and shutil.which("ip")), reason="needs unshare and ip"),
]


def world(name: str, *options: str) -> list[dict[str, Any]]:
    """What is found in a world; options: more namespaces for unshare(1)."""
    done = subprocess.run(
        ["unshare", "--net", "--mount", *options, sys.executable, "-m", "tests.checks.host.worlds", name],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: list[dict[str, Any]] = json.loads(done.stdout)["found"]
    return found


def test_a_healthy_machine_gives_nothing() -> None:
    assert world("healthy") == []


def test_a_full_listen_queue_is_seen_dropping() -> None:
    overflow, queue, _ = world("full-queue")
    assert overflow["code"] == "listen-overflow"
    assert overflow["overflows"] > 0
    assert queue["code"] == "listen-queue"
    assert queue["backlog"] == 4, "the length that listen() asked for, which only the kernel knows"
    assert queue["waiting"] >= 4


def test_sockets_that_the_program_does_not_close() -> None:
    closing, states = world("close-wait")
    assert (closing["code"], closing["count"]) == ("close-wait", 130)
    assert "CLOSE_WAIT 130" in states["states"]


def test_ports_that_wait() -> None:
    waiting, _ = world("time-wait")
    assert (waiting["code"], waiting["time_wait"], waiting["ports"]) == ("time-wait", 140, 200)


def test_ports_that_run_out() -> None:
    used, _ = world("ports")
    assert (used["code"], used["used"], used["ports"]) == ("ports-exhausted", 190, 200)


def test_half_open_connections() -> None:
    flood = world("syn-flood")[0]
    assert flood["code"] == "syn-flood"
    assert flood["cookies"] > 0 or flood["syn_recv"] >= 51


def test_a_program_near_its_limit_of_files() -> None:
    [files] = world("files")
    assert (files["code"], files["limit"]) == ("files-low", 360)
    assert files["used"] >= 320
    assert files["who"].startswith("python")


def test_a_file_system_without_room() -> None:
    [full] = world("disk-full")
    assert (full["code"], full["what"], full["percent"]) == ("disk-full", "bytes", 0)


@pytest.mark.nginx
@needs_nginx
def test_the_running_nginx_is_read_as_it_was_started() -> None:
    seen, *found = world("running-nginx", "--pid", "--fork", "--mount-proc")
    assert seen["source"] == "dump"
    assert seen["workers"] == [300, 300], "the limit of the running workers, not of this shell"
    assert sorted(seen["listeners"]) == ["nginx", "nginx", "nginx", Path(sys.executable).name]
    by_code = {one["code"]: one for one in found}
    assert by_code["nginx-connections-low"]["need"] == 1000
    assert by_code["nginx-connections-low"]["capacity"] == 128
    assert by_code["nginx-nofile-low"]["source"] == "/proc"
    assert by_code["burst-capacity"]["backlog"] == 77
    assert by_code["burst-capacity"]["held"] == 500
    assert by_code["burst-capacity"]["files"] == 300
