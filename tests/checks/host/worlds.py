"""Real trouble, made inside a network namespace of its own: `python -m tests.checks.host.worlds NAME` prints it.

Run by test_worlds.py under unshare(1), so that every counter is ours alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import context_of
from wxalarm.probes.host import disk
from wxalarm.runner import Run

ADDRESS = "127.0.0.1"


def found(port: int, check: str, *, sample: float = 0.6) -> list[dict[str, Any]]:
    """What one check on this machine says for a callback at 127.0.0.1:port."""
    ctx = context_of(
        {
            "alarm": {"kind": "connect-timeout", "window_minutes": 5, "count": 30},
            "target": {"url": f"http://{ADDRESS}:{port}/", "host": ADDRESS, "port": port, "named_by_user": True},
        }
    )
    ctx = dataclasses.replace(ctx, settings=dataclasses.replace(ctx.settings, sample=sample))
    [report] = asyncio.run(Run([ctx], only=[check]).reports())
    [result] = [result for result in report.results if result.check == check]
    assert result.observation is not None, result.reason
    return [{"code": finding.code.id, **finding.evidence} for finding in result.findings]


@contextlib.contextmanager
def listening(backlog: int) -> Iterator[tuple[socket.socket, int]]:
    with socket.socket() as server:
        server.bind((ADDRESS, 0))
        server.listen(backlog)
        yield server, server.getsockname()[1]


def connect(port: int) -> socket.socket:
    """A connection under way; nobody waits for it."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex((ADDRESS, port))
    return client


def healthy() -> list[dict[str, Any]]:
    with listening(64) as (server, port), connect(port), server.accept()[0]:
        return found(port, "host-network")


def full_queue() -> list[dict[str, Any]]:
    """A program that does not accept, and clients that go on trying."""
    with listening(4) as (_, port), contextlib.ExitStack() as stack:
        over = threading.Event()

        def go_on() -> None:
            for _ in range(200):
                stack.enter_context(connect(port))
                if over.wait(0.02):
                    return

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            return found(port, "host-network")
        finally:
            over.set()
            thread.join()


def close_wait() -> list[dict[str, Any]]:
    """A program that does not close what its clients have closed."""
    with listening(256) as (server, port), contextlib.ExitStack() as stack:
        for _ in range(130):
            with socket.create_connection((ADDRESS, port)):
                stack.enter_context(server.accept()[0])
        return found(port, "host-network")


def _short_connections(number: int) -> list[dict[str, Any]]:
    with listening(256) as (server, port):
        Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40199")
        for _ in range(number):
            client = socket.create_connection((ADDRESS, port))
            accepted = server.accept()[0]
            client.close()  # who closes first keeps the port
            accepted.close()
        return found(port, "host-network")


def time_wait() -> list[dict[str, Any]]:
    return _short_connections(140)


def ports() -> list[dict[str, Any]]:
    return _short_connections(190)


def syn_flood() -> list[dict[str, Any]]:
    """SYNs from addresses that never answer."""
    for command in ("ip addr add 192.0.2.10/32 dev lo", "ip route add 198.51.100.0/24 dev lo"):
        subprocess.run(command.split(), check=True, timeout=10)
    Path("/proc/sys/net/ipv4/tcp_max_syn_backlog").write_text("64")
    with socket.socket() as server, socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        server.bind(("192.0.2.10", 0))
        server.listen(16)
        port = server.getsockname()[1]
        over = threading.Event()

        def flood() -> None:
            for number in range(2000):
                raw.sendto(_syn(number, port), ("192.0.2.10", 0))
                if number % 20 == 0 and over.wait(0.01):
                    return

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            return found(port, "host-network")
        finally:
            over.set()
            thread.join()


def _syn(number: int, port: int) -> bytes:
    """An IPv4 packet with a SYN from 198.51.100.x; the kernel fills in the length and checksum of the IP header."""
    source, target = socket.inet_aton(f"198.51.100.{number % 250 + 1}"), socket.inet_aton("192.0.2.10")
    tcp = struct.pack("!HHIIBBHHH", 1024 + number % 60000, port, number, 0, 5 << 4, 2, 64240, 0, 0)
    pseudo = source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp)) + tcp
    total = sum(struct.unpack(f"!{len(pseudo) // 2}H", pseudo))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    tcp = tcp[:16] + struct.pack("!H", checksum) + tcp[18:]
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0, source, target) + tcp


def files() -> list[dict[str, Any]]:
    """This very process near its limit, as a leaking application is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with listening(8) as (_, port), contextlib.ExitStack() as stack:
        for _ in range(320):
            stack.enter_context(Path("/dev/null").open())
        resource.setrlimit(resource.RLIMIT_NOFILE, (360, hard))
        return found(port, "host-limits")


def disk_full() -> list[dict[str, Any]]:
    """A file system of 8 MiB without room for another byte; test_worlds gives it a mount namespace."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], check=True, timeout=10)
        try:
            with contextlib.suppress(OSError), (Path(folder) / "access.log").open("wb", buffering=0) as log:
                for _ in range(100):
                    log.write(b"x" * 1_000_000)
            [space] = disk.spaces([f"{folder}/logs/of/nginx"])
            from wxalarm.checks.host import host_disk

            seen = disk.Disk((space,))
            return [{"code": one.code.id, **one.evidence} for one in host_disk.CHECK.evaluate(seen, context_of({}))]
        finally:
            subprocess.run(["umount", folder], check=True, timeout=10)


def _line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def running_nginx() -> list[dict[str, Any]]:
    """A server with nginx and nothing else: what is read without being told anything, and the programs that listen."""
    from tests.nginx.server import TEMPS, USER, running
    from tests.ports import free_ports

    port, behind = free_ports(2)
    # On a busy machine an `nginx -T` that the probe gave up may still write there when the world ends.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "logs").mkdir()
        conf = Path(folder) / "nginx.conf"
        conf.write_text(
            f"{USER}worker_processes 2; worker_rlimit_nofile 300; events {{ worker_connections 64; }}\n"
            f"http {{ {TEMPS} access_log {folder}/logs/access.log;"
            f" server {{ listen {port} backlog=77; server_name {ADDRESS};"
            f" location / {{ proxy_pass http://{ADDRESS}:{behind}; }} }} }}"
        )
        ctx = context_of(
            {
                "alarm": {"kind": "connect-timeout", "window_minutes": 5, "count": 30000},
                "target": {"url": f"http://{ADDRESS}:{port}/", "host": ADDRESS, "port": port, "named_by_user": True},
            }
        )
        with running(Path(folder), conf, [port]), socket.socket() as application:
            application.bind((ADDRESS, behind))
            application.listen()
            # nginx listens before its last worker is there.
            for _ in range(100):
                if sum(b"worker process" in _line(path) for path in Path("/proc").glob("[0-9]*/cmdline")) == 2:
                    break
                time.sleep(0.1)
            ctx = dataclasses.replace(ctx, settings=dataclasses.replace(ctx.settings, sample=0.1))
            [report] = asyncio.run(Run([ctx], only=["nginx-config", "host-limits", "host-network"]).reports())
    by_id = {result.check: result for result in report.results}
    config, limits = by_id["nginx-config"].observation, by_id["host-limits"].observation
    codes = [{"code": one.code.id, **one.evidence} for result in report.results for one in result.findings]
    workers = [worker.nofile_soft for worker in config.conf.running.workers]
    listeners = [process.name for process in limits.listeners]
    return [{"source": config.conf.source, "workers": workers, "listeners": listeners}, *codes]


WORLDS = {
    "running-nginx": running_nginx,
    "healthy": healthy,
    "full-queue": full_queue,
    "close-wait": close_wait,
    "time-wait": time_wait,
    "ports": ports,
    "syn-flood": syn_flood,
    "files": files,
    "disk-full": disk_full,
}

if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)
    sys.stdout.write(json.dumps({"found": WORLDS[sys.argv[1]]()}))
