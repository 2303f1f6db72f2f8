"""Whether a wxalarm that is installed is whole: `python installed.py`, by the Python of a clean environment.

Every file of the package beside this script is there, and the commands that read its data give what they promise, in a
folder that has nothing to do with the checkout.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import wxalarm

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "alarms"


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def run(*args: str, expected: int = 0) -> bytes:
    command = [str(Path(sys.executable).with_name("wxalarm")), *args]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, check=False)
    assert done.returncode == expected, (args, done.returncode, done.stderr.decode())
    return done.stdout


def main() -> None:
    here = Path(wxalarm.__file__).parent
    assert ROOT not in here.parents, f"this is the checkout: {here}"
    missing = files(ROOT / "wxalarm") - files(here)
    assert not missing, f"not installed: {sorted(missing)}"
    clean = sorted(map(str, FIXTURES.glob("*/clean.txt")))
    assert len(json.loads(run("parse", "-f", "json", *clean))["alarms"]) == len(clean) > 5
    json.loads(run("demo", "-f", "json", expected=1))
    assert "原因".encode() in run("demo", "--lang", "zh", "-f", "html", expected=1)
    sys.stdout.write(f"whole: {here}\n")


if __name__ == "__main__":
    main()
