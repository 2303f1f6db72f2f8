"""The mutants of rooms in the current folder, a copy of the project: started by `python -m mutants`."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import socket
import struct
import sys
import time
from pathlib import Path

from poodle import config as defaults
from poodle import core
from poodle.data_types import PoodleConfig

from mutants import report
from mutants.__main__ import arguments
from mutants.rooms import ROOMS
from mutants.runner import NOTICED

BELOW = "rooms"
"""The folder from which the tool takes what it mutates."""


def main() -> int:
    """Mutate the rooms named, or all."""
    given = arguments()
    alone = {name for _, name in socket.if_nameindex()} == {"lo"}
    if alone:
        _loopback_up()
    good = True
    for name in given.rooms or ROOMS:
        if ROOMS[name].network and not alone:
            print(f"\n{name}: left out, as no network namespace could be made: a mutant might send to others")
            continue
        begun = time.monotonic()
        share = ROOMS[name].share if given.share is None else given.share
        mutate(name, share, given)
        good = report.judged(name, ROOMS[name], share) and good
        print(f"  {time.monotonic() - begun:.0f} s", flush=True)
    return 0 if good else 1


def _loopback_up() -> None:
    """A new namespace has its loopback down."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: UP, RUNNING


def mutate(name: str, share: float, given: argparse.Namespace) -> None:
    """Try the mutants of a room."""
    shutil.rmtree(BELOW, ignore_errors=True)
    NOTICED.unlink(missing_ok=True)
    for file in [file for file in ROOMS[name].files(Path.cwd()) if given.only in file.as_posix()]:
        target = Path(BELOW) / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    config = PoodleConfig(
        project_name=None,
        project_version=None,
        config_file=None,
        source_folders=[Path(BELOW)],
        only_files=[],
        file_flags=defaults.default_file_flags,
        file_filters=[],
        file_copy_flags=defaults.default_file_copy_flags,
        file_copy_filters=[],
        work_folder=Path(".poodle"),
        max_workers=given.workers,
        log_format=defaults.default_log_format,
        log_level=defaults.default_log_level,
        echo_enabled=given.verbose,
        echo_no_color=True,
        mutator_opts={"operators": ROOMS[name].operators, "share": share},
        skip_mutators=["all"],
        add_mutators=["mutants.operators.mutations"],
        min_timeout=300,
        timeout_multiplier=10,
        runner="mutants.runner.run",
        runner_opts={"room": name},
        reporters=["mutants.report.keep"],
        reporter_opts={},
        fail_under=None,
        skip_delete_folder=False,
    )
    core.main_process(config)


if __name__ == "__main__":
    sys.exit(main())
