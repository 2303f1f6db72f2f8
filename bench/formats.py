"""Lines a second of each form of request lines, counting a window: against GoAccess and lnav where they know it.

    python bench/formats.py [LINES]        (100,000 by default)

Each form's log holds the pushes of one hour; all of them are inside the window, and no two are alike: each has a nonce
and a duration of its own. GoAccess is told the format as its users have to; lnav finds it by itself, and counts by its
own SQL; where the request stands in a message, jq prints that and awk takes it apart. Processor time, best of three.
Exit 1 when a document of JSON is read slower than grep + jq read it, or a form slower than GoAccess.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.logs.test_frameworks import FORMS, IN_A_STRING
from wxalarm.logs.access import Push
from wxalarm.logs.formats import Wanted
from wxalarm.probes import access_log

AT = 1700000000.0
GOACCESS = {
    "Apache common": ("--log-format=COMMON",),
    "Apache combined": ("--log-format=COMBINED",),
    "Apache vhost_combined": ("--log-format=VCOMBINED",),
    "Caddy": ("--log-format=CADDY",),
    "Traefik": ("--log-format=TRAEFIKCLF",),
}
LNAV = ("Apache common", "Apache combined", "uWSGI", "HAProxy", "Caddy")
TOOK = re.compile(r"(\b0\.|\b1\.(?=\d{3}))(\d{3})(\d*)(?![\d.:])")
"""Seconds and milliseconds of the samples."""
FRACTION = 0.6
"""Of GoAccess's or jq's speed, which other work on the machine moves by as much."""


def spent(work: Callable[[], object]) -> float:
    """Seconds of the processor, ours and our children's, the best of three."""
    best = float("inf")
    for _ in range(3):
        before = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        work()
        own, after = time.process_time() - before[0], resource.getrusage(resource.RUSAGE_CHILDREN)
        children = after.ru_utime + after.ru_stime - before[1].ru_utime - before[1].ru_stime
        best = min(best, own + children)
    return best


def quiet(*command: str) -> Callable[[], object]:
    return lambda: subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def varied(line: str, number: int) -> str:
    """The same line of another push."""
    line = line.replace("nonce=1234567890", f"nonce={1234567890 + number}")
    return TOOK.sub(lambda took: f"{took[1]}{number % 1000:03}{took[3]}", line)


def ours(path: str) -> None:
    seen = access_log.read(
        [path], (), Push(stamp=int(AT), path="/wx"), Wanted("/wx", signed=True), (AT, AT - 60, AT + 360), 600, False
    )
    assert seen.files[0].read, path


def peers(name: str, path: str) -> dict[str, float]:
    """Seconds of those that know the form."""
    found = {}
    if name in GOACCESS and shutil.which("goaccess"):
        command = ("goaccess", path, *GOACCESS[name], "-o", f"{path}.json")
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:  # this version knows the form
            found["GoAccess"] = spent(quiet(*command))
    if name in LNAV and shutil.which("lnav"):
        found["lnav"] = spent(quiet("lnav", "-n", "-c", ";select count(*) from all_logs", path))
    if FORMS[name][-1].startswith("{") and shutil.which("jq"):
        script = f"grep -F /wx {path} | jq -r '[.status,.latency,.duration,(.uri // .request.uri)] | @tsv'"
        if name in IN_A_STRING:
            told = ".log?,.content,.msg,.MESSAGE,.message | strings"
            script = f"grep -F /wx {path} | jq -r '{told}' | awk '{{print $1,$2,$4}}'"
        found["grep + jq"] = spent(quiet("sh", "-c", script))
    return found


def main() -> int:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    missed = []
    os.environ["TZ"] = "Asia/Shanghai"
    time.tzset()
    with tempfile.TemporaryDirectory() as folder:
        for name, form in FORMS.items():
            path = Path(folder) / "access.log"
            path.write_text(
                "\n".join([*form[:-1], *(varied(form[-1], number) for number in range(lines))]) + "\n", "utf-8"
            )
            mine = spent(lambda path=path: ours(str(path)))  # type: ignore[misc]  # bound here
            others = peers(name, str(path))
            told = "  ".join(f"{peer} {lines / seconds:,.0f}" for peer, seconds in others.items())
            print(f"{name:32} {lines / mine:12,.0f} lines/s   {told}", flush=True)
            missed += [
                f"{name}: {peer}" for peer, seconds in others.items() if peer != "lnav" and mine * FRACTION > seconds
            ]
    print(json.dumps({"missed": missed}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
