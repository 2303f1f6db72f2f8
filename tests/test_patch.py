"""The diff is what patch reads, and one place makes it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.patch import unified


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch here")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nB"),
        ("a\n", "a"),
        ("", "new\n"),
        ("a\u2028b\r\nc\x0cd\n", "a\u2028b\r\nC\x0cd\n"),
    ],
)
def test_patch_applies_it(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(before.encode())
    diff = unified(before, after, "file")
    subprocess.run(["patch", "-p0", "--binary"], cwd=tmp_path, input=diff.encode(), check=True, capture_output=True)
    assert path.read_bytes().decode() == after


def test_names_and_nothing() -> None:
    assert unified("a\n", "a\n", "file") == ""
    assert unified("", "a\n", "/dev/null", "b/file").splitlines()[:2] == ["--- /dev/null", "+++ b/file"]


def test_one_module_makes_diffs() -> None:
    found = [path.name for path in (ROOT / "wxalarm").rglob("*.py") if "unified_diff" in path.read_text("utf-8")]
    assert found == ["patch.py"]
