"""Wall time of all network checks against dig, ping, openssl and curl one after another, for the same facts.

    python bench/network.py

A callback with four addresses on loopback: first all alive, then one with a full listen queue. The facts: A and AAAA at
two resolvers, four pings, and of each address the connection's time, the certificate's verdict, TLS 1.2 and 1.3 each
alone, the answer to a GET, and to the signed GET of a URL verification. Exit 1 below the promise. Needs those programs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from wxalarm.checks.check import Context
from wxalarm.config import Account, Dns, Settings, Tls
from wxalarm.diagnosis import target_of
from wxalarm.lab import http, tcp
from wxalarm.lab.certificates import Authority
from wxalarm.lab.dns import serve as serve_dns
from wxalarm.model import Alarm, AlarmKind
from wxalarm.runner import Run

PROMISE = 5.0
"""Times faster than the others when one of four addresses is dead."""
HOST = "wx.example.com"
LIMIT = "5"
"""Seconds that each program may wait, as WeChat does."""
ADDRESSES = tuple(f"127.0.1.{place}" for place in range(1, 5))
PROGRAMS = ("dig", "ping", "openssl", "curl", "timeout")
CHECKS = ("dns-system", "dns-resolve", "tcp-connect", "ping", "tls-handshake", "http-request", "url-verify")


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers that run."""

    port: int
    resolvers: tuple[tuple[str, int], ...]
    ca_file: str


@asynccontextmanager
async def stage(dead: int) -> AsyncIterator[Stage]:
    """Four addresses of which the last `dead` take no connection, and two resolvers."""
    authority = Authority()
    tls = authority.issue(HOST).context()
    records = "\n".join(f"{HOST}. 60 IN A {address}" for address in ADDRESSES)
    async with AsyncExitStack() as stack:
        ca_file = stack.enter_context(authority.file())
        alive = ADDRESSES[: len(ADDRESSES) - dead]
        port = await stack.enter_async_context(http.serve(http.respond(), tls=tls, address=alive[0]))
        for address in alive[1:]:
            await stack.enter_async_context(http.serve(http.respond(), tls=tls, address=address, port=port))
        for address in ADDRESSES[len(alive) :]:
            await stack.enter_async_context(tcp.full_queue(address, port))
        servers = [await stack.enter_async_context(serve_dns(records, recursive=True)) for _ in range(2)]
        yield Stage(port, tuple((server.address, server.port) for server in servers), ca_file)


async def ours(on: Stage) -> float:
    """Seconds of one run. Two targets, since nothing is sent to loopback addresses that DNS alone names."""
    system, compared = (f"{address}:{port}" for address, port in on.resolvers)
    os.environ["BENCH_TOKEN"] = "bench"
    url = f"https://{HOST}:{on.port}/wx"
    account = Account("bench", url=url, callback_ips=ADDRESSES, secrets={"token_env": "BENCH_TOKEN"})
    settings = Settings((account,), dns=Dns((compared,), (system,)), tls=Tls(on.ca_file))
    alarm = Alarm(kind=AlarmKind.UNKNOWN)
    targets = [target_of(alarm, account, url, resolve) for resolve in ({f"{HOST}:{on.port}": ADDRESSES}, {})]
    begun = time.perf_counter()
    await Run([Context(alarm, target, settings, account) for target in targets], only=CHECKS).reports()
    return time.perf_counter() - begun


def commands(on: Stage) -> Iterator[tuple[str, ...]]:
    """What a person would type for the same facts."""
    for address, port in on.resolvers:
        for rtype in ("A", "AAAA"):
            yield ("dig", f"@{address}", "-p", str(port), HOST, rtype, f"+time={LIMIT}", "+tries=1")
    for address in ADDRESSES:
        yield ("ping", "-n", "-c", "4", "-i", "0.2", "-W", "1", address)
    for address in ADDRESSES:
        place = f"{address}:{on.port}"
        verify = ("-verify_return_error", "-verify_hostname", HOST, "-CAfile", on.ca_file)
        for options in (verify, ("-tls1_2",), ("-tls1_3",)):
            yield ("timeout", LIMIT, "openssl", "s_client", "-connect", place, "-servername", HOST, *options)
        resolve = f"{HOST}:{on.port}:{address}"
        for url in (
            f"https://{HOST}:{on.port}/wx",
            f"https://{HOST}:{on.port}/wx?signature=0&timestamp=0&nonce=0&echostr=0",
        ):
            yield ("curl", "-q", "-s", "-k", "-m", LIMIT, "-w", "%{time_connect}", "--resolve", resolve, url)


async def theirs(on: Stage) -> float:
    """Seconds of all programs, one after another."""
    begun = time.perf_counter()
    for command in commands(on):
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)
        await process.wait()
    return time.perf_counter() - begun


async def main() -> int:
    """Print a row a stage."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        print(f"not installed: {', '.join(missing)}")
        return 2
    ratio = 0.0
    for name, dead in (("four alive", 0), ("one of four dead", 1)):
        async with stage(dead) as on:
            mine, others = await ours(on), await theirs(on)
        ratio = others / mine
        print(f"{name:<18} wxalarm {mine:>5.1f} s   one after another {others:>5.1f} s   {ratio:>4.1f} times")
    print(f"promise: {PROMISE:.0f} times with one dead address; measured {ratio:.1f}")
    return 0 if ratio >= PROMISE else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
