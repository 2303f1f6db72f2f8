"""Peak memory of `wxalarm parse --format jsonl` over a generated archive stays under the promise, whatever its size.

    python bench/memory.py [GIBIBYTES]        (2 by default)

The archive (alarms of the mix, chat between them) is made in a temporary folder and removed afterwards. Exit 1 above
PROMISE, 2 when the disk has no room.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.parser.mix import archive

ROOT = Path(__file__).parent.parent
PROMISE = 200
"""MiB."""
PART = 20_000
"""Alarms that are made; the archive repeats them."""


def main() -> int:
    """Make the archive, parse it, print the peak."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 2) * 2**30)
    if shutil.disk_usage(tempfile.gettempdir()).free < size + 2**30:
        print(f"no room for {size / 2**30:.1f} GiB in {tempfile.gettempdir()}")
        return 2
    part = "".join(archive(PART, chat=0.3)).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.txt"
        with path.open("wb") as file:
            for _ in range(size // len(part) + 1):
                file.write(part)
        made = path.stat().st_size
        command = [sys.executable, "-m", "wxalarm", "parse", "--format", "jsonl", str(path)]
        begun = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        alarms = 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as run:
            assert run.stdout is not None
            while chunk := run.stdout.read(1 << 20):
                alarms += chunk.count(b"\n")
        elapsed = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    expected = PART * (size // len(part) + 1)
    print(f"{made / 2**30:.2f} GiB, {alarms:,} of {expected:,} alarms, exit {run.returncode}, {elapsed:.0f} s")
    print(f"peak {peak:.0f} MiB (promise {PROMISE} MiB): {'kept' if peak < PROMISE else 'MISSED'}")
    return int(peak >= PROMISE or alarms != expected)


if __name__ == "__main__":
    sys.exit(main())
