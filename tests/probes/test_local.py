"""What this machine cannot do is told from what the network does."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import ssl
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import icmplib
import pytest

from tests.support import context_of
from wxalarm.checks.check import Check
from wxalarm.model import Status
from wxalarm.probes import Failure, classify, command, dns, dns_message, icmp, local, processes, resolvers, tcp
from wxalarm.runner import Run

LOADED = (icmplib, dns_message)
"""By the probes when they are first used: here before the files run out."""
OURS = ("EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EACCES", "EPERM", "ENOBUFS", "EADDRNOTAVAIL", "EADDRINUSE")


@pytest.mark.parametrize("name", OURS)
def test_an_error_of_this_machine_is_no_failure_of_the_other_side(name: str) -> None:
    with pytest.raises(local.CannotAskError) as told:
        classify(OSError(getattr(errno, name), "x"))
    assert os.strerror(getattr(errno, name)) in str(told.value)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (OSError(errno.ECONNREFUSED, "x"), Failure.REFUSED),
        (OSError(errno.ENETUNREACH, "x"), Failure.UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, "x"), Failure.UNREACHABLE),
        (OSError(errno.ECONNRESET, "x"), Failure.RESET),
        (OSError(errno.ETIMEDOUT, "x"), Failure.TIMEOUT),
        (TimeoutError(), Failure.TIMEOUT),
        (ssl.SSLError(1, "x"), Failure.TLS),
        (ssl.SSLCertVerificationError(1, "x"), Failure.CERTIFICATE),
    ],
)
def test_an_error_of_the_network_stays_one(error: OSError, failure: Failure) -> None:
    assert classify(error) is failure


def test_a_file_that_may_not_be_read_is_a_fact_and_no_trouble() -> None:
    local.asked(PermissionError(errno.EACCES, "x"))
    with pytest.raises(local.CannotAskError):
        local.asked(PermissionError(errno.EACCES, "x"), socket=True)


def test_a_machine_without_ipv6_can_still_ask_by_ipv4() -> None:
    missing = OSError(errno.EADDRNOTAVAIL, "x")
    assert local.no_ipv6("2001:db8::1", missing)
    assert not local.no_ipv6("192.0.2.1", missing)


def test_no_route_for_ipv6_is_this_machines_a_routers_word_is_not() -> None:
    unreachable = OSError(errno.ENETUNREACH, "x")
    assert local.no_ipv6("fe80::1", unreachable), "no machine knows which way without the interface"
    assert not local.no_ipv6("::1", unreachable)
    assert not local.no_ipv6("127.0.0.1", unreachable)


@pytest.fixture
def full() -> Iterator[None]:
    """Not one more file can be opened in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.sep, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


SERVER = dns.Server("127.0.0.1", 9)
ASK: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
    "tcp": lambda: tcp.connect("127.0.0.1", 9, 1.0),
    "dns": lambda: dns.ask(SERVER, "wx.example.com", "A", limit=1.0),
    "program": lambda: command.run(command.NGINX_BUILT, 1.0, "/bin/true"),
    "ping": lambda: icmp.ping("127.0.0.1", 1, 0.1),
}


@pytest.mark.parametrize("name", ASK)
def test_no_probe_takes_the_want_of_files_for_an_answer(name: str, request: pytest.FixtureRequest) -> None:
    async def main() -> None:
        request.getfixturevalue("full")
        with pytest.raises(local.CannotAskError, match="Too many open files"):
            await ASK[name]()

    asyncio.run(main())


def test_no_file_of_the_system_is_absent_for_want_of_files(full: None) -> None:
    with pytest.raises(local.CannotAskError):
        processes.read_text("/proc/stat")
    with pytest.raises(local.CannotAskError):
        resolvers.system(context_of({}).settings.dns)


@pytest.mark.parametrize(
    "error", [OSError(errno.EMFILE, "x"), MemoryError(), RuntimeError("can't start new thread"), ImportError("dlopen")]
)
def test_a_check_that_could_not_ask_is_unknown_and_says_so(error: Exception) -> None:
    async def probe(ctx: object) -> bool:
        raise error

    ctx = context_of({})
    check = Check("made-up", (), bool, probe, lambda observation, ctx: ())
    run = Run([ctx])
    result = asyncio.run(run._result(check, ctx))
    assert result.status is Status.UNKNOWN
    assert result.reason is not None
    assert result.reason.id == "cannot-ask"
