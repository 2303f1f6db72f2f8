"""Mutate rooms in a copy, in a network that ends at this machine; print the scores and what no test noticed.

Exit status 1 when a mutant survived that docs/testing-mutants.md does not explain, a score is below its goal, or a
change that it lists was not noticed by the test that it names.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from mutants.rooms import ROOMS

ROOT = Path(__file__).parent.parent
COPIED = ("wxalarm", "tests", "mutants", "fuzz", "docs", "pyproject.toml", "README.md", "README.zh.md", "Makefile")


def arguments() -> argparse.Namespace:
    """What the user wants."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all when none is named")
    parser.add_argument("--only", default="", metavar="TEXT", help="files whose path holds it")
    parser.add_argument("--share", type=float, metavar="X", help="of the mutants, 0 to 1; the room's own by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="side by side")
    parser.add_argument("-v", "--verbose", action="store_true", help="say when each is done")
    given = parser.parse_args()
    if unknown := set(given.rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    return given


def main() -> int:
    """Mutate the rooms named, or all."""
    arguments()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy(Path(folder))
        run = [*isolated(), sys.executable, "-m", "mutants.inside", *sys.argv[1:]]
        with subprocess.Popen(run, cwd=folder, start_new_session=True) as process:
            try:
                return process.wait()
            finally:  # also when this one is interrupted: no worker goes on alone
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def copy(folder: Path) -> None:
    """Copy the project: what is interrupted leaves nothing mutated behind."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)
    compileall.compile_dir(folder / "wxalarm", quiet=1)


def isolated() -> list[str]:
    """What runs a command in a network namespace with nothing in it; nothing where none can be made."""
    enter = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*enter, "true"], capture_output=True, check=False).returncode == 0:
        return enter
    return []


if __name__ == "__main__":
    sys.exit(main())
