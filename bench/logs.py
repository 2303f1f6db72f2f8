"""How fast is "show me that request" in a large access log? Against grep + awk, GoAccess and lnav, in one run.

    python bench/logs.py            2 GB, 10 million lines; needs 3 GB of disk and some minutes
    python bench/logs.py --quick    a tenth of it, without GoAccess

Last comes a log that was rotated and compressed, all its parts as fresh as a copy: against zcat of them all.

The work on the log is the run of the command with the log less the run without it; the best of several runs in turn
counts. Hot runs are compared by processor time (all processes of a pipe together), which other work on the machine
hardly touches; cold runs and whole commands by the clock. A virtual machine's disk often answers out of its host's
memory; as root the cold runs read at the speed of a good cloud disk (a cgroup's limit), else they may not be judged.
grep + awk must give the same answer: for the pushes of the alarm's minutes the statuses, those cut near 5 s, those
slower than 3 s, and the alarm's own line. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

DAY = datetime(2024, 12, 25, tzinfo=timezone(timedelta(hours=8)))
ALARM_AT = DAY + timedelta(hours=17, minutes=31)
OPENID = "oAAAA000000000000000000000001"
PUSHES = 0.4
"""Share of the lines that are pushes to the callback."""
CLOUD = 350_000_000
"""Bytes a second of a good cloud disk."""
PARTS = 30
"""Parts of a rotated log."""
MANY = 500_000
"""Lines of the window that is read whole."""


def tails(rng: random.Random, combined: bool) -> list[tuple[bytes, bytes]]:
    """(before the time, behind the time) of a few thousand made-up lines."""
    found = []
    for index in range(4000):
        push = rng.random() < PUSHES
        took = rng.choice([0.003, 0.012, 0.05, 0.2]) + rng.randrange(40) / 1000
        status = 200 if rng.random() < 0.99 else rng.choice([404, 499, 502])
        took = 5.001 if status == 499 else took
        query = f"signature={rng.getrandbits(160):040x}&timestamp=1735119072&nonce={rng.randrange(10**9)}"
        request = f"POST /callback?{query}&openid=oBBBB{index:024d}" if push else f"GET /static/app.{index}.js"
        head = f"{'203.0.113' if push else '198.51.100'}.{rng.randrange(255)}  - - ["
        tail = f'] "{request} HTTP/1.1" {status} {7 if push else 4711} "-" "Mozilla/4.0"'
        if combined:
            head = head.replace("  -", " -")
        else:
            addr = f"192.0.2.{rng.choice([11, 12])}:8080" if push else "-"
            back = f"{took:.3f}" if push else "-"
            tail += f' "-" "wx.example.com"  "-" "{addr}"   "{status if push else "-"}"  "{took:.3f}"  "{back}" '
        found.append((head.encode(), tail.encode() + b"\n"))
    return found


def generate(path: Path, lines: int, seconds: int, start: datetime, combined: bool = False) -> None:
    """Write so many lines, evenly over so many seconds, with the alarm's own push among them."""
    rng = random.Random(7)
    pool = tails(rng, combined)
    own = (ALARM_AT - start).total_seconds() + 5
    with path.open("wb", buffering=1 << 20) as file:
        written = 0
        for second in range(seconds):
            stamp = (start + timedelta(seconds=second)).strftime("%d/%b/%Y:%H:%M:%S %z").encode()
            count = lines * (second + 1) // seconds - written
            written += count
            begin = rng.randrange(len(pool))
            block = [pool[(begin + i) % len(pool)] for i in range(count)]
            file.write(b"".join([head + stamp + tail for head, tail in block]))
            if second == own:
                head, tail = own_line(combined)
                file.write(head + stamp + tail)
        file.flush()
        os.fsync(file.fileno())


def own_line(combined: bool) -> tuple[bytes, bytes]:
    """The alarm's own push: cut after 5 s."""
    stamp = int(ALARM_AT.timestamp())
    head = b"203.0.113.7 - - [" if combined else b"203.0.113.7  - - ["
    tail = f'] "POST /callback?signature=0&timestamp={stamp}&nonce=1&openid={OPENID} HTTP/1.1" 499 0 "-" "Mozilla/4.0"'
    if not combined:
        tail += ' "-" "wx.example.com"  "-" "192.0.2.11:8080"   "-"  "5.001"  "5.001" '
    return head, tail.encode() + b"\n"


def alarm_text() -> str:
    """The alarm as WeChat sends it."""
    return (
        "Appid: wx0000000000000001\n昵称: bench\n"
        f"时间: {ALARM_AT:%Y-%m-%d %H:%M:%S}\n"
        "内容: 微信服务器向公众号推送消息或事件后，开发者5秒内没有返回\n次数: 5分钟 300次\n"
        f"错误样例: [OpenID={OPENID}][Stamp={int(ALARM_AT.timestamp())}][3rdUrl=http://wx.example.com/callback]\n"
    )


def best(
    *runs: Callable[[], object], times: int, before: Callable[[], object] = lambda: None
) -> list[tuple[float, float]]:
    """(seconds by the clock, seconds of processor time) of each, the least of several turns."""
    found = [(float("inf"), float("inf"))] * len(runs)
    for _ in range(times):
        for index, run in enumerate(runs):
            before()
            begun, used = time.perf_counter(), processor_time()
            run()
            took = time.perf_counter() - begun, processor_time() - used
            found[index] = min(found[index][0], took[0]), min(found[index][1], took[1])
    return found


def processor_time() -> float:
    """Seconds of processor time of all ended child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


group: list[str] = []
"""The control group that programs are started in, when there is one."""


def command(*words: str | Path, stdin: str | None = None) -> Callable[[], bytes]:
    """Runs a program and gives what it prints."""

    def run() -> bytes:
        data = stdin.encode() if stdin is not None else None
        enter = ["sh", "-c", f'echo $$ > {group[0]}/cgroup.procs; exec "$@"', "sh"] if group else []
        return subprocess.run([*enter, *map(str, words)], input=data, capture_output=True, check=False).stdout

    return run


@contextlib.contextmanager
def cloud_disk(folder: Path) -> Iterator[bool]:
    """Programs started inside read from the folder's disk at CLOUD bytes a second; False when that cannot be had."""
    place = Path(f"/sys/fs/cgroup/blkio/wxalarm-bench-{os.getpid()}")
    device = os.stat(folder).st_dev
    try:
        place.mkdir()
        (place / "blkio.throttle.read_bps_device").write_text(f"{os.major(device)}:{os.minor(device)} {CLOUD}")
    except OSError:
        with contextlib.suppress(OSError):
            place.rmdir()
        yield False
        return
    group.append(str(place))
    try:
        yield True
    finally:
        group.clear()
        with contextlib.suppress(OSError):
            place.rmdir()


def wxalarm(*words: str | Path) -> Callable[[], bytes]:
    """The command, with the access-log check alone."""
    given = ("diagnose", "--offline", "--only", "access-log", "--lang", "en", *words)
    return command(sys.executable, "-m", "wxalarm", *given, stdin=alarm_text())


AWK = r"""
/"POST \/callback[? ]/ {
    match($0, /" [0-9][0-9][0-9] /); s = substr($0, RSTART + 2, 3); c[s]++; n++
    k = split($0, q, "\""); t = q[k - 3] + 0
    if (s == 499 && t >= 4 && t <= 6.5) gave++; else if (t >= 3) slow++
    if (index($0, OPENID)) print
}
END { for (s in c) print s, c[s]; print n, gave + 0, slow + 0 }
"""


def grep_awk(path: Path) -> Callable[[], bytes]:
    """The guide's way, as fast as it can be written: the minutes by grep, the rest by awk."""
    low, high = ALARM_AT - timedelta(seconds=60), ALARM_AT + timedelta(seconds=360)
    minutes = [low + timedelta(seconds=s) for s in range(0, int((high - low).total_seconds()), 60)]
    pattern = "|".join([f"{minute:%d/%b/%Y:%H:%M}" for minute in minutes] + [f"{high:%d/%b/%Y:%H:%M:%S}"])
    line = f"LC_ALL=C grep -E '{pattern}' '{path}' | LC_ALL=C awk -v OPENID={OPENID} '{AWK.replace(chr(39), '')}'"
    return command("sh", "-c", line)


def warm(path: Path) -> None:
    """Bring a file into the page cache."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 22):
            pass


def cold(path: Path) -> None:
    """Take a file out of the page cache."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


GOACCESS = '%h  - %^[%d:%t %^] "%r" %s %b "%R" "%u" %^'


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="0.2 GB, without GoAccess")
    parser.add_argument("--folder", type=Path, help="where the logs are made; else a temporary folder")
    options = parser.parse_args(arguments)
    lines = 1_000_000 if options.quick else 10_000_000
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < lines * 330:
            print(f"{folder}: not enough room for {lines * 330 / 1e9:.1f} GB", file=sys.stderr)
            return 2
        # Compiled modules, as pip installs them, whatever the shell says about writing them.
        os.environ.update(PYTHONPYCACHEPREFIX=str(folder / "compiled"), PYTHONDONTWRITEBYTECODE="")
        bench = Bench(strict=not options.quick)
        with contextlib.suppress(KeyboardInterrupt):
            large(bench, folder, lines, goaccess=not options.quick)
            whole_window(bench, folder)
            rotated(bench, folder, lines // 10)
        return bench.end()


class Bench:
    """Prints measurements, and remembers whether a target was missed."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        """The logs are as large as the targets want."""
        self.missed = 0

    def show(self, what: str, seconds: float, processor: float) -> None:
        """One measurement."""
        print(f"{what:<58} {seconds:9.3f} s {processor:9.3f} s cpu", flush=True)

    def target(self, what: str, ratio: float, least: float | None = None, most: float | None = None) -> None:
        """One ratio against its target."""
        good = (least is None or ratio >= least) and (most is None or ratio <= most)
        limit = f">= {least:g}" if least is not None else f"<= {most:g}"
        self.missed += self.strict and not good
        verdict = "ok" if good else "MISSED" if self.strict else "(a target for the large log)"
        print(f"{what:<58} {ratio:8.1f} x  ({limit}) {verdict}", flush=True)

    def end(self) -> int:
        """The exit code."""
        print(f"{self.missed} targets missed" if self.missed else "all targets met" if self.strict else "done")
        return 1 if self.missed else 0


def large(bench: Bench, folder: Path, lines: int, goaccess: bool) -> None:
    """A day's log and one of a tenth of it, with equally many lines in the alarm's minutes."""
    log, small = folder / "access.log", folder / "small" / "access.log"
    small.parent.mkdir()
    begun, used = time.perf_counter(), time.process_time()
    generate(log, lines, 86_400, DAY)
    generate(small, lines // 10, 8_640, ALARM_AT - timedelta(seconds=4_000))
    bench.show(
        f"making {log.stat().st_size / 1e9:.2f} GB, {lines:,} lines",
        time.perf_counter() - begun,
        time.process_time() - used,
    )
    without = wxalarm("--access-log", folder / "none.log")
    with_log = wxalarm("--access-log", log)
    by_hand = grep_awk(log)
    same_answer(log, by_hand())
    warm(log)
    warm(small)
    empty, whole, less, awk = best(without, with_log, wxalarm("--access-log", small), by_hand, times=9)
    work = max(whole[1] - empty[1], 1e-3)
    bench.show("wxalarm without the log", *empty)
    bench.show("wxalarm with the log, hot", *whole)
    bench.show("grep + awk, hot", *awk)
    bench.target("work on the log, hot: faster than grep + awk", awk[1] / work, least=15)
    bench.target("whole command, hot: faster than grep + awk", awk[0] / whole[0], least=1)
    bench.target("work on 10 times the log", work / max(less[1] - empty[1], 1e-3), most=1.5)
    cold_runs(bench, folder, log, without, with_log, by_hand)
    if goaccess and shutil.which("goaccess"):
        words = ("--no-global-config", "--log-format", GOACCESS, "--date-format", "%d/%b/%Y", "--time-format", "%T")
        run = command("goaccess", log, *words, "-o", folder / "goaccess.json")
        (seconds,) = best(run, times=1, before=lambda: warm(log))
        report = json.loads((folder / "goaccess.json").read_text())
        assert report["general"]["valid_requests"] >= lines, "GoAccess did not read the log"
        bench.show("GoAccess", *seconds)
        bench.target("whole command: faster than GoAccess", seconds[0] / whole[0], least=50)


def cold_runs(
    bench: Bench,
    folder: Path,
    log: Path,
    without: Callable[[], bytes],
    with_log: Callable[[], bytes],
    by_hand: Callable[[], bytes],
) -> None:
    """The same with the log out of the page cache."""
    with cloud_disk(folder) as slow:
        empty, whole = best(without, with_log, times=9, before=lambda: cold(log))
        (awk,) = best(by_hand, times=2, before=lambda: cold(log))
    rate = log.stat().st_size / awk[0]
    bench.show("wxalarm with the log, cold", *whole)
    bench.show(f"grep + awk, cold, {rate / 1e6:.0f} MB/s{' by limit' if slow else ''}", *awk)
    ratio = awk[0] / max(whole[0] - empty[0], 1e-3)
    if rate > 2 * CLOUD:
        print(f"the disk answers out of memory: the cold target is not judged ({ratio:.1f} x)")
    else:
        bench.target("work on the log, cold: faster than grep + awk", ratio, least=50)


def same_answer(log: Path, printed: bytes) -> None:
    """Both ways count the same, or the comparison is worth nothing."""
    report = json.loads(wxalarm("--access-log", log, "-f", "json", "--reveal")())
    result = next(result for result in report["reports"][0]["results"] if result["check"] == "access-log")
    counts = result["observation"]["counts"]
    rows = printed.decode().splitlines()
    by_hand = {row.split()[0]: int(row.split()[1]) for row in rows[1:-1]}
    assert OPENID in rows[0], "awk did not find the push"
    assert OPENID in result["observation"]["hits"][0]["line"], "wxalarm did not find the push"
    assert counts["statuses"] == by_hand, (counts["statuses"], by_hand)
    assert rows[-1] == f"{counts['requests']} {counts['gave_up']} {counts['slow'] + counts['too_slow']}", rows[-1]


def whole_window(bench: Bench, folder: Path) -> None:
    """A window of half a million lines, in the format that lnav knows by itself."""
    log = folder / "many" / "access.log"
    log.parent.mkdir()
    generate(log, MANY, 300, ALARM_AT - timedelta(seconds=10), combined=True)
    warm(log)
    mine = wxalarm("--access-log", log)
    if not shutil.which("lnav"):
        bench.show(f"wxalarm, a window of {MANY:,} lines", *best(mine, times=7)[0])
    else:
        query = ";SELECT sc_status, count(*) FROM access_log GROUP BY sc_status"
        run = command("lnav", "-n", "-c", query, log)
        assert b"200" in run(), "lnav did not read the log"
        whole, seconds = best(mine, run, times=7)
        bench.show(f"wxalarm, a window of {MANY:,} lines", *whole)
        bench.show("lnav, the statuses of the same lines", *seconds)
        bench.target("whole command: against lnav", seconds[0] / whole[0], least=1)


def rotated(bench: Bench, folder: Path, lines: int) -> None:
    """Parts of a day each, gzip; the alarm's is in the middle of the tenth."""
    parts = folder / "rotated"
    parts.mkdir()
    for number in range(1, PARTS + 1):
        part = parts / f"access.log.{number}"
        generate(part, lines, 86_400, DAY + timedelta(days=10 - number))
        subprocess.run(["gzip", "-1", part], check=True)
    for part in parts.iterdir():
        warm(part)
    without, mine = wxalarm("--access-log", folder / "none.log"), wxalarm("--access-log", parts / "access.log.*.gz")
    assert OPENID in wxalarm("--access-log", parts / "access.log.*.gz", "-f", "json", "--reveal")().decode()
    by_hand = command("sh", "-c", f"zcat {parts}/access.log.*.gz | grep -c {OPENID}")
    one = command("sh", "-c", f"zcat {parts}/access.log.10.gz | grep -c {OPENID}")
    empty, whole, all_of_them, tenth = best(without, mine, by_hand, one, times=5)
    bench.show(f"wxalarm, {PARTS} parts, {sum(p.stat().st_size for p in parts.iterdir()) / 1e6:.0f} MB packed", *whole)
    bench.show("zcat + grep, all parts", *all_of_them)
    bench.show("zcat + grep, the right part alone", *tenth)
    work = max(whole[1] - empty[1], 1e-3)
    bench.target("work on packed parts: against zcat + grep of them all", all_of_them[1] / work, least=5)
    bench.target("work on packed parts: against zcat + grep of the right one", tenth[1] / work, least=0.5)


if __name__ == "__main__":
    sys.exit(main())
