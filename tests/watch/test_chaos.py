"""Kills, full disks and locked databases at random moments of simulated days: CHAOS=500 for all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

LIVES = int(os.environ.get("CHAOS", "12"))


@pytest.mark.netns
@pytest.mark.slow
@pytest.mark.timeout(900 + 3 * LIVES)
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_nothing_is_lost_or_told_twice(tmp_path: Path) -> None:
    disk, notes = tmp_path / "disk", tmp_path / "notes"
    disk.mkdir()
    notes.mkdir()
    command = 'mount -t tmpfs -o size=48m,mode=700 tmpfs "$1" && exec "$0" -m tests.watch.chaos "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command, sys.executable, str(disk), str(notes), str(LIVES), "7"],
        capture_output=True,
        cwd=ROOT,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["last"] == 0, done.stderr
    assert found["integrity"] == "ok"
    assert found["changes"] > 5
    assert found["messages"] > 5
    assert [found[name] for name in ("lost changes", "lost messages", "messages of nothing")] == [[], [], []]
    assert (found["shown twice by the robot"], found["not shown and not said to be"]) == ([], [])
    assert found["waiting"] == 0
