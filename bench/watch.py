"""How many callbacks can one `wxalarm watch` look at in a minute, and what does a round cost beside blackbox_exporter?

    python bench/watch.py [--targets 10000] [--seconds 60] [--every 60] [--silent 0.1] [--page 1000]

Targets are loopback addresses (127.x.y.z) of one nginx; a part of them belongs to a server that never answers. Printed:
rounds, rounds late, processor time a round, memory at the start and the end; the same number of probes by
blackbox_exporter, asked at the same rate; the time of the page beside the running rounds against that of an empty one.
Then a line for each promise; exit 1 when one is broken. Numbers of one machine at one time: only the ratios mean
something.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
FLAT, SOON = 0.05, 200
"""Promised: how much the memory may change, and milliseconds of the page."""
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 0.0.0.0:{port} backlog=4096; location / {{ return 200 "success"; }} }} }}
"""
SILENT = """
import asyncio, sys
async def main():
    kept = set()
    async def hold(reader, writer):
        kept.add(writer)
        try:
            while await reader.read(4096): pass
        except OSError: pass
        finally:
            kept.discard(writer); writer.transport.abort()
    server = await asyncio.start_server(hold, "0.0.0.0", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()
asyncio.run(main())
"""


@contextlib.contextmanager
def program(*command: str | Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program while entered."""
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL, env={**os.environ, **env})
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def spent(pid: int) -> float:
    """Seconds of processor time of a process and its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def memory(pid: int) -> float:
    """MiB of a process that are its own."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


def get(port: int, path: str) -> tuple[str, float]:
    """(body, seconds)."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    body = connection.getresponse().read().decode()
    connection.close()
    return body, time.perf_counter() - begun


def value(text: str, name: str) -> float:
    """A metric without labels."""
    found = re.search(rf"^{name} (\S+)$", text, re.M)
    return float(found[1]) if found else 0.0


def urls(count: int, port: int, silent_port: int, silent: float) -> list[str]:
    """Targets, each with an address of its own."""
    made = []
    for number in range(count):
        address = f"127.{1 + number // 65536}.{number // 256 % 256}.{number % 256}"
        quiet = number % 100 < silent * 100
        made.append(f"http://{address}:{silent_port if quiet else port}/{number}")
    return made


def config(folder: Path, targets: list[str], every: float) -> Path:
    """A configuration that names them."""
    path = folder / "wxalarm.toml"
    accounts = "".join(f'[accounts.a{number}]\nurl = "{url}"\n' for number, url in enumerate(targets))
    path.write_text(f'{accounts}[watch]\nevery = {every}\nfolder = "{folder}/history-{len(targets)}"\n')
    return path


def until_up(port: int) -> None:
    """Wait for a server."""
    for _ in range(600):
        with contextlib.suppress(OSError):
            get(port, "/-/healthy")
            return
        time.sleep(0.1)
    raise SystemExit("it does not start")


def watched(folder: Path, targets: list[str], every: float, seconds: float, port: int) -> dict[str, Any]:
    """Watch them for so long, from when the first interval has passed."""
    command: list[str | Path] = [sys.executable, "-m", "wxalarm", "watch", "--config", config(folder, targets, every)]
    with program(*command, "--listen", f"127.0.0.1:{port}", WXALARM_WAYS="", PYTHONPATH=str(ROOT)) as process:
        until_up(port)
        time.sleep(min(every, seconds))
        text, _ = get(port, "/metrics")
        before, cpu, begun = value(text, "wxalarm_rounds_total"), spent(process.pid), time.monotonic()
        sizes, pages = [memory(process.pid)], []
        while time.monotonic() - begun < seconds:
            time.sleep(min(5.0, seconds / 10))
            sizes.append(memory(process.pid))
            pages.append(get(port, "/")[1])
        text, _ = get(port, "/metrics")
        rounds = value(text, "wxalarm_rounds_total") - before
        used = spent(process.pid) - cpu
        return {
            "targets": len(targets),
            "seconds": round(time.monotonic() - begun, 1),
            "rounds": int(rounds),
            "rounds late": int(value(text, "wxalarm_rounds_late_total")),
            "ms of processor time a round": round(1000 * used / max(1, rounds), 2),
            "share of one processor": round(used / (time.monotonic() - begun), 2),
            "MiB": [round(size) for size in sizes],
            "page, ms": round(1000 * statistics.median(pages)),
        }


async def probed(port: int, targets: list[str], rate: float) -> int:
    """Ask blackbox_exporter for each, at a rate; how many answers came."""
    done = 0

    async def one(url: str) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /probe?module=http_2xx&target={url} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        answer = await reader.read()
        done += b"probe_success" in answer
        writer.close()

    tasks = []
    for url in targets:
        tasks.append(asyncio.create_task(one(url)))
        await asyncio.sleep(1 / rate)
    await asyncio.gather(*tasks, return_exceptions=True)
    return done


def blackbox(folder: Path, targets: list[str], rate: float, port: int) -> dict[str, Any]:
    """What the same probes cost there."""
    name = shutil.which("blackbox_exporter") or shutil.which("prometheus-blackbox-exporter")
    if name is None:
        return {"blackbox_exporter": "not installed"}
    path = folder / "blackbox.yml"
    module = {"prober": "http", "timeout": "6s", "http": {"preferred_ip_protocol": "ip4"}}
    path.write_text(json.dumps({"modules": {"http_2xx": module}}))
    with program(name, f"--config.file={path}", f"--web.listen-address=127.0.0.1:{port}") as process:
        until_up(port)
        cpu = spent(process.pid)
        done = asyncio.run(probed(port, targets, rate))
        return {"probes": done, "ms of processor time a probe": round(1000 * (spent(process.pid) - cpu) / done, 2)}


def main() -> None:
    """Print it all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=60.0)
    parser.add_argument("--silent", type=float, default=0.1)
    parser.add_argument("--page", type=int, default=1000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port, silent_port = 18_080, 18_081
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        (folder / "silent.py").write_text(SILENT)
        targets = urls(args.targets, port, silent_port, args.silent)
        with (
            program("nginx", "-p", folder, "-c", folder / "nginx.conf"),
            program(sys.executable, folder / "silent.py", str(silent_port)),
        ):
            found = {"watch": watched(folder, targets, args.every, args.seconds, 18_090)}
            found["blackbox_exporter"] = blackbox(folder, targets[:2000], args.targets / args.every, 18_091)
            if args.page:
                some = watched(folder, targets[: args.page], args.every, 20, 18_092)
                none = watched(folder, targets[:1], args.every, 10, 18_093)
                found["page"] = {
                    "ms with targets": some["page, ms"],
                    "ms empty": none["page, ms"],
                    "targets": args.page,
                }
    print(json.dumps(found, indent=1))
    sys.exit(judged(found))


def judged(found: dict[str, Any]) -> int:
    """A line for each promise; 1 when one is broken."""
    watch, other, page = found["watch"], found["blackbox_exporter"], found.get("page")
    middle = len(watch["MiB"]) // 2
    grown = statistics.median(watch["MiB"][middle:]) / statistics.median(watch["MiB"][:middle]) - 1
    lines = [
        (f"rounds late: {watch['rounds late']} of {watch['rounds']} (promised: 0)", watch["rounds late"] == 0),
        (f"memory: {grown:+.1%} from the first half to the second (promised: within 5 %)", abs(grown) <= FLAT),
    ]
    if "probes" in other:
        own, theirs = watch["ms of processor time a round"], other["ms of processor time a probe"]
        lines.append(
            (f"processor time: {own} ms a round, {own / theirs:.1f} times blackbox_exporter's {theirs} ms", True)
        )
    if page:
        many, empty = page["ms with targets"], page["ms empty"]
        said = f"page of {page['targets']} targets: {many} ms, {many / max(1, empty):.1f} times an empty one"
        lines.append((f"{said} (promised: under {SOON} ms)", many < SOON))
    for line, kept in lines:
        print(f"{'ok    ' if kept else 'BROKEN'} {line}")
    return int(not all(kept for _, kept in lines))


if __name__ == "__main__":
    main()
