"""Fuzz targets, each in a process of its own, one a processor at a time: executions and edges reached in a table.

An input may take TIMEOUT seconds and MEMORY MiB; one that takes more, or breaks a promise, is kept in .fuzz/TARGET/
and ends that target. Exit status 1 when anything was found. What was reached is kept in .fuzz/ for the next time.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOME = Path(__file__).parent.parent / ".fuzz"
TIMEOUT = 10
"""Seconds for one input: coverage makes everything several times as slow."""
MEMORY = 1024
"""MiB of the whole process."""
LONGEST = 8192
"""Bytes of the longest input that is made."""
_COVERAGE = re.compile(r"cov: (\d+)")
_WRITTEN = re.compile(r"Test unit written to (\S+)")
_RUNS = re.compile(r"stat::number_of_executed_units: (\d+)")


def child(target: str, arguments: list[str]) -> None:
    """Fuzz one target; does not return."""
    import atheris

    # The package imports some of its modules only when they are needed: the hook stays.
    atheris.instrument_imports(include=["wxalarm"]).__enter__()
    from fuzz.targets import TARGETS

    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


def fuzz(target: str, seconds: int) -> tuple[bool, int, int]:
    """(whether nothing was found, executions, edges)."""
    from fuzz.targets import FINDS, seeds

    corpus, start = HOME / target, HOME / f"{target}.seeds"
    for folder in (corpus, start):
        folder.mkdir(parents=True, exist_ok=True)
    found = sorted((FINDS / target).glob("*"))
    for number, data in enumerate([*seeds(target), *(path.read_bytes() for path in found)]):
        (start / f"seed-{number:03}").write_bytes(data)
    arguments = [
        *(str(corpus), str(start)),
        f"-max_total_time={seconds}",
        f"-timeout={TIMEOUT}",
        f"-rss_limit_mb={MEMORY}",
        f"-max_len={LONGEST}",
        f"-artifact_prefix={HOME}/{target}-",
        "-print_final_stats=1",
    ]
    run = [sys.executable, "-m", "fuzz", "--child", target, *arguments]
    ended = subprocess.run(run, capture_output=True, text=True, errors="replace", check=False)
    kept = ended.returncode == 0 or not _again(target, ended.stderr)
    if not kept:
        print(ended.stderr[-6000:], file=sys.stderr)
    edges = _COVERAGE.findall(ended.stderr)
    runs = _RUNS.search(ended.stderr)
    return kept, int(runs[1]) if runs else 0, int(edges[-1]) if edges else 0


def _again(target: str, said: str) -> bool:
    """Whether an input that was found is found again. Time is wall time: on a busy machine any input can seem to take
    too long."""
    written = _WRITTEN.search(said)
    if written is None or "libFuzzer: timeout" not in said:
        return True
    run = [sys.executable, "-m", "fuzz", "--child", target, f"-timeout={TIMEOUT}", written[1]]
    if subprocess.run(run, capture_output=True, check=False).returncode:
        return True
    Path(written[1]).unlink()
    return False


def main() -> int:
    """Fuzz all targets, or those named."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3:])
    from fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all when none is named")
    parser.add_argument("--seconds", type=int, default=60, metavar="S", help="for each target (60)")
    given = parser.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    good = True
    print(f"{'target':8}{'seconds':>9}{'executions':>12}{'edges':>8}")

    def timed(target: str) -> tuple[float, bool, int, int]:
        begun = time.monotonic()
        found = fuzz(target, given.seconds)
        return time.monotonic() - begun, *found

    targets = given.targets or list(TARGETS)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for target, (took, kept, runs, edges) in zip(targets, pool.map(timed, targets), strict=True):
            good &= kept
            note = "" if kept else f"  found: {HOME}/{target}-*"
            print(f"{target:8}{took:>9.1f}{runs:>12}{edges:>8}{note}", flush=True)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
