"""A night of alarms to its incidents, beside what the parser alone takes and what a group-by of DuckDB does.

    python bench/storm.py [ALARMS]       (100,000 by default; 1,000,000 shows how memory grows)

The night is made up (tests/incidents/night.py): 12 causes, 40,000 accounts, chat noise, duplicates, three accounts that
WeChat blocked three times each, shuffled. `diagnose` runs with --offline: what it probes does not depend on the number
of alarms. Processor time and peak memory of each program, by the kernel's own account.
Exit 1 when the incidents are not the night's causes, or `diagnose` takes more than 2.5 times the processor time of
`parse`, or 300 MiB.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.incidents.night import CAUSES, night

MOST_TIMES, MOST_MIB = 2.5, 300
QUERY = """
    select kind, regexp_extract(sample.url, '://([^/]+)', 1) place, sample.ip ip, sample.http_code code,
           sample.curl_error curl, count(*) alarms, sum(count) failures, count(distinct appid) accounts
    from (
        select distinct on (kind, appid, first_seen, count, sample.openid, sample.transaction_id) * from read_json('{}')
    )
    group by all order by failures desc
"""


def run(*command: str, stdout: Path) -> tuple[float, float, int]:
    """(processor seconds, peak MiB, exit code)."""
    with stdout.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def written(alarms: int, text: Path) -> dict[str, tuple[int, int]]:
    """Writes a night; how many alarms and failures each place has."""
    made = night(alarms)
    text.write_text(made.text, "utf-8")
    return {place: (made.alarms[place], made.failures[place]) for place in made.alarms}


def duckdb(rows: Path) -> str:
    try:
        import duckdb
    except ImportError:
        return "duckdb: not installed"
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    found = duckdb.sql(QUERY.format(rows)).fetchall()
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"duckdb group-by over the rows: {seconds:.2f} s processor, {wall:.2f} s, {len(found)} groups"


def main() -> int:
    alarms = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        text, rows, page, report = (base / name for name in ("night.txt", "rows.jsonl", "page.txt", "report.json"))
        # In a process of its own: a child's peak memory begins with its parent's.
        with ProcessPoolExecutor(1) as pool:
            wanted = pool.submit(written, alarms, text).result()
        print(f"{alarms:,} alarms, {text.stat().st_size / 1e6:.1f} MB, {CAUSES} causes")
        program = (sys.executable, "-m", "wxalarm")
        parsed, memory, code = run(*program, "parse", "-f", "jsonl", str(text), stdout=rows)
        print(f"parse -f jsonl: {parsed:.2f} s processor, {memory:.0f} MiB, exit {code}")
        # One output a run: each reads all alarms again.
        options = ("--offline", "--timeout", "5", "--reveal", str(text))
        taken, peak, code = run(*program, "diagnose", *options, stdout=page)
        print(f"diagnose: {taken:.2f} s processor ({taken / parsed:.2f} times), {peak:.0f} MiB, exit {code}")
        lines = len(page.read_text("utf-8").splitlines())
        run(*program, "diagnose", "-f", "json", *options, stdout=report)
        incidents = json.loads(report.read_text("utf-8"))["incidents"]
        right = {one["place"]: (one["alarms"], one["failures"]) for one in incidents}
        print(f"page: {lines} lines; incidents as made: {right == wanted and len(incidents) == CAUSES}")
        print(duckdb(rows))
        fine = right == wanted and len(incidents) == CAUSES and lines <= 60
        return int(not fine or taken > MOST_TIMES * parsed or (alarms <= 100_000 and peak > MOST_MIB))


if __name__ == "__main__":
    sys.exit(main())
