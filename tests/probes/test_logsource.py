"""Which files are a log, and how one is opened: rotated names, no permission, a file that shrinks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.checks.logs.support import joined, log
from wxalarm.probes import logfiles
from wxalarm.probes.logsource import expand


def test_every_usual_name_of_a_rotated_log(tmp_path: Path) -> None:
    names = [
        "access.log",
        "access.log.1",
        "access.log.2.gz",
        "access.log-20241225",
        "access.log-20241224.gz",
        "access-20241223.log",
        "access-20241222.log.zst",
    ]
    others = ["access.logs", "error.log", "error.log.1", "access_other.log"]
    for name in names + others:
        (tmp_path / name).touch()
    assert sorted(expand([str(tmp_path / "access.log")])) == sorted(str(tmp_path / name) for name in names)
    assert expand([str(tmp_path / "acc*.log")])[:1] == [str(tmp_path / "access-20241223.log")]


def test_a_log_that_shrinks_while_it_is_read_just_ends(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(log()))
    source = logfiles.opened(str(path))
    assert isinstance(source, logfiles.Source)
    with source:
        os.truncate(path, 1000)
        assert source.size > 1000
        assert len(source.read(500, 5000)) == 500
        assert source.read(5000, 10) == b""


def test_without_permission_the_reason_names_what_to_do(tmp_path: Path) -> None:
    """As a user who may not read the log: the child becomes nobody when the tests are root's."""
    path = tmp_path / "access.log"
    path.write_bytes(joined(log()))
    path.chmod(0)
    code = """
import os, sys
from wxalarm.probes.logsource import opened
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.seteuid(65534)
found = opened("access.log")
print(found.problem, "|", found.detail)
"""
    tmp_path.chmod(0o755)
    ended = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "unreadable | Permission denied"
