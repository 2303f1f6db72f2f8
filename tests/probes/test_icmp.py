"""How an address is pinged, with whatever this machine permits."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys

import pytest

from wxalarm.probes import icmp
from wxalarm.probes.icmp import Method


# As root in CI the datagram method has its own test, in a network namespace that permits it.
@pytest.mark.parametrize("method", [method for method in Method if method is not Method.DATAGRAM or os.geteuid() != 0])
def test_every_method_that_this_machine_permits_gives_times(method: Method) -> None:
    attempt = {
        Method.DATAGRAM: icmp._datagram,
        Method.RAW: icmp._raw,
        Method.PROGRAM: icmp._program,
        Method.TCP: icmp._tcp,
    }[method]
    made = asyncio.run(attempt("127.0.0.1", 2, 1.0))
    if made is None:
        pytest.skip(f"this machine does not permit {method}")
    assert made.method is method
    assert (made.sent, made.lost) == (2, 0)
    assert all(0 <= one < 1 for one in made.times)


DATAGRAM = """
import asyncio
from wxalarm.probes import icmp
made = asyncio.run(icmp._datagram("127.0.0.1", 2, 1.0))
assert made is not None and made.method is icmp.Method.DATAGRAM and (made.sent, made.lost) == (2, 0), made
"""


@pytest.mark.netns
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
def test_datagram_sockets_where_the_kernel_permits_them_to_everybody() -> None:
    setup = "ip link set lo up && echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range"
    command = ["unshare", "--net", "sh", "-c", f'{setup} && exec "$0" -c "$1"', sys.executable, DATAGRAM]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ping_says_by_what_it_was_measured() -> None:
    made = asyncio.run(icmp.ping("127.0.0.1", 1))
    assert made.method in set(Method)
    assert made.lost == 0
