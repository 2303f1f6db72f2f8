"""--clipboard takes whichever program is there; what it cannot do is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.test_reading import ALARM, QUICK
from tests.cli_support import wxalarm


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_the_first_that_gives_something_is_taken(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(ALARM.format(n=1), "utf-8")
    program(tmp_path, "xclip", "echo cannot open display >&2; exit 1")
    program(tmp_path, "pbpaste", f"exec /bin/cat {tmp_path / 'text'}")
    env = {"PATH": str(tmp_path)}
    done = wxalarm("diagnose", *QUICK, "--clipboard", "-f", "json", env=env)
    assert json.loads(done.stdout)["reports"][0]["alarm"]["appid"] == "wx0000000000000001", done.stderr
    (tmp_path / "pbpaste").unlink()
    done = wxalarm("diagnose", *QUICK, "--clipboard", env=env)
    assert done.returncode == 2
    assert b"cannot open display" in done.stderr
    (tmp_path / "xclip").unlink()
    done = wxalarm("diagnose", *QUICK, "--clipboard", env=env)
    assert b"wl-paste" in done.stderr
