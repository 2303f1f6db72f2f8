"""Reads of a token a second: from the minute cache, and from each store; and how long `wxalarm token get` takes from
its start, against a bare typer program.

    python bench/tokens.py [RUNS]

Stores whose servers are not installed are left out. Exit 1 when a promise is broken.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.tokens.servers import KINDS, NEEDED, Server, program  # noqa: E402  # the checkout's, when run as a script
from wxalarm.tokens import row as rows  # noqa: E402
from wxalarm.tokens.reader import Reader  # noqa: E402
from wxalarm.tokens.stores.base import look, make  # noqa: E402

NAME = "wx0000000000000001/access_token"
FROM_CACHE = 300_000
"""Promised: reads a second from the minute cache, in one thread."""
START = 1.5
"""Promised: times the start of the bare program until `token get` has printed the token."""
SECONDS = 1.0
BARE = """
import typer
app = typer.Typer()
@app.command()
def main(name: str = "x") -> None:
    typer.echo("one line")
app()
"""


def rate(read: Callable[[], object], threads: int = 1) -> float:
    """Calls a second, in so many threads."""
    counts = [0] * threads
    end = time.perf_counter() + SECONDS

    def run(number: int) -> None:
        while time.perf_counter() < end:
            for _ in range(20):
                read()
            counts[number] += 20

    workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / SECONDS


def started(folder: Path, runs: int) -> tuple[float, float]:
    """Medians of the bare program and of `token get`, run in turn, in seconds."""
    bare, settings = folder / "bare.py", folder / "tokens.toml"
    bare.write_text(BARE, "utf-8")
    store = f"sqlite:///{folder}/sqlite/tokens.db"
    settings.write_text(f'[accounts.shop]\nappid = "wx0000000000000001"\n[store]\nurl = "{store}"\n', "utf-8")
    commands = [[str(bare)], ["-m", "wxalarm", "token", "get", "--config", str(settings)]]
    compiled = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **compiled}
    times: list[list[float]] = [[], []]
    for run in range(runs + 1):
        for command, taken in zip(commands, times, strict=True):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, check=True)
            if run:  # the first fills the caches
                taken.append(time.perf_counter() - begun)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> int:
    """Print a row a measurement."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    folder = Path(tempfile.mkdtemp(prefix="wxt-"))
    broken = False
    try:
        for kind in KINDS:
            if program(NEEDED[kind]) is None:
                print(f"{kind:<12} not installed")
                continue
            server = Server(kind, folder / kind)
            try:
                store = server.store()
                make(store, NAME, rows.given("token", 7200.0))
                one, four = rate(lambda s=store: look(s, NAME)), rate(lambda s=store: look(s, NAME), 4)
                print(f"{kind:<12} {one:>10,.0f} reads/s from the store, {four:>10,.0f} in four threads")
                if kind == "sqlite":
                    reader = Reader(store)
                    cached, by_four = rate(lambda r=reader: r.get(NAME)), rate(lambda r=reader: r.get(NAME), 4)
                    broken |= cached < FROM_CACHE
                    print(f"{'minute cache':<12} {cached:>10,.0f} reads/s (promised: {FROM_CACHE:,})", end="")
                    print(f", {by_four:>10,.0f} in four threads")
                    store.close()
            finally:
                if kind != "sqlite":
                    server.empty()
                server.kill()
        bare, got = started(folder, runs)
        broken |= got > START * bare
        print(f"bare typer program {bare * 1000:.0f} ms; token get {got * 1000:.0f} ms: ", end="")
        print(f"{got / bare:.2f} times (promised: {START})")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
