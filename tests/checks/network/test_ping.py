"""Which addresses are pinged; and how, with whatever this machine permits."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from wxalarm.checks.check import Context, Skip
from wxalarm.checks.network import ping
from wxalarm.checks.wechat import callback_ips
from wxalarm.config import Account, Settings
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Alarm, Sample, Severity, Target
from wxalarm.probes import icmp
from wxalarm.probes.icmp import Method


def context(outer_ip: str | None = None, callback_ips: tuple[str, ...] = ()) -> Context:
    account = Account("shop", callback_ips=callback_ips) if callback_ips else None
    return Context(Alarm(sample=Sample(outer_ip=outer_ip)), Target(), Settings(), account)


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
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_ping_says_by_what_it_was_measured() -> None:
    made = asyncio.run(icmp.ping("127.0.0.1", 1))
    assert made.method in set(Method)
    assert made.lost == 0


def test_an_address_that_only_the_alarm_names_is_pinged_only_when_public() -> None:
    for inner in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "198.18.0.9", "224.0.0.1", "81.69.*.*", "", None):
        with pytest.raises(Skip):
            asyncio.run(ping.probe(context(inner)))


def test_networks_are_pinged_by_a_few_hosts() -> None:
    assert ping.hosts_of("203.0.113.0/25") == ["203.0.113.1", "203.0.113.2"]
    assert ping.hosts_of("2001:db8::/32") == ["2001:db8::1", "2001:db8::2"]
    assert ping.hosts_of("203.0.113.7") == ["203.0.113.7"]
    assert ping.hosts_of("nonsense") == []


def test_the_accounts_own_list_comes_before_the_alarm_and_is_bounded() -> None:
    made = asyncio.run(ping.probe(context("198.51.100.7", ("127.0.0.1", "127.0.1.0/30"))))
    assert made.source == "config"
    assert [one.address for one in made.pings] == ["127.0.0.1", "127.0.1.1", "127.0.1.2"]
    many = tuple(f"127.0.{n}.0/24" for n in range(50))
    assert len(ping._known(context(None, many))[1]) == ping.MOST


def test_a_failed_ping_is_a_note_that_says_it_proves_nothing() -> None:
    lost = icmp.Pinged("198.51.100.7", Method.RAW, 4, ())
    (finding,) = ping.evaluate(ping.Pings("alarm", (lost,)), context())
    assert finding.code.severity is Severity.NOTE
    assert finding.code.explains == ()
    said = [catalogue(lang).finding(finding, "text") for lang in LANGUAGES]
    assert "proves nothing" in said[0]
    assert "不能说明有问题" in said[1]


def test_what_getcallbackip_says_comes_before_the_configured_list() -> None:
    async def asked(check: Any) -> callback_ips.CallbackIps:
        return callback_ips.CallbackIps("api.example.com", (), ("127.0.0.1",))

    ready = dataclasses.replace(context("198.51.100.7", ("127.0.1.0/30",)), waiter=asked)
    made = asyncio.run(ping.probe(ready))
    assert (made.source, [one.address for one in made.pings]) == ("api", ["127.0.0.1"])
